//! What sight costs a program, and how long its answers take: `cargo bench --bench sight`.
//!
//! `--quick` has fewer threads and repetitions, `--only TEXT` takes the rows with that text in
//! their name.
//!
//! Each process that is asked is this program again, as a scenario (`tests/watch/child.rs`).
//!
//! | file | what it holds |
//! |---|---|
//! | `bytes.rs` | the memory of a thread and of each object, while no report is made |
//! | `dump.rs` | reports of thousands of threads and their locks, and for how long threads stand still |
//! | `found.rs` | the time from a deadlock to its report |
//! | `waiting.rs` | the processor time of thousands of threads that wait |

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the benchmark measures with the clock, and beside the standard library"
)]

#[cfg(target_os = "linux")]
mod bytes;
#[cfg(target_os = "linux")]
#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/watch/child.rs"]
mod child;
#[cfg(target_os = "linux")]
mod dump;
#[cfg(target_os = "linux")]
mod found;
#[cfg(target_os = "linux")]
#[path = "../../tests/support/mod.rs"]
mod support;
#[cfg(target_os = "linux")]
mod waiting;

#[cfg(target_os = "linux")]
fn main() {
    if let Some(name) = child::scenario() {
        let (name, count) = name.split_once(' ').expect("a name and a number");
        let count = count.parse().expect("a number");
        return match name {
            "locks" => dump::locks(count, false),
            "turns" => dump::locks(count, true),
            "found" => found::deadlock(count),
            "holders" => waiting::holders(count),
            "readers" => waiting::readers(count),
            _ => panic!("no scenario {name:?}"),
        };
    }
    let options = Options::from_arguments();
    bytes::measure(&options);
    dump::measure(&options);
    found::measure(&options);
    waiting::measure(&options);
}

/// What is measured.
#[cfg(target_os = "linux")]
pub(crate) struct Options {
    pub(crate) quick: bool,
    only: String,
}

#[cfg(target_os = "linux")]
impl Options {
    fn from_arguments() -> Self {
        let mut options = Self {
            quick: false,
            only: String::new(),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--only" => options.only = arguments.next().expect("--only TEXT"),
                // cargo says so.
                "--bench" => {}
                other => panic!("{other}: not one of --quick and --only TEXT"),
            }
        }
        options
    }

    /// Whether the row of that name is measured.
    pub(crate) fn wants(&self, row: &str) -> bool {
        row.to_lowercase().contains(&self.only.to_lowercase())
    }
}

/// Prints a row of results.
#[cfg(target_os = "linux")]
pub(crate) fn print(row: &str, result: impl std::fmt::Display) {
    println!("{row:<52} {result}");
}

#[cfg(not(target_os = "linux"))]
fn main() {}

//! Each primitive beside its peers, in one process: `cargo bench --bench peers`.
//!
//! `--quick` measures fewer and shorter rounds, `--json FILE` writes every round, `--only TEXT`
//! takes the rows with that text in their name.
//!
//! | file | what it holds |
//! |---|---|
//! | `measure.rs` | rounds, ratios and how they are reported |
//! | `locks.rs` | `Lock` and `RLock`, alone and contended |
//! | `rwlocks.rs` | `RwLock`: alone, and with readers and a writer |
//! | `queues.rs` | `Queue` on one thread, between two, and between two and two |
//! | `signals.rs` | `Semaphore`, `Event`, `Condition`, `Barrier`: on one thread, and between threads |
//! | `pools.rs` | `ThreadPoolExecutor`: many tasks, one at a time, and tasks that block |
//! | `idle.rs` | the cost of 1,000 blocked threads, on systems that report it |

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the benchmark measures with the clock, and against the standard library"
)]

#[cfg(unix)]
mod idle;
mod locks;
mod measure;
mod pools;
mod queues;
mod rwlocks;
mod signals;
#[cfg(unix)]
#[path = "../../tests/support/mod.rs"]
mod support;

use measure::{Options, Report};

fn main() {
    let options = Options::from_arguments();
    let mut report = Report::new(options);
    locks::measure(&mut report);
    rwlocks::measure(&mut report);
    queues::measure(&mut report);
    signals::measure(&mut report);
    pools::measure(&mut report);
    #[cfg(unix)]
    idle::measure(&mut report);
    report.finish();
}

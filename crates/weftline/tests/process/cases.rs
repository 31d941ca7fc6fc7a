//! All cases, and the loop that runs them.

#[path = "children.rs"]
pub(crate) mod children;
#[path = "endings.rs"]
pub(crate) mod endings;
#[path = "inheritance.rs"]
mod inheritance;
#[path = "programs.rs"]
pub(crate) mod programs;
#[path = "refusals.rs"]
mod refusals;
#[path = "values.rs"]
mod values;

use std::process::ExitCode;
use weftline::process;

pub(crate) type Case = (&'static str, fn());

const CASES: &[&[Case]] = &[
    values::CASES,
    endings::CASES,
    children::CASES,
    inheritance::CASES,
    refusals::CASES,
];

pub(crate) fn main() -> ExitCode {
    // `cargo test -- --list` asks for single tests; this program has none.
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    if let Some(program) = programs::chosen() {
        return program();
    }
    // A process that was started for a function ends here.
    process::init();
    for (name, case) in CASES.iter().copied().flatten() {
        if crate::support::is_chosen(name) {
            let limit = crate::support::limit();
            case();
            drop(limit);
            assert!(
                process::active_children().is_empty(),
                "{name} has left a child behind"
            );
            println!("{name}: ok");
        }
    }
    ExitCode::SUCCESS
}

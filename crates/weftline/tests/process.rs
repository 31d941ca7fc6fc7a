//! Processes: what they are given and what they return, how they end, who waits for whom, and what refuses to start.
//!
//! A program of its own, since each process that it starts is this program again. What has to be seen from outside runs as a further
//! program, chosen by name.

#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod support;

#[path = "process/endings.rs"]
mod endings;
#[path = "process/family.rs"]
mod family;
#[path = "process/inheritance.rs"]
mod inheritance;
#[path = "process/programs.rs"]
mod programs;
#[path = "process/refusals.rs"]
mod refusals;
#[path = "process/values.rs"]
mod values;

use std::process::ExitCode;
use weftline::process;

type Case = (&'static str, fn());

const CASES: &[&[Case]] = &[
    values::CASES,
    endings::CASES,
    family::CASES,
    inheritance::CASES,
    refusals::CASES,
];

fn main() -> ExitCode {
    // The harness's question: what tests are there? None that it could run one by one.
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    if let Some(program) = programs::chosen() {
        return program();
    }
    // Processes end here.
    process::init();
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (name, case) in CASES.iter().copied().flatten() {
        if name.contains(&wanted) {
            let limit = support::limit();
            case();
            drop(limit);
            assert!(
                process::active_children().is_empty(),
                "{name} has left somebody behind"
            );
            println!("{name}: ok");
        }
    }
    ExitCode::SUCCESS
}

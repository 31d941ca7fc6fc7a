//! All cases, and the loop that runs them.

#[path = "pool.rs"]
mod pool;
#[path = "results.rs"]
mod results;
#[path = "tasks.rs"]
mod tasks;
#[path = "workers.rs"]
mod workers;

use crate::support::{limit, until};
use std::fs;
use weftline::process::{self, ProcessError};
use weftline::{Future, TaskError};

pub(crate) type Case = (&'static str, fn());

const CASES: &[&[Case]] = &[results::CASES, workers::CASES, pool::CASES];

pub(crate) fn all() {
    // `cargo test -- --list` asks for single tests; this program has none.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (name, case) in CASES.iter().copied().flatten() {
        if !name.contains(&wanted) {
            continue;
        }
        let limit = limit();
        let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
        let before = descriptors();
        case();
        assert!(process::active_children().is_empty(), "{name} left a child");
        // The thread that learns of deaths has to learn of the last death.
        until(|| descriptors() <= before);
        drop(limit);
        println!("{name}: ok");
    }
}

/// The error of a task whose worker, or whose call, has ended badly.
pub(crate) fn how<T: std::fmt::Debug>(future: Future<T>) -> ProcessError {
    match future.result() {
        Err(TaskError::Elsewhere(why)) => *why.downcast::<ProcessError>().unwrap(),
        other => panic!("{other:?}"),
    }
}

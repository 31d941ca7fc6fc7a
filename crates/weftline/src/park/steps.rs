//! The steps of the present interleaving, under a model checker: which thread did what, on which
//! line, and what it found. A model that fails prints them.
//!
//! The atomics of this module wrap the checker's. A checker runs all threads of a model on one
//! thread of the system, one at a time, and switches at the start of an operation. So an operation
//! and its record are one step, and the record needs no lock.

#[cfg(weftline_model = "loom")]
use loom as model_checker;
#[cfg(weftline_model = "shuttle")]
use shuttle as model_checker;
use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::sync::atomic::Ordering;

/// What this module wraps.
mod checker {
    pub(super) use super::model_checker::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize};
    pub(super) use super::model_checker::thread::{ThreadId, current};
}

/// One operation of one thread.
struct Step {
    thread: checker::ThreadId,
    line: &'static Location<'static>,
    operation: &'static str,
    found: Option<u64>,
    left: Option<u64>,
}

std::thread_local! {
    static STEPS: RefCell<Vec<Step>> = const { RefCell::new(Vec::new()) };
}

/// Records an operation of the caller: the value that it found, and the one that it left.
#[track_caller]
pub(crate) fn record(operation: &'static str, found: Option<u64>, left: Option<u64>) {
    let step = Step {
        thread: checker::current().id(),
        line: Location::caller(),
        operation,
        found,
        left,
    };
    STEPS.with(|steps| steps.borrow_mut().push(step));
}

/// Begins a new interleaving.
pub fn forget_steps() {
    STEPS.with(|steps| steps.borrow_mut().clear());
}

/// The steps of the present interleaving, a line for each: the number of the thread, the source
/// line, the operation, and the text of that line.
#[must_use]
pub fn describe_steps() -> String {
    let steps = STEPS.with(RefCell::take);
    let mut sources = Sources::default();
    let lines = steps.iter().map(|step| {
        let place = format!("{}:{}", short(step.line.file()), step.line.line());
        let done = step.to_string();
        let text = sources.line(step.line);
        let thread = format!("{:?}", step.thread);
        let number: String = thread.chars().filter(char::is_ascii_digit).collect();
        format!("{number:>3}  {place:<32} {done:<38} {text}")
            .trim_end()
            .to_owned()
            + "\n"
    });
    lines.collect()
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        match (self.found, self.left) {
            (None, None) => Ok(()),
            (Some(found), None) => write!(f, ": {found:#x}"),
            (None, Some(left)) => write!(f, " {left:#x}"),
            (Some(found), Some(left)) => write!(f, ": {found:#x}, now {left:#x}"),
        }
    }
}

/// The path below the crate's sources.
fn short(file: &str) -> &str {
    let below = file
        .split_once("weftline/")
        .map_or(file, |(_, below)| below);
    below.strip_prefix("src/").unwrap_or(below)
}

/// The files that steps name, each read once.
#[derive(Default)]
struct Sources(Vec<(&'static str, Vec<String>)>);

impl Sources {
    /// The text of a line; empty if its file is not there.
    fn line(&mut self, at: &'static Location<'static>) -> &str {
        let known = self.0.iter().position(|(file, _)| *file == at.file());
        let index = known.unwrap_or_else(|| {
            // The path is relative to the workspace.
            let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
            let text = std::fs::read_to_string(std::path::Path::new(root).join(at.file()));
            let lines = text
                .unwrap_or_default()
                .lines()
                .map(str::to_owned)
                .collect();
            self.0.push((at.file(), lines));
            self.0.len() - 1
        });
        let line = self.0[index].1.get(at.line() as usize - 1);
        line.map_or("", |line| line.trim())
    }
}

macro_rules! atomics {
    ($($name:ident: $number:ty),*) => {$(
        /// The checker's atomic; each operation is recorded.
        pub(crate) struct $name(checker::$name);

        #[allow(dead_code, reason = "not every operation is used on every type")]
        impl $name {
            pub(crate) fn new(value: $number) -> Self {
                Self(checker::$name::new(value))
            }

            #[track_caller]
            pub(crate) fn load(&self, order: Ordering) -> $number {
                let found = self.0.load(order);
                record("load", Some(found as u64), None);
                found
            }

            #[track_caller]
            pub(crate) fn store(&self, value: $number, order: Ordering) {
                self.0.store(value, order);
                record("store", None, Some(value as u64));
            }

            #[track_caller]
            pub(crate) fn swap(&self, value: $number, order: Ordering) -> $number {
                let found = self.0.swap(value, order);
                record("swap", Some(found as u64), Some(value as u64));
                found
            }

            #[track_caller]
            pub(crate) fn compare_exchange(
                &self,
                expected: $number,
                value: $number,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$number, $number> {
                let exchanged = self.0.compare_exchange(expected, value, success, failure);
                match exchanged {
                    Ok(found) => record("exchange", Some(found as u64), Some(value as u64)),
                    Err(found) => record("exchange refused", Some(found as u64), None),
                }
                exchanged
            }

            #[track_caller]
            pub(crate) fn compare_exchange_weak(
                &self,
                expected: $number,
                value: $number,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$number, $number> {
                self.compare_exchange(expected, value, success, failure)
            }

            #[track_caller]
            pub(crate) fn fetch_add(&self, value: $number, order: Ordering) -> $number {
                let found = self.0.fetch_add(value, order);
                record("add", Some(found as u64), Some(found.wrapping_add(value) as u64));
                found
            }

            #[track_caller]
            pub(crate) fn fetch_sub(&self, value: $number, order: Ordering) -> $number {
                let found = self.0.fetch_sub(value, order);
                record("subtract", Some(found as u64), Some(found.wrapping_sub(value) as u64));
                found
            }

            #[track_caller]
            pub(crate) fn fetch_and(&self, value: $number, order: Ordering) -> $number {
                let found = self.0.fetch_and(value, order);
                record("and", Some(found as u64), Some((found & value) as u64));
                found
            }

            #[track_caller]
            pub(crate) fn fetch_max(&self, value: $number, order: Ordering) -> $number {
                let found = self.0.fetch_max(value, order);
                record("max", Some(found as u64), Some(found.max(value) as u64));
                found
            }

            #[track_caller]
            pub(crate) fn fetch_update(
                &self,
                success: Ordering,
                failure: Ordering,
                mut update: impl FnMut($number) -> Option<$number>,
            ) -> Result<$number, $number> {
                let mut found = self.load(failure);
                while let Some(value) = update(found) {
                    match self.compare_exchange(found, value, success, failure) {
                        Ok(before) => return Ok(before),
                        Err(before) => found = before,
                    }
                }
                Err(found)
            }
        }
    )*};
}

atomics!(AtomicU32: u32, AtomicU64: u64, AtomicUsize: usize);

//! The thread and the number of an operation: what a choice depends on, besides the test.
//!
//! A thread is named by its path: how many threads its starter had started before it in the test,
//! and the path of the starter. The order in which threads come to run is in no path.
//!
//! # Implementation
//!
//! The starter leaves the path in [`STARTING`] before the thread exists. The thread finds it at its
//! first operation, by the identifier that its object has from its first step on. A thread that no
//! object announced, as of `_thread.start_new_thread`, is named by the order of such threads.
//!
//! `Thread.start` is one operation, though it waits for an event that the new thread sets. The
//! starter is quiet meanwhile, and the new thread up to that event: a pause of the one would be a
//! pause of both.

use super::choice::mix;
use crate::blocker::ident;
use crate::names::interned;
use crate::told::own_attribute;
use pyo3::prelude::*;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};
use std::cell::Cell;
use std::ffi::c_ulong;
use std::sync::atomic::{AtomicU64, Ordering};
use weftline::Lock;

/// The number of the running test, or 0 between tests.
static TEST: AtomicU64 = AtomicU64::new(0);
/// How many tests have begun.
static TESTS: AtomicU64 = AtomicU64::new(0);
/// How many threads without an object came in this test.
static UNKNOWN: AtomicU64 = AtomicU64::new(0);
/// Threads that are being started, with their paths.
static STARTING: Lock<Vec<(Py<PyWeakrefReference>, u64)>> = Lock::new(Vec::new());

/// The path of the thread that runs the tests.
const FIRST: u64 = 1;
const OF_UNKNOWN: u64 = 2;

/// What a thread knows of itself.
#[derive(Clone, Copy)]
struct Place {
    path: u64,
    /// The test to which the counts belong.
    tests: u64,
    operations: u64,
    started: u64,
    /// So many of the next calls of [`next`] do not count.
    quiet: u64,
    /// Of all choices in this test.
    digest: u64,
}

thread_local! {
    static PLACE: Cell<Option<Place>> = const { Cell::new(None) };
}

/// Begins the test with that number on this thread, or ends it if that is 0.
pub(super) fn begin(test: u64) {
    TESTS.fetch_add(1, Ordering::Relaxed);
    UNKNOWN.store(0, Ordering::Relaxed);
    let left = std::mem::take(&mut *STARTING.lock());
    drop(left);
    if PLACE.get().is_none() {
        PLACE.set(Some(at(FIRST)));
    }
    TEST.store(test, Ordering::Relaxed);
}

fn at(path: u64) -> Place {
    Place {
        path,
        tests: 0,
        operations: 0,
        started: 0,
        quiet: 0,
        digest: 0,
    }
}

/// Changes the calling thread's place in the running test. `None` between tests, and on a thread
/// whose locals are gone.
fn change<R>(py: Python<'_>, with: impl FnOnce(u64, &mut Place) -> R) -> Option<R> {
    let test = TEST.load(Ordering::Relaxed);
    if test == 0 {
        return None;
    }
    let known = PLACE.try_with(Cell::get).ok()?;
    let mut place = known.unwrap_or_else(|| new(py));
    let tests = TESTS.load(Ordering::Relaxed);
    if place.tests != tests {
        place = Place {
            tests,
            quiet: place.quiet,
            ..at(place.path)
        };
    }
    let result = with(test, &mut place);
    PLACE.set(Some(place));
    Some(result)
}

/// Counts an operation, and calls `choose` with the test, the thread and the number. What that
/// returns, as a number, goes into the digest.
pub(super) fn next<R>(py: Python<'_>, choose: impl FnOnce(u64, u64, u64) -> (R, u64)) -> Option<R> {
    change(py, |test, place| {
        if place.quiet > 0 {
            place.quiet -= 1;
            return None;
        }
        let (chosen, number) = choose(test, place.path, place.operations);
        place.operations += 1;
        place.digest = mix(place.digest, number);
        Some(chosen)
    })?
}

/// The number of the calling thread's operations in the running test, and a digest of its choices.
pub(super) fn so_far(py: Python<'_>) -> Option<(u64, u64)> {
    change(py, |_, place| (place.operations, place.digest))
}

/// The calling thread starts `thread`.
pub(super) fn starts(thread: &Bound<'_, PyAny>) {
    let py = thread.py();
    let path = change(py, |_, place| {
        place.started += 1;
        mix(place.path, place.started)
    });
    if let Some(path) = path
        && let Ok(reference) = PyWeakrefReference::new(thread)
    {
        STARTING.lock().push((reference.unbind(), path));
    }
}

/// Has the operations of the calling thread count no more, or again.
pub(super) fn be_quiet(py: Python<'_>, quiet: bool) {
    change(py, |_, place| {
        place.quiet = if quiet { u64::MAX } else { 0 }
    });
}

/// The place of the calling thread, which has come to its first operation.
fn new(py: Python<'_>) -> Place {
    let starting: Vec<_> = STARTING
        .lock()
        .iter()
        .map(|(reference, path)| (reference.clone_ref(py), *path))
        .collect();
    let me = ident();
    let found = starting.iter().find(|(reference, _)| {
        let thread = reference.bind(py).upgrade();
        let ident = thread.and_then(|thread| own_attribute(&thread, interned!(py, _ident)));
        ident.is_some_and(|ident| ident.extract().is_ok_and(|ident: c_ulong| ident == me))
    });
    let Some((reference, path)) = found else {
        return at(mix(OF_UNKNOWN, UNKNOWN.fetch_add(1, Ordering::Relaxed)));
    };
    STARTING.lock().retain(|(other, _)| !other.is(reference));
    // Before the event is set: after that the starter goes on.
    Place {
        quiet: 1,
        ..at(*path)
    }
}

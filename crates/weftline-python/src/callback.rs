//! Calls from here into Python code of the program: comparisons, overridden methods, barrier
//! actions, predicates.
//!
//! Up to CPython 3.13, a daemon thread that asks for the interpreter lock once the interpreter is
//! being finalised is ended by `pthread_exit`, which unwinds its stack. If it is in Python code
//! that Rust has called, the unwinding meets Rust's frames, and the process aborts in the middle of
//! an orderly exit. (A thread that asks for the lock from Rust itself is put to sleep for good, by
//! PyO3.) So before finalisation, in an exit handler, no thread is let into such a call any more,
//! and those inside have a moment to come out: a short one, since what they wait for may never
//! come.

use crate::recursion;
use pyo3::ffi;
use pyo3::prelude::*;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use weftline::park::open_relay;

/// How long the exit waits for callbacks that are running.
const PATIENCE: Duration = Duration::from_millis(500);

static IS_EXITING: AtomicBool = AtomicBool::new(false);
/// How many callbacks are running, those apart whose thread sleeps in a wait of ours.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How many callbacks this thread is in.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Whether this is the thread that exits; it calls back as it likes.
    static EXITS: Cell<bool> = const { Cell::new(false) };
}

/// Runs `call`, which calls Python code of the program; raises `RecursionError` instead when little
/// stack is left. Does not return on a thread other than the exiting one once the exit has begun.
#[inline]
pub(crate) fn calling_back<T>(py: Python<'_>, call: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    recursion::check(py)?;
    inside(py, call)
}

/// As [`calling_back`], with a reserve of stack: for a call that undoes an earlier one, such as the
/// release of a lock.
#[inline]
pub(crate) fn calling_back_to_leave<T>(
    py: Python<'_>,
    call: impl FnOnce() -> PyResult<T>,
) -> PyResult<T> {
    recursion::check_leaving(py)?;
    inside(py, call)
}

#[inline]
fn inside<R>(py: Python<'_>, call: impl FnOnce() -> R) -> R {
    RUNNING.fetch_add(1, Ordering::SeqCst);
    let inside = Inside;
    DEPTH.set(DEPTH.get() + 1);
    if IS_EXITING.load(Ordering::SeqCst) && !EXITS.get() {
        stay_out(py);
    }
    let result = call();
    drop(inside);
    result
}

struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cold]
fn stay_out(py: Python<'_>) {
    RUNNING.fetch_sub(DEPTH.get(), Ordering::SeqCst);
    py.detach(sleep_for_good);
}

fn sleep_for_good() {
    loop {
        std::thread::park();
    }
}

/// Runs `sleep`, detached, as a wait of ours: callbacks around it do not hold up the exit, and once
/// that has begun do not go on.
#[inline]
pub(crate) fn sleeping<R>(sleep: impl FnOnce() -> R) -> R {
    let depth = DEPTH.get();
    if depth == 0 {
        return sleep();
    }
    RUNNING.fetch_sub(depth, Ordering::SeqCst);
    let result = sleep();
    RUNNING.fetch_add(depth, Ordering::SeqCst);
    if IS_EXITING.load(Ordering::SeqCst) && !EXITS.get() {
        RUNNING.fetch_sub(depth, Ordering::SeqCst);
        sleep_for_good();
    }
    result
}

/// Has PyO3 ask whether there is an interpreter, which it does the first time that a thread attaches.
///
/// Once the exit of the interpreter has begun the answer is no, and a destructor may be the first
/// to need it. While `site` is imported it is no too, from 3.15 on: then the exit handler asks.
pub(crate) fn know_the_interpreter(py: Python<'_>) {
    // SAFETY: may be called at any time.
    if unsafe { ffi::Py_IsInitialized() } != 0 {
        py.detach(|| Python::attach(|_| ()));
    }
}

/// The exit handler.
#[pyfunction]
fn _before_exit(py: Python<'_>) {
    know_the_interpreter(py);
    EXITS.set(true);
    IS_EXITING.store(true, Ordering::SeqCst);
    // A thread that is stopped would let no other go on.
    open_relay();
    let end = Instant::now() + PATIENCE;
    while RUNNING.load(Ordering::SeqCst) > DEPTH.get() && Instant::now() < end {
        py.detach(|| std::thread::sleep(Duration::from_micros(200)));
    }
}

/// The fork handler: what other threads were in, they are not in in the child.
#[pyfunction]
fn _after_fork_in_child() {
    RUNNING.store(DEPTH.get(), Ordering::SeqCst);
    IS_EXITING.store(false, Ordering::SeqCst);
    EXITS.set(false);
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    py.import("atexit")?
        .call_method1("register", (wrap_pyfunction!(_before_exit, module)?,))?;
    let os = py.import("os")?;
    if os.hasattr("register_at_fork")? {
        let handlers = pyo3::types::PyDict::new(py);
        handlers.set_item(
            "after_in_child",
            wrap_pyfunction!(_after_fork_in_child, module)?,
        )?;
        os.call_method("register_at_fork", (), Some(&handlers))?;
    }
    Ok(())
}

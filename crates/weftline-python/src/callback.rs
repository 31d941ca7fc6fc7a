//! Calls from here into Python code of the program: comparisons, overridden methods, barrier
//! actions, predicates.
//!
//! Up to CPython 3.13, a daemon thread that asks for the interpreter lock during finalisation is
//! ended by `pthread_exit`, which unwinds its stack. If the thread is in Python code that Rust has
//! called, the unwinding meets Rust's frames. The process then aborts in the middle of an orderly
//! exit. A thread that asks for the lock from Rust is parked for good instead, by PyO3.
//!
//! So before finalisation an exit handler lets no further thread into such a call. The threads
//! inside have half a second to leave; the time is bounded because what they wait for may never
//! come.
//!
//! # Implementation
//!
//! A thread that enters a callback increments [`RUNNING`] before it reads [`IS_EXITING`]. The exit
//! sets [`IS_EXITING`] before it reads [`RUNNING`]. All four accesses are sequentially consistent.
//! So the exit waits for the thread, or the thread stays out.

use crate::recursion;
use pyo3::ffi;
use pyo3::prelude::*;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use weftline::park::open_relay;

/// How long the exit waits for callbacks that are running.
const EXIT_GRACE: Duration = Duration::from_millis(500);

static IS_EXITING: AtomicBool = AtomicBool::new(false);
/// The number of running callbacks, except those whose thread is parked in a wait of weftline.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The number of callbacks that this thread is in.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Whether this is the exiting thread, whose callbacks are not restricted.
    static EXITS: Cell<bool> = const { Cell::new(false) };
}

/// Runs `call`, which calls Python code of the program. Raises `RecursionError` instead when little
/// stack is left. Does not return on a thread other than the exiting one once the exit has begun.
#[inline]
pub(crate) fn calling_back<T>(py: Python<'_>, call: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    recursion::check(py)?;
    inside(py, call)
}

/// As [`calling_back`], with a reserve of stack, for a call that undoes an earlier one, such as the
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

/// Runs `sleep`, detached, as a wait of weftline. Callbacks around it do not hold up the exit. Once
/// the exit has begun, they do not proceed.
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

/// Makes PyO3 check whether there is an interpreter, which it does the first time that a thread
/// attaches.
///
/// Once the exit of the interpreter has begun the answer is no, and a destructor may be the first
/// caller to need it. While `site` is imported, from 3.15 on, the answer is no too; then the exit
/// handler checks.
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
    // A thread that is stopped at the exit would hold up the relay's queue.
    open_relay();
    let end = Instant::now() + EXIT_GRACE;
    while RUNNING.load(Ordering::SeqCst) > DEPTH.get() && Instant::now() < end {
        py.detach(|| std::thread::sleep(Duration::from_micros(200)));
    }
}

/// The fork handler: callbacks of other threads do not exist in the child.
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

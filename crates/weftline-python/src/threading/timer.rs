//! A pending `threading.Timer`: one for which no thread has been started yet.
//!
//! # Implementation
//!
//! | state | meaning | leaves by |
//! |---|---|---|
//! | `WAITING` | scheduled, or about to be | `cancel` → `OVER`; the timer thread → `FIRING` |
//! | `FIRING` | its time has come; a thread of the interpreter is being started for it | `has_begun` → `BEGUN`; `retry` → `WAITING`; `give_up` → `OVER` |
//! | `BEGUN` | that thread runs: ask the standard class | (end) |
//! | `OVER` | cancelled, or lost in a fork, or without a thread | (end) |
//!
//! Invariants:
//! - A timer fires or is cancelled, never both: both transitions out of `WAITING` are
//!   compare-exchanges, which are the linearisation points of firing and `cancel`.
//! - `settled` is set when one of the ends is reached.
//! - The action in the clock holds the Python object, and no field here does. So a pending timer
//!   stays alive, as a thread would, and there is no cycle for the collector to find.
//! - A cancelled timer leaves no entry in the clock. `start` stores the entry under its lock before
//!   it reads the state; `cancel` changes the state before it takes the entry under that lock. So
//!   `cancel` finds the entry, or `start` finds `OVER` and takes the entry back.

use crate::attach::try_attach;
use crate::blocker::Interpreter;
use crate::callback::calling_back;
use crate::objects::{error, no_memory};
use crate::seconds::wait_deadline;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use std::io::ErrorKind;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;
use weftline::Lock;
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::RawEvent;
use weftline::thread::timer::raw::{self, Entry};

const WAITING: u8 = 0;
const FIRING: u8 = 1;
const BEGUN: u8 = 2;
const OVER: u8 = 3;

/// A `threading.Timer` between its start and the moment at which its thread runs.
#[pyclass(frozen, name = "_PendingTimer", module = "weftline._weftline")]
pub(crate) struct PendingTimer {
    state: AtomicU8,
    entry: Lock<Option<Entry>>,
    settled: RawEvent,
}

impl PendingTimer {
    fn leave(&self, from: u8, to: u8) -> bool {
        let left = self
            .state
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok();
        if left && matches!(to, BEGUN | OVER) {
            self.settled.set();
        }
        left
    }
}

impl PendingTimer {
    /// Takes the entry out of the clock. The entry's contents, perhaps the last reference to the
    /// timer, are dropped without a lock.
    fn take_back(&self) {
        let entry = self.entry.lock().take();
        entry.map(raw::cancel);
    }
}

#[pymethods]
impl PendingTimer {
    #[new]
    fn new() -> Self {
        Self {
            state: AtomicU8::new(WAITING),
            entry: Lock::new(None),
            settled: RawEvent::new(),
        }
    }

    /// Have `timer._fire()` called on the timer thread in `seconds`; never, if that is None.
    fn start(slf: &Bound<'_, Self>, timer: Py<PyAny>, seconds: Option<f64>) -> PyResult<()> {
        let due = match seconds {
            Some(seconds) => Deadline::after(Duration::from_secs_f64(seconds.max(0.0))),
            None => Deadline::NEVER,
        };
        let (this, pending) = (slf.get(), slf.clone().unbind());
        let scheduled =
            raw::schedule(due, move || fire(pending, timer)).map_err(|why| match why.kind() {
                ErrorKind::OutOfMemory => no_memory(slf.py()),
                _ => error::<PyRuntimeError>("can't start new thread"),
            })?;
        *this.entry.lock() = Some(scheduled);
        if this.state.load(Ordering::Acquire) == OVER {
            // Cancelled by a thread that did not find the entry yet.
            this.take_back();
        }
        Ok(())
    }

    /// No thread could be started: have `timer._fire()` called again in `seconds`.
    fn retry(slf: &Bound<'_, Self>, timer: Py<PyAny>, seconds: f64) -> PyResult<()> {
        if slf.get().leave(FIRING, WAITING) {
            Self::start(slf, timer, Some(seconds))
        } else {
            Ok(())
        }
    }

    /// Cancel the timer. Returns whether it was in time: then the timer will not fire.
    fn cancel(&self) -> bool {
        let in_time = self.leave(WAITING, OVER);
        if in_time {
            self.take_back();
        }
        in_time
    }

    /// The timer's thread runs.
    fn has_begun(&self) {
        self.leave(FIRING, BEGUN);
    }

    /// There will be no thread.
    fn give_up(&self) {
        if !self.cancel() {
            self.leave(FIRING, OVER);
        }
    }

    /// Whether its time has come, and its thread does not run yet.
    fn is_firing(&self) -> bool {
        self.state.load(Ordering::Acquire) == FIRING
    }

    /// Whether the timer is alive; None if its thread decides that.
    fn is_alive(&self) -> Option<bool> {
        match self.state.load(Ordering::Acquire) {
            BEGUN => None,
            state => Some(state != OVER),
        }
    }

    /// Wait until its thread runs, or never will, for at most `timeout` seconds. Returns whether
    /// that happened in time.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let deadline = wait_deadline(timeout)?;
        match self.settled.wait_with(&mut Interpreter::new(py), deadline) {
            Ok(()) => Ok(true),
            Err(WaitError::TimedOut) => Ok(false),
            Err(WaitError::Interrupted(raised)) => Err(raised),
        }
    }
}

/// Runs on the timer thread. The interpreter may be gone by now; then a daemon timer has no purpose
/// left.
fn fire(pending: Py<PendingTimer>, timer: Py<PyAny>) {
    // `None` when it is gone.
    let _: Option<()> = try_attach(|py| {
        if pending.get().leave(WAITING, FIRING) {
            let fired = calling_back(py, || {
                timer.call_method0(py, "_fire").or_else(|error| {
                    error.write_unraisable(py, Some(timer.bind(py)));
                    timer.call_method0(py, "_give_up")
                })
            });
            if let Err(error) = fired {
                error.write_unraisable(py, Some(timer.bind(py)));
            }
        }
        // Dropped while attached: the timer may have its last reference here.
        drop((pending, timer));
    });
}

/// Calls `body` on a thread that the interpreter does not start and so cannot refuse: 3.12.1 starts
/// none once its exit has begun.
#[pyfunction]
pub(crate) fn _call_on_new_thread(body: Py<PyAny>) -> PyResult<()> {
    let thread = std::thread::Builder::new().name("weftline timer".to_owned());
    let started = thread.spawn(move || {
        try_attach(|py| {
            if let Err(error) = calling_back(py, || body.call0(py)) {
                error.write_unraisable(py, Some(body.bind(py)));
            }
            drop(body);
        });
    });
    started
        .map(drop)
        .map_err(|_| error::<PyRuntimeError>("can't start new thread"))
}

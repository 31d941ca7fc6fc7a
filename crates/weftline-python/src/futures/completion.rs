//! How a future is settled, and how a caller waits for that. The methods in `future.rs` use these
//! functions.

use super::callbacks::call_back;
use super::inflated;
use super::object::Future;
use super::outcome::{Outcome, name_of, raised};
use super::standard::{cancelled, is_raised, standard};
use crate::blocker::Interpreter;
use crate::objects::{Piece, bare_error, error_of, written};
use crate::seconds::wait_deadline;
use pyo3::exceptions::PyTimeoutError;
use pyo3::ffi;
use pyo3::prelude::*;
use weftline::executor::raw::{Phase, Unchanged};
use weftline::park::WaitError;

impl Future {
    /// The outcome of a future that is done: its exception as an error, if `result()` raises it, or
    /// else its result.
    pub(super) fn outcome(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let copy = |kept: &Option<Py<PyAny>>| kept.as_ref().map(|kept| kept.clone_ref(py));
        let there = this.raw.with(|phase, state| {
            let is_there = phase == Phase::Finished || state.is_inflated;
            is_there.then(|| {
                (
                    state.is_inflated,
                    copy(&state.exception),
                    copy(&state.result),
                )
            })
        });
        let Some((is_inflated, exception, result)) = there else {
            return Err(cancelled(py));
        };
        if is_inflated {
            this.wait_until_inflated(py);
            return inflated::wait(slf, None, || inflated::outcome(slf));
        }
        if let Some(exception) = exception {
            let exception = exception.into_bound(py);
            if is_raised(&exception)? {
                return Err(raised(exception));
            }
        }
        Ok(result.unwrap_or_else(|| py.None()))
    }

    /// Waits until the future is done. `false`: another thread has inflated it.
    pub(super) fn wait(
        slf: &Bound<'_, Self>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<bool> {
        let this = slf.get();
        if this.is_inflated() {
            return Ok(false);
        }
        if this.raw.phase().is_done() {
            return Ok(true);
        }
        let deadline = wait_deadline(timeout)?;
        this.raw
            .wait_with(&mut Interpreter::new(slf.py()), deadline)
            .map_err(|error| match error {
                WaitError::TimedOut => bare_error(&slf.py().get_type::<PyTimeoutError>()),
                WaitError::Interrupted(raised) => raised,
            })?;
        Ok(true)
    }

    /// The future is done: writes the outcome, wakes the waiters, runs the callbacks.
    pub(super) fn settle(slf: &Bound<'_, Self>, outcome: Outcome) -> PyResult<()> {
        Self::settle_and(slf, outcome, || ()).map(drop)
    }

    /// As `settle`. `ended` is called just before other threads learn of the outcome, if this
    /// thread then has nothing more to do. Otherwise this returns `false`: there were callbacks to
    /// run, or only the caller has a reference to the future, whose outcome is dropped with it.
    #[inline]
    pub(super) fn settle_and(
        slf: &Bound<'_, Self>,
        outcome: Outcome,
        ended: impl FnOnce(),
    ) -> PyResult<bool> {
        inflated::inflate_if_callbacks_overridden(slf)?;
        if slf.get().is_inflated() {
            return inflated::settle(slf, outcome).map(|()| false);
        }
        // From here on no other thread can drop its reference, since this thread keeps the
        // interpreter lock until the outcome is there. Without an interpreter lock a thread may, in
        // this very moment. Then this thread drops the outcome although it has reported its end.
        // SAFETY: the future is alive.
        let is_wanted = unsafe { ffi::Py_REFCNT(slf.as_ptr()) } > 1;
        let (mut outcome, mut ended) = (Some(outcome), Some(ended));
        let finished = slf.get().raw.finish(|state| {
            let callbacks = state.take_callbacks()?;
            if let Some(outcome) = outcome.take() {
                outcome.put(state);
            }
            if is_wanted
                && callbacks.is_empty()
                && let Some(ended) = ended.take()
            {
                ended();
            }
            Some(callbacks)
        });
        match finished {
            Ok(callbacks) => call_back(slf, callbacks)?,
            Err(Unchanged::In(phase)) => return Err(done_already(slf, phase)),
            Err(Unchanged::Declined) => {
                slf.get().wait_until_inflated(slf.py());
                if let Some(outcome) = outcome {
                    inflated::settle(slf, outcome)?;
                }
            }
        }
        Ok(ended.is_none())
    }

    /// Whether a worker may begin. `None` in a phase in which no worker begins.
    pub(super) fn begin(slf: &Bound<'_, Self>) -> PyResult<Option<bool>> {
        if slf.get().is_inflated() {
            return inflated::begin(slf);
        }
        match slf.get().raw.start(|state| !state.is_inflated) {
            Ok(may) => Ok(Some(may)),
            Err(Unchanged::In(_)) => Ok(None),
            Err(Unchanged::Declined) => {
                slf.get().wait_until_inflated(slf.py());
                inflated::begin(slf)
            }
        }
    }
}

#[cold]
fn done_already(slf: &Bound<'_, Future>, phase: Phase) -> PyErr {
    let attempt = || -> PyResult<PyErr> {
        let (py, repr) = (slf.py(), slf.repr()?.into_any());
        let pieces = [
            Piece::Plain(name_of(phase)),
            Piece::Plain(": "),
            Piece::Object(&repr),
        ];
        let words = written(py, &pieces)?;
        Ok(error_of(
            standard(py)?.invalid_state.bind(py),
            words.as_any(),
        ))
    };
    attempt().unwrap_or_else(|error| error)
}

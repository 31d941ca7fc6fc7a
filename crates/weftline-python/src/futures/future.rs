//! The methods of `concurrent.futures.Future`.

use super::attributes::PARTS;
use super::callbacks::{call_back, call_one_back};
use super::future_state::FutureState;
use super::inflated;
use super::object::Future;
use super::outcome::{Outcome, description_of};
use super::standard::cancelled;
use crate::inflation::{self, Inflate, attribute_methods, dict_methods};
use crate::names::interned;
use crate::objects::{self, Piece, no_memory, written};
use crate::recursion;
use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString, PyTuple, PyType};
use weftline::executor::raw::{Phase, Unchanged};

/// The result of adding a callback to a compact future.
enum Kept {
    Yes,
    TooLate,
    NoMemory,
}

/// As future.result(), and cancels the call if that raises, by a timeout for example.
#[pyfunction(name = "_result_or_cancel")]
#[pyo3(signature = (future, timeout=None))]
pub(super) fn result_or_cancel(
    future: &Bound<'_, Future>,
    timeout: Option<&Bound<'_, PyAny>>,
) -> PyResult<Py<PyAny>> {
    Future::result(future, timeout).or_else(|raised| {
        Future::cancel(future)?;
        Err(raised)
    })
}

attribute_methods!(Future);
dict_methods!(Future);

#[pymethods]
impl Future {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "()")]
    fn new(
        class: &Bound<'_, PyType>,
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<PyClassInitializer<Self>> {
        inflation::ensure_dict_getter::<Self>(class)?;
        Ok(Self::for_task(0, None))
    }

    /// Called again, it resets the future. The task of a pool's future stays: otherwise its worker
    /// would not find the call.
    fn __init__(slf: &Bound<'_, Self>) -> PyResult<()> {
        let this = slf.get();
        if this.is_inflated()
            || (!slf.is_exact_instance_of::<Self>()
                && inflation::is_overridden::<Self>(&slf.get_type(), &PARTS)?)
        {
            return Self::init_inflated(slf);
        }
        let left = this.raw.with(|_, state| {
            let fresh = FutureState {
                task: state.task.take(),
                ..FutureState::default()
            };
            std::mem::replace(state, fresh)
        });
        if this.raw.phase() != Phase::Pending {
            this.raw.force(Phase::Pending);
        }
        drop(left);
        Ok(())
    }

    /// Cancel the call if no worker has begun with it. Returns whether it is cancelled.
    fn cancel(slf: &Bound<'_, Self>) -> PyResult<bool> {
        let this = slf.get();
        inflated::inflate_if_callbacks_overridden(slf)?;
        if this.is_inflated() {
            return inflated::cancel(slf);
        }
        let taken = this.raw.cancel(false, |state| {
            let callbacks = state.take_callbacks()?;
            Some((callbacks, state.task.take()))
        });
        match taken {
            Ok((callbacks, task)) => {
                drop(task);
                call_back(slf, callbacks)?;
                Ok(true)
            }
            Err(Unchanged::In(phase)) => Ok(phase.is_done() && phase != Phase::Finished),
            Err(Unchanged::Declined) => {
                this.wait_until_inflated(slf.py());
                inflated::cancel(slf)
            }
        }
    }

    /// Whether the call was cancelled.
    fn cancelled(slf: &Bound<'_, Self>) -> PyResult<bool> {
        if slf.get().is_inflated() {
            return inflated::is_cancelled(slf);
        }
        Ok(matches!(
            slf.get().raw.phase(),
            Phase::Cancelled | Phase::Notified
        ))
    }

    /// Whether a worker is making the call now.
    fn running(slf: &Bound<'_, Self>) -> PyResult<bool> {
        if slf.get().is_inflated() {
            return inflated::is_in(slf, &["RUNNING"]);
        }
        Ok(slf.get().raw.phase() == Phase::Running)
    }

    /// Whether the call has ended or was cancelled.
    fn done(slf: &Bound<'_, Self>) -> PyResult<bool> {
        if slf.get().is_inflated() {
            return inflated::is_done(slf);
        }
        Ok(slf.get().raw.phase().is_done())
    }

    /// Have `fn` called with this future when it is done: by the thread that ends it, after the
    /// callbacks added before; or immediately, if the future is done already. If `fn` raises an
    /// Exception, that is logged.
    fn add_done_callback(slf: &Bound<'_, Self>, r#fn: &Bound<'_, PyAny>) -> PyResult<()> {
        let callback = r#fn.clone().unbind();
        let kept = slf.get().raw.with(|phase, state| {
            if state.is_inflated {
                return None;
            }
            if phase.is_done() {
                return Some(Kept::TooLate);
            }
            if state.callbacks.try_reserve(1).is_err() {
                return Some(Kept::NoMemory);
            }
            state.callbacks.push(callback);
            Some(Kept::Yes)
        });
        match kept {
            Some(Kept::Yes) => Ok(()),
            Some(Kept::TooLate) => call_one_back(slf, r#fn),
            Some(Kept::NoMemory) => Err(no_memory(slf.py())),
            None => {
                slf.get().wait_until_inflated(slf.py());
                inflated::add_done_callback(slf, r#fn)
            }
        }
    }

    /// Return the result of the call, or raise its exception. Waits for at most `timeout` seconds,
    /// if that is not None. Raises TimeoutError after that, and CancelledError if the call was
    /// cancelled.
    #[pyo3(signature = (timeout=None))]
    fn result(slf: &Bound<'_, Self>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        if Self::wait(slf, timeout)? {
            Self::outcome(slf)
        } else {
            inflated::wait(slf, timeout, || inflated::get_result(slf))
        }
    }

    /// Return the exception of the call, or None if it returned. Waits and raises as result() does.
    #[pyo3(signature = (timeout=None))]
    fn exception(slf: &Bound<'_, Self>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let timeout = if Self::wait(slf, timeout)? {
            let there = slf.get().raw.with(|phase, state| {
                let exception = state.exception.as_ref().map(|kept| kept.clone_ref(py));
                (!state.is_inflated).then_some((phase, exception))
            });
            match there {
                Some((Phase::Finished, exception)) => {
                    return Ok(exception.unwrap_or_else(|| py.None()));
                }
                Some(_) => return Err(cancelled(py)),
                None => None,
            }
        } else {
            timeout
        };
        inflated::wait(slf, timeout, || {
            slf.getattr(interned!(py, _exception)).map(Bound::unbind)
        })
    }

    #[pyo3(name = "_Future__get_result")]
    fn get_result(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        inflated::outcome(slf)
    }

    /// For executors: begin with the call. Returns False if it was cancelled; then threads that
    /// wait for it in wait() or as_completed() are notified.
    fn set_running_or_notify_cancel(slf: &Bound<'_, Self>) -> PyResult<bool> {
        Self::begin(slf)?.ok_or_else(|| inflated::unexpected_state(slf))
    }

    /// For executors: the call has returned `result`.
    fn set_result(slf: &Bound<'_, Self>, result: Bound<'_, PyAny>) -> PyResult<()> {
        Self::settle(slf, Outcome::Result(result.unbind()))
    }

    /// For executors: the call has raised `exception`.
    fn set_exception(slf: &Bound<'_, Self>, exception: Bound<'_, PyAny>) -> PyResult<()> {
        if exception.is_none() {
            return Self::settle(slf, Outcome::NoException);
        }
        Self::settle(slf, Outcome::Exception(exception.unbind()))
    }

    /// For executors that change the state themselves: run the callbacks.
    fn _invoke_callbacks(slf: &Bound<'_, Self>) -> PyResult<()> {
        let taken = slf.get().raw.with(|phase, state| match phase {
            // They are called when it ends.
            Phase::Pending | Phase::Running => None,
            _ => state.take_callbacks(),
        });
        match taken {
            Some(callbacks) => call_back(slf, callbacks),
            None => {
                Self::inflate(slf)?;
                slf.get().wait_until_inflated(slf.py());
                inflated::call_back(slf)
            }
        }
    }

    /// Whether it is done, whether it was cancelled, its result and its exception, all at one
    /// moment.
    fn _get_snapshot<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyTuple>> {
        let py = slf.py();
        let none = || py.None().into_bound(py);
        let flag = |is: bool| PyBool::new(py, is).to_owned().into_any();
        let (phase, result, exception) = match Self::compact_moment(slf) {
            Some(moment) => moment,
            None => inflated::moment(slf)?,
        };
        let parts = match phase {
            Phase::Cancelled | Phase::Notified => [flag(true), flag(true), none(), none()],
            Phase::Finished => [flag(true), flag(false), result, exception],
            Phase::Pending | Phase::Running => [flag(false), flag(false), none(), none()],
        };
        objects::tuple(py, parts.into_iter())
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let py = slf.py();
        recursion::check(py)?;
        let (state, end) = match Self::compact_moment(slf) {
            Some((phase @ Phase::Finished, result, exception)) => {
                let end = match exception.is_truthy()? {
                    true => (" raised ", exception),
                    false => (" returned ", result),
                };
                (description_of(phase), Some(end))
            }
            Some((phase, ..)) => (description_of(phase), None),
            None => inflated::description(slf)?,
        };
        let (name, address) = (slf.get_type().name()?.into_any(), slf.as_ptr() as usize);
        let at = Piece::Short(format_args!(" at {address:#x} state={state}"));
        let (open, name, close) = (Piece::Plain("<"), Piece::Object(&name), Piece::Plain(">"));
        let Some((verb, what)) = end else {
            return written(py, &[open, name, at, close]);
        };
        let class = what.getattr(interned!(py, __class__))?;
        let class = class.getattr(interned!(py, __name__))?;
        let (verb, class) = (Piece::Plain(verb), Piece::Object(&class));
        written(py, &[open, name, at, verb, class, close])
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if !self.cell.is_created() {
            return Ok(());
        }
        // If the lock is held, this thread holds it further up its stack, or another thread is
        // changing the state. Either way the future is in use, so it is no garbage.
        self.raw
            .try_with(|state| state.traverse(&visit))
            .unwrap_or(Ok(()))
    }

    fn __clear__(&self) {
        drop(self.raw.try_with(std::mem::take));
    }
}

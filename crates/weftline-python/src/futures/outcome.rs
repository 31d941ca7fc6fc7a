//! How a call ended, and the names of a future's phases.

use super::future_state::FutureState;
use crate::objects::{bare_error, error};
use pyo3::exceptions::{PyBaseException, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};
use weftline::executor::raw::Phase;

/// How a call ended.
pub(super) enum Outcome {
    Result(Py<PyAny>),
    Exception(Py<PyAny>),
    /// `set_exception(None)`: the future's present result stands.
    NoException,
}

impl Outcome {
    pub(super) fn put(self, state: &mut FutureState) {
        match self {
            Self::Result(result) => state.result = Some(result),
            Self::Exception(exception) => state.exception = Some(exception),
            Self::NoException => state.exception = None,
        }
    }
}

pub(super) fn name_of(phase: Phase) -> &'static str {
    match phase {
        Phase::Pending => "PENDING",
        Phase::Running => "RUNNING",
        Phase::Cancelled => "CANCELLED",
        Phase::Notified => "CANCELLED_AND_NOTIFIED",
        Phase::Finished => "FINISHED",
    }
}

/// The word of `repr` for a phase.
pub(super) fn description_of(phase: Phase) -> &'static str {
    match phase {
        Phase::Pending => "pending",
        Phase::Running => "running",
        Phase::Cancelled | Phase::Notified => "cancelled",
        Phase::Finished => "finished",
    }
}

/// The phase of that name.
pub(super) fn phase_named(name: &str) -> Option<Phase> {
    [
        Phase::Pending,
        Phase::Running,
        Phase::Cancelled,
        Phase::Notified,
        Phase::Finished,
    ]
    .into_iter()
    .find(|&phase| name_of(phase) == name)
}

/// The phase that this value of `_state` names.
pub(super) fn phase_of(state: &Bound<'_, PyAny>) -> Option<Phase> {
    phase_named(state.cast_exact::<PyString>().ok()?.to_str().ok()?)
}

/// `raise exception`.
pub(super) fn raised(exception: Bound<'_, PyAny>) -> PyErr {
    match exception.cast::<PyType>() {
        Ok(class) if class.is_subclass_of::<PyBaseException>().unwrap_or(false) => {
            bare_error(class)
        }
        Ok(_) => error::<PyTypeError>("exceptions must derive from BaseException"),
        Err(_) if !exception.is_instance_of::<PyBaseException>() => PyErr::from_value(exception),
        Err(_) => {
            // Not `from_value`: the exception that is being handled in the caller of `result()`
            // becomes the context, as with the statement.
            // SAFETY: an exception and its class; the thread is attached.
            unsafe {
                ffi::PyErr_SetObject(exception.get_type().as_ptr(), exception.as_ptr());
            }
            PyErr::fetch(exception.py())
        }
    }
}

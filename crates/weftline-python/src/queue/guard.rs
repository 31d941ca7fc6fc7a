//! `with queue.mutex`, as an open queue does it.

use crate::callback::calling_back;
use crate::threading::{Condition, Lock};
use pyo3::intern;
use pyo3::prelude::*;
use weftline::park::{Deadline, current_number};

/// A lock, or a condition's, held.
pub(super) enum Guard<'py> {
    Ours(Bound<'py, Lock>),
    /// This thread holds it already: a call from a destructor, a signal handler or a comparison inside of `with queue.mutex`, or of an operation. The
    /// standard library would wait for itself. Between two statements of whoever holds it the queue is as good as between two operations.
    Nested,
    Foreign(Bound<'py, PyAny>),
}

impl<'py> Guard<'py> {
    pub(super) fn enter(context: Bound<'py, PyAny>) -> PyResult<Self> {
        let py = context.py();
        let lock = if context.is_exact_instance_of::<Condition>() {
            context
                .getattr(intern!(py, "_lock"))?
                .cast_into_exact::<Lock>()
                .ok()
        } else {
            context.cast_exact::<Lock>().ok().cloned()
        };
        let Some(lock) = lock else {
            calling_back(py, || context.call_method0(intern!(py, "__enter__")))?;
            return Ok(Self::Foreign(context));
        };
        if lock.get().raw.is_locked() && lock.get().raw.owner() == Some(current_number()) {
            return Ok(Self::Nested);
        }
        lock.get().take(py, Deadline::NEVER)?;
        Ok(Self::Ours(lock))
    }

    /// Leaves, and gives on how the body ended.
    pub(super) fn exit<T>(self, ended: PyResult<T>) -> PyResult<T> {
        let left = match self {
            Self::Nested => return ended,
            Self::Ours(lock) => lock.get().release(),
            Self::Foreign(context) => {
                let py = context.py();
                let left = match &ended {
                    Ok(_) => calling_back(py, || {
                        context.call_method1(
                            intern!(py, "__exit__"),
                            (py.None(), py.None(), py.None()),
                        )
                    }),
                    Err(raised) => calling_back(py, || {
                        context.call_method1(
                            intern!(py, "__exit__"),
                            (raised.get_type(py), raised.value(py), raised.traceback(py)),
                        )
                    }),
                };
                left.map(drop)
            }
        };
        left.and(ended)
    }
}

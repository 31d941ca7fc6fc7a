//! `with condition:`, `condition.wait(…)` and `condition.notify(…)` as the open forms of queues,
//! events and semaphores do them: straight away if the condition is ours, by its methods if it is
//! any other object.

use super::{Condition, Lock};
use crate::callback::{calling_back, calling_back_to_leave};
use crate::handled::finally;
use crate::names::interned;
use crate::objects;
use crate::recursion;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use weftline::park::{Deadline, current_number};

/// A lock, or a condition's, held.
pub(crate) enum Guard<'py> {
    Ours(Bound<'py, Lock>),
    /// This thread holds it already: a call from a destructor, a signal handler or a comparison
    /// inside of `with queue.mutex`, or of an operation. The standard library would wait for
    /// itself. Between two statements of whoever holds it the object is as good as between two
    /// operations.
    Nested,
    Foreign(Bound<'py, PyAny>),
}

impl<'py> Guard<'py> {
    pub(crate) fn enter(context: Bound<'py, PyAny>) -> PyResult<Self> {
        let py = context.py();
        // The body calls the program.
        recursion::check(py)?;
        let lock = if context.is_exact_instance_of::<Condition>() {
            context
                .getattr(interned!(py, _lock))?
                .cast_into_exact::<Lock>()
                .ok()
        } else {
            context.cast_exact::<Lock>().ok().cloned()
        };
        let Some(lock) = lock else {
            enter_context(&context)?;
            return Ok(Self::Foreign(context));
        };
        if lock.get().raw.is_locked() && lock.get().raw.owner() == Some(current_number()) {
            return Ok(Self::Nested);
        }
        lock.get().take(py, Deadline::NEVER)?;
        Ok(Self::Ours(lock))
    }

    /// Leaves, and gives on how the body ended.
    pub(crate) fn exit<T>(self, ended: PyResult<T>) -> PyResult<T> {
        match self {
            Self::Nested => ended,
            Self::Ours(lock) => finally(lock.py(), ended, || lock.get().release()),
            Self::Foreign(context) => {
                let py = context.py();
                let none = || py.None().into_bound(py);
                let told = match &ended {
                    Ok(_) => (none(), none(), none()),
                    Err(raised) => (
                        raised.get_type(py).into_any(),
                        raised.value(py).clone().into_any(),
                        raised.traceback(py).map_or_else(none, Bound::into_any),
                    ),
                };
                let name = interned!(py, __exit__);
                let exit = || calling_back_to_leave(py, || context.call_method1(name, told));
                finally(py, ended, || exit().map(drop))
            }
        }
    }
}

/// The beginning of `with context`: its methods are those of its class.
fn enter_context(context: &Bound<'_, PyAny>) -> PyResult<()> {
    let (py, class) = (context.py(), context.get_type());
    if !class.hasattr(interned!(py, __enter__))? || !class.hasattr(interned!(py, __exit__))? {
        return Err(refuse_context(context));
    }
    calling_back(py, || context.call_method0(interned!(py, __enter__))).map(drop)
}

/// The exception of a `with` statement over what is no context manager, in the words of the running
/// version.
#[cold]
fn refuse_context(context: &Bound<'_, PyAny>) -> PyErr {
    let py = context.py();
    let refused = || -> PyResult<()> {
        let names = objects::dict(py)?;
        names.set_item(interned!(py, context), context)?;
        py.run(c"with context: pass", Some(&names), None)
    };
    let error = match refused() {
        Err(error) => error,
        Ok(()) => objects::error::<PyTypeError>("it was no context manager"),
    };
    error.set_traceback(py, None);
    error
}

/// Waits until notified, the condition being held; what its `wait` returned. Called by name, as the
/// two below: programs put functions of their own there.
pub(crate) fn wait<'py>(
    condition: &Bound<'py, PyAny>,
    deadline: Deadline,
) -> PyResult<Bound<'py, PyAny>> {
    let py = condition.py();
    let name = interned!(py, wait);
    match deadline.remaining() {
        None => calling_back(py, || condition.call_method0(name)),
        Some(left) => {
            let left = objects::float(py, left.as_secs_f64())?;
            calling_back(py, || condition.call_method1(name, (left,)))
        }
    }
}

/// Wakes one waiter, the condition being held.
pub(crate) fn notify(condition: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = condition.py();
    calling_back(py, || condition.call_method0(interned!(py, notify))).map(drop)
}

/// Wakes all waiters, the condition being held.
pub(crate) fn notify_all(condition: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = condition.py();
    calling_back(py, || condition.call_method0(interned!(py, notify_all))).map(drop)
}

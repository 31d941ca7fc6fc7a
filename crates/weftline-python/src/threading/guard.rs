//! `with condition:`, `condition.wait(…)` and `condition.notify(…)` for inflated queues, events and
//! semaphores: directly if the condition is weftline's, by its methods if it is any other object.

use super::{Condition, Lock};
use crate::callback::{calling_back, calling_back_to_leave};
use crate::handled::finally;
use crate::names::interned;
use crate::objects;
use crate::recursion;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use weftline::park::{Deadline, current_number};

/// A lock, or the lock of a condition, that is held until `exit`.
pub(crate) enum Guard<'py> {
    Ours(Bound<'py, Lock>),
    /// This thread holds it already: a destructor, a signal handler or a comparison has made the
    /// call inside `with queue.mutex` or inside an operation. The standard library would deadlock.
    /// Between two statements of the owner the object is as consistent as between two operations.
    Nested,
    Foreign(Bound<'py, PyAny>),
}

/// `with object.name:`; `body` gets the context.
pub(crate) fn holding<'py, T, R>(
    object: &Bound<'py, T>,
    name: &Bound<'py, PyString>,
    body: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<R>,
) -> PyResult<R> {
    let context = object.as_any().getattr(name)?;
    let guard = Guard::enter(context.clone())?;
    guard.exit(body(&context))
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

    /// Releases the lock, and returns the result of the body.
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

/// The beginning of `with context`: its methods are looked up on its class.
fn enter_context(context: &Bound<'_, PyAny>) -> PyResult<()> {
    let (py, class) = (context.py(), context.get_type());
    if !class.hasattr(interned!(py, __enter__))? || !class.hasattr(interned!(py, __exit__))? {
        return Err(refuse_context(context));
    }
    calling_back(py, || context.call_method0(interned!(py, __enter__))).map(drop)
}

/// The exception of a `with` statement over an object that is no context manager, in the words of
/// the running version.
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

/// Waits until notified, with the condition held. Returns what its `wait` returned. Called by name,
/// as the two below, because programs replace these methods.
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

/// Wakes one waiter, with the condition held.
pub(crate) fn notify(condition: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = condition.py();
    calling_back(py, || condition.call_method0(interned!(py, notify))).map(drop)
}

/// Wakes all waiters, with the condition held.
pub(crate) fn notify_all(condition: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = condition.py();
    calling_back(py, || condition.call_method0(interned!(py, notify_all))).map(drop)
}

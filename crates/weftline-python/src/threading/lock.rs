//! `_thread.lock`: the class of `threading.Lock()`.

use crate::blocker::Interpreter;
use crate::lock_order::class_here;
use crate::objects::{Piece, error, written};
use crate::optional_arg::OptionalArg;
use crate::seconds::acquire_deadline;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::RawLock;

/// A lock object: mutual exclusion between threads.
///
/// Goes beyond the standard lock in that it knows its owner. In the child of a fork a lock whose
/// owner did not survive counts as free.
#[pyclass(name = "lock", module = "_thread", frozen, weakref, immutable_type)]
pub(crate) struct Lock {
    pub(crate) raw: RawLock,
}

impl Lock {
    pub(crate) const fn free() -> Self {
        Self {
            raw: RawLock::new(),
        }
    }

    /// A lock that the program makes, and that is watched if the order of locks is.
    #[inline]
    pub(crate) fn made(py: Python<'_>) -> Self {
        match class_here(py) {
            None => Self::free(),
            Some(class) => Self {
                raw: RawLock::watched(class),
            },
        }
    }

    /// Takes the lock by the deadline. Returns whether it did.
    #[inline]
    pub(crate) fn take(&self, py: Python<'_>, deadline: Deadline) -> PyResult<bool> {
        match self.raw.lock_with(&mut Interpreter::new(py), deadline) {
            Ok(()) => Ok(true),
            Err(WaitError::TimedOut) => Ok(false),
            Err(WaitError::Interrupted(raised)) => Err(raised),
        }
    }
}

impl Drop for Lock {
    #[inline]
    fn drop(&mut self) {
        self.raw.will_be_gone();
    }
}

#[pymethods]
impl Lock {
    #[cfg(Py_3_13)]
    #[new]
    fn new(py: Python<'_>) -> Self {
        Self::made(py)
    }

    #[cfg(not(Py_3_13))]
    #[new]
    #[pyo3(signature = (*_args, **_kwargs))]
    fn new(
        _args: &Bound<'_, pyo3::types::PyTuple>,
        _kwargs: Option<&Bound<'_, pyo3::types::PyDict>>,
    ) -> PyResult<Self> {
        Err(error::<pyo3::exceptions::PyTypeError>(
            "cannot create '_thread.lock' instances",
        ))
    }

    /// Take the lock, waiting for at most `timeout` seconds (-1: for ever) unless `blocking` is
    /// false. Returns whether it was taken.
    #[pyo3(signature = (blocking=OptionalArg::MISSING, timeout=OptionalArg::MISSING), text_signature = "($self, blocking=True, timeout=-1)")]
    fn acquire(
        &self,
        py: Python<'_>,
        blocking: OptionalArg<'_, '_>,
        timeout: OptionalArg<'_, '_>,
    ) -> PyResult<bool> {
        let deadline = acquire_deadline(py, blocking, timeout)?;
        self.take(py, deadline)
    }

    /// An obsolete synonym of acquire().
    #[pyo3(signature = (blocking=OptionalArg::MISSING, timeout=OptionalArg::MISSING), text_signature = "($self, blocking=True, timeout=-1)")]
    fn acquire_lock(
        &self,
        py: Python<'_>,
        blocking: OptionalArg<'_, '_>,
        timeout: OptionalArg<'_, '_>,
    ) -> PyResult<bool> {
        self.acquire(py, blocking, timeout)
    }

    /// Release the lock, whichever thread took it. Raises RuntimeError if it is not locked.
    pub(crate) fn release(&self) -> PyResult<()> {
        self.raw
            .unlock()
            .map_err(|_| error::<PyRuntimeError>("release unlocked lock"))
    }

    /// An obsolete synonym of release().
    fn release_lock(&self) -> PyResult<()> {
        self.release()
    }

    /// Whether the lock is held.
    fn locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// An obsolete synonym of locked().
    fn locked_lock(&self) -> bool {
        self.locked()
    }

    fn __enter__(&self, py: Python<'_>) -> PyResult<bool> {
        self.take(py, Deadline::NEVER)
    }

    #[pyo3(signature = (_type=None, _value=None, _traceback=None, /))]
    fn __exit__(
        &self,
        _type: Option<&Bound<'_, PyAny>>,
        _value: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.release()
    }

    fn _at_fork_reinit(&self) {
        self.raw.reset();
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let state = if slf.get().locked() {
            "locked"
        } else {
            "unlocked"
        };
        let address = slf.as_ptr() as usize;
        let whole = format_args!("<{state} _thread.lock object at {address:#x}>");
        written(slf.py(), &[Piece::Short(whole)])
    }
}

/// Create a new, unlocked lock.
#[pyfunction]
#[pyo3(text_signature = "()")]
fn allocate_lock(py: Python<'_>) -> Lock {
    Lock::made(py)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let lock = module.py().get_type::<Lock>();
    let allocate_lock = wrap_pyfunction!(allocate_lock, module)?;
    allocate_lock.setattr("__module__", "_thread")?;
    module.add("lock", &lock)?;
    module.add("allocate_lock", &allocate_lock)?;
    // A function up to 3.12, a class from then on, as in the standard library.
    if cfg!(Py_3_13) {
        module.add("Lock", lock)
    } else {
        module.add("Lock", allocate_lock)
    }
}

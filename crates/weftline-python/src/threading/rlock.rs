//! `_thread.RLock`: the class of `threading.RLock()`.

use crate::blocker::{Interpreter, Uninterruptible};
use crate::lock_order::class_here;
use crate::names::interned;
use crate::objects::{self, Piece, error, error_in_pieces, written};
use crate::optional_arg::OptionalArg;
use crate::seconds::acquire_deadline;
use pyo3::exceptions::{PyOverflowError, PyRuntimeError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use std::ffi::c_ulonglong;
use weftline::park::{Deadline, WaitError, os_ident_of};
use weftline::sync::raw::{RLockError, RawRLock};

/// A lock that its owner can take again.
///
/// Goes beyond the standard lock in that in the child of a fork a lock whose owner did not survive
/// counts as free.
#[pyclass(
    name = "RLock",
    module = "_thread",
    frozen,
    weakref,
    subclass,
    immutable_type
)]
pub(crate) struct RLock {
    pub(crate) raw: RawRLock,
}

#[cold]
fn overflowed() -> PyErr {
    error::<PyOverflowError>("Internal lock count overflowed")
}

#[cold]
fn not_acquired() -> PyErr {
    error::<PyRuntimeError>("cannot release un-acquired lock")
}

/// The count in the arguments of `_acquire_restore`, read and refused as the standard lock does.
fn saved_count(args: &Bound<'_, PyTuple>) -> PyResult<u64> {
    let (mut count, mut owner): (u64, c_ulonglong) = (0, 0);
    // From 3.14 on the count is a `Py_ssize_t`.
    let format = match cfg!(Py_3_14) && size_of::<ffi::Py_ssize_t>() == size_of::<u64>() {
        true => c"(nK):_acquire_restore".as_ptr(),
        false => c"(KK):_acquire_restore".as_ptr(),
    };
    let mut parsed = args.clone().into_any();
    let mut parse: unsafe extern "C" fn(_, _, ...) -> _ = ffi::PyArg_ParseTuple;
    if cfg!(Py_3_15) {
        // 3.15 takes the one argument by itself, and refuses it in other words.
        parsed = sole(args)?;
        parse = ffi::PyArg_Parse;
    }
    // SAFETY: attached to the interpreter. The format names two integers of 64 bits, and two
    // pointers follow.
    let read = unsafe { parse(parsed.as_ptr(), format, &raw mut count, &raw mut owner) };
    if read == 0 {
        return Err(PyErr::fetch(args.py()));
    }
    Ok(count)
}

/// The only argument of `_acquire_restore`.
fn sole<'py>(args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
    if args.len() == 1 {
        return args.get_item(0);
    }
    let pieces = [
        Piece::Plain("RLock._acquire_restore() takes exactly one argument ("),
        Piece::Short(format_args!("{}", args.len())),
        Piece::Plain(" given)"),
    ];
    Err(error_in_pieces::<PyTypeError>(args.py(), &pieces))
}

impl RLock {
    pub(crate) const fn free() -> Self {
        Self {
            raw: RawRLock::new(),
        }
    }

    /// A lock that the program makes, and that is watched if the order of locks is.
    #[inline]
    pub(crate) fn made(py: Python<'_>) -> Self {
        match class_here(py) {
            None => Self::free(),
            Some(class) => Self {
                raw: RawRLock::watched(class),
            },
        }
    }

    /// Takes the lock by the deadline. Returns whether it did.
    #[inline]
    pub(crate) fn take(&self, py: Python<'_>, deadline: Deadline) -> PyResult<bool> {
        match self.raw.lock_with(&mut Interpreter::new(py), deadline) {
            Ok(()) => Ok(true),
            Err(RLockError::Wait(WaitError::TimedOut)) => Ok(false),
            Err(RLockError::Wait(WaitError::Interrupted(raised))) => Err(raised),
            Err(RLockError::TooManyRecursions) => Err(overflowed()),
        }
    }

    /// Takes the lock again as often as a wait released it. No signal ends this.
    pub(crate) fn restore(&self, py: Python<'_>, count: u64) -> PyResult<()> {
        match self
            .raw
            .acquire_restore(count, &mut Uninterruptible::new(py), Deadline::NEVER)
        {
            Ok(()) => Ok(()),
            Err(RLockError::Wait(WaitError::TimedOut)) => unreachable!("waited without a deadline"),
            Err(RLockError::TooManyRecursions) => Err(overflowed()),
        }
    }

    /// The identifier of the owner, as `threading.get_ident()` returns it; zero if the lock is
    /// free.
    fn owner_ident(&self) -> u64 {
        self.raw.owner().and_then(os_ident_of).unwrap_or(0)
    }
}

impl Drop for RLock {
    #[inline]
    fn drop(&mut self) {
        self.raw.will_be_gone();
    }
}

#[pymethods]
impl RLock {
    /// Arguments are for the `__init__` of a subclass. Up to 3.14 they are not checked.
    #[new]
    #[classmethod]
    #[pyo3(signature = (*args, **kwargs))]
    fn new(
        cls: &Bound<'_, PyType>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let has_kwargs = kwargs.is_some_and(|kwargs| !kwargs.is_empty());
        if cfg!(Py_3_15) && (has_kwargs || !args.is_empty()) {
            let init = interned!(cls.py(), __init__);
            let own = cls.py().get_type::<Self>();
            if cls.getattr(init)?.is(own.getattr(init)?) {
                let kind = match args.is_empty() {
                    true => "keyword",
                    false => "positional",
                };
                let words = [
                    Piece::Plain("RLock() takes no "),
                    Piece::Plain(kind),
                    Piece::Plain(" arguments"),
                ];
                return Err(error_in_pieces::<PyTypeError>(cls.py(), &words));
            }
        }
        Ok(Self::made(cls.py()))
    }

    /// Take the lock, once more if this thread holds it, waiting for at most `timeout` seconds (-1:
    /// for ever) unless `blocking` is false. Returns whether it was taken.
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

    /// Release the lock once. Raises RuntimeError if this thread does not hold it.
    pub(crate) fn release(&self) -> PyResult<()> {
        self.raw.unlock().map_err(|_| not_acquired())
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

    /// Whether any thread holds the lock.
    #[cfg(Py_3_14)]
    fn locked(&self) -> bool {
        self.raw.is_locked()
    }

    fn _is_owned(&self) -> bool {
        self.raw.is_owned()
    }

    fn _recursion_count<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        objects::count(py, self.raw.count())
    }

    fn _release_save<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        // Created before the lock is released; the count is this thread's own.
        let parts = [
            objects::count(py, self.raw.count())?,
            objects::count(py, self.owner_ident())?,
        ];
        let saved = objects::tuple(py, parts.into_iter())?;
        self.raw.release_save().map_err(|_| not_acquired())?;
        Ok(saved)
    }

    /// The argument is what `_release_save` returned.
    // Keyword arguments are accepted because `*args` alone is unsound: see `Condition.__exit__`.
    #[pyo3(signature = (*args, **names), text_signature = "($self, state, /)")]
    fn _acquire_restore(
        &self,
        args: &Bound<'_, PyTuple>,
        names: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<()> {
        if names.is_some_and(|names| !names.is_empty()) {
            let words = "RLock._acquire_restore() takes no keyword arguments";
            return Err(error::<PyTypeError>(words));
        }
        self.restore(args.py(), saved_count(args)?)
    }

    fn _at_fork_reinit(&self) {
        self.raw.reset();
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let lock = slf.get();
        let state = if lock.raw.is_locked() {
            "locked"
        } else {
            "unlocked"
        };
        let class = slf.get_type();
        let module = class.getattr(interned!(class.py(), __module__))?;
        let name = class.qualname()?.into_any();
        let (owner, count) = (lock.owner_ident(), lock.raw.held_count());
        let address = slf.as_ptr() as usize;
        written(
            slf.py(),
            &[
                Piece::Short(format_args!("<{state} ")),
                Piece::Object(&module),
                Piece::Plain("."),
                Piece::Object(&name),
                Piece::Short(format_args!(
                    " object owner={owner} count={count} at {address:#x}>"
                )),
            ],
        )
    }
}

//! `weftline.RWLock`: many readers or one writer. The standard library has no such class.

use crate::blocker::Interpreter;
use crate::lock_order::class_here;
use crate::objects::{Piece, error, error_in_pieces, no_memory, written};
use crate::optional_arg::OptionalArg;
use crate::seconds::acquire_deadline;
use pyo3::exceptions::{PyOverflowError, PyRuntimeError, PyTimeoutError};
use pyo3::prelude::*;
use pyo3::types::PyString;
use weftline::park::{Deadline, WaitError, os_ident_of};
use weftline::sync::raw::{DowngradeError, RawRwLock, RwLockError};

/// A lock that many threads hold to read, or one thread to write.
///
/// A waiting writer stops new readers. When a writer releases the lock, the readers that wait go
/// next. A thread that reads may read again, also while a writer waits. A wait of a thread for
/// itself raises RuntimeError. After a fork, the child has released what its vanished threads held.
#[pyclass(name = "RWLock", module = "weftline", frozen, weakref, immutable_type)]
pub(crate) struct RWLock {
    raw: RawRwLock,
}

/// How a thread holds the lock.
#[derive(Clone, Copy)]
enum Mode {
    Read,
    Write,
}

impl Mode {
    const fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

#[cold]
fn not_held(py: Python<'_>, mode: Mode) -> PyErr {
    let words = [
        Piece::Plain("this thread does not hold the RWLock to "),
        Piece::Plain(mode.verb()),
    ];
    error_in_pieces::<PyRuntimeError>(py, &words)
}

#[cold]
fn would_deadlock(py: Python<'_>, mode: Mode) -> PyErr {
    let words = [
        Piece::Plain("this thread holds the RWLock already, and would wait for itself to "),
        Piece::Plain(mode.verb()),
    ];
    error_in_pieces::<PyRuntimeError>(py, &words)
}

impl RWLock {
    #[inline]
    fn take(&self, py: Python<'_>, mode: Mode, deadline: Deadline) -> PyResult<bool> {
        let blocker = &mut Interpreter::new(py);
        let taken = match mode {
            Mode::Read => self.raw.read_with(blocker, deadline),
            Mode::Write => self.raw.write_with(blocker, deadline),
        };
        match taken {
            Ok(()) => Ok(true),
            Err(RwLockError::Wait(WaitError::TimedOut)) => Ok(false),
            Err(RwLockError::Wait(WaitError::Interrupted(raised))) => Err(raised),
            Err(RwLockError::WouldDeadlock) => Err(would_deadlock(py, mode)),
            Err(RwLockError::TooManyReaders) => {
                Err(error::<PyOverflowError>("the RWLock has too many readers"))
            }
        }
    }

    #[inline]
    fn give_up(&self, py: Python<'_>, mode: Mode) -> PyResult<()> {
        let released = match mode {
            Mode::Read => self.raw.unlock_read(),
            Mode::Write => self.raw.unlock_write(),
        };
        released.map_err(|_| not_held(py, mode))
    }
}

#[pymethods]
impl RWLock {
    #[new]
    fn new(py: Python<'_>) -> Self {
        Self {
            raw: class_here(py).map_or_else(RawRwLock::new, RawRwLock::watched),
        }
    }

    /// Return a context manager that holds the lock to read. It raises TimeoutError after `timeout`
    /// seconds (-1: never).
    #[pyo3(signature = (timeout=OptionalArg::MISSING), text_signature = "($self, timeout=-1)")]
    fn read(slf: Bound<'_, Self>, timeout: OptionalArg<'_, '_>) -> PyResult<Holding> {
        Holding::new(slf, Mode::Read, timeout)
    }

    /// Return a context manager that holds the lock to write. It raises TimeoutError after
    /// `timeout` seconds (-1: never).
    #[pyo3(signature = (timeout=OptionalArg::MISSING), text_signature = "($self, timeout=-1)")]
    fn write(slf: Bound<'_, Self>, timeout: OptionalArg<'_, '_>) -> PyResult<Holding> {
        Holding::new(slf, Mode::Write, timeout)
    }

    /// Take the lock to read, waiting for at most `timeout` seconds (-1: for ever) unless
    /// `blocking` is false. Returns whether it was taken. A thread that reads may do so again.
    #[pyo3(signature = (blocking=OptionalArg::MISSING, timeout=OptionalArg::MISSING), text_signature = "($self, blocking=True, timeout=-1)")]
    fn acquire_read(
        &self,
        py: Python<'_>,
        blocking: OptionalArg<'_, '_>,
        timeout: OptionalArg<'_, '_>,
    ) -> PyResult<bool> {
        let deadline = acquire_deadline(py, blocking, timeout)?;
        self.take(py, Mode::Read, deadline)
    }

    /// Take the lock to write, waiting for at most `timeout` seconds (-1: for ever) unless
    /// `blocking` is false. Returns whether it was taken.
    #[pyo3(signature = (blocking=OptionalArg::MISSING, timeout=OptionalArg::MISSING), text_signature = "($self, blocking=True, timeout=-1)")]
    fn acquire_write(
        &self,
        py: Python<'_>,
        blocking: OptionalArg<'_, '_>,
        timeout: OptionalArg<'_, '_>,
    ) -> PyResult<bool> {
        let deadline = acquire_deadline(py, blocking, timeout)?;
        self.take(py, Mode::Write, deadline)
    }

    /// Release the lock once. Raises RuntimeError if this thread does not hold it to read.
    fn release_read(&self, py: Python<'_>) -> PyResult<()> {
        self.give_up(py, Mode::Read)
    }

    /// Release the lock. Raises RuntimeError if this thread does not hold it to write.
    fn release_write(&self, py: Python<'_>) -> PyResult<()> {
        self.give_up(py, Mode::Write)
    }

    /// Go on reading after writing. No other thread writes in between. Afterwards the thread
    /// releases with `release_read()`; so does `with lock.write():`.
    fn downgrade(&self, py: Python<'_>) -> PyResult<()> {
        self.raw.downgrade().map_err(|why| match why {
            DowngradeError::NotOwner => not_held(py, Mode::Write),
            DowngradeError::NoMemory => no_memory(py),
        })
    }

    /// Whether any thread holds the lock.
    fn locked(&self) -> bool {
        self.raw.is_locked()
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let raw = &slf.get().raw;
        let (readers, writer) = (raw.readers(), raw.owner());
        let (to_read, to_write) = raw.waiting();
        let state = match (readers, writer) {
            (_, Some(_)) => "written",
            (0, None) => "unlocked",
            _ => "read",
        };
        let writer = writer.and_then(os_ident_of).unwrap_or(0);
        let address = slf.as_ptr() as usize;
        written(
            slf.py(),
            &[
                Piece::Plain("<"),
                Piece::Plain(state),
                Piece::Short(format_args!(
                    " weftline.RWLock object readers={readers} writer={writer}"
                )),
                Piece::Short(format_args!(
                    " waiting={to_read}+{to_write} at {address:#x}>"
                )),
            ],
        )
    }
}

/// What `RWLock.read()` and `RWLock.write()` return: a context manager, which several threads may
/// use, and which nests as the lock does.
#[pyclass(name = "_Holding", module = "weftline", frozen, immutable_type)]
pub(crate) struct Holding {
    lock: Py<RWLock>,
    mode: Mode,
    /// In seconds; checked, and read again for each use.
    timeout: Option<Py<PyAny>>,
}

impl Holding {
    fn new(lock: Bound<'_, RWLock>, mode: Mode, timeout: OptionalArg<'_, '_>) -> PyResult<Self> {
        acquire_deadline(lock.py(), OptionalArg::MISSING, timeout)?;
        Ok(Self {
            lock: lock.unbind(),
            mode,
            timeout: timeout.get().map(|timeout| timeout.to_owned().unbind()),
        })
    }
}

#[pymethods]
impl Holding {
    fn __enter__(&self, py: Python<'_>) -> PyResult<bool> {
        let deadline = match &self.timeout {
            None => Deadline::NEVER,
            Some(timeout) => {
                let timeout = OptionalArg::given(timeout.bind_borrowed(py));
                acquire_deadline(py, OptionalArg::MISSING, timeout)?
            }
        };
        let taken = self.lock.get().take(py, self.mode, deadline)?;
        match taken {
            true => Ok(true),
            false => Err(error::<PyTimeoutError>("the RWLock was not free in time")),
        }
    }

    #[pyo3(signature = (_type=None, _value=None, _traceback=None, /))]
    fn __exit__(
        &self,
        py: Python<'_>,
        _type: Option<&Bound<'_, PyAny>>,
        _value: Option<&Bound<'_, PyAny>>,
        _traceback: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let lock = self.lock.get();
        match self.mode {
            // The body has called `downgrade()`.
            Mode::Write if !lock.raw.is_owned() => lock
                .give_up(py, Mode::Read)
                .map_err(|_| not_held(py, Mode::Write)),
            mode => lock.give_up(py, mode),
        }
    }
}

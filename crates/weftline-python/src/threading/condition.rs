//! The methods of `threading.Condition`.
//!
//! Operations on weftline's own locks are direct; `mutex.rs` has the kinds of locks,
//! `inflated_condition.rs` the inflated form.

use super::RLock;
use super::condition_object::Condition;
use super::inflated_condition::{self, how_many};
use super::mutex::Mutex;
use super::nested::passing_on;
use super::wait_for::wait_for;
use crate::blocker::Interpreter;
use crate::callback::{calling_back, calling_back_to_leave};
use crate::class_face::warn_deprecated;
use crate::handled::finally;
use crate::inflation::{self, attribute_methods, dict_methods};
use crate::names::interned;
use crate::objects::{self, Piece, error_in_pieces, written};
use crate::optional_arg::OptionalArg;
use crate::recursion;
use crate::seconds::wait_deadline;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use weftline::park::{Deadline, WaitError};

/// The names in the `__dict__` of an inflated condition, or of methods that a compact one calls
/// without a look-up on its class.
const PARTS: [&str; 8] = [
    "_lock",
    "acquire",
    "release",
    "locked",
    "_release_save",
    "_acquire_restore",
    "_is_owned",
    "_waiters",
];

impl Condition {
    /// The number of waiters.
    fn waiting(slf: &Bound<'_, Self>) -> PyResult<usize> {
        if slf.get().is_inflated() {
            inflated_condition::waiting(slf.as_any())
        } else {
            Ok(slf.get().raw.waiting())
        }
    }

    fn check_owned(&self, py: Python<'_>, to: &str) -> PyResult<()> {
        if self.mutex(py)?.is_owned(py)? {
            return Ok(());
        }
        let words = [
            Piece::Plain("cannot "),
            Piece::Plain(to),
            Piece::Plain(" on un-acquired lock"),
        ];
        Err(error_in_pieces::<PyRuntimeError>(py, &words))
    }

    /// Releases the lock, which the caller holds, until notified. Returns whether the notification
    /// came in time. The lock is held again afterwards, however the wait ended.
    pub(crate) fn wait_until(&self, py: Python<'_>, deadline: Deadline) -> PyResult<bool> {
        let mutex = self.mutex(py)?;
        let mut saved = None;
        let ended = self
            .raw
            .wait_with(&mut Interpreter::new(py), deadline, |_| {
                saved = Some(mutex.release_save(py)?);
                Ok(())
            });
        let ended = match ended {
            Ok(()) => Ok(true),
            Err(WaitError::TimedOut) => Ok(false),
            Err(WaitError::Interrupted(raised)) => Err(raised),
        };
        match saved {
            None => ended,
            Some(saved) => finally(py, ended, || mutex.acquire_restore(py, saved)),
        }
    }

    /// Wakes the `n` threads that have waited longest, with the lock held. `false`: the condition
    /// is inflated, and nothing was done.
    pub(crate) fn notify_some(&self, py: Python<'_>, n: usize) -> PyResult<bool> {
        if self.is_inflated() {
            return Ok(false);
        }
        self.check_owned(py, "notify")?;
        self.raw.notify(n);
        Ok(true)
    }
}

attribute_methods!(Condition);
dict_methods!(Condition);

#[pymethods]
impl Condition {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(lock=None)")]
    fn new(
        class: &Bound<'_, PyType>,
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        inflation::ensure_dict_getter::<Self>(class)?;
        Ok(Self::without_lock())
    }

    #[pyo3(signature = (lock=None))]
    fn __init__<'py>(slf: &Bound<'py, Self>, lock: Option<&Bound<'py, PyAny>>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        let is_again = this.is_inflated() || this.mutex.get().is_some();
        if !is_again
            && (slf.is_exact_instance_of::<Self>()
                || !inflation::is_overridden::<Self>(&slf.get_type(), &PARTS)?)
        {
            match lock {
                None => {
                    this.mutex(py)?;
                }
                Some(lock) => {
                    let needed = [
                        interned!(py, acquire),
                        interned!(py, release),
                        interned!(py, locked),
                    ];
                    for name in &needed[..if cfg!(Py_3_14) { 3 } else { 2 }] {
                        // A condition that passes the call on has already found the method in its
                        // own lock.
                        if passing_on(lock.as_unbound(), py, name)?.is_none() {
                            lock.getattr(name)?;
                        }
                    }
                    this.mutex_or(Mutex::of(lock));
                }
            }
            return Ok(());
        }
        match lock {
            Some(lock) => Self::init_inflated(slf, lock),
            None => Self::init_inflated(slf, Bound::new(py, RLock::made(py))?.as_any()),
        }
    }

    #[pyo3(text_signature = "($self)")]
    fn __enter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if this.is_inflated() {
            return inflated_condition::enter(slf.as_any());
        }
        let taken = match this.mutex(py)?.innermost(py, interned!(py, __enter__))? {
            Mutex::Lock(lock) => lock.get().take(py, Deadline::NEVER)?,
            Mutex::RLock(lock) => lock.get().take(py, Deadline::NEVER)?,
            Mutex::Foreign(lock) => {
                return calling_back(py, || lock.bind(py).call_method0(interned!(py, __enter__)));
            }
        };
        Ok(taken.into_pyobject(py)?.to_owned().into_any())
    }

    // No `*args`: if this method is looked up on the class and called without `self`, CPython up to
    // 3.13 passes -1 arguments. `*args` would read them.
    #[pyo3(
        signature = (
            a=OptionalArg::MISSING, b=OptionalArg::MISSING, c=OptionalArg::MISSING, d=OptionalArg::MISSING,
            e=OptionalArg::MISSING, f=OptionalArg::MISSING, /
        ),
        text_signature = "($self, *args)"
    )]
    fn __exit__<'py>(
        slf: &Bound<'py, Self>,
        a: OptionalArg<'_, 'py>,
        b: OptionalArg<'_, 'py>,
        c: OptionalArg<'_, 'py>,
        d: OptionalArg<'_, 'py>,
        e: OptionalArg<'_, 'py>,
        f: OptionalArg<'_, 'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let (py, this) = (slf.py(), slf.get());
        let mutex = this.mutex(py)?.innermost(py, interned!(py, __exit__))?;
        if !this.is_inflated() {
            match mutex {
                Mutex::Lock(lock) => return lock.get().release().map(|()| None),
                Mutex::RLock(lock) => return lock.get().release().map(|()| None),
                Mutex::Foreign(_) => {}
            }
        }
        let mut passed = [const { None }; 6];
        let mut count = 0;
        for one in [a, b, c, d, e, f].into_iter().filter_map(OptionalArg::get) {
            passed[count] = Some(one.to_owned());
            count += 1;
        }
        let passed = passed
            .into_iter()
            .take(count)
            .map(|one| one.expect("counted"));
        let arguments = objects::tuple(py, passed)?;
        if this.is_inflated() {
            return inflated_condition::exit(slf.as_any(), arguments).map(Some);
        }
        let lock = mutex.object(py);
        calling_back_to_leave(py, || lock.call_method1(interned!(py, __exit__), arguments))
            .map(Some)
    }

    /// Release the lock until notified, for at most `timeout` seconds. Returns whether the
    /// notification came in time.
    #[pyo3(signature = (timeout=None))]
    fn wait(slf: &Bound<'_, Self>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        let (py, this) = (slf.py(), slf.get());
        if this.is_inflated() {
            return inflated_condition::wait(slf.as_any(), timeout);
        }
        this.check_owned(py, "wait")?;
        let deadline = wait_deadline(timeout)?;
        this.wait_until(py, deadline)
    }

    /// Wait until `predicate()` is true, for at most `timeout` seconds in all. Returns its last
    /// value.
    #[pyo3(signature = (predicate, timeout=None))]
    fn wait_for<'py>(
        slf: &Bound<'py, Self>,
        predicate: &Bound<'py, PyAny>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        wait_for(slf, predicate, timeout)
    }

    /// Wake the `n` threads that have waited longest.
    #[pyo3(signature = (n=OptionalArg::MISSING), text_signature = "($self, n=1)")]
    fn notify(slf: &Bound<'_, Self>, n: OptionalArg<'_, '_>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        if this.is_inflated() {
            return inflated_condition::notify(slf.as_any(), n);
        }
        this.check_owned(py, "notify")?;
        let n = match n.get() {
            None => 1,
            Some(n) => how_many(&this.raw, n.to_owned())?,
        };
        this.raw.notify(n);
        Ok(())
    }

    /// Wake all waiting threads.
    fn notify_all(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        if slf.is_exact_instance_of::<Self>() && this.notify_some(py, usize::MAX)? {
            return Ok(());
        }
        // Called as a method, which a subclass may override.
        let waiting = objects::len(py, Self::waiting(slf)?)?;
        calling_back(py, || slf.call_method1(interned!(py, notify), (waiting,))).map(drop)
    }

    /// Deprecated: use notify_all().
    #[pyo3(name = "notifyAll")]
    fn notify_all_deprecated(slf: &Bound<'_, Self>) -> PyResult<()> {
        warn_deprecated(slf.py(), "notifyAll", "notify_all")?;
        calling_back(slf.py(), || {
            slf.call_method0(interned!(slf.py(), notify_all))
        })
        .map(drop)
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        recursion::check(slf.py())?;
        let lock = if slf.get().is_inflated() {
            inflated_condition::lock(slf.as_any())?
        } else {
            Self::_lock(slf)?
        };
        // Before the lock is written, since both may fail.
        let waiting = Self::waiting(slf)?;
        let lock = lock.str()?.into_any();
        written(
            slf.py(),
            &[
                Piece::Plain("<Condition("),
                Piece::Object(&lock),
                Piece::Short(format_args!(", {waiting})>")),
            ],
        )
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if !self.cell.is_created() {
            return Ok(());
        }
        match self.mutex.get() {
            Some(Mutex::Foreign(lock)) => visit.call(lock),
            Some(Mutex::Lock(lock)) => visit.call(lock),
            Some(Mutex::RLock(lock)) => visit.call(lock),
            None => Ok(()),
        }
    }
}

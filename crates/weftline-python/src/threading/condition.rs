//! `threading.Condition`.
//!
//! Over our own locks everything is direct; `mutex.rs` has the kinds of locks.

use super::mutex::Mutex;
use super::{RLock, cannot_pickle, foreign, warn_deprecated};
use crate::blocker::Interpreter;
use crate::callback::calling_back;
use crate::given::Given;
use crate::made::Made;
use crate::names::interned;
use crate::objects::{self, Piece, error, error_in_pieces, written};
use crate::seconds::wait_deadline;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::RawCondition;

/// A lock, and threads that wait under it until they are notified.
///
/// notify(n) wakes exactly the n threads that have waited longest, never one that came later. Goes beyond the standard class in that a
/// thread which is notified and interrupted at the same time passes the notification on.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Condition {
    raw: RawCondition,
    mutex: OnceLock<Mutex>,
    /// Whether a program has put a function of its own in the place of `acquire` or `release`.
    has_replaced: AtomicBool,
    made: Made,
}

impl Condition {
    pub(super) fn raw(&self) -> &RawCondition {
        &self.raw
    }

    #[inline]
    fn mutex(&self, py: Python<'_>) -> PyResult<&Mutex> {
        match self.mutex.get() {
            Some(mutex) => Ok(mutex),
            // A subclass that has not called __init__ gets what __init__ would give it.
            None => Ok(self.mutex_or(Mutex::RLock(Py::new(py, RLock::free())?))),
        }
    }

    /// The lock there is, or `mutex`. Made before, not inside `OnceLock`: making a Python object may run any code.
    fn mutex_or(&self, mutex: Mutex) -> &Mutex {
        let _ = self.mutex.set(mutex);
        self.mutex.get().expect("set just now, or before")
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

    /// Gives the lock, which is held, up until notified; says whether it was in time. The lock is held again afterwards, however the wait ended.
    pub(crate) fn wait_until(&self, py: Python<'_>, deadline: Deadline) -> PyResult<bool> {
        let mutex = self.mutex(py)?;
        let mut saved = None;
        let ended = self
            .raw
            .wait_with(&mut Interpreter::new(py), deadline, |_| {
                saved = Some(mutex.release_save(py)?);
                Ok(())
            });
        if let Some(saved) = saved {
            mutex.acquire_restore(py, saved)?;
        }
        match ended {
            Ok(()) => Ok(true),
            Err(WaitError::TimedOut) => Ok(false),
            Err(WaitError::Interrupted(raised)) => Err(raised),
        }
    }

    /// `acquire`, `release` or `locked`: the lock's, or what a program has put in its place, which lies in the `__dict__`.
    fn method<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if this.has_replaced.load(Ordering::Relaxed)
            && let Ok(own) = slf.getattr(interned!(slf.py(), __dict__))?.get_item(name)
        {
            return Ok(own);
        }
        this.mutex(py)?.object(py).getattr(name)
    }

    fn replace_method(
        slf: &Bound<'_, Self>,
        name: &Bound<'_, PyString>,
        function: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        slf.getattr(interned!(slf.py(), __dict__))?
            .set_item(name, function)?;
        slf.get().has_replaced.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// How many of those that wait an `n` stands for that is none: `while waiters and n > 0: n -= 1`, as the standard library counts.
    fn how_many(&self, mut n: Bound<'_, PyAny>) -> PyResult<usize> {
        let (mut count, waiting) = (0, self.raw.waiting());
        while count < waiting && n.gt(0)? {
            count += 1;
            n = n.sub(1)?;
        }
        Ok(count)
    }

    /// Wakes the `n` threads that have waited longest, under the lock.
    pub(crate) fn notify_some(&self, py: Python<'_>, n: usize) -> PyResult<()> {
        self.check_owned(py, "notify")?;
        self.raw.notify(n);
        Ok(())
    }
}

#[pymethods]
impl Condition {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(lock=None)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            raw: RawCondition::new(),
            mutex: OnceLock::new(),
            has_replaced: AtomicBool::new(false),
            made: Made::new(),
        }
    }

    #[pyo3(signature = (lock=None))]
    fn __init__(&self, py: Python<'_>, lock: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        match lock {
            None => {
                self.mutex(py)?;
                Ok(())
            }
            Some(lock) => {
                lock.getattr(interned!(py, acquire))?;
                lock.getattr(interned!(py, release))?;
                if cfg!(Py_3_14) {
                    lock.getattr(interned!(py, locked))?;
                }
                let is_other = !self.mutex_or(Mutex::of(lock)).object(py).is(lock);
                if is_other {
                    return Err(error::<PyRuntimeError>(
                        "the condition has a lock already: make a new condition",
                    ));
                }
                Ok(())
            }
        }
    }

    /// The lock's own method, as in the standard library.
    #[getter]
    fn acquire<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::method(slf, interned!(slf.py(), acquire))
    }

    #[setter]
    fn set_acquire(slf: &Bound<'_, Self>, function: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::replace_method(slf, interned!(slf.py(), acquire), function)
    }

    /// The lock's own method, as in the standard library.
    #[getter]
    fn release<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::method(slf, interned!(slf.py(), release))
    }

    #[setter]
    fn set_release(slf: &Bound<'_, Self>, function: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::replace_method(slf, interned!(slf.py(), release), function)
    }

    /// The lock's own method, as in the standard library.
    #[cfg(Py_3_14)]
    #[getter]
    fn locked<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::method(slf, interned!(slf.py(), locked))
    }

    #[cfg(Py_3_14)]
    #[setter]
    fn set_locked(slf: &Bound<'_, Self>, function: &Bound<'_, PyAny>) -> PyResult<()> {
        Self::replace_method(slf, interned!(slf.py(), locked), function)
    }

    fn __enter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let taken = match self.mutex(py)? {
            Mutex::Lock(lock) => lock.get().take(py, Deadline::NEVER)?,
            Mutex::RLock(lock) => lock.get().take(py, Deadline::NEVER)?,
            Mutex::Foreign(lock) => {
                return calling_back(py, || lock.bind(py).call_method0(interned!(py, __enter__)));
            }
        };
        Ok(taken.into_pyobject(py)?.to_owned().into_any())
    }

    #[pyo3(signature = (kind=None, value=None, traceback=None, /))]
    fn __exit__<'py>(
        &self,
        py: Python<'py>,
        kind: Option<&Bound<'py, PyAny>>,
        value: Option<&Bound<'py, PyAny>>,
        traceback: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.mutex(py)? {
            Mutex::Lock(lock) => lock.get().release()?,
            Mutex::RLock(lock) => lock.get().release()?,
            Mutex::Foreign(lock) => {
                let arguments = (kind, value, traceback);
                return calling_back(py, || {
                    lock.bind(py)
                        .call_method1(interned!(py, __exit__), arguments)
                })
                .map(Some);
            }
        }
        Ok(None)
    }

    /// Give the lock up until notified, for at most `timeout` seconds. Returns whether it was in time.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
        self.check_owned(py, "wait")?;
        let deadline = wait_deadline(timeout)?;
        self.wait_until(py, deadline)
    }

    /// Wait until `predicate()` is true, for at most `timeout` seconds in all. Returns its last value.
    #[pyo3(signature = (predicate, timeout=None))]
    fn wait_for<'py>(
        slf: &Bound<'py, Self>,
        predicate: &Bound<'py, PyAny>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let mut end: Option<(Instant, f64)> = None;
        loop {
            let result = calling_back(py, || predicate.call0())?;
            if result.is_truthy()? {
                return Ok(result);
            }
            // As a method, which a subclass may have its own of.
            match (timeout, end) {
                (None, _) => calling_back(py, || slf.call_method0(interned!(py, wait)))?,
                (Some(timeout), None) => {
                    // An addition, so that what is no number is refused in the standard library's words.
                    let seconds = objects::float(py, 0.0)?.add(timeout)?.extract()?;
                    end = Some((Instant::now(), seconds));
                    calling_back(py, || slf.call_method1(interned!(py, wait), (timeout,)))?
                }
                (Some(_), Some((start, seconds))) => {
                    let left = seconds - start.elapsed().as_secs_f64();
                    if left <= 0.0 {
                        return Ok(result);
                    }
                    let left = objects::float(py, left)?;
                    calling_back(py, || slf.call_method1(interned!(py, wait), (left,)))?
                }
            };
        }
    }

    /// Wake the `n` threads that have waited longest.
    #[pyo3(signature = (n=Given::NOTHING), text_signature = "($self, n=1)")]
    fn notify(&self, py: Python<'_>, n: Given<'_, '_>) -> PyResult<()> {
        self.check_owned(py, "notify")?;
        let n = match n.get() {
            None => 1,
            Some(n) => match n.extract::<usize>() {
                Ok(n) => n,
                Err(_) => self.how_many(n.to_owned())?,
            },
        };
        self.raw.notify(n);
        Ok(())
    }

    /// Wake all threads that wait.
    fn notify_all(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        if slf.is_exact_instance_of::<Self>() {
            return this.notify_some(py, usize::MAX);
        }
        // As a method, which a subclass may have its own of.
        let all = objects::len(py, this.raw.waiting())?;
        calling_back(py, || slf.call_method1(interned!(py, notify), (all,))).map(drop)
    }

    /// Deprecated: use notify_all().
    #[pyo3(name = "notifyAll")]
    fn notify_all_deprecated(slf: &Bound<'_, Self>) -> PyResult<()> {
        warn_deprecated(slf.py(), "notifyAll", "notify_all")?;
        slf.call_method0(interned!(slf.py(), notify_all)).map(drop)
    }

    fn _is_owned(&self, py: Python<'_>) -> PyResult<bool> {
        self.mutex(py)?.is_owned(py)
    }

    fn _release_save(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        foreign::release_save(self.mutex(py)?.object(py))
    }

    fn _acquire_restore<'py>(&self, py: Python<'py>, state: &Bound<'py, PyAny>) -> PyResult<()> {
        foreign::acquire_restore(self.mutex(py)?.object(py), Some(state))
    }

    #[getter]
    fn _lock<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.mutex(py)?.object(py).clone())
    }

    /// As many elements as threads wait: programs look at the length, and at nothing else.
    #[getter]
    fn _waiters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let waiting = 0..self.raw.waiting();
        objects::tuple(py, waiting.map(|_| py.None().into_bound(py)))
    }

    fn _at_fork_reinit(&self, py: Python<'_>) -> PyResult<()> {
        self.mutex(py)?
            .object(py)
            .call_method0(interned!(py, _at_fork_reinit))?;
        self.raw.forget_waiters();
        Ok(())
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let lock = self.mutex(py)?.object(py).repr()?.into_any();
        let waiting = self.raw.waiting();
        written(
            py,
            &[
                Piece::Plain("<Condition("),
                Piece::Object(&lock),
                Piece::Short(format_args!(", {waiting})>")),
            ],
        )
    }

    fn __reduce_ex__(&self, py: Python<'_>, protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        // What the lock says to it, and if it has nothing against it, what the standard condition's own locks would.
        match self.mutex(py)? {
            Mutex::RLock(_) => return Err(cannot_pickle("_thread.RLock")),
            Mutex::Lock(_) => {}
            Mutex::Foreign(lock) => drop(
                lock.bind(py)
                    .call_method1(interned!(py, __reduce_ex__), (protocol,))?,
            ),
        }
        Err(cannot_pickle("_thread.lock"))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if !self.made.is_made() {
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

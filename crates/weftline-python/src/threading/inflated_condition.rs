//! The standard library's algorithm, for inflated conditions: its statements in its order, over the
//! attributes that the condition has at that moment.
//!
//! A condition inflates when a program asks for its `__dict__`, or replaces `_lock`, `acquire`,
//! `release` or `_waiters`; a copy of it shares its parts. Its waiters stay parked in the core's
//! condition: `_waiters` is a [`Waiters`], a view of them. If a program replaces `_waiters` by a
//! container of its own, each waiter has a lock in there, as in the standard library.

use super::waiters::Waiters;
use super::{Lock, foreign};
use crate::blocker::Interpreter;
use crate::callback::{calling_back, calling_back_to_leave};
use crate::handled::finally;
use crate::inflation::raw_dict;
use crate::names::interned;
use crate::objects::{self, Piece, error_in_pieces};
use crate::optional_arg::OptionalArg;
use crate::pending::handle_pending;
use crate::seconds::wait_deadline;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::RawCondition;

type This<'a, 'py> = &'a Bound<'py, PyAny>;

pub(super) fn lock<'py>(this: This<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    this.getattr(interned!(this.py(), _lock))
}

/// `Condition.__enter__`
#[cold]
pub(super) fn enter<'py>(this: This<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let lock = lock(this)?;
    calling_back(this.py(), || {
        lock.call_method0(interned!(this.py(), __enter__))
    })
}

/// `Condition.__exit__`
#[cold]
pub(super) fn exit<'py>(
    this: This<'_, 'py>,
    arguments: Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    let lock = lock(this)?;
    calling_back_to_leave(this.py(), || {
        lock.call_method1(interned!(this.py(), __exit__), arguments)
    })
}

/// Whether the condition has the lock's own method of this name. A method that a program read from
/// the compact condition is the lock's own, too.
fn has(this: This<'_, '_>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    raw_dict(this)?.contains(name)
}

/// `Condition._is_owned`
#[cold]
pub(super) fn is_owned(this: This<'_, '_>) -> PyResult<bool> {
    let lock = lock(this)?;
    match has(this, interned!(this.py(), _is_owned))? {
        true => foreign::is_owned(&lock),
        false => foreign::is_held(&lock),
    }
}

/// `Condition._release_save`
#[cold]
pub(super) fn release_save(this: This<'_, '_>) -> PyResult<Option<Py<PyAny>>> {
    let lock = lock(this)?;
    if has(this, interned!(this.py(), _release_save))? {
        return foreign::release_save(&lock);
    }
    let release = || lock.call_method0(interned!(this.py(), release));
    calling_back(this.py(), release).map(|_| None)
}

/// `Condition._acquire_restore`
#[cold]
pub(super) fn acquire_restore<'py>(this: This<'_, 'py>, x: &Bound<'py, PyAny>) -> PyResult<()> {
    let lock = lock(this)?;
    if has(this, interned!(this.py(), _acquire_restore))? {
        return foreign::acquire_restore(&lock, Some(x));
    }
    let acquire = || lock.call_method0(interned!(this.py(), acquire));
    calling_back_to_leave(this.py(), acquire).map(drop)
}

fn check_owned(this: This<'_, '_>, to: &str) -> PyResult<()> {
    let py = this.py();
    if calling_back(py, || this.call_method0(interned!(py, _is_owned)))?.is_truthy()? {
        return Ok(());
    }
    let words = [
        Piece::Plain("cannot "),
        Piece::Plain(to),
        Piece::Plain(" on un-acquired lock"),
    ];
    Err(error_in_pieces::<PyRuntimeError>(py, &words))
}

/// `Condition.wait`
#[cold]
pub(super) fn wait(this: This<'_, '_>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<bool> {
    let py = this.py();
    check_owned(this, "wait")?;
    let waiters = this.getattr(interned!(py, _waiters))?;
    let own = match waiters.is_exact_instance_of::<Waiters>() {
        true => None,
        false => {
            let lock = Bound::new(py, Lock::free())?;
            lock.get().take(py, Deadline::NEVER)?;
            waiters.call_method1(interned!(py, append), (&lock,))?;
            Some(lock)
        }
    };
    let mut saved = None;
    let mut release = || {
        saved = Some(calling_back(py, || {
            this.call_method0(interned!(py, _release_save))
        })?);
        Ok(())
    };
    let ended = match &own {
        None => {
            let window = waiters.cast_exact::<Waiters>()?.get();
            match wait_deadline(timeout) {
                Ok(deadline) => {
                    let ended = window.with(py, |raw| {
                        raw.wait_with(&mut Interpreter::new(py), deadline, |_| release())
                    });
                    match ended {
                        Ok(()) => Ok(true),
                        Err(WaitError::TimedOut) => Ok(false),
                        Err(WaitError::Interrupted(raised)) => Err(raised),
                    }
                }
                // The standard wait reads the timeout between the release and the next acquire.
                Err(refused) => release().and(Err(refused)),
            }
        }
        Some(lock) => {
            release()?;
            wait_deadline(timeout).and_then(|deadline| lock.get().take(py, deadline))
        }
    };
    let was_notified = matches!(ended, Ok(true));
    finally(py, ended, || {
        if let Some(saved) = saved {
            let name = interned!(py, _acquire_restore);
            calling_back_to_leave(py, || this.call_method1(name, (saved,)))?;
        }
        match own {
            Some(lock) if !was_notified => remove(&waiters, lock.as_any()),
            _ => Ok(()),
        }
    })
}

/// Removes an element that other threads may have removed.
fn remove(waiters: &Bound<'_, PyAny>, waiter: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = waiters.py();
    match waiters.call_method1(interned!(py, remove), (waiter,)) {
        Err(raised) if !raised.is_instance_of::<PyValueError>(py) => Err(raised),
        _ => Ok(()),
    }
}

/// The number of waiters that `n` stands for, which may be no `usize`. Counted as the standard
/// library does: `while waiters and n > 0: n -= 1`.
pub(super) fn how_many(waiters: &RawCondition, mut n: Bound<'_, PyAny>) -> PyResult<usize> {
    if let Ok(n) = n.extract() {
        return Ok(n);
    }
    let (mut count, waiting) = (0, waiters.waiting());
    while count < waiting && n.gt(0)? {
        count += 1;
        n = objects::decreased(&n)?;
    }
    Ok(count)
}

/// `Condition.notify`
#[cold]
pub(super) fn notify(this: This<'_, '_>, n: OptionalArg<'_, '_>) -> PyResult<()> {
    let py = this.py();
    check_owned(this, "notify")?;
    let waiters = this.getattr(interned!(py, _waiters))?;
    let mut n = match n.get() {
        None => objects::int(py, 1)?,
        Some(n) => n.to_owned(),
    };
    if let Ok(window) = waiters.cast_exact::<Waiters>() {
        return window.get().with(py, |raw| {
            raw.notify(how_many(raw, n)?);
            Ok(())
        });
    }
    while waiters.is_truthy()? && n.gt(0)? {
        let waiter = waiters.get_item(0)?;
        match calling_back(py, || waiter.call_method0(interned!(py, release))) {
            Ok(_) => n = objects::decreased(&n)?,
            // Released before, by a notification that was interrupted.
            Err(raised) if raised.is_instance_of::<PyRuntimeError>(py) => {}
            Err(raised) => return Err(raised),
        }
        remove(&waiters, &waiter)?;
        handle_pending(py)?;
    }
    Ok(())
}

/// `len(self._waiters)`
#[cold]
pub(super) fn waiting(this: This<'_, '_>) -> PyResult<usize> {
    this.getattr(interned!(this.py(), _waiters))?.len()
}

/// `Condition._at_fork_reinit`
#[cold]
pub(super) fn at_fork_reinit(this: This<'_, '_>) -> PyResult<()> {
    lock(this)?.call_method0(interned!(this.py(), _at_fork_reinit))?;
    this.getattr(interned!(this.py(), _waiters))?
        .call_method0(interned!(this.py(), clear))
        .map(drop)
}

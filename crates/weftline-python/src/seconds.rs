//! How Python's timeouts become deadlines, and which timeouts are refused.

use crate::names::interned;
use crate::objects::{self, Piece, error_in_pieces};
use crate::optional_arg::OptionalArg;
use crate::standard::{refuse_acquire, wait_for_nan};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use std::time::Duration;
use weftline::park::Deadline;

/// `threading.TIMEOUT_MAX`: as many whole seconds as 2⁶³ nanoseconds hold.
const TIMEOUT_MAX: f64 = 9_223_372_036.0;

/// Seconds, as the standard lock reads them, and the float or integer that they were read from.
///
/// An object's `__index__` is called once. From 3.15 on, an object without `__index__` has its
/// `__float__` called. The seconds are `None` for an integer that is too large.
pub(crate) fn seconds<'py>(
    timeout: &Bound<'py, PyAny>,
) -> PyResult<(Option<f64>, Bound<'py, PyAny>)> {
    if let Ok(seconds) = timeout.cast::<PyFloat>() {
        return Ok((Some(seconds.value()), timeout.clone()));
    }
    // SAFETY: attached to the interpreter, with an object that lives.
    if cfg!(Py_3_15) && unsafe { ffi::PyIndex_Check(timeout.as_ptr()) } == 0 {
        let seconds = timeout.extract()?;
        let number = objects::float(timeout.py(), seconds)?.into_any();
        return Ok((Some(seconds), number));
    }
    let number = indexed(timeout).map_err(|error| refuse_no_number(timeout, error))?;
    let seconds = number.extract::<i64>().ok().map(|seconds| seconds as f64);
    Ok((seconds, number))
}

/// The exception for a timeout that is no number, which `error` phrases for integers.
///
/// Newer interpreters mention floats. The standard lock supplies its wording. If the object has an
/// `__index__`, which the lock would call again, the lock gets a text instead.
#[cold]
fn refuse_no_number(timeout: &Bound<'_, PyAny>, error: PyErr) -> PyErr {
    let py = timeout.py();
    if !error.is_instance_of::<PyTypeError>(py) {
        return error;
    }
    let class = timeout.get_type();
    let has = |name: &Bound<'_, PyString>| class.hasattr(name).unwrap_or(true);
    if !has(interned!(py, __index__)) && !has(interned!(py, __float__)) {
        return refuse_acquire(py, &PyBool::new(py, true), timeout.as_borrowed());
    }
    let in_other_words = || -> PyResult<Option<PyErr>> {
        let text = objects::text(py, "")?.into_any();
        let refused = refuse_acquire(py, &PyBool::new(py, true), text.as_borrowed());
        let words = refused.value(py).str()?;
        let words = words.to_string_lossy();
        let Some(rest) = words.strip_prefix("'str'") else {
            return Ok(None);
        };
        if !rest.ends_with(" or float") {
            return Ok(None);
        }
        let class = class.fully_qualified_name()?.into_any();
        let pieces = [
            Piece::Plain("'"),
            Piece::Object(&class),
            Piece::Plain("'"),
            Piece::Plain(rest),
        ];
        Ok(Some(error_in_pieces::<PyTypeError>(py, &pieces)))
    };
    match in_other_words() {
        Ok(Some(refused)) => refused,
        Ok(None) => error,
        Err(raised) => raised,
    }
}

/// The integer that an object is or has in its `__index__`.
fn indexed<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: attached to the interpreter, with an object that lives; the result is a new
    // reference, or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(value.py(), ffi::PyNumber_Index(value.as_ptr())) }
}

fn after(seconds: f64) -> Deadline {
    if seconds == 0.0 {
        return Deadline::PASSED;
    }
    Deadline::after(Duration::from_secs_f64(seconds))
}

/// The arguments of `Lock.acquire(blocking=True, timeout=-1)`.
#[inline]
pub(crate) fn acquire_deadline(
    py: Python<'_>,
    blocking: OptionalArg<'_, '_>,
    timeout: OptionalArg<'_, '_>,
) -> PyResult<Deadline> {
    match (blocking.get(), timeout.get()) {
        (None, None) => Ok(Deadline::NEVER),
        _ => parse_acquire(py, blocking, timeout),
    }
}

fn parse_acquire(
    py: Python<'_>,
    blocking: OptionalArg<'_, '_>,
    timeout: OptionalArg<'_, '_>,
) -> PyResult<Deadline> {
    let is_blocking = is_blocking(py, blocking)?;
    let Some(timeout) = timeout.get() else {
        return Ok(match is_blocking {
            true => Deadline::NEVER,
            false => Deadline::PASSED,
        });
    };
    let (seconds, number) = seconds(&timeout)?;
    match seconds {
        // Minus one, as a float or an integer, stands for no limit.
        Some(-1.0) if is_blocking => Ok(Deadline::NEVER),
        Some(-1.0) => Ok(Deadline::PASSED),
        Some(seconds) if is_blocking && (0.0..=TIMEOUT_MAX).contains(&seconds) => {
            Ok(after(seconds))
        }
        _ => {
            let blocking = PyBool::new(py, is_blocking);
            Err(refuse_acquire(py, &blocking, number.as_borrowed()))
        }
    }
}

/// A truth value; up to 3.11 an integer.
fn is_blocking(py: Python<'_>, blocking: OptionalArg<'_, '_>) -> PyResult<bool> {
    let Some(value) = blocking.get() else {
        return Ok(true);
    };
    if cfg!(Py_3_12) {
        return value.is_truthy();
    }
    let number = indexed(&value)?;
    match number.extract::<std::ffi::c_int>() {
        Ok(number) => Ok(number != 0),
        Err(_) => {
            let no_limit = objects::int(py, -1)?;
            Err(refuse_acquire(py, &number, no_limit.as_borrowed()))
        }
    }
}

/// The argument of `Condition.wait(timeout=None)`. A value that is not above zero means not to
/// wait.
pub(crate) fn wait_deadline(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Deadline> {
    let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) else {
        return Ok(Deadline::NEVER);
    };
    // Compared as the standard library does, so that a value that is no number is refused in the
    // same words.
    let is_positive = match timeout.cast::<PyFloat>() {
        Ok(seconds) if seconds.value().is_nan() => {
            wait_for_nan(timeout.py())?;
            false
        }
        Ok(seconds) => seconds.value() > 0.0,
        Err(_) if cfg!(Py_3_14) => !timeout.le(0)?,
        Err(_) => timeout.gt(0)?,
    };
    if is_positive {
        positive_deadline(timeout)
    } else {
        Ok(Deadline::PASSED)
    }
}

fn positive_deadline(timeout: &Bound<'_, PyAny>) -> PyResult<Deadline> {
    let (seconds, number) = seconds(timeout)?;
    match seconds {
        Some(seconds) if seconds <= TIMEOUT_MAX => Ok(after(seconds)),
        _ => {
            let blocking = PyBool::new(timeout.py(), true);
            Err(refuse_acquire(
                timeout.py(),
                &blocking,
                number.as_borrowed(),
            ))
        }
    }
}

/// A timeout that the standard library adds to the clock before it computes the remaining time, as
/// semaphores and barriers do.
pub(crate) fn remaining_deadline(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Deadline> {
    let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) else {
        return Ok(Deadline::NEVER);
    };
    if !timeout.is_instance_of::<PyFloat>() && !timeout.is_instance_of::<PyInt>() {
        // `endtime = monotonic() + timeout`: refused in the words of that addition.
        objects::float(timeout.py(), 0.0)?.add(timeout)?;
    }
    wait_deadline(Some(timeout))
}

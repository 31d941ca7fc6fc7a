//! How Python's timeouts become deadlines, and which are refused.

use crate::given::Given;
use crate::names::interned;
use crate::objects;
use crate::standard::{refuse_acquire, wait_for_nan};
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt};
use std::time::Duration;
use weftline::park::Deadline;

/// `threading.TIMEOUT_MAX`: as many whole seconds as 2⁶³ nanoseconds hold.
const TIMEOUT_MAX: f64 = 9_223_372_036.0;

/// Seconds, as the standard lock reads them: a float, or an integer (or what says by `__index__` that it is one).
fn seconds(timeout: &Bound<'_, PyAny>) -> Option<f64> {
    if let Ok(seconds) = timeout.cast::<PyFloat>() {
        return Some(seconds.value());
    }
    if !timeout.is_instance_of::<PyInt>()
        && !timeout
            .hasattr(interned!(timeout.py(), __index__))
            .unwrap_or(false)
    {
        return None;
    }
    timeout.extract::<i64>().ok().map(|seconds| seconds as f64)
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
    blocking: Given<'_, '_>,
    timeout: Given<'_, '_>,
) -> PyResult<Deadline> {
    match (blocking.get(), timeout.get()) {
        (None, None) => Ok(Deadline::NEVER),
        _ => parse_acquire(py, blocking, timeout),
    }
}

fn parse_acquire(
    py: Python<'_>,
    blocking: Given<'_, '_>,
    timeout: Given<'_, '_>,
) -> PyResult<Deadline> {
    let is_blocking = is_blocking(py, blocking)?;
    let limit = match timeout.get() {
        None => None,
        Some(timeout) => match seconds(&timeout) {
            // Minus one, of either type, stands for no limit.
            Some(seconds) => Some(seconds).filter(|&seconds| seconds != -1.0),
            None => return Err(refuse_acquire(py, blocking, timeout)),
        },
    };
    match (limit, timeout.get()) {
        (None, _) if is_blocking => Ok(Deadline::NEVER),
        (None, _) => Ok(Deadline::PASSED),
        (Some(seconds), _) if is_blocking && (0.0..=TIMEOUT_MAX).contains(&seconds) => {
            Ok(after(seconds))
        }
        (Some(_), timeout) => Err(refuse_acquire(
            py,
            blocking,
            timeout.expect("a limit comes from a timeout"),
        )),
    }
}

/// A truth value; up to 3.11 an integer.
fn is_blocking(py: Python<'_>, blocking: Given<'_, '_>) -> PyResult<bool> {
    let Some(value) = blocking.get() else {
        return Ok(true);
    };
    if cfg!(Py_3_12) {
        return value.is_truthy();
    }
    let number = value.extract::<std::ffi::c_int>();
    number.map(|number| number != 0).or_else(|_| {
        let no_limit = objects::int(py, -1)?;
        Err(refuse_acquire(py, blocking, no_limit.as_borrowed()))
    })
}

/// The argument of `Condition.wait(timeout=None)`: nothing above zero means not to wait.
pub(crate) fn wait_deadline(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Deadline> {
    let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) else {
        return Ok(Deadline::NEVER);
    };
    // Compared as the standard library does, so that what is no number is refused in the same words.
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
    match seconds(timeout) {
        Some(seconds) if seconds <= TIMEOUT_MAX => Ok(after(seconds)),
        _ => Err(refuse_acquire(
            timeout.py(),
            Given::NOTHING,
            timeout.as_borrowed(),
        )),
    }
}

/// A timeout that the standard library adds to the clock and then looks at what is left, as semaphores and barriers do.
pub(crate) fn remaining_deadline(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Deadline> {
    let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) else {
        return Ok(Deadline::NEVER);
    };
    if !timeout.is_instance_of::<PyFloat>() && !timeout.is_instance_of::<PyInt>() {
        // `endtime = monotonic() + timeout`, in the words of that addition.
        objects::float(timeout.py(), 0.0)?.add(timeout)?;
    }
    wait_deadline(Some(timeout))
}

//! The arguments `block` and `timeout` of `put` and `get`: read when the standard library reads
//! them, and refused as it refuses them.

use crate::objects::{self, error};
use crate::optional_arg::OptionalArg;
use crate::seconds::wait_deadline;
use crate::standard::wait_for_nan;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyFloat;
use std::time::Duration;
use weftline::park::Deadline;

/// How long a call may wait.
#[derive(Clone, Copy)]
pub(super) enum Timeout {
    NonBlocking,
    Forever,
    Seconds(f64),
    Until(Deadline),
}

impl Timeout {
    /// The deadline of a wait that begins now.
    ///
    /// A number of seconds that the standard library's locks refuse is refused here, so only when
    /// the call really waits.
    pub(super) fn deadline(self, py: Python<'_>) -> PyResult<Deadline> {
        /// Well under the limit of every clock.
        const PLAIN: f64 = 1e9;
        match self {
            Self::NonBlocking => Ok(Deadline::PASSED),
            Self::Forever => Ok(Deadline::NEVER),
            Self::Until(deadline) => Ok(deadline),
            Self::Seconds(seconds) if seconds <= 0.0 => Ok(Deadline::PASSED),
            Self::Seconds(seconds) if seconds < PLAIN => {
                Ok(Deadline::after(Duration::from_secs_f64(seconds)))
            }
            // If not refused: no clock ever reaches an end that is NaN.
            Self::Seconds(seconds) if seconds.is_nan() => {
                wait_for_nan(py).map(|()| Deadline::NEVER)
            }
            Self::Seconds(seconds) => wait_deadline(Some(&objects::float(py, seconds)?)),
        }
    }

    pub(super) fn is_non_blocking(self) -> bool {
        matches!(self, Self::NonBlocking)
    }
}

/// The two arguments, not read yet.
#[derive(Clone, Copy)]
pub(super) struct TimeoutArgs<'a, 'py> {
    pub(super) block: OptionalArg<'a, 'py>,
    pub(super) timeout: Option<&'a Bound<'py, PyAny>>,
}

impl TimeoutArgs<'_, '_> {
    pub(super) fn parse(&self, py: Python<'_>) -> PyResult<Timeout> {
        if let Some(block) = self.block.get()
            && !block.is_truthy()?
        {
            return Ok(Timeout::NonBlocking);
        }
        let Some(timeout) = self.timeout else {
            return Ok(Timeout::Forever);
        };
        let seconds = match timeout.cast::<PyFloat>() {
            Ok(seconds) => seconds.value(),
            Err(_) if timeout.lt(0)? => -1.0,
            // The clock's seconds are a float. A value that cannot be added to one is refused as
            // that addition refuses it.
            Err(_) => objects::float(py, 0.0)?.add(timeout)?.extract()?,
        };
        if seconds < 0.0 {
            return Err(error::<PyValueError>(
                "'timeout' must be a non-negative number",
            ));
        }
        Ok(Timeout::Seconds(seconds))
    }
}

//! The end of a wait of an inflated queue.
//!
//! The standard library's queues read a clock that is a name in their module, `queue.time`. A
//! program that tests with a clock of its own replaces that name. While it does, the waits read the
//! program's clock.

use super::standard::standard;
use super::timeout_args::Timeout;
use crate::names::interned;
use crate::objects;
use pyo3::prelude::*;
use weftline::park::Deadline;

/// The end of a wait that has begun.
pub(super) enum Until<'py> {
    Deadline(Deadline),
    /// An instant on the clock of the program, both as the program supplies them.
    Theirs {
        clock: Bound<'py, PyAny>,
        end: Bound<'py, PyAny>,
    },
}

/// The rest of a wait.
pub(super) enum Left<'py> {
    Nothing,
    Seconds(Bound<'py, PyAny>),
    Forever,
}

impl<'py> Until<'py> {
    /// The end of a wait that begins now.
    pub(super) fn of(timeout: Timeout, py: Python<'py>) -> PyResult<Self> {
        if let Timeout::Seconds(seconds) = timeout
            && let Some(clock) = replaced_clock(py)?
        {
            let end = clock.call0()?.add(objects::float(py, seconds)?)?;
            return Ok(Self::Theirs { clock, end });
        }
        timeout.deadline(py).map(Self::Deadline)
    }

    pub(super) fn left(&self, py: Python<'py>) -> PyResult<Left<'py>> {
        let seconds = match self {
            Self::Deadline(deadline) if deadline.has_passed() => return Ok(Left::Nothing),
            Self::Deadline(deadline) => match deadline.remaining() {
                None => return Ok(Left::Forever),
                Some(left) => objects::float(py, left.as_secs_f64())?,
            },
            Self::Theirs { clock, end } => {
                let left = end.sub(clock.call0()?)?;
                if left.le(0)? {
                    return Ok(Left::Nothing);
                }
                left
            }
        };
        Ok(Left::Seconds(seconds))
    }
}

/// `queue.time`, if the program has replaced it.
fn replaced_clock(py: Python<'_>) -> PyResult<Option<Bound<'_, PyAny>>> {
    let standard = standard(py);
    let clock = standard
        .module
        .bind(py)
        .getattr_opt(interned!(py, time))?
        .filter(|clock| !clock.is(&standard.clock));
    Ok(clock)
}

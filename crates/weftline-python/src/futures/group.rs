//! `wait` and `as_completed` for futures that are all ours: one group, which each future tells once.
//!
//! A loop around `wait` that goes on with what was not done takes the group along from one call to the next (see `not_done.py`), so a
//! future signs on once, however many waits it takes until it is done.

use super::future::Future;
use crate::blocker::Interpreter;
use crate::made::Made;
use crate::seconds::wait_deadline;
use pyo3::PyTraverseError;
use pyo3::exceptions::{PyTimeoutError, PyValueError};
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyList, PySet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use weftline::executor::raw::{RawGroup, Want};
use weftline::park::{Deadline, WaitError};

/// The futures of `all`, each; `None` if one of them is of another class.
fn ours<'py>(all: &Bound<'py, PySet>) -> Option<Vec<Bound<'py, Future>>> {
    let mut futures = Vec::with_capacity(all.len());
    for item in all.iter() {
        futures.push(item.cast_into::<Future>().ok()?);
    }
    Some(futures)
}

/// `timeout + monotonic()`, in the words of that addition where it is refused.
fn deadline_of_all(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Result<Deadline, f64>> {
    let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) else {
        return Ok(Ok(Deadline::NEVER));
    };
    let seconds = timeout.add(0.0)?;
    wait_deadline(Some(&seconds))
        .map(Ok)
        .or_else(|_| seconds.extract().map(Err))
}

/// The futures of a set, one after the other as they settle.
#[pyclass(frozen, name = "_FutureGroup")]
pub(crate) struct FutureGroup {
    made: Made,
    group: Arc<RawGroup>,
    /// Each, at its number, until it is given out. From then on the number of the place that was free before, if `wait` has given it out.
    futures: Py<PyList>,
    /// The number of a place that is free, or `NONE`.
    free: AtomicUsize,
    left: AtomicUsize,
    /// Or the seconds that no clock can add, which only a wait refuses.
    deadline: Result<Deadline, f64>,
}

const NONE: usize = usize::MAX;

impl Drop for FutureGroup {
    fn drop(&mut self) {
        self.group.abandon();
    }
}

#[pymethods]
impl FutureGroup {
    /// None if one of the futures is not ours. The timeout is that of `next`.
    #[staticmethod]
    #[pyo3(signature = (all, timeout=None))]
    fn of(all: &Bound<'_, PySet>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Self>> {
        let Some(futures) = ours(all) else {
            return Ok(None);
        };
        let deadline = deadline_of_all(timeout)?;
        let group = RawGroup::new();
        for (index, future) in futures.iter().enumerate() {
            if let Some(failed) = future.get().raw.watch(&group, index) {
                group.arrived(index, failed);
            }
        }
        Ok(Some(Self {
            made: Made::new(),
            group,
            free: AtomicUsize::new(NONE),
            left: AtomicUsize::new(futures.len()),
            futures: PyList::new(all.py(), futures)?.unbind(),
            deadline,
        }))
    }

    /// `wait`: those that have settled and were not given out before, as a set, when there are as many as `return_when` says or the time is
    /// up. The cost is theirs alone, however many are left.
    fn wait<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<&Bound<'py, PyAny>>,
        return_when: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PySet>> {
        let is = |name: &str| return_when.eq(name);
        let left = self.left.load(Ordering::Relaxed);
        let want = if is("FIRST_COMPLETED")? {
            Want {
                count: left.min(1),
                or_failure: false,
            }
        } else {
            Want {
                count: left,
                or_failure: is("FIRST_EXCEPTION")?,
            }
        };
        let mut waited = self
            .group
            .wait_with(want, &mut Interpreter::new(py), Deadline::PASSED);
        if waited.is_err() {
            if !want.or_failure && !is("FIRST_COMPLETED")? && !is("ALL_COMPLETED")? {
                let what = return_when.repr()?;
                return Err(PyValueError::new_err(format!(
                    "Invalid return condition: {what}"
                )));
            }
            let deadline = wait_deadline(timeout)?;
            waited = self
                .group
                .wait_with(want, &mut Interpreter::new(py), deadline);
        }
        if let Err(WaitError::Interrupted(raised)) = waited {
            return Err(raised);
        }
        let (done, futures) = (PySet::empty(py)?, self.futures.bind(py));
        for index in self.group.take_all() {
            let future = futures.get_item(index)?;
            futures.set_item(index, self.free.swap(index, Ordering::Relaxed))?;
            self.left.fetch_sub(1, Ordering::Relaxed);
            done.add(future)?;
        }
        Ok(done)
    }

    /// Waits for one more from now on. False if it is not ours, so that it cannot. For whoever calls `wait`.
    fn add(&self, py: Python<'_>, one: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(future) = one.cast::<Future>() else {
            return Ok(false);
        };
        let futures = self.futures.bind(py);
        let free = self.free.load(Ordering::Relaxed);
        let index = if free == NONE {
            futures.append(one)?;
            futures.len() - 1
        } else {
            let next = futures.get_item(free)?.extract()?;
            futures.set_item(free, one)?;
            self.free.store(next, Ordering::Relaxed);
            free
        };
        self.left.fetch_add(1, Ordering::Relaxed);
        if let Some(failed) = future.get().raw.watch(&self.group, index) {
            self.group.arrived(index, failed);
        }
        Ok(true)
    }

    /// The next that has settled, waiting for it if need be; None when all were given out. Raises TimeoutError.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        const ANY: Want = Want {
            count: 1,
            or_failure: false,
        };
        let futures = self.futures.bind(py);
        loop {
            if let Some(index) = self.group.take() {
                let future = futures.get_item(index)?;
                futures.set_item(index, py.None())?;
                self.left.fetch_sub(1, Ordering::Relaxed);
                return Ok(Some(future));
            }
            let left = self.left.load(Ordering::Relaxed);
            if left == 0 {
                return Ok(None);
            }
            let deadline = match self.deadline {
                Ok(deadline) => deadline,
                Err(seconds) => wait_deadline(Some(seconds.into_pyobject(py)?.as_any()))?,
            };
            match self
                .group
                .wait_with(ANY, &mut Interpreter::new(py), deadline)
            {
                Ok(()) => {}
                Err(WaitError::TimedOut) => {
                    let all = futures.len();
                    return Err(PyTimeoutError::new_err(format!(
                        "{left} (of {all}) futures unfinished"
                    )));
                }
                Err(WaitError::Interrupted(raised)) => return Err(raised),
            }
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if self.made.is_made() {
            visit.call(&self.futures)?;
        }
        Ok(())
    }
}

//! `wait` and `as_completed` when every future is weftline's: one group, which each future tells
//! once.
//!
//! A loop around `wait` that continues with the unfinished futures keeps the group from one call to
//! the next (see `not_done.py`). So a future joins it once, however many waits pass until it is
//! done.

use super::object::Future;
use crate::blocker::Interpreter;
use crate::init_guard::InitGuard;
use crate::names::interned;
use crate::objects::{self, Piece, error_in_pieces, no_memory};
use crate::seconds::wait_deadline;
use pyo3::PyTraverseError;
use pyo3::exceptions::{PyTimeoutError, PyValueError};
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyList, PySet, PyString};
use std::sync::atomic::{AtomicUsize, Ordering};
use weftline::Lock;
use weftline::executor::raw::{RawGroup, Want};
use weftline::memory::Counted;
use weftline::park::{Deadline, WaitError};

/// The deadline of a timeout that was added to a float, or its seconds if no clock can add them.
fn deadline_of_all(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Result<Deadline, f64>> {
    match (wait_deadline(timeout), timeout) {
        (Ok(deadline), _) => Ok(Ok(deadline)),
        (Err(_), Some(seconds)) => seconds.extract().map(Err),
        (Err(raised), None) => Err(raised),
    }
}

/// The futures of a set, in the order in which they settle.
#[pyclass(frozen, name = "_FutureGroup")]
pub(crate) struct FutureGroup {
    init: InitGuard,
    group: Counted<RawGroup>,
    /// The futures, each at its index, until they are returned.
    futures: Py<PyList>,
    /// The indices whose futures `wait` has returned. Its capacity covers all of them.
    free: Lock<Vec<usize>>,
    left: AtomicUsize,
    /// The deadline, or the seconds that no clock can add, which only a wait refuses.
    deadline: Result<Deadline, f64>,
}

impl Drop for FutureGroup {
    fn drop(&mut self) {
        self.group.abandon();
    }
}

impl FutureGroup {
    fn subscribe(&self, py: Python<'_>, future: &Bound<'_, Future>, index: usize) -> PyResult<()> {
        match future.get().raw.watch(&self.group, index) {
            Ok(None) => Ok(()),
            Ok(Some(failed)) => {
                self.group.arrived(index, failed);
                Ok(())
            }
            Err(_) => Err(no_memory(py)),
        }
    }
}

#[pymethods]
impl FutureGroup {
    /// None if one of the futures is not weftline's. The timeout is that of `next`.
    #[staticmethod]
    #[pyo3(signature = (all, timeout=None))]
    fn of(all: &Bound<'_, PySet>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Self>> {
        let py = all.py();
        let futures = objects::list(py)?;
        for item in all.try_iter()? {
            let item = item?;
            // The `__dict__` of an inflated future decides about its end.
            let Ok(future) = item.cast::<Future>() else {
                return Ok(None);
            };
            if future.get().is_inflated() {
                return Ok(None);
            }
            futures.append(item)?;
        }
        let group = Self {
            init: InitGuard::new(),
            group: RawGroup::new().map_err(|_| no_memory(py))?,
            free: Lock::new(Vec::new()),
            left: AtomicUsize::new(futures.len()),
            deadline: deadline_of_all(timeout)?,
            futures: futures.clone().unbind(),
        };
        for (index, future) in futures.iter().enumerate() {
            group.subscribe(py, future.cast::<Future>()?, index)?;
        }
        Ok(Some(group))
    }

    /// `wait`: returns the set of futures that have settled and were not returned before, when
    /// there are as many as `return_when` says or the timeout ends. Its cost depends on that set
    /// only, not on the number left.
    fn wait<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<&Bound<'py, PyAny>>,
        return_when: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PySet>> {
        let is = |name: &Bound<'py, PyString>| return_when.eq(name);
        let left = self.left.load(Ordering::Relaxed);
        let want = if is(interned!(py, FIRST_COMPLETED))? {
            Want {
                count: left.min(1),
                or_failure: false,
            }
        } else {
            Want {
                count: left,
                or_failure: is(interned!(py, FIRST_EXCEPTION))?,
            }
        };
        let mut waited = self
            .group
            .wait_with(want, &mut Interpreter::new(py), Deadline::PASSED);
        if waited.is_err() {
            if !want.or_failure
                && !is(interned!(py, FIRST_COMPLETED))?
                && !is(interned!(py, ALL_COMPLETED))?
            {
                let what = return_when.repr()?;
                let what = what.into_any();
                let words = [
                    Piece::Plain("Invalid return condition: "),
                    Piece::Object(&what),
                ];
                return Err(error_in_pieces::<PyValueError>(py, &words));
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
        // All are in the set before any is taken: if one does not fit, the group is unchanged.
        let mut count = 0;
        while let Some(index) = self.group.nth(count) {
            done.add(futures.get_item(index)?)?;
            count += 1;
        }
        let mut free = self.free.lock();
        free.try_reserve(count).map_err(|_| no_memory(py))?;
        let first = free.len();
        self.group.take_first(count, |index| free.push(index));
        for &index in &free[first..] {
            futures.set_item(index, py.None())?;
        }
        self.left.fetch_sub(count, Ordering::Relaxed);
        Ok(done)
    }

    /// Adds a future to the group. False if it is not weftline's, which cannot join. Only for
    /// callers of `wait`.
    fn add(&self, py: Python<'_>, one: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(future) = one.cast::<Future>() else {
            return Ok(false);
        };
        let futures = self.futures.bind(py);
        let free = self.free.lock().pop();
        let index = match free {
            Some(index) => {
                futures.set_item(index, one)?;
                index
            }
            None => {
                futures.append(one)?;
                futures.len() - 1
            }
        };
        self.left.fetch_add(1, Ordering::Relaxed);
        if let Err(raised) = self.subscribe(py, future, index) {
            self.left.fetch_sub(1, Ordering::Relaxed);
            // The slot stays for the next future; without memory for that, it stays unused.
            futures.set_item(index, py.None())?;
            let mut free = self.free.lock();
            if free.try_reserve(1).is_ok() {
                free.push(index);
            }
            return Err(raised);
        }
        Ok(true)
    }

    /// The next future that has settled, waiting for it if necessary; None when all were returned.
    /// Raises TimeoutError.
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
                Err(seconds) => wait_deadline(Some(&objects::float(py, seconds)?))?,
            };
            match self
                .group
                .wait_with(ANY, &mut Interpreter::new(py), deadline)
            {
                Ok(()) => {}
                Err(WaitError::TimedOut) => {
                    let all = futures.len();
                    let words = format_args!("{left} (of {all}) futures unfinished");
                    let words = [Piece::Short(words)];
                    return Err(error_in_pieces::<PyTimeoutError>(py, &words));
                }
                Err(WaitError::Interrupted(raised)) => return Err(raised),
            }
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if self.init.is_done() {
            visit.call(&self.futures)?;
        }
        Ok(())
    }
}

//! The standard library's algorithm, for inflated queues: its statements in its order, over the
//! attributes and methods that the queue has at that moment.
//!
//! It goes beyond the standard library in three ways. A call nested in another one, in the same
//! thread, does not deadlock (`threading/guard.rs`). A comparison that raises leaves a priority
//! queue as it was (`heap.rs`). A thread that was blocked while the queue was compact continues
//! with the time it has left.

use super::attributes;
use super::items::Items;
use super::object::Queue;
use super::standard::{empty, full, shut_down};
use super::timeout_args::{Timeout, TimeoutArgs};
use super::until::{Left, Until};
use crate::callback::calling_back;
use crate::names::interned;
use crate::objects::{self, error};
use crate::pending::handle_pending;
use crate::threading::guard::holding;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::pyclass::CompareOp;
use pyo3::types::PyString;
use weftline::park::Deadline;

/// Whether a call may wait, and for how long.
pub(super) enum Wait<'a, 'py> {
    /// As its arguments say, which have not been read yet.
    Asked(TimeoutArgs<'a, 'py>),
    /// It waits already.
    Begun(Timeout),
}

impl Wait<'_, '_> {
    fn timeout(&self, py: Python<'_>) -> PyResult<Timeout> {
        match self {
            Self::Asked(arguments) => arguments.parse(py),
            Self::Begun(timeout) => Ok(*timeout),
        }
    }
}

fn size<'py>(queue: &Bound<'py, Queue>) -> PyResult<Bound<'py, PyAny>> {
    let py = queue.py();
    calling_back(py, || queue.call_method0(interned!(py, _qsize)))
}

fn is_empty(queue: &Bound<'_, Queue>) -> PyResult<bool> {
    Ok(!size(queue)?.is_truthy()?)
}

/// `size >= maxsize`.
fn is_full(queue: &Bound<'_, Queue>) -> PyResult<bool> {
    size(queue)?.ge(queue.getattr(interned!(queue.py(), maxsize))?)
}

/// Waits until notified; `false` when no time is left.
///
/// Programs replace a condition's `wait` and `notify` to observe it. So all are called by name.
fn wait<'py>(condition: &Bound<'py, PyAny>, until: &Until<'py>) -> PyResult<bool> {
    let py = condition.py();
    let name = interned!(py, wait);
    match until.left(py)? {
        Left::Nothing => return Ok(false),
        Left::Forever => calling_back(py, || condition.call_method0(name))?,
        Left::Seconds(left) => calling_back(py, || condition.call_method1(name, (left,)))?,
    };
    Ok(true)
}

fn notify(queue: &Bound<'_, Queue>, condition: &Bound<'_, PyString>) -> PyResult<()> {
    let py = queue.py();
    let condition = queue.getattr(condition)?;
    calling_back(py, || condition.call_method0(interned!(py, notify))).map(drop)
}

fn notify_all(queue: &Bound<'_, Queue>, condition: &Bound<'_, PyString>) -> PyResult<()> {
    let py = queue.py();
    let condition = queue.getattr(condition)?;
    calling_back(py, || condition.call_method0(interned!(py, notify_all))).map(drop)
}

/// `self.unfinished_tasks`, increased or decreased by one.
fn count_unfinished(queue: &Bound<'_, Queue>, is_put: bool) -> PyResult<()> {
    let (py, name) = (queue.py(), interned!(queue.py(), unfinished_tasks));
    let unfinished = queue.getattr(name)?;
    queue.setattr(
        name,
        match is_put {
            true => objects::increased(&unfinished, &objects::int(py, 1)?)?,
            false => objects::decreased(&unfinished)?,
        },
    )
}

#[cold]
pub(super) fn put(
    queue: &Bound<'_, Queue>,
    item: &Bound<'_, PyAny>,
    asked: &Wait<'_, '_>,
) -> PyResult<()> {
    let py = queue.py();
    holding(queue, interned!(py, not_full), |not_full| {
        if attributes::shut_down(queue)? {
            return Err(shut_down(py));
        }
        if queue.getattr(interned!(py, maxsize))?.gt(0)? {
            let timeout = asked.timeout(py)?;
            let mut until = None;
            while is_full(queue)? {
                let until = match &until {
                    Some(until) => until,
                    None => until.insert(Until::of(timeout, py)?),
                };
                if !wait(not_full, until)? {
                    return Err(full(py));
                }
                if attributes::shut_down(queue)? {
                    return Err(shut_down(py));
                }
                handle_pending(py)?;
            }
        }
        calling_back(py, || queue.call_method1(interned!(py, _put), (item,)))?;
        count_unfinished(queue, true)?;
        notify(queue, interned!(py, not_empty))
    })
}

#[cold]
pub(super) fn get<'py>(
    queue: &Bound<'py, Queue>,
    asked: &Wait<'_, '_>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = queue.py();
    holding(queue, interned!(py, not_empty), |not_empty| {
        if attributes::shut_down(queue)? && is_empty(queue)? {
            return Err(shut_down(py));
        }
        let timeout = asked.timeout(py)?;
        let mut until = None;
        while is_empty(queue)? {
            let until = match &until {
                Some(until) => until,
                None => until.insert(Until::of(timeout, py)?),
            };
            if !wait(not_empty, until)? {
                return Err(empty(py));
            }
            if attributes::shut_down(queue)? && is_empty(queue)? {
                return Err(shut_down(py));
            }
            handle_pending(py)?;
        }
        let item = calling_back(py, || queue.call_method0(interned!(py, _get)))?;
        notify(queue, interned!(py, not_full))?;
        Ok(item)
    })
}

/// Puts an item back in front: it was taken, but a signal handler's exception ends the call.
#[cold]
pub(super) fn give_back(queue: &Bound<'_, Queue>, item: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = queue.py();
    holding(queue, interned!(py, not_empty), |_| {
        let items = queue.getattr(interned!(py, queue))?;
        match queue.get().items {
            Items::Fifo(_) => items
                .call_method1(interned!(py, insert), (0, item))
                .map(drop)?,
            Items::Lifo(_) | Items::Heap(_) => {
                calling_back(py, || queue.call_method1(interned!(py, _put), (item,)))?;
            }
        }
        notify(queue, interned!(py, not_empty))
    })
}

#[cold]
pub(super) fn task_done(queue: &Bound<'_, Queue>) -> PyResult<()> {
    let py = queue.py();
    holding(queue, interned!(py, all_tasks_done), |_| {
        let name = interned!(py, unfinished_tasks);
        let unfinished = queue.getattr(name)?.sub(1)?;
        if unfinished.le(0)? {
            if unfinished.lt(0)? {
                return Err(too_many_tasks_done());
            }
            notify_all(queue, interned!(py, all_tasks_done))?;
        }
        queue.setattr(name, unfinished)
    })
}

#[cold]
pub(super) fn too_many_tasks_done() -> PyErr {
    error::<PyValueError>("task_done() called too many times")
}

#[cold]
pub(super) fn join(queue: &Bound<'_, Queue>) -> PyResult<()> {
    let py = queue.py();
    holding(queue, interned!(py, all_tasks_done), |all_tasks_done| {
        while queue
            .getattr(interned!(py, unfinished_tasks))?
            .is_truthy()?
        {
            wait(all_tasks_done, &Until::Deadline(Deadline::NEVER))?;
            handle_pending(py)?;
        }
        Ok(())
    })
}

#[cold]
pub(super) fn shutdown(
    queue: &Bound<'_, Queue>,
    immediate: impl FnOnce() -> PyResult<bool>,
) -> PyResult<()> {
    let py = queue.py();
    holding(queue, interned!(py, mutex), |_| {
        attributes::set_shut_down(queue, true)?;
        if immediate()? {
            while !is_empty(queue)? {
                calling_back(py, || queue.call_method0(interned!(py, _get)))?;
                if queue.getattr(interned!(py, unfinished_tasks))?.gt(0)? {
                    count_unfinished(queue, false)?;
                }
                handle_pending(py)?;
            }
            notify_all(queue, interned!(py, all_tasks_done))?;
        }
        notify_all(queue, interned!(py, not_empty))?;
        notify_all(queue, interned!(py, not_full))
    })
}

#[cold]
pub(super) fn qsize<'py>(queue: &Bound<'py, Queue>) -> PyResult<Bound<'py, PyAny>> {
    holding(queue, interned!(queue.py(), mutex), |_| size(queue))
}

#[cold]
pub(super) fn has_none(queue: &Bound<'_, Queue>) -> PyResult<bool> {
    holding(queue, interned!(queue.py(), mutex), |_| is_empty(queue))
}

/// The value of the expression `0 < maxsize <= size`, of any type.
#[cold]
pub(super) fn has_no_room<'py>(queue: &Bound<'py, Queue>) -> PyResult<Bound<'py, PyAny>> {
    let py = queue.py();
    holding(queue, interned!(py, mutex), |_| {
        let maxsize = queue.getattr(interned!(py, maxsize))?;
        let is_bounded = objects::int(py, 0)?.rich_compare(&maxsize, CompareOp::Lt)?;
        if !is_bounded.is_truthy()? {
            return Ok(is_bounded);
        }
        maxsize.rich_compare(size(queue)?, CompareOp::Le)
    })
}

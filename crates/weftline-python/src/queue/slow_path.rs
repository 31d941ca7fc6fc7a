//! The slow paths of a compact queue, and the transition to `inflated.rs`.

use super::inflated::{self, Wait};
use super::items::{Items, NotGot, NotPut};
use super::object::{LifoQueue, PriorityQueue, Queue};
use super::standard::{empty, full, shut_down};
use super::timeout_args::{Timeout, TimeoutArgs};
use crate::blocker::raise_later;
use crate::names::interned;
use crate::objects::{self, no_memory};
use pyo3::prelude::*;
use weftline::park::Deadline;

impl Queue {
    /// Ends a `put` that the core's queue has refused: an error, or the `put` of an inflated queue.
    #[cold]
    pub(super) fn not_put(
        slf: &Bound<'_, Self>,
        failure: NotPut,
        wait: &Wait<'_, '_>,
    ) -> PyResult<()> {
        match failure {
            NotPut::Full(_) => Err(full(slf.py())),
            NotPut::ShutDown(_) => Err(shut_down(slf.py())),
            NotPut::Interrupted(_, raised) => Err(raised),
            NotPut::NoMemory(_) => Err(no_memory(slf.py())),
            NotPut::Forwarded(item) => {
                slf.get().wait_until_inflated(slf.py());
                inflated::put(slf, item.bind(slf.py()), wait)
            }
        }
    }

    /// Ends a `get` that the core's queue has refused: an error, or the `get` of an inflated queue.
    #[cold]
    pub(super) fn not_got(
        slf: &Bound<'_, Self>,
        failure: NotGot,
        wait: &Wait<'_, '_>,
    ) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        match failure {
            NotGot::Empty => Err(empty(py)),
            NotGot::ShutDown => Err(shut_down(py)),
            NotGot::Interrupted(raised) => Err(raised),
            NotGot::Forwarded => {
                slf.get().wait_until_inflated(py);
                inflated::get(slf, wait).map(Bound::unbind)
            }
            NotGot::Stranded(item, raised) if !slf.get().items.is_forwarded() => {
                // No memory to put it back: the call returns the item, and the exception follows.
                raise_later(py, raised);
                Ok(item)
            }
            NotGot::Stranded(item, raised) => {
                slf.get().wait_until_inflated(py);
                if let Err(worse) = inflated::give_back(slf, item.bind(py)) {
                    worse.write_unraisable(py, Some(slf.as_any()));
                }
                Err(raised)
            }
        }
    }

    /// `put` with arguments that the fast path does not read. Tries once, then waits.
    ///
    /// `queue/core/put.rs` has the timeout. An inflated queue times out in `inflated::put`, under
    /// the mutex.
    #[cold]
    pub(super) fn put_within(
        slf: &Bound<'_, Self>,
        item: Py<PyAny>,
        arguments: TimeoutArgs<'_, '_>,
    ) -> PyResult<()> {
        let (py, items) = (slf.py(), &slf.get().items);
        if items.is_shut_down() {
            return Err(shut_down(py));
        }
        let asked = Wait::Asked(arguments);
        // The arguments mean nothing to an unbounded queue.
        let timeout = if items.capacity() == 0 {
            Timeout::Forever
        } else if items.is_forwarded() {
            return Self::not_put(slf, NotPut::Forwarded(item), &asked);
        } else {
            arguments.parse(py)?
        };
        match items.put(py, item, Deadline::PASSED) {
            Ok(()) => Ok(()),
            Err(NotPut::Full(item)) if !timeout.is_non_blocking() => {
                let deadline = timeout.deadline(py)?;
                let begun = Wait::Begun(Timeout::Until(deadline));
                items
                    .put(py, item, deadline)
                    .or_else(|failure| Self::not_put(slf, failure, &begun))
            }
            Err(failure) => Self::not_put(slf, failure, &asked),
        }
    }

    /// `get` with arguments that the fast path does not read. Tries once, then waits.
    ///
    /// `queue/core/get.rs` has the timeout. An inflated queue times out in `inflated::get`, under
    /// the mutex.
    #[cold]
    pub(super) fn get_within(
        slf: &Bound<'_, Self>,
        arguments: TimeoutArgs<'_, '_>,
    ) -> PyResult<Py<PyAny>> {
        let (py, items) = (slf.py(), &slf.get().items);
        let asked = Wait::Asked(arguments);
        if items.is_shut_down() && items.len() == 0 {
            return Err(shut_down(py));
        }
        if items.is_forwarded() {
            return Self::not_got(slf, NotGot::Forwarded, &asked);
        }
        let timeout = arguments.parse(py)?;
        match items.get(py, Deadline::PASSED) {
            Ok(item) => Ok(item),
            Err(NotGot::Empty) if !timeout.is_non_blocking() => {
                let deadline = timeout.deadline(py)?;
                let begun = Wait::Begun(Timeout::Until(deadline));
                items
                    .get(py, deadline)
                    .or_else(|failure| Self::not_got(slf, failure, &begun))
            }
            Err(failure) => Self::not_got(slf, failure, &asked),
        }
    }

    /// Whether `self.put(…)` can be another method than that of this class.
    pub(super) fn is_subclassed(slf: &Bound<'_, Self>) -> bool {
        match slf.get().items {
            Items::Fifo(_) => !slf.is_exact_instance_of::<Self>(),
            Items::Lifo(_) => !slf.is_exact_instance_of::<LifoQueue>(),
            Items::Heap(_) => !slf.is_exact_instance_of::<PriorityQueue>(),
        }
    }

    /// The value of `_qsize`.
    pub(super) fn stored<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let len = match Self::compact_len(slf) {
            Some(len) => len,
            None => slf.getattr(interned!(slf.py(), queue))?.len()?,
        };
        objects::len(slf.py(), len)
    }
}

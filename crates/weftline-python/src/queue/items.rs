//! The items of a compact queue: the core's queue in one of its three orders, and the comparison of
//! Python objects there.

use crate::blocker::Interpreter;
use crate::callback::calling_back;
use crate::objects::no_memory;
use pyo3::PyTraverseError;
use pyo3::ffi;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use std::ptr::NonNull;
use weftline::TooManyTasksDone;
use weftline::park::{Deadline, WaitError};
use weftline::queue::raw::{
    Compare, Fifo, Forwarded, GetFailure, Heap, Lifo, PutFailure, RawQueue,
};
use weftline::sync::raw::ForwardOutcome;

pub(super) type Item = Py<PyAny>;
pub(super) type NotPut = PutFailure<Item, PyErr>;
pub(super) type NotGot = GetFailure<Item, PyErr>;

/// The items of a compact queue. The caller drops every Python reference that leaves it, attached
/// and with no lock held.
pub(super) enum Items {
    Fifo(RawQueue<Item, Fifo<Item>, Interpreter>),
    Lifo(RawQueue<Item, Lifo<Item>, Interpreter>),
    Heap(RawQueue<Item, Heap<Item>, Interpreter>),
}

macro_rules! in_any_order {
    ($items:expr, $raw:ident => $what:expr) => {
        match $items {
            Items::Fifo($raw) => $what,
            Items::Lifo($raw) => $what,
            Items::Heap($raw) => $what,
        }
    };
}

impl Items {
    #[inline]
    pub(super) fn put(&self, py: Python<'_>, item: Item, deadline: Deadline) -> Result<(), NotPut> {
        in_any_order!(self, raw => raw.put_with(item, &mut Interpreter::new(py), deadline))
    }

    #[inline]
    pub(super) fn get(&self, py: Python<'_>, deadline: Deadline) -> Result<Item, NotGot> {
        in_any_order!(self, raw => raw.get_with(&mut Interpreter::new(py), deadline))
    }

    /// As `RawQueue::follow`.
    ///
    /// # Safety
    /// The items do not move until they are dropped.
    pub(super) unsafe fn follow(&self) {
        // SAFETY: as the caller promises.
        in_any_order!(self, raw => unsafe { raw.follow(true) });
    }

    pub(super) fn len(&self) -> usize {
        in_any_order!(self, raw => raw.len())
    }

    pub(super) fn task_done(&self) -> Result<(), TooManyTasksDone> {
        in_any_order!(self, raw => raw.task_done())
    }

    /// `false`: forwarded; join the inflated queue instead.
    pub(super) fn join(&self, py: Python<'_>) -> PyResult<bool> {
        let joined =
            in_any_order!(self, raw => raw.join_with(&mut Interpreter::new(py), Deadline::NEVER));
        match joined {
            Ok(is_done) => Ok(is_done),
            Err(WaitError::TimedOut) => unreachable!("waited without a deadline"),
            Err(WaitError::Interrupted(raised)) => Err(raised),
        }
    }

    /// Returns the dropped items.
    pub(super) fn shut_down(&self, py: Python<'_>, immediate: bool) -> PyResult<Vec<Item>> {
        in_any_order!(self, raw => raw.shutdown_with(immediate, &mut Interpreter::new(py)))
    }

    pub(super) fn is_shut_down(&self) -> bool {
        in_any_order!(self, raw => raw.is_shut_down())
    }

    pub(super) fn capacity(&self) -> usize {
        in_any_order!(self, raw => raw.capacity())
    }

    pub(super) fn set_capacity(&self, capacity: usize) {
        in_any_order!(self, raw => raw.set_capacity(capacity))
    }

    pub(super) fn unfinished(&self) -> usize {
        in_any_order!(self, raw => raw.unfinished())
    }

    pub(super) fn set_unfinished(&self, unfinished: usize) -> bool {
        in_any_order!(self, raw => raw.set_unfinished(unfinished))
    }

    /// As `RawQueue::prepare_forwarding`.
    pub(super) fn prepare_forwarding(&self, py: Python<'_>) -> PyResult<()> {
        in_any_order!(self, raw => raw.prepare_forwarding(&mut Interpreter::new(py)))
    }

    /// The present content.
    pub(super) fn snapshot(&self, py: Python<'_>) -> PyResult<Snapshot> {
        let mut items: Vec<Item> = Vec::new();
        loop {
            let len = self.len();
            items.try_reserve(len).map_err(|_| no_memory(py))?;
            let room = items.capacity();
            let snapshot = in_any_order!(self, raw => raw.look(|content| {
                if content.items.iter().count() > room {
                    return None;
                }
                items.extend(content.items.iter().map(|item| item.clone_ref(py)));
                Some((content.unfinished, content.is_shut_down))
            }));
            if let Some((unfinished, is_shut_down)) = snapshot {
                return Ok(Snapshot {
                    items,
                    unfinished,
                    is_shut_down,
                });
            }
        }
    }

    /// Forwards the queue if its content still equals the snapshot, or if there is no snapshot.
    pub(super) fn forward_if(
        &self,
        snapshot: Option<&Snapshot>,
    ) -> ForwardOutcome<Forwarded<Item>> {
        in_any_order!(self, raw => raw.forward_if(|content| snapshot.is_none_or(|snapshot| {
            content.unfinished == snapshot.unfinished
                && content.is_shut_down == snapshot.is_shut_down
                && (content.items.iter().map(Item::as_ptr))
                    .eq(snapshot.items.iter().map(Item::as_ptr))
        })))
    }

    pub(super) fn is_forwarded(&self) -> bool {
        in_any_order!(self, raw => raw.is_forwarded())
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        let mut visited = Ok(());
        in_any_order!(self, raw => raw.try_visit(|items| {
            visited = items.iter().try_for_each(|item| visit.call(item));
        }));
        visited
    }

    pub(super) fn drain(&self) -> Vec<Item> {
        in_any_order!(self, raw => raw.try_drain())
    }
}

/// The content of a compact queue at one moment.
pub(crate) struct Snapshot {
    pub(super) items: Vec<Item>,
    pub(super) unfinished: usize,
    pub(super) is_shut_down: bool,
}

/// A reference that is dropped on a thread which is known to be attached.
pub(crate) struct Kept(NonNull<ffi::PyObject>);

impl Drop for Kept {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this value owns the reference. It was created in a call of an `Interpreter`,
        // during which the thread is attached.
        unsafe { ffi::Py_DECREF(self.0.as_ptr()) }
    }
}

impl Compare<Item> for Interpreter {
    type Operand = Kept;

    const MAY_NEST: bool = true;

    #[inline]
    unsafe fn operand(item: &Item) -> Kept {
        let item = item.as_ptr();
        // SAFETY: alive, as `item` was, and the thread is attached in every call of an
        // `Interpreter`.
        unsafe {
            ffi::Py_INCREF(item);
            Kept(NonNull::new_unchecked(item))
        }
    }

    #[inline]
    fn less(&mut self, a: &Kept, b: &Kept) -> PyResult<bool> {
        // SAFETY: the thread is attached in every call of an `Interpreter`.
        let py = unsafe { Python::assume_attached() };
        let compare = || {
            // SAFETY: both are alive; the thread is attached.
            match unsafe { ffi::PyObject_RichCompareBool(a.0.as_ptr(), b.0.as_ptr(), ffi::Py_LT) } {
                0 => Ok(false),
                1 => Ok(true),
                _ => Err(PyErr::fetch(py)),
            }
        };
        if is_plain(a) && is_plain(b) {
            compare()
        } else {
            calling_back(py, compare)
        }
    }
}

/// Whether comparing the object with another such object runs no code of the program.
#[inline]
fn is_plain(object: &Kept) -> bool {
    // SAFETY: alive, and the types are the interpreter's own.
    unsafe {
        let class = ffi::Py_TYPE(object.0.as_ptr());
        class == &raw mut ffi::PyLong_Type
            || class == &raw mut ffi::PyFloat_Type
            || class == &raw mut ffi::PyUnicode_Type
    }
}

//! `_queue.SimpleQueue`.

use super::items::Item;
use super::standard::{empty, standard};
use super::timeout_args::Timeout;
use crate::blocker::{Interpreter, raise_later};
use crate::names::interned;
use crate::objects::{self, error, no_memory};
use crate::optional_arg::OptionalArg;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyTypeError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFloat, PyTuple, PyType};
use weftline::park::Deadline;
use weftline::queue::raw::{Fifo, GetFailure, RawQueue};

/// An unbounded queue whose items are taken in the order in which they were put, without the
/// further features of Queue.
///
/// put() may be called at any moment: from a destructor, a weak reference's callback or a signal
/// handler that interrupts this very queue.
#[pyclass(module = "_queue", frozen, subclass, weakref, generic)]
pub(crate) struct SimpleQueue {
    items: RawQueue<Item, Fifo<Item>, Interpreter>,
}

impl SimpleQueue {
    pub(crate) fn empty_queue() -> Self {
        Self {
            items: RawQueue::new(0),
        }
    }

    /// An empty queue of tasks, which reports tell of as a pool.
    pub(crate) fn of_tasks() -> Self {
        let queue = Self::empty_queue();
        queue.items.do_not_follow();
        queue
    }

    /// Has reports tell how many items there are.
    pub(crate) fn follow(slf: &Bound<'_, Self>) {
        // SAFETY: a part of a Python object, which does not move.
        unsafe { slf.get().items.follow(true) };
    }

    #[inline]
    pub(crate) fn add(&self, py: Python<'_>, item: Item) -> PyResult<()> {
        match self
            .items
            .put_with(item, &mut Interpreter::new(py), Deadline::NEVER)
        {
            Ok(()) => Ok(()),
            // An unbounded queue that is never shut down refuses an item only if memory is short.
            Err(_) => Err(no_memory(py)),
        }
    }

    /// Arguments are for a subclass that has an `__init__` of its own.
    #[cold]
    fn refuse(class: &Bound<'_, PyType>, args: &Bound<'_, PyTuple>) -> PyResult<()> {
        let name = interned!(class.py(), __init__);
        let base = class.py().get_type::<Self>();
        if !class.getattr(name)?.is(base.getattr(name)?) {
            return Ok(());
        }
        Err(error::<PyTypeError>(match args.is_empty() {
            true => "SimpleQueue() takes no keyword arguments",
            false => "SimpleQueue() takes no positional arguments",
        }))
    }

    pub(crate) fn count(&self) -> usize {
        self.items.len()
    }

    /// Puts an item that was just taken back in front of the others. Its slot is still allocated.
    pub(crate) fn put_back(&self, item: Item) {
        if let Some(item) = self.items.put_back(item) {
            debug_assert!(false, "no room for what was there before");
            drop(item);
        }
    }

    /// The next item, if there is one now.
    #[inline]
    pub(crate) fn take_now(&self, py: Python<'_>) -> Option<Item> {
        self.items
            .get_with(&mut Interpreter::new(py), Deadline::PASSED)
            .ok()
    }

    #[inline]
    pub(crate) fn take(&self, py: Python<'_>, deadline: Deadline) -> PyResult<Item> {
        let mut blocker = Interpreter::as_in_c(py);
        match self.items.get_with(&mut blocker, deadline) {
            Ok(item) => Ok(item),
            Err(GetFailure::Interrupted(raised)) => Err(raised),
            Err(GetFailure::Stranded(item, raised)) => {
                // No memory to put it back: the call returns the item, and the exception follows.
                raise_later(py, raised);
                Ok(item)
            }
            Err(_) => Err(empty(py)),
        }
    }

    #[cold]
    fn take_within<'py>(
        &self,
        py: Python<'py>,
        block: OptionalArg<'_, 'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Item> {
        if let Some(block) = block.get()
            && !block.is_truthy()?
        {
            return self.take(py, Deadline::PASSED);
        }
        let Some(timeout) = timeout else {
            return self.take(py, Deadline::NEVER);
        };
        let seconds = seconds(timeout)?;
        match self.take(py, Deadline::PASSED) {
            Err(raised) if seconds > 0.0 && raised.is_instance(py, standard(py).empty.bind(py)) => {
                self.take(py, Timeout::Seconds(seconds).deadline(py)?)
            }
            taken => taken,
        }
    }
}

/// A timeout that the interpreter's own class accepts. That class refuses any other, in its words.
fn seconds(timeout: &Bound<'_, PyAny>) -> PyResult<f64> {
    /// Every platform's clock can represent this.
    const PLAIN: f64 = 1e9;
    if let Ok(seconds) = timeout.cast_exact::<PyFloat>()
        && (0.0..PLAIN).contains(&seconds.value())
    {
        return Ok(seconds.value());
    }
    let py = timeout.py();
    let queue = standard(py).simple_queue.bind(py).call0()?;
    // The queue contains an item, so this does not wait.
    queue.call_method1(interned!(py, put), (py.None(),))?;
    queue.call_method1(interned!(py, get), (true, timeout))?;
    Ok(crate::seconds::seconds(timeout)?.0.unwrap_or(f64::MAX))
}

#[pymethods]
impl SimpleQueue {
    #[new]
    #[pyo3(signature = (*args, **kwargs), text_signature = "()")]
    #[classmethod]
    fn new(
        class: &Bound<'_, PyType>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        if !args.is_empty() || kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
            Self::refuse(class, args)?;
        }
        Ok(Self::empty_queue())
    }

    /// Put an item into the queue. Never waits: `block` and `timeout` exist for compatibility with
    /// Queue.
    #[pyo3(signature = (item, block=OptionalArg::MISSING, timeout=None), text_signature = "($self, /, item, block=True, timeout=None)")]
    fn put<'py>(
        &self,
        item: Bound<'py, PyAny>,
        block: OptionalArg<'_, 'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let _ = timeout;
        if let Some(block) = block.get() {
            // The standard queue evaluates it too, and does not wait either.
            block.is_truthy()?;
        }
        self.add(item.py(), item.clone().unbind())
    }

    /// Put an item into the queue, as put() does.
    fn put_nowait(&self, item: Bound<'_, PyAny>) -> PyResult<()> {
        self.add(item.py(), item.clone().unbind())
    }

    /// Take the next item out of the queue and return it.
    ///
    /// Waits while the queue is empty: for at most `timeout` seconds if that is not None, and not
    /// at all if `block` is false. Raises Empty when there is no item by then.
    #[pyo3(signature = (block=OptionalArg::MISSING, timeout=None), text_signature = "($self, /, block=True, timeout=None)")]
    pub(crate) fn get<'py>(
        &self,
        py: Python<'py>,
        block: OptionalArg<'_, 'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Item> {
        match (block.get(), timeout) {
            (None, None) => self.take(py, Deadline::NEVER),
            _ => self.take_within(py, block, timeout),
        }
    }

    /// Take the next item if there is one now; otherwise raise Empty.
    fn get_nowait(&self, py: Python<'_>) -> PyResult<Item> {
        self.take(py, Deadline::PASSED)
    }

    /// Whether the queue has no item. Other threads may change that at any moment.
    fn empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The number of items in the queue. Other threads may change that at any moment.
    #[pyo3(name = "qsize")]
    fn size<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        objects::len(py, self.count())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let mut visited = Ok(());
        self.items.try_visit(|items| {
            visited = items.iter().try_for_each(|item| visit.call(item));
        });
        visited
    }

    fn __clear__(&self) {
        drop(self.items.try_drain());
    }
}

//! The methods of `queue.Queue`.

use super::attributes::{self, plain_int};
use super::inflate;
use super::inflated::{self, Wait};
use super::items::{Items, NotGot, NotPut};
use super::object::Queue;
use super::timeout_args::{Timeout, TimeoutArgs};
use crate::callback::calling_back;
use crate::inflation::{self, attribute_methods, dict_methods};
use crate::names::interned;
use crate::objects;
use crate::optional_arg::OptionalArg;
use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyTuple, PyType};
use std::sync::atomic::Ordering;
use weftline::park::Deadline;
use weftline::queue::raw::RawQueue;
use weftline::watch;

attribute_methods!(Queue);
dict_methods!(Queue);

#[pymethods]
impl Queue {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(maxsize=0)")]
    fn new(
        class: &Bound<'_, PyType>,
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        inflation::ensure_dict_getter::<Self>(class)?;
        Ok(Self::over(Items::Fifo(RawQueue::new(0))))
    }

    #[pyo3(signature = (maxsize=OptionalArg::MISSING))]
    fn __init__(slf: &Bound<'_, Self>, maxsize: OptionalArg<'_, '_>) -> PyResult<()> {
        let this = slf.get();
        let maxsize = maxsize.get();
        let plain = maxsize.map_or(Some(0), |maxsize| plain_int(&maxsize));
        let is_again = this.is_initialized.swap(true, Ordering::Relaxed) || this.is_inflated();
        match plain {
            Some(maxsize) if !is_again && !attributes::is_overridden(&slf.get_type())? => {
                if maxsize != 0 {
                    this.set_maxsize(maxsize);
                }
                if watch::is_observing() {
                    Self::follow(slf);
                }
                Ok(())
            }
            _ => match maxsize {
                None => inflate::init(slf, &objects::int(slf.py(), 0)?),
                Some(maxsize) => inflate::init(slf, &maxsize),
            },
        }
    }

    /// Put an item into the queue.
    ///
    /// Waits while the queue is full: for at most `timeout` seconds if that is not None, and not at
    /// all if `block` is false. Raises Full when there is no free slot by then, ShutDown when the
    /// queue is shut down.
    #[pyo3(signature = (item, block=OptionalArg::MISSING, timeout=None), text_signature = "($self, item, block=True, timeout=None)")]
    fn put<'py>(
        slf: &Bound<'py, Self>,
        item: Bound<'py, PyAny>,
        block: OptionalArg<'_, 'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let (py, item) = (slf.py(), item.unbind());
        if let (None, None) = (block.get(), timeout) {
            return match slf.get().items.put(py, item, Deadline::NEVER) {
                Ok(()) => Ok(()),
                Err(failure) => Self::not_put(slf, failure, &Wait::Begun(Timeout::Forever)),
            };
        }
        Self::put_within(slf, item, TimeoutArgs { block, timeout })
    }

    /// Take the next item out of the queue and return it.
    ///
    /// Waits while the queue is empty: for at most `timeout` seconds if that is not None, and not
    /// at all if `block` is false. Raises Empty when there is no item by then, ShutDown when the
    /// queue is shut down and empty.
    #[pyo3(signature = (block=OptionalArg::MISSING, timeout=None), text_signature = "($self, block=True, timeout=None)")]
    fn get<'py>(
        slf: &Bound<'py, Self>,
        block: OptionalArg<'_, 'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        if let (None, None) = (block.get(), timeout) {
            return match slf.get().items.get(slf.py(), Deadline::NEVER) {
                Ok(item) => Ok(item),
                Err(failure) => Self::not_got(slf, failure, &Wait::Begun(Timeout::Forever)),
            };
        }
        Self::get_within(slf, TimeoutArgs { block, timeout })
    }

    /// Put an item into the queue if there is a free slot now; otherwise raise Full. The same as
    /// put(item, block=False).
    fn put_nowait<'py>(slf: &Bound<'py, Self>, item: Bound<'py, PyAny>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        if !Self::is_subclassed(slf) {
            match slf
                .get()
                .items
                .put(py, item.clone().unbind(), Deadline::PASSED)
            {
                Ok(()) => return Ok(py.None()),
                Err(NotPut::Forwarded(_)) => slf.get().wait_until_inflated(py),
                Err(failure) => {
                    return Self::not_put(slf, failure, &Wait::Begun(Timeout::NonBlocking))
                        .map(|()| py.None());
                }
            }
        }
        let how = objects::dict(py)?;
        how.set_item(interned!(py, block), false)?;
        calling_back(py, || {
            slf.call_method(interned!(py, put), (item,), Some(&how))
        })
        .map(Bound::unbind)
    }

    /// Take the next item if there is one now; otherwise raise Empty. The same as get(block=False).
    fn get_nowait(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        if !Self::is_subclassed(slf) {
            match slf.get().items.get(py, Deadline::PASSED) {
                Ok(item) => return Ok(item),
                Err(NotGot::Forwarded) => slf.get().wait_until_inflated(py),
                Err(failure) => {
                    return Self::not_got(slf, failure, &Wait::Begun(Timeout::NonBlocking));
                }
            }
        }
        let how = objects::dict(py)?;
        how.set_item(interned!(py, block), false)?;
        calling_back(py, || slf.call_method(interned!(py, get), (), Some(&how))).map(Bound::unbind)
    }

    /// Count one taken item as done. When every item that was put is done, join() returns. Raises
    /// ValueError if all of them are done already.
    fn task_done(slf: &Bound<'_, Self>) -> PyResult<()> {
        let this = slf.get();
        if this.items.task_done().is_ok() {
            return Ok(());
        }
        if !this.items.is_forwarded() {
            return Err(inflated::too_many_tasks_done());
        }
        this.wait_until_inflated(slf.py());
        inflated::task_done(slf)
    }

    /// Wait until every item that was put has been taken and counted as done.
    fn join(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().items.join(slf.py())? {
            return Ok(());
        }
        slf.get().wait_until_inflated(slf.py());
        inflated::join(slf)
    }

    /// Shut the queue down. From now on put() raises ShutDown, and get() does once the queue is
    /// empty. Waiting threads are woken and raise it, too. If `immediate` is true, the items are
    /// dropped and count as done.
    #[pyo3(signature = (immediate=None), text_signature = "($self, immediate=False)")]
    fn shutdown(slf: &Bound<'_, Self>, immediate: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        let immediate = || immediate.map_or(Ok(false), PyAnyMethods::is_truthy);
        if this.items.is_forwarded() {
            this.wait_until_inflated(py);
            return inflated::shutdown(slf, immediate);
        }
        // The queue is shut down even if `immediate` raises, as in the standard library.
        let asked = immediate();
        let dropped = this
            .items
            .shut_down(py, asked.as_ref().is_ok_and(|&immediate| immediate))?;
        if this.items.is_forwarded() {
            this.wait_until_inflated(py);
            return inflated::shutdown(slf, || asked);
        }
        drop(dropped);
        asked.map(drop)
    }

    /// The number of items in the queue. Other threads may change that at any moment.
    fn qsize<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        match Self::compact_len(slf) {
            Some(len) => objects::len(slf.py(), len),
            None => inflated::qsize(slf),
        }
    }

    /// Whether the queue has no item. Other threads may change that at any moment.
    fn empty(slf: &Bound<'_, Self>) -> PyResult<bool> {
        Self::compact_len(slf).map_or_else(|| inflated::has_none(slf), |len| Ok(len == 0))
    }

    /// Whether the queue has no free slot. Other threads may change that at any moment.
    fn full<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let Some(len) = Self::compact_len(slf) else {
            return inflated::has_no_room(slf);
        };
        let capacity = slf.get().items.capacity();
        Ok(PyBool::new(slf.py(), 0 < capacity && capacity <= len)
            .to_owned()
            .into_any())
    }

    /// Create an empty container for the items. Subclasses may override this method and the
    /// following ones. They are called with the mutex held.
    fn _init(slf: &Bound<'_, Self>, maxsize: &Bound<'_, PyAny>) -> PyResult<()> {
        let _ = maxsize;
        slf.setattr(interned!(slf.py(), queue), inflate::deque(slf.py())?)
    }

    /// The number of items.
    fn _qsize<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::stored(slf)
    }

    /// Store an item.
    pub(super) fn _put(slf: &Bound<'_, Self>, item: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        slf.getattr(interned!(py, queue))?
            .call_method1(interned!(py, append), (item,))
            .map(drop)
    }

    /// Take an item out.
    fn _get<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        slf.getattr(interned!(py, queue))?
            .call_method0(interned!(py, popleft))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if self.cell.is_created() {
            self.items.traverse(&visit)
        } else {
            Ok(())
        }
    }

    fn __clear__(&self) {
        drop(self.items.drain());
    }
}

//! The queue between a pool and its workers. To other code it is a `SimpleQueue`. Its items are
//! futures that know their call.
//!
//! # The number of workers
//!
//! `free` counts as in the crate's pool (`executor/pool/workers.rs` has the table and the
//! invariant). A caller that waits for a result and then submits the next call finds the worker
//! free, because a worker adds its one before it publishes the result. There are two exceptions. A
//! worker that has callbacks to run adds its one after them. A worker that has to drop a result
//! without another owner adds its one after that. Otherwise a callback or a `__del__` that submits
//! a call to its own pool and waits for it could wait for its own worker.
//!
//! # Resolved tasks
//!
//! From 3.14 on a class of pools may have its own worker contexts, as pools of interpreters have.
//! Such a pool resolves each call to an object, under its lock as the standard pool does, and the
//! worker's context runs that object.

use super::future_state::Task;
use super::object::Future;
use super::outcome::name_of;
use super::work_item::work_item;
use crate::names::interned;
use crate::objects::{self, error};
use crate::optional_arg::OptionalArg;
use crate::queue::SimpleQueue;
use crate::shared_count::count_for_all_threads;
use crate::told;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use weftline::park::{Deadline, next_pool, serve_counted};

/// The work queue of a thread pool.
#[pyclass(name = "_WorkQueue", module = "concurrent.futures.thread", frozen, extends = SimpleQueue)]
pub(crate) struct WorkQueue {
    /// For reports.
    pool: u32,
    free: AtomicIsize,
    /// No more workers can be started: a task waits for one of the existing workers.
    is_full: AtomicBool,
    /// No call is accepted here: the executor finds out why.
    is_closed: AtomicBool,
    /// Whether each call runs in a copy of the context that it was submitted in.
    in_context: bool,
    /// Whether the tasks are resolved by the pool, for the workers' contexts to run. Then the
    /// executor submits each by `submit_resolved`.
    is_resolved: bool,
}

impl WorkQueue {
    fn base<'a>(slf: &'a Bound<'_, Self>) -> &'a SimpleQueue {
        slf.as_super().get()
    }

    pub(super) fn take_now(slf: &Bound<'_, Self>) -> Option<Py<PyAny>> {
        Self::base(slf).take_now(slf.py())
    }

    pub(super) fn take(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        Self::base(slf).take(slf.py(), Deadline::NEVER)
    }

    /// The calling thread works for the pool, until it ends.
    pub(super) fn is_served(&self, py: Python<'_>) {
        serve_counted(self.pool, &self.free);
        // A report of the pool has the name, also when the worker has never waited.
        told::name_thread(py);
    }

    /// A worker is about to take the next task.
    pub(super) fn is_free_again(&self) {
        self.free.fetch_add(1, Ordering::Relaxed);
    }

    fn put_task<'py>(
        slf: &Bound<'py, Self>,
        function: Bound<'py, PyAny>,
        args: Bound<'py, PyTuple>,
        kwargs: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, Future>> {
        let (function, args) = if slf.get().in_context {
            in_copy_of_context(function, &args)?
        } else {
            (function, args)
        };
        let kwargs = kwargs.filter(|kwargs| !kwargs.is_empty());
        let task = Task {
            function: function.unbind(),
            args: Some(args.unbind()),
            kwargs: kwargs.map(Bound::unbind),
        };
        Self::put_future(slf, task)
    }

    fn put_future<'py>(slf: &Bound<'py, Self>, task: Task) -> PyResult<Bound<'py, Future>> {
        let py = slf.py();
        // A worker drops both references, often when the caller has dropped its own.
        if let Some(args) = &task.args {
            count_for_all_threads(args.as_any());
        }
        let future = Bound::new(py, Future::for_task(slf.get().pool, Some(task)))?;
        let queued = future.clone().into_any().unbind();
        count_for_all_threads(&queued);
        Self::base(slf).add(py, queued)?;
        Ok(future)
    }

    /// Cancels a call that no worker has begun with. If it has left the queue (`is_out`), its
    /// waiters are notified immediately; otherwise the worker that finds it notifies them.
    fn take_back(future: &Bound<'_, Future>, is_out: bool) -> bool {
        let this = future.get();
        let taken = this.raw.cancel(is_out, |state| Some(state.task.take()));
        if taken.is_ok() && this.is_inflated() {
            let (py, state) = (future.py(), name_of(this.raw.phase()));
            let set = objects::text(py, state)
                .and_then(|state| future.setattr(interned!(py, _state), state));
            if let Err(raised) = set {
                raised.write_unraisable(future.py(), Some(future.as_any()));
            }
        }
        taken.is_ok()
    }

    /// The item for a caller that is no worker: a work item for a future, any other object
    /// unchanged.
    fn hand_out<'py>(slf: &Bound<'py, Self>, item: Py<PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let item = item.into_bound(py);
        if !item.is_none() {
            slf.get().is_free_again();
        }
        let Ok(future) = item.cast_exact::<Future>() else {
            return Ok(item);
        };
        work_item(future).inspect_err(|_| {
            // As if it had never been taken out.
            slf.get().free.fetch_sub(1, Ordering::Relaxed);
            Self::base(slf).put_back(future.clone().into_any().unbind());
        })
    }
}

/// The call as one of `Context.run`, with a copy of this thread's context.
fn in_copy_of_context<'py>(
    function: Bound<'py, PyAny>,
    args: &Bound<'py, PyTuple>,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
    let py = function.py();
    // SAFETY: attached. The result is a new reference, or null with an exception.
    let context = unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent())? };
    let mut function = Some(function);
    let args = (0..args.len() + 1).map(|index| match function.take() {
        Some(function) => function,
        None => {
            let item = args.get_borrowed_item(index - 1);
            item.expect("a tuple keeps its length").to_owned()
        }
    });
    let args = objects::tuple(py, args)?;
    Ok((context.getattr(interned!(py, run))?, args))
}

#[pymethods]
impl WorkQueue {
    #[new]
    #[pyo3(signature = (in_context=false, is_resolved=false))]
    fn new(in_context: bool, is_resolved: bool) -> PyClassInitializer<Self> {
        PyClassInitializer::from(SimpleQueue::of_tasks()).add_subclass(Self {
            pool: next_pool(),
            free: AtomicIsize::new(0),
            is_full: AtomicBool::new(false),
            is_closed: AtomicBool::new(is_resolved),
            in_context,
            is_resolved,
        })
    }

    /// Return the future of a call, which an existing worker will make. None if another worker
    /// should be started, or the queue is closed.
    fn submit<'py>(
        slf: &Bound<'py, Self>,
        function: Bound<'py, PyAny>,
        args: Bound<'py, PyTuple>,
        kwargs: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Option<Bound<'py, Future>>> {
        let this = slf.get();
        if this.is_closed.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if this.free.fetch_sub(1, Ordering::Relaxed) <= 0 && !this.is_full.load(Ordering::Relaxed) {
            this.is_free_again();
            return Ok(None);
        }
        let future =
            Self::put_task(slf, function, args, kwargs).inspect_err(|_| this.is_free_again())?;
        // Closed meanwhile: the workers may have ended before this call.
        if this.is_closed.load(Ordering::SeqCst) && Self::take_back(&future, false) {
            return Ok(None);
        }
        Ok(Some(future))
    }

    /// As submit(), but never refuses. The executor starts another worker if `wants_worker` says
    /// so.
    fn submit_anyway<'py>(
        slf: &Bound<'py, Self>,
        function: Bound<'py, PyAny>,
        args: Bound<'py, PyTuple>,
        kwargs: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, Future>> {
        let this = slf.get();
        this.free.fetch_sub(1, Ordering::Relaxed);
        Self::put_task(slf, function, args, kwargs).inspect_err(|_| this.is_free_again())
    }

    /// As submit_anyway(), for a call that the pool has resolved to `task`.
    fn submit_resolved<'py>(
        slf: &Bound<'py, Self>,
        task: Py<PyAny>,
    ) -> PyResult<Bound<'py, Future>> {
        let this = slf.get();
        this.free.fetch_sub(1, Ordering::Relaxed);
        let task = Task {
            function: task,
            args: None,
            kwargs: None,
        };
        Self::put_future(slf, task).inspect_err(|_| this.is_free_again())
    }

    /// Whether each call is submitted by submit_resolved().
    #[getter]
    fn is_resolved(&self) -> bool {
        self.is_resolved
    }

    /// Whether a task waits for which no worker is free.
    #[getter]
    fn wants_worker(&self) -> bool {
        self.free.load(Ordering::Relaxed) < 0
    }

    /// Report that a worker was started, or has ended a call that was not weftline's.
    fn worker_is_free(&self) {
        self.is_free_again();
    }

    /// Set whether the pool will start no more workers.
    fn set_full(&self, is_full: bool) {
        self.is_full.store(is_full, Ordering::Relaxed);
    }

    /// Set whether submit() always returns None.
    fn set_closed(&self, is_closed: bool) {
        self.is_closed
            .store(is_closed || self.is_resolved, Ordering::SeqCst);
    }

    /// Reset the queue in the child of a fork, which has none of the workers. The waiting calls are
    /// the parent's: here they are cancelled, and no callback runs.
    fn begin_anew(slf: &Bound<'_, Self>) {
        while let Some(item) = Self::take_now(slf) {
            if let Ok(future) = item.bind(slf.py()).cast_exact::<Future>() {
                Self::take_back(future, true);
            }
        }
        let this = slf.get();
        this.is_full.store(false, Ordering::Relaxed);
        this.free.store(0, Ordering::Relaxed);
    }

    /// Put a work item, or None to wake a worker.
    #[pyo3(signature = (item, block=OptionalArg::MISSING, timeout=None), text_signature = "($self, /, item, block=True, timeout=None)")]
    fn put<'py>(
        slf: &Bound<'py, Self>,
        item: Bound<'py, PyAny>,
        block: OptionalArg<'_, 'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        let _ = (block, timeout);
        Self::put_nowait(slf, item)
    }

    /// As put().
    fn put_nowait<'py>(slf: &Bound<'py, Self>, item: Bound<'py, PyAny>) -> PyResult<()> {
        let is_task = !item.is_none();
        if is_task {
            slf.get().free.fetch_sub(1, Ordering::Relaxed);
        }
        Self::base(slf)
            .add(slf.py(), item.unbind())
            .inspect_err(|_| {
                if is_task {
                    slf.get().is_free_again();
                }
            })
    }

    #[pyo3(signature = (block=OptionalArg::MISSING, timeout=None), text_signature = "($self, /, block=True, timeout=None)")]
    fn get<'py>(
        slf: &Bound<'py, Self>,
        block: OptionalArg<'_, 'py>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let item = Self::base(slf).get(py, block, timeout)?;
        Self::hand_out(slf, item)
    }

    fn get_nowait<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let item = Self::base(slf).take(py, Deadline::PASSED)?;
        Self::hand_out(slf, item)
    }

    /// The queue itself: programs empty a pool's queue by `executor._work_queue.queue.clear()`.
    #[getter]
    fn queue(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// Refuses as the queue of a standard pool does.
    fn __reduce_ex__(&self, protocol: &Bound<'_, PyAny>) -> PyResult<()> {
        let _ = protocol;
        Err(error::<PyTypeError>(
            "cannot pickle '_queue.SimpleQueue' object",
        ))
    }

    /// Forget the calls that no worker has begun with.
    fn clear(slf: &Bound<'_, Self>) -> PyResult<()> {
        // Items that wake workers stay: each is added at the end again, in the slot that it has
        // just left.
        for _ in 0..Self::base(slf).count() {
            let Some(item) = Self::take_now(slf) else {
                break;
            };
            if item.is_none(slf.py()) {
                Self::base(slf).add(slf.py(), item)?;
            } else {
                slf.get().is_free_again();
            }
        }
        Ok(())
    }
}

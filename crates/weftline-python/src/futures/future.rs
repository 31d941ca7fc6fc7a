//! `concurrent.futures.Future`.

use super::held::{Held, Task};
use super::open;
use super::settling::{Outcome, call_back, call_one_back, name_of};
use super::standard::{cancelled, standard};
use crate::made::Made;
use crate::names::interned;
use crate::objects::{self, Piece, error, error_in_pieces, no_memory, written};
use crate::threading::reduce;
use pyo3::PyTraverseError;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString, PyTuple, PyType};
use weftline::executor::raw::{Phase, RawFuture, Unchanged};

/// What will come of a call: its result, its exception, or that it was cancelled.
///
/// Goes beyond the standard class in that set_result(), set_exception() and cancel() may be called at any moment, also from a destructor or a
/// signal handler that interrupts this very object.
#[pyclass(frozen, subclass, weakref, dict, generic)]
pub(crate) struct Future {
    made: Made,
    pub(super) raw: RawFuture<Held>,
}

impl Future {
    pub(super) fn for_task(task: Option<Task>) -> Self {
        Self {
            made: Made::new(),
            raw: RawFuture::new(Held {
                task,
                ..Held::default()
            }),
        }
    }
}

/// What became of a callback that a native future was given.
enum Kept {
    Yes,
    TooLate,
    NoMemory,
}

#[pymethods]
impl Future {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "()")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self::for_task(None)
    }

    /// Called again, it begins anew. What is inside of a pool's future stays: its worker would not find the call.
    fn __init__(&self) {
        let left = self.raw.with(|_, held| {
            let task = held.task.take();
            std::mem::replace(
                held,
                Held {
                    task,
                    ..Held::default()
                },
            )
        });
        if self.raw.phase() != Phase::Pending {
            self.raw.force(Phase::Pending);
        }
        drop(left);
    }

    /// The standard class, so that `isinstance` says yes. A subclass is what it is.
    #[getter]
    fn __class__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyType>> {
        let py = slf.py();
        let class = slf.get_type();
        if class.is(py.get_type::<Self>()) {
            Ok(standard(py)?.future.bind(py).clone())
        } else {
            Ok(class)
        }
    }

    /// As for any object.
    #[setter(__class__)]
    fn set_class(slf: &Bound<'_, Self>, class: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let object = py.get_type::<PyAny>();
        let own = object
            .getattr(interned!(py, __dict__))?
            .get_item(interned!(py, __class__))?;
        own.call_method1(interned!(py, __set__), (slf, class))
            .map(drop)
    }

    /// What `object` would look up by `__class__`.
    fn __dir__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyList>> {
        let names = slf.get_type().dir()?;
        for name in slf.getattr(interned!(slf.py(), __dict__))?.try_iter()? {
            names.append(name?)?;
        }
        Ok(names)
    }

    /// Cancel the call if nobody has begun with it. Returns whether it is cancelled.
    fn cancel(slf: &Bound<'_, Self>) -> PyResult<bool> {
        open::if_it_calls_back_its_own_way(slf)?;
        let taken = slf.get().raw.cancel(false, |held| {
            let callbacks = held.take_callbacks()?;
            Some((callbacks, held.task.take()))
        });
        match taken {
            Ok((callbacks, task)) => {
                drop(task);
                call_back(slf, callbacks)?;
                Ok(true)
            }
            Err(Unchanged::In(phase)) => Ok(phase.is_done() && phase != Phase::Finished),
            Err(Unchanged::Declined) => open::cancel(slf),
        }
    }

    /// Whether the call was cancelled.
    fn cancelled(&self) -> bool {
        matches!(self.raw.phase(), Phase::Cancelled | Phase::Notified)
    }

    /// Whether a worker is at the call right now.
    fn running(&self) -> bool {
        self.raw.phase() == Phase::Running
    }

    /// Whether the call has ended or was cancelled.
    fn done(&self) -> bool {
        self.raw.phase().is_done()
    }

    /// Have `fn` called with this future when it is done: by the thread that ends it, after those added before, or here and now if it is done
    /// already. What it raises is logged, if it is an Exception.
    fn add_done_callback(slf: &Bound<'_, Self>, r#fn: &Bound<'_, PyAny>) -> PyResult<()> {
        let callback = r#fn.clone().unbind();
        let kept = slf.get().raw.with(|phase, held| {
            if phase.is_done() {
                return Some(Kept::TooLate);
            }
            if held.open.is_some() {
                return None;
            }
            if held.callbacks.try_reserve(1).is_err() {
                return Some(Kept::NoMemory);
            }
            held.callbacks.push(callback);
            Some(Kept::Yes)
        });
        match kept {
            Some(Kept::Yes) => Ok(()),
            Some(Kept::TooLate) => call_one_back(slf, r#fn),
            Some(Kept::NoMemory) => Err(no_memory(slf.py())),
            None => open::add_done_callback(slf, r#fn),
        }
    }

    /// What the call returned, or raise what it raised. Waits for at most `timeout` seconds, if that is not None, and raises TimeoutError then;
    /// raises CancelledError if the call was cancelled.
    #[pyo3(signature = (timeout=None))]
    fn result(slf: &Bound<'_, Self>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Py<PyAny>> {
        Self::wait(slf, timeout)?;
        slf.get().outcome(slf.py())
    }

    /// What the call raised; None if it returned. Waits and raises as result() does.
    #[pyo3(signature = (timeout=None))]
    fn exception(
        slf: &Bound<'_, Self>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Option<Py<PyAny>>> {
        let py = slf.py();
        Self::wait(slf, timeout)?;
        slf.get()
            .raw
            .with(|phase, held| {
                (phase == Phase::Finished).then(|| {
                    held.exception
                        .as_ref()
                        .map(|exception| exception.clone_ref(py))
                })
            })
            .ok_or_else(|| cancelled(py))
    }

    /// As result(), and cancels the call if it does not come to that in time.
    #[pyo3(signature = (timeout=None))]
    fn _result_or_cancel(
        slf: &Bound<'_, Self>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        match Self::wait(slf, timeout) {
            Ok(()) => slf.get().outcome(slf.py()),
            Err(raised) => {
                Self::cancel(slf)?;
                Err(raised)
            }
        }
    }

    /// For executors: begin with the call. False if it was cancelled; then those who wait for it with wait() or as_completed() are told.
    fn set_running_or_notify_cancel(slf: &Bound<'_, Self>) -> PyResult<bool> {
        if let Some(may) = Self::begin(slf)? {
            return Ok(may);
        }
        let py = slf.py();
        let what = objects::text(py, "Future %s in unexpected state: %s")?;
        let id = objects::len(py, slf.as_ptr() as usize)?;
        let phase = objects::text(py, name_of(slf.get().raw.phase()))?;
        let logger = standard(py)?.logger.bind(py);
        logger.call_method1(interned!(py, critical), (what, id, phase))?;
        Err(error::<PyRuntimeError>("Future in unexpected state"))
    }

    /// For executors: the call has returned `result`.
    fn set_result(slf: &Bound<'_, Self>, result: Bound<'_, PyAny>) -> PyResult<()> {
        Self::settle(slf, Outcome::Result(result.unbind()))
    }

    /// For executors: the call has raised `exception`.
    fn set_exception(slf: &Bound<'_, Self>, exception: Bound<'_, PyAny>) -> PyResult<()> {
        if exception.is_none() {
            return Self::settle(slf, Outcome::Result(exception.unbind()));
        }
        Self::settle(slf, Outcome::Exception(exception.unbind()))
    }

    /// For executors that change the state themselves: call back whoever has asked for it.
    fn _invoke_callbacks(slf: &Bound<'_, Self>) -> PyResult<()> {
        match slf.get().raw.with(|_, held| held.take_callbacks()) {
            Some(callbacks) => call_back(slf, callbacks),
            None => open::call_back(slf),
        }
    }

    /// Whether it is done, whether it was cancelled, its result and its exception, all of one moment.
    fn _get_snapshot<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let (is_done, is_cancelled, result, exception) = self.raw.with(|phase, held| match phase {
            Phase::Cancelled | Phase::Notified => (true, true, None, None),
            Phase::Finished => {
                let copy = |kept: &Option<Py<PyAny>>| kept.as_ref().map(|kept| kept.clone_ref(py));
                (true, false, copy(&held.result), copy(&held.exception))
            }
            _ => (false, false, None, None),
        });
        let flag = |is: bool| PyBool::new(py, is).to_owned().into_any();
        let part = |kept: Option<Py<PyAny>>| kept.unwrap_or_else(|| py.None()).into_bound(py);
        let parts = [
            flag(is_done),
            flag(is_cancelled),
            part(result),
            part(exception),
        ];
        objects::tuple(py, parts.into_iter())
    }

    #[getter]
    fn _state<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        objects::text(py, name_of(self.raw.phase()))
    }

    #[setter(_state)]
    fn set_state(&self, state: &Bound<'_, PyString>) -> PyResult<()> {
        let name = state.to_str()?;
        let phase = [
            Phase::Pending,
            Phase::Running,
            Phase::Cancelled,
            Phase::Notified,
            Phase::Finished,
        ]
        .into_iter()
        .find(|&phase| name_of(phase) == name)
        .ok_or_else(|| match state.repr() {
            Ok(state) => error_in_pieces::<PyValueError>(
                state.py(),
                &[
                    Piece::Plain("unknown state of a future: "),
                    Piece::Object(state.as_any()),
                ],
            ),
            Err(raised) => raised,
        })?;
        self.raw.force(phase);
        Ok(())
    }

    #[getter]
    fn _result(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.raw
            .with(|_, held| held.result.as_ref().map(|result| result.clone_ref(py)))
    }

    #[setter(_result)]
    fn put_result(&self, result: Option<Py<PyAny>>) {
        drop(
            self.raw
                .with(|_, held| std::mem::replace(&mut held.result, result)),
        );
    }

    #[getter]
    fn _exception(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.raw.with(|_, held| {
            held.exception
                .as_ref()
                .map(|exception| exception.clone_ref(py))
        })
    }

    #[setter(_exception)]
    fn put_exception(&self, exception: Option<Py<PyAny>>) {
        drop(
            self.raw
                .with(|_, held| std::mem::replace(&mut held.exception, exception)),
        );
    }

    #[getter]
    fn _condition(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        Ok(open::open(slf)?.condition)
    }

    #[setter(_condition)]
    fn set_condition(slf: &Bound<'_, Self>, condition: Py<PyAny>) -> PyResult<()> {
        open::replace(slf, |open| {
            std::mem::replace(&mut open.condition, condition)
        })
    }

    #[getter]
    fn _waiters(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        Ok(open::open(slf)?.waiters)
    }

    #[setter(_waiters)]
    fn set_waiters(slf: &Bound<'_, Self>, waiters: Py<PyAny>) -> PyResult<()> {
        open::replace(slf, |open| std::mem::replace(&mut open.waiters, waiters))
    }

    #[getter]
    fn _done_callbacks(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        Ok(open::open(slf)?.callbacks)
    }

    #[setter(_done_callbacks)]
    fn set_done_callbacks(slf: &Bound<'_, Self>, callbacks: Py<PyAny>) -> PyResult<()> {
        open::replace(slf, |open| {
            std::mem::replace(&mut open.callbacks, callbacks)
        })
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let py = slf.py();
        let (phase, outcome) = slf.get().raw.with(|phase, held| {
            let outcome = (phase == Phase::Finished).then(|| {
                let (verb, what) = match (&held.exception, &held.result) {
                    (Some(exception), _) => ("raised", Some(exception.clone_ref(py))),
                    (None, Some(result)) => ("returned", Some(result.clone_ref(py))),
                    (None, None) => ("returned", None),
                };
                (verb, what.unwrap_or_else(|| py.None()))
            });
            (phase, outcome)
        });
        let state = match phase {
            Phase::Pending => "pending",
            Phase::Running => "running",
            Phase::Cancelled | Phase::Notified => "cancelled",
            Phase::Finished => "finished",
        };
        let name = slf.get_type().name()?.into_any();
        let address = slf.as_ptr() as usize;
        let (open, name) = (Piece::Plain("<"), Piece::Object(&name));
        let at = Piece::Short(format_args!(" at {address:#x} state={state}"));
        let Some((verb, what)) = outcome else {
            return written(py, &[open, name, at, Piece::Plain(">")]);
        };
        let class = what.bind(py).getattr(interned!(py, __class__))?;
        let class = class.getattr(interned!(py, __name__))?;
        let came = Piece::Short(format_args!(" {verb} "));
        let class = Piece::Object(&class);
        written(py, &[open, name, at, came, class, Piece::Plain(">")])
    }

    fn __reduce_ex__<'py>(
        slf: &Bound<'py, Self>,
        protocol: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        reduce(slf.as_any(), protocol, "_thread.RLock")
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if !self.made.is_made() {
            return Ok(());
        }
        // Held by this thread further up, or by one that is changing it: then it is being used, so it is no garbage.
        self.raw
            .try_with(|held| held.traverse(&visit))
            .unwrap_or(Ok(()))
    }

    fn __clear__(&self) {
        drop(self.raw.try_with(std::mem::take));
    }
}

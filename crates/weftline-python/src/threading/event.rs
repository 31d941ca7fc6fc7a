//! `threading.Event`.

use super::target::{at_fork_reinit, condition_attribute, fresh_condition, target_of};
use super::{Condition, inflated};
use crate::blocker::Interpreter;
use crate::callback::calling_back;
use crate::class_face::{repr_at, warn_deprecated};
use crate::inflation::{self, Cell, Draft, Inflate, Parts, dict_methods};
use crate::names::interned;
use crate::objects;
use crate::recursion;
use crate::seconds::wait_deadline;
use pyo3::PyTraverseError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString, PyTuple, PyType};
use weftline::park::WaitError;
use weftline::sync::raw::{ForwardOutcome, RawEvent};

/// A flag that threads wait for.
///
/// set() may be called at any moment, also from a destructor, a weak reference's callback or a
/// signal handler that interrupts this very object.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Event {
    raw: RawEvent,
    cell: Cell<Condition>,
}

fn boolean(py: Python<'_>, value: bool) -> Bound<'_, PyAny> {
    PyBool::new(py, value).to_owned().into_any()
}

impl Inflate for Event {
    type Kept = Condition;
    type Content<'py> = bool;
    type Left = bool;

    fn cell(&self) -> &Cell<Condition> {
        &self.cell
    }

    fn is_forwarded(&self) -> bool {
        self.raw.is_forwarded()
    }

    fn draft<'py>(slf: &Bound<'py, Self>) -> PyResult<Draft<'py, Self>> {
        let py = slf.py();
        let target = fresh_condition(py)?;
        let is_set = slf.get().raw.is_set();
        let parts = Parts::of([
            (interned!(py, _cond), target.bind(py).clone().into_any()),
            (interned!(py, _flag), boolean(py, is_set)),
        ]);
        Ok(Draft {
            parts,
            kept: Some(target),
            content: is_set,
        })
    }

    fn forward(slf: &Bound<'_, Self>, draft: &Draft<'_, Self>) -> ForwardOutcome<bool> {
        let (target, drafted) = (target_of(draft), draft.content);
        // SAFETY: the cell keeps the target for as long as the event lives.
        unsafe { slf.get().raw.forward_if(target, |is_set| is_set == drafted) }
    }
}

impl Event {
    fn flag<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let is_set = this.raw.is_set();
        if !is_set && this.is_inflated_now(py) {
            return slf.getattr(interned!(py, _flag));
        }
        Ok(boolean(py, is_set))
    }
}

condition_attribute!(Event);
dict_methods!(Event);

#[pymethods]
impl Event {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "()")]
    fn new(
        class: &Bound<'_, PyType>,
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        inflation::ensure_dict_getter::<Self>(class)?;
        Ok(Self {
            raw: RawEvent::new(),
            cell: Cell::new(),
        })
    }

    fn __init__(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (py, this) = (slf.py(), slf.get());
        if !this.cell.is_inflated() {
            if slf.is_exact_instance_of::<Self>()
                || !inflation::is_overridden::<Self>(&slf.get_type(), &["_cond", "_flag"])?
            {
                // Called again: the flag is down, as after creation.
                this.raw.clear();
                return Ok(());
            }
            Self::inflate(slf)?;
        }
        slf.setattr(interned!(py, _cond), fresh_condition(py)?)?;
        slf.setattr(interned!(py, _flag), false)
    }

    /// Whether the flag is up.
    fn is_set<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::flag(slf)
    }

    /// Deprecated: use is_set().
    #[pyo3(name = "isSet")]
    fn is_set_deprecated<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        warn_deprecated(py, "isSet", "is_set")?;
        // Called as a method, which a program may replace.
        calling_back(py, || slf.call_method0(interned!(py, is_set)))
    }

    /// Raise the flag and wake all threads that wait for it.
    fn set(slf: &Bound<'_, Self>) -> PyResult<()> {
        let this = slf.get();
        if this.raw.set() {
            Ok(())
        } else {
            this.cell.wait(slf.py());
            inflated::set(slf)
        }
    }

    /// Lower the flag: wait() blocks until the next set().
    fn clear(slf: &Bound<'_, Self>) -> PyResult<()> {
        let this = slf.get();
        if !this.raw.clear() && this.is_inflated_now(slf.py()) {
            return inflated::clear(slf);
        }
        Ok(())
    }

    /// Wait until the flag is up, for at most `timeout` seconds. Returns whether it is up, or was
    /// up during the wait.
    #[pyo3(signature = (timeout=None))]
    fn wait<'py>(
        slf: &Bound<'py, Self>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if this.raw.is_set() {
            return Ok(boolean(py, true));
        }
        if this.is_inflated_now(py) {
            return inflated::wait(slf, || wait_deadline(timeout));
        }
        let deadline = wait_deadline(timeout)?;
        let waited = this.raw.wait_with(&mut Interpreter::new(py), deadline);
        match (waited, this.is_inflated_now(py)) {
            (Err(WaitError::Interrupted(raised)), _) => Err(raised),
            (waited, false) => Ok(boolean(py, waited.is_ok())),
            // Inflated during the wait.
            (Ok(()), true) => inflated::pass_through(slf).map(|()| boolean(py, true)),
            (Err(WaitError::TimedOut), true) => inflated::wait(slf, || Ok(deadline)),
        }
    }

    #[getter]
    fn _flag<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let is_set = this.raw.is_set();
        if !is_set && this.is_inflated_now(py) {
            return inflation::part(slf, interned!(py, _flag));
        }
        Ok(boolean(py, is_set))
    }

    #[setter(_flag)]
    fn set_flag<'py>(slf: &Bound<'py, Self>, flag: &Bound<'py, PyAny>) -> PyResult<()> {
        let this = slf.get();
        if !this.cell.is_inflated()
            && let Ok(flag) = flag.cast_exact::<PyBool>()
        {
            if flag.is_true() && this.raw.set() {
                return Ok(());
            }
            if !flag.is_true() && (this.raw.clear() || !this.raw.is_forwarded()) {
                return Ok(());
            }
        }
        inflation::assign_part(slf, interned!(slf.py(), _flag), flag)
    }

    #[deleter(_flag)]
    fn delete_flag(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflation::delete_part(slf, interned!(slf.py(), _flag))
    }

    /// For the child of a fork. A compact event needs nothing there: it forgets waiters of another
    /// process by itself.
    fn _at_fork_reinit(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().is_inflated_now(slf.py()) {
            at_fork_reinit(slf)?;
        }
        Ok(())
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        recursion::check(slf.py())?;
        let is_set = Self::flag(slf)?.is_truthy()?;
        let state = objects::text(slf.py(), if is_set { "set" } else { "unset" })?;
        repr_at(slf.as_any(), &state)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.cell.traverse(&visit)
    }
}

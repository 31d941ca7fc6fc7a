//! `threading.Barrier`.

use super::inflated_barrier::{self, FILLING};
use super::target::{at_fork_reinit, fresh_condition};
use super::{Condition, Lock};
use crate::blocker::Interpreter;
use crate::callback::calling_back;
use crate::class_face::repr_at;
use crate::inflation::{self, Cell, Inflate, attribute_methods, dict_methods};
use crate::init_guard::Once;
use crate::names::interned;
use crate::objects::{self, Piece, error, written};
use crate::recursion;
use crate::seconds::remaining_deadline;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyValueError;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};
use std::cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use weftline::park::{Deadline, current_number};
use weftline::sync::raw::{BarrierError, RawBarrier};

/// Lets a number of threads wait for each other, again and again.
///
/// Goes beyond the standard class in that abort() and reset() do not wait for an action that is
/// running.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Barrier {
    pub(super) raw: RawBarrier,
    rest: Once<Rest>,
    pub(super) cell: Cell<Condition>,
    /// The number of the thread that runs the action of a compact barrier; zero if none does. While
    /// it runs, only this thread may inflate the barrier.
    pub(super) acting: AtomicU64,
    /// Whether that thread has inflated the barrier. It then holds the condition, as it would
    /// during the action of a standard barrier.
    pub(super) is_held: AtomicBool,
}

/// The constructor's arguments besides the number of parties, and the parties as passed.
struct Rest {
    parties: Py<PyAny>,
    action: Option<Py<PyAny>>,
    timeout: Option<Py<PyAny>>,
}

impl Barrier {
    pub(super) fn action<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        let action = self.rest.get().and_then(|rest| rest.action.as_ref());
        action.map_or_else(
            || py.None().into_bound(py),
            |action| action.bind(py).clone(),
        )
    }

    pub(super) fn timeout<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        let timeout = self.rest.get().and_then(|rest| rest.timeout.as_ref());
        timeout.map_or_else(
            || py.None().into_bound(py),
            |timeout| timeout.bind(py).clone(),
        )
    }

    /// The number as the constructor got it.
    pub(super) fn compact_parties<'py>(
        &self,
        py: Python<'py>,
        parties: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        match self.rest.get() {
            Some(rest) => Ok(rest.parties.bind(py).clone()),
            None => objects::len(py, parties),
        }
    }

    /// `Barrier.__init__` as the standard library writes it, attribute by attribute.
    fn init_inflated(
        slf: &Bound<'_, Self>,
        parties: &Bound<'_, PyAny>,
        action: Option<Py<PyAny>>,
        timeout: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        Self::inflate(slf)?;
        slf.setattr(interned!(py, _cond), fresh_condition(py)?)?;
        slf.setattr(interned!(py, _action), action)?;
        slf.setattr(interned!(py, _timeout), timeout)?;
        slf.setattr(interned!(py, _parties), parties)?;
        slf.setattr(interned!(py, _state), FILLING)?;
        slf.setattr(interned!(py, _count), 0)
    }

    /// Continues a wait that found the barrier inflated. `acted`: this thread inflated it, inside
    /// the action.
    #[cold]
    fn resume(
        slf: &Bound<'_, Self>,
        deadline: Deadline,
        acted: bool,
        interrupt: Option<PyErr>,
    ) -> PyResult<()> {
        slf.get().cell.wait(slf.py());
        if !acted {
            return inflated_barrier::resume(slf.as_any(), deadline, interrupt);
        }
        let ended = inflated_barrier::resume_acting(slf.as_any(), interrupt);
        Self::release_condition(slf)?;
        ended
    }

    /// Releases the condition that this thread has held since it inflated the barrier inside the
    /// action.
    fn release_condition(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let target = slf.get().cell.kept().expect("inflated by this thread");
        let lock = target.bind(py).getattr(interned!(py, _lock))?;
        lock.cast_exact::<Lock>()?.get().release()
    }
}

attribute_methods!(Barrier);
dict_methods!(Barrier);

#[pymethods]
impl Barrier {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(parties, action=None, timeout=None)")]
    fn new(
        class: &Bound<'_, PyType>,
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        inflation::ensure_dict_getter::<Self>(class)?;
        Ok(Self {
            raw: RawBarrier::new(1).expect("one party"),
            rest: Once::new(),
            cell: Cell::new(),
            acting: AtomicU64::new(0),
            is_held: AtomicBool::new(false),
        })
    }

    #[pyo3(signature = (parties, action=None, timeout=None))]
    fn __init__(
        slf: &Bound<'_, Self>,
        parties: &Bound<'_, PyAny>,
        action: Option<Py<PyAny>>,
        timeout: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        if parties.lt(1)? {
            return Err(error::<PyValueError>("parties must be > 0"));
        }
        let this = slf.get();
        let has_own = !slf.is_exact_instance_of::<Self>() && Self::is_overridden(&slf.get_type())?;
        // The number of arrivals can also be compared with a number that is not whole, such as
        // `threads / 2`.
        let number = parties.extract();
        if number.is_err() || has_own || this.cell.is_inflated() {
            return Self::init_inflated(slf, parties, action, timeout);
        }
        let rest = Rest {
            parties: parties.clone().unbind(),
            action,
            timeout,
        };
        if let Err(again) = this.rest.set(rest) {
            return Self::init_inflated(slf, parties, again.action, again.timeout);
        }
        this.raw
            .reset_to(number?)
            .map_err(|_| error::<PyValueError>("parties must be > 0"))
    }

    /// Wait until all parties have arrived, for at most `timeout` seconds. A timeout breaks the
    /// barrier. Returns how many threads had arrived before this one.
    #[pyo3(signature = (timeout=None))]
    fn wait<'py>(
        slf: &Bound<'py, Self>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if this.cell.is_inflated() {
            return inflated_barrier::wait(slf.as_any(), timeout);
        }
        let rest = this.rest.get();
        let own = || {
            rest.and_then(|rest| rest.timeout.as_ref())
                .map(|timeout| timeout.bind(py))
        };
        let deadline = match remaining_deadline(timeout.or_else(own)) {
            // Only a call that waits reads the timeout.
            Err(_) if this.raw.n_waiting() + 1 == this.raw.parties() => Deadline::NEVER,
            Err(_) if this.raw.is_broken() => Deadline::PASSED,
            deadline => deadline?,
        };
        let acted = cell::Cell::new(false);
        let action = |_: &mut Interpreter| {
            let Some(action) = rest.and_then(|rest| rest.action.as_ref()) else {
                return Ok(());
            };
            this.acting.store(current_number().get(), Ordering::Relaxed);
            let done = calling_back(py, || match action.bind(py).is_truthy()? {
                true => action.bind(py).call0().map(drop),
                // As in the standard class, a false value is no action.
                false => Ok(()),
            });
            this.acting.store(0, Ordering::Relaxed);
            acted.set(this.is_held.swap(false, Ordering::Relaxed));
            done
        };
        let waited = this
            .raw
            .wait_with(&mut Interpreter::new(py), deadline, action);
        let index = match waited {
            Ok(index) => index,
            Err(BarrierError::Forwarded { index, interrupt }) => match index {
                Some(index) => {
                    Self::resume(slf, deadline, acted.get(), interrupt)?;
                    index
                }
                None => {
                    this.cell.wait(py);
                    return inflated_barrier::wait(slf.as_any(), timeout);
                }
            },
            Err(failure) => {
                // Inflated in an action that had aborted or reset the barrier before.
                if acted.get() {
                    Self::release_condition(slf)?;
                }
                return Err(match failure {
                    BarrierError::Interrupted(raised) => raised,
                    _ => inflated_barrier::broken(py),
                });
            }
        };
        objects::len(py, index)
    }

    /// Reset the barrier. Waiting threads get BrokenBarrierError.
    fn reset(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().raw.reset() {
            return Ok(());
        }
        slf.get().cell.wait(slf.py());
        inflated_barrier::reset(slf.as_any())
    }

    /// Break the barrier: waiting and arriving threads get BrokenBarrierError, until reset().
    fn abort(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().raw.abort() {
            return Ok(());
        }
        slf.get().cell.wait(slf.py());
        inflated_barrier::abort(slf.as_any())
    }

    /// For the child of a fork. A compact barrier needs nothing there: it forgets waiters of
    /// another process by itself.
    fn _at_fork_reinit(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().is_inflated_now(slf.py()) {
            at_fork_reinit(slf)?;
        }
        Ok(())
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let py = slf.py();
        recursion::check(py)?;
        let state = if slf.getattr(interned!(py, broken))?.is_truthy()? {
            objects::text(py, "broken")?
        } else {
            let waiting = slf.getattr(interned!(py, n_waiting))?;
            let parties = slf.getattr(interned!(py, parties))?;
            let pieces = [
                Piece::Plain("waiters="),
                Piece::Object(&waiting),
                Piece::Plain("/"),
                Piece::Object(&parties),
            ];
            written(py, &pieces)?
        };
        repr_at(slf.as_any(), &state)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if !self.cell.is_created() {
            return Ok(());
        }
        if let Some(rest) = self.rest.get() {
            visit.call(&rest.action)?;
            visit.call(&rest.timeout)?;
        }
        self.cell.traverse(&visit)
    }
}

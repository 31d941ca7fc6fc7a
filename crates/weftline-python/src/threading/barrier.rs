//! `threading.Barrier`.

use super::barrier_attributes::is_overridden;
use super::guard::Guard;
use super::open_barrier::{self, BROKEN, FILLING};
use super::opened::{Opened, Part, Slot, fresh_condition};
use super::{Lock, reduce, repr_at};
use crate::blocker::Interpreter;
use crate::callback::calling_back;
use crate::made::Made;
use crate::names::interned;
use crate::objects::{self, Piece, error, written};
use crate::seconds::remaining_deadline;
use pyo3::PyTraverseError;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};
use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use weftline::park::{Deadline, current_number};
use weftline::sync::raw::{BarrierError, RawBarrier};

/// Lets a number of threads wait for each other, again and again.
///
/// Goes beyond the standard class in that abort() and reset() do not wait for an action that is running.
#[pyclass(frozen, weakref, dict, subclass)]
pub(crate) struct Barrier {
    raw: RawBarrier,
    rest: OnceLock<Rest>,
    opened: Slot,
    /// The number of the thread that runs the action of a native barrier, the only one that may open it meanwhile; zero: none does.
    acting: AtomicU64,
    /// That it has done so, and holds the condition, as it would while a standard barrier's action runs.
    is_held: AtomicBool,
    made: Made,
}

/// What a barrier is made with besides its number of parties.
struct Rest {
    parties: Py<PyAny>,
    action: Option<Py<PyAny>>,
    timeout: Option<Py<PyAny>>,
}

impl Barrier {
    /// The parts, which there are from now on. If there were none, `condition` is among them.
    fn open<'a, 'py>(
        slf: &'a Bound<'py, Self>,
        condition: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<&'a Opened> {
        let (py, this) = (slf.py(), slf.get());
        let acts = this.acting.load(Ordering::Relaxed) == current_number().get();
        this.opened.open(py, condition, |heir| {
            if acts {
                // Kept: `wait` lets it go.
                Guard::enter(heir.clone().into_any())?;
            }
            // Made before anything changes. What it may be is small, so it always exists, or it is the
            // number of those that wait now.
            let parties = this.native_parties(py, this.raw.parties())?;
            let waiting = this.raw.n_waiting();
            let count = objects::len(py, waiting)?;
            let [broken, filling] = [
                objects::int(py, BROKEN.into())?,
                objects::int(py, FILLING.into())?,
            ];
            let Some(left) = this.raw.retire_with(&mut Interpreter::new(py), acts)? else {
                return Ok(None);
            };
            this.is_held.store(acts, Ordering::Relaxed);
            let count = if left.arrived == waiting {
                count
            } else {
                objects::len(py, left.arrived)?
            };
            Ok(Some([
                Some((Part::Action, this.action(py))),
                Some((Part::Timeout, this.timeout(py))),
                Some((Part::Initial, parties)),
                Some((Part::Value, if left.is_broken { broken } else { filling })),
                Some((Part::Count, count)),
            ]))
        })
    }

    /// The parts, if there are any.
    fn parts(&self, py: Python<'_>) -> Option<&Opened> {
        self.raw.is_retired().then(|| self.opened.wait(py))
    }

    fn action<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        let action = self.rest.get().and_then(|rest| rest.action.as_ref());
        action.map_or_else(
            || py.None().into_bound(py),
            |action| action.bind(py).clone(),
        )
    }

    fn timeout<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        let timeout = self.rest.get().and_then(|rest| rest.timeout.as_ref());
        timeout.map_or_else(
            || py.None().into_bound(py),
            |timeout| timeout.bind(py).clone(),
        )
    }

    /// The number as it was given.
    fn native_parties<'py>(&self, py: Python<'py>, parties: usize) -> PyResult<Bound<'py, PyAny>> {
        match self.rest.get() {
            Some(rest) => Ok(rest.parties.bind(py).clone()),
            None => objects::len(py, parties),
        }
    }

    /// A part as it is now. A native barrier answers what it knows itself, and otherwise opens.
    pub(super) fn part<'py>(slf: &Bound<'py, Self>, part: Part) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if let Some(parts) = this.parts(py) {
            return Ok(parts.get(py, part));
        }
        Ok(match part {
            Part::Condition => Self::open(slf, None)?.get(py, part),
            Part::Action => this.action(py),
            Part::Timeout => this.timeout(py),
            Part::Initial => this.native_parties(py, this.raw.parties())?,
            Part::Count => objects::len(py, this.raw.n_waiting())?,
            Part::Value => {
                let state = if this.raw.is_broken() {
                    BROKEN
                } else {
                    FILLING
                };
                objects::int(py, state.into())?
            }
        })
    }

    pub(super) fn set_part<'py>(
        slf: &Bound<'py, Self>,
        part: Part,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        let condition = matches!(part, Part::Condition).then_some(value);
        Self::open(slf, condition)?.put(part, value.clone());
        Ok(())
    }

    /// `Barrier.__init__` as the standard library writes it, attribute by attribute.
    fn init_open(
        slf: &Bound<'_, Self>,
        parties: &Bound<'_, PyAny>,
        action: Option<Py<PyAny>>,
        timeout: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        Self::open(slf, None)?;
        slf.setattr(interned!(py, _cond), fresh_condition(py)?)?;
        slf.setattr(interned!(py, _action), action)?;
        slf.setattr(interned!(py, _timeout), timeout)?;
        slf.setattr(interned!(py, _parties), parties)?;
        slf.setattr(interned!(py, _state), FILLING)?;
        slf.setattr(interned!(py, _count), 0)
    }

    /// Goes on with a wait that found the barrier opened. `acted`: this thread did that, inside of the action.
    #[cold]
    fn resume(
        slf: &Bound<'_, Self>,
        deadline: Deadline,
        acted: bool,
        interrupt: Option<PyErr>,
    ) -> PyResult<()> {
        slf.get().opened.wait(slf.py());
        if !acted {
            return open_barrier::resume(slf, deadline, interrupt);
        }
        let ended = open_barrier::resume_acting(slf, interrupt);
        Self::let_go(slf)?;
        ended
    }

    /// Releases the condition that this thread has held since it opened the barrier inside of the action.
    fn let_go(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let heir = slf.get().opened.wait(py).heir(py);
        let lock = heir.getattr(interned!(py, _lock))?;
        lock.cast_exact::<Lock>()?.get().release()
    }
}

#[pymethods]
impl Barrier {
    #[new]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(parties, action=None, timeout=None)")]
    fn new(_args: &Bound<'_, PyTuple>, _kwargs: Option<&Bound<'_, PyDict>>) -> Self {
        Self {
            raw: RawBarrier::new(1).expect("one party"),
            rest: OnceLock::new(),
            opened: Slot::new(),
            acting: AtomicU64::new(0),
            is_held: AtomicBool::new(false),
            made: Made::new(),
        }
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
        let has_own = !slf.is_exact_instance_of::<Self>() && is_overridden(&slf.get_type())?;
        // Those that have arrived can also be compared with what is no whole number, such as `threads / 2`.
        let number = parties.extract();
        if number.is_err() || has_own || this.opened.get().is_some() {
            return Self::init_open(slf, parties, action, timeout);
        }
        if this
            .rest
            .set(Rest {
                parties: parties.clone().unbind(),
                action,
                timeout,
            })
            .is_err()
        {
            return Err(error::<PyRuntimeError>(
                "the barrier is initialised already: make a new barrier",
            ));
        }
        this.raw
            .reset_to(number?)
            .map_err(|_| error::<PyValueError>("parties must be > 0"))
    }

    /// Wait until all parties have arrived, for at most `timeout` seconds; a timeout breaks the barrier. Returns how many had arrived before.
    #[pyo3(signature = (timeout=None))]
    fn wait<'py>(
        slf: &Bound<'py, Self>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if this.opened.get().is_some() {
            return open_barrier::wait(slf, timeout);
        }
        let rest = this.rest.get();
        let own = || {
            rest.and_then(|rest| rest.timeout.as_ref())
                .map(|timeout| timeout.bind(py))
        };
        let deadline = match remaining_deadline(timeout.or_else(own)) {
            // Only a wait looks at the timeout.
            Err(_) if this.raw.n_waiting() + 1 == this.raw.parties() => Deadline::NEVER,
            Err(_) if this.raw.is_broken() => Deadline::PASSED,
            deadline => deadline?,
        };
        let acted = Cell::new(false);
        let action = |_: &mut Interpreter| {
            let Some(action) = rest.and_then(|rest| rest.action.as_ref()) else {
                return Ok(());
            };
            this.acting.store(current_number().get(), Ordering::Relaxed);
            let done = calling_back(py, || action.bind(py).call0()).map(drop);
            this.acting.store(0, Ordering::Relaxed);
            acted.set(this.is_held.swap(false, Ordering::Relaxed));
            done
        };
        let waited = this
            .raw
            .wait_with(&mut Interpreter::new(py), deadline, action);
        let index = match waited {
            Ok(index) => index,
            Err(BarrierError::Retired { index, interrupt }) => match index {
                Some(index) => {
                    Self::resume(slf, deadline, acted.get(), interrupt)?;
                    index
                }
                None => {
                    this.opened.wait(py);
                    return open_barrier::wait(slf, timeout);
                }
            },
            Err(failure) => {
                // Opened in an action that had aborted or reset the barrier before.
                if acted.get() {
                    Self::let_go(slf)?;
                }
                return Err(match failure {
                    BarrierError::Interrupted(raised) => raised,
                    _ => open_barrier::broken(py),
                });
            }
        };
        objects::len(py, index)
    }

    /// Make the barrier new. Threads that wait get BrokenBarrierError.
    fn reset(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().raw.reset() {
            return Ok(());
        }
        slf.get().opened.wait(slf.py());
        open_barrier::reset(slf)
    }

    /// Break the barrier: who waits and who comes gets BrokenBarrierError, until reset().
    fn abort(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().raw.abort() {
            return Ok(());
        }
        slf.get().opened.wait(slf.py());
        open_barrier::abort(slf)
    }

    /// How many threads pass together.
    #[getter]
    fn parties<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.getattr(interned!(slf.py(), _parties))
    }

    /// How many have arrived and wait.
    #[getter]
    fn n_waiting<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        match this.parts(py) {
            Some(_) => open_barrier::n_waiting(slf),
            None => objects::len(py, this.raw.n_waiting()),
        }
    }

    /// Whether every wait fails until reset().
    #[getter]
    fn broken(slf: &Bound<'_, Self>) -> PyResult<bool> {
        slf.getattr(interned!(slf.py(), _state))?.eq(BROKEN)
    }

    /// Wait while those leave who were here before; raise BrokenBarrierError if the barrier is broken. As the following methods it is called with
    /// the condition held, and subclasses may have another.
    fn _enter(slf: &Bound<'_, Self>) -> PyResult<()> {
        open_barrier::enter(slf)
    }

    /// Run the action, and let everybody pass.
    fn _release(slf: &Bound<'_, Self>) -> PyResult<()> {
        open_barrier::release(slf)
    }

    /// Wait to be let pass.
    #[pyo3(signature = (timeout))]
    fn _wait(slf: &Bound<'_, Self>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        open_barrier::wait_within(slf, timeout)
    }

    /// Leave; the last one lets those in who are to come.
    fn _exit(slf: &Bound<'_, Self>) -> PyResult<()> {
        open_barrier::exit(slf)
    }

    /// Break the barrier.
    fn _break(slf: &Bound<'_, Self>) -> PyResult<()> {
        open_barrier::r#break(slf)
    }

    /// For the child of a fork. A native barrier has nothing to do there: waiters of another process are forgotten by themselves.
    fn _at_fork_reinit(slf: &Bound<'_, Self>) -> PyResult<()> {
        if slf.get().parts(slf.py()).is_some() {
            slf.getattr(interned!(slf.py(), _cond))?
                .call_method0(interned!(slf.py(), _at_fork_reinit))?;
        }
        Ok(())
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        let py = slf.py();
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

    fn __reduce_ex__<'py>(
        slf: &Bound<'py, Self>,
        protocol: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        reduce(slf.as_any(), protocol, "_thread.lock")
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if !self.made.is_made() {
            return Ok(());
        }
        if let Some(rest) = self.rest.get() {
            visit.call(&rest.action)?;
            visit.call(&rest.timeout)?;
        }
        self.opened.traverse(&visit)
    }

    fn __clear__(&self) {
        self.opened.clear();
    }
}

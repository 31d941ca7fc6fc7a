//! The attributes of a barrier that programs use, and those that their subclasses override.

use super::Condition;
use super::barrier::Barrier;
use super::guard::Guard;
use super::inflated_barrier::{self, BROKEN, FILLING};
use super::target::{fresh_condition, set_condition};
use crate::attribute;
use crate::blocker::Interpreter;
use crate::inflation::{self, Cell, Draft, Inflate, Parts};
use crate::names::interned;
use crate::objects;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};
use std::sync::atomic::Ordering;
use weftline::park::current_number;
use weftline::sync::raw::{ForwardOutcome, ForwardedBarrier};

/// The attributes in the `__dict__` of an inflated barrier.
const ATTRIBUTES: [&str; 6] = [
    "_cond", "_action", "_timeout", "_parties", "_state", "_count",
];
/// Methods that neither the class nor the object of a compact barrier overrides, besides the
/// attributes.
const METHODS: [&str; 5] = ["_enter", "_release", "_wait", "_exit", "_break"];

impl Barrier {
    /// Whether a class overrides something that a compact barrier would not notice: an attribute,
    /// or a method of the standard algorithm.
    pub(super) fn is_overridden(class: &Bound<'_, PyType>) -> PyResult<bool> {
        let base = class.py().get_type::<Self>();
        for name in ATTRIBUTES.into_iter().chain(METHODS) {
            if !class.getattr(name)?.is(base.getattr(name)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Inflate for Barrier {
    type Kept = Condition;
    /// The core's state, and whether this thread runs the action.
    type Content<'py> = (ForwardedBarrier, bool);
    type Left = ForwardedBarrier;

    const METHODS: &'static [&'static str] = &METHODS;

    fn cell(&self) -> &Cell<Condition> {
        &self.cell
    }

    fn is_forwarded(&self) -> bool {
        self.raw.is_forwarded()
    }

    fn draft<'py>(slf: &Bound<'py, Self>) -> PyResult<Draft<'py, Self>> {
        let (py, this) = (slf.py(), slf.get());
        let acts = this.acting.load(Ordering::Relaxed) == current_number().get();
        this.raw
            .prepare_forwarding(&mut Interpreter::new(py), acts)?;
        let target = fresh_condition(py)?;
        if acts {
            // Kept: `wait` releases it.
            Guard::enter(target.bind(py).clone().into_any())?;
        }
        let now = this.raw.look();
        let state = if now.is_broken { BROKEN } else { FILLING };
        let parts = Parts::of([
            (interned!(py, _cond), target.bind(py).clone().into_any()),
            (interned!(py, _action), this.action(py)),
            (interned!(py, _timeout), this.timeout(py)),
            (
                interned!(py, _parties),
                this.compact_parties(py, now.parties)?,
            ),
            (interned!(py, _state), objects::int(py, state.into())?),
            (interned!(py, _count), objects::len(py, now.arrived)?),
        ]);
        Ok(Draft {
            parts,
            kept: Some(target),
            content: (now, acts),
        })
    }

    fn forward(slf: &Bound<'_, Self>, draft: &Draft<'_, Self>) -> ForwardOutcome<ForwardedBarrier> {
        let (this, (drafted, acts)) = (slf.get(), draft.content);
        let outcome = this.raw.forward_if(acts, |now| now == drafted);
        if let ForwardOutcome::Done(_) = outcome {
            this.is_held.store(acts, Ordering::Relaxed);
        }
        outcome
    }
}

impl attribute::Parts for Barrier {
    /// A compact barrier answers what it knows itself, and inflates otherwise.
    fn part<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        if !this.is_inflated_now(py) {
            match name.to_str()? {
                "_action" => return Ok(this.action(py)),
                "_timeout" => return Ok(this.timeout(py)),
                "_parties" => return this.compact_parties(py, this.raw.parties()),
                "_count" => return objects::len(py, this.raw.n_waiting()),
                "_state" => {
                    let is_broken = this.raw.is_broken();
                    let state = if is_broken { BROKEN } else { FILLING };
                    return objects::int(py, state.into());
                }
                _ => Self::inflate(slf)?,
            }
        }
        inflation::part(slf, name)
    }

    fn set_part<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        if name.is(interned!(slf.py(), _cond)) {
            return set_condition(slf, value);
        }
        inflation::assign_part(slf, name, value)
    }
}

#[pymethods]
impl Barrier {
    /// Wait until the threads of the last cycle have left; raise BrokenBarrierError if the barrier
    /// is broken. This method and the following ones are called with the condition held. Subclasses
    /// may override them.
    fn _enter(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflated_barrier::enter(slf.as_any())
    }

    /// Run the action, and let all threads pass.
    fn _release(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflated_barrier::release(slf.as_any())
    }

    /// Wait for permission to pass.
    #[pyo3(signature = (timeout))]
    fn _wait(slf: &Bound<'_, Self>, timeout: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        inflated_barrier::wait_within(slf.as_any(), timeout)
    }

    /// Leave. The last thread to leave lets arriving threads in.
    fn _exit(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflated_barrier::exit(slf.as_any())
    }

    /// Break the barrier.
    fn _break(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflated_barrier::r#break(slf.as_any())
    }
}

/// Return the number of threads required to trip the barrier.
#[pyfunction]
fn parties<'py>(barrier: &Bound<'py, Barrier>) -> PyResult<Bound<'py, PyAny>> {
    barrier.getattr(interned!(barrier.py(), _parties))
}

/// Return the number of threads currently waiting at the barrier.
#[pyfunction]
fn n_waiting<'py>(barrier: &Bound<'py, Barrier>) -> PyResult<Bound<'py, PyAny>> {
    let (py, this) = (barrier.py(), barrier.get());
    if this.is_inflated_now(py) {
        return inflated_barrier::n_waiting(barrier.as_any());
    }
    objects::len(py, this.raw.n_waiting())
}

/// Return True if the barrier is in a broken state.
#[pyfunction]
fn broken(barrier: &Bound<'_, Barrier>) -> PyResult<bool> {
    barrier.getattr(interned!(barrier.py(), _state))?.eq(BROKEN)
}

/// Adds the attributes and properties to the class.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    attribute::add::<Barrier>(py, &ATTRIBUTES)?;
    let (class, builtins) = (py.get_type::<Barrier>(), py.import("builtins")?);
    for function in [
        wrap_pyfunction!(parties, module)?,
        wrap_pyfunction!(n_waiting, module)?,
        wrap_pyfunction!(broken, module)?,
    ] {
        let name = function.getattr("__name__")?;
        let property = builtins.getattr("property")?.call1((function,))?;
        property.call_method1("__set_name__", (&class, &name))?;
        class.setattr(name.cast::<PyString>()?, property)?;
    }
    Ok(())
}

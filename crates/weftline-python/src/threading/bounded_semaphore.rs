//! `threading.BoundedSemaphore`.

use super::semaphore::Semaphore;
use crate::class_face::repr_at;
use crate::inflation::{self, Inflate};
use crate::names::interned;
use crate::objects::{Piece, count, written};
use crate::optional_arg::OptionalArg;
use crate::recursion;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple, PyType};

/// A semaphore that never has more permits than it started with.
///
/// Goes beyond the standard class as Semaphore does.
#[pyclass(extends = Semaphore, frozen, subclass)]
pub(crate) struct BoundedSemaphore;

impl Semaphore {
    pub(super) fn is_bounded(slf: &Bound<'_, Self>) -> bool {
        slf.is_instance_of::<BoundedSemaphore>()
    }

    /// Whether the object is of a class of the program.
    pub(super) fn is_subclassed(slf: &Bound<'_, Self>) -> bool {
        !slf.is_exact_instance_of::<Self>() && !slf.is_exact_instance_of::<BoundedSemaphore>()
    }
}

#[pymethods]
impl BoundedSemaphore {
    #[new]
    #[classmethod]
    #[pyo3(signature = (*_args, **_kwargs), text_signature = "(value=1)")]
    fn new(
        class: &Bound<'_, PyType>,
        _args: &Bound<'_, PyTuple>,
        _kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<PyClassInitializer<Self>> {
        inflation::ensure_dict_getter::<Semaphore>(class)?;
        Ok(PyClassInitializer::from(Semaphore::unbounded()).add_subclass(Self))
    }

    #[pyo3(signature = (value=OptionalArg::MISSING))]
    fn __init__(slf: &Bound<'_, Self>, value: OptionalArg<'_, '_>) -> PyResult<()> {
        Semaphore::start(slf.as_super(), value, true)
    }

    /// Add `n` permits. Raises ValueError, and adds none, if there would be more than at the start.
    #[pyo3(signature = (n=OptionalArg::MISSING), text_signature = "($self, n=1)")]
    fn release(slf: &Bound<'_, Self>, n: OptionalArg<'_, '_>) -> PyResult<()> {
        Semaphore::release_arg(slf.as_super(), n, true)
    }

    #[getter]
    fn _initial_value<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, semaphore) = (slf.py(), slf.as_super());
        if semaphore.get().is_inflated_now(py) {
            return inflation::part(semaphore, interned!(py, _initial_value));
        }
        count(py, semaphore.get().raw.bound())
    }

    /// Programs that resize a semaphore set it.
    #[setter(_initial_value)]
    fn set_initial_value<'py>(slf: &Bound<'py, Self>, value: &Bound<'py, PyAny>) -> PyResult<()> {
        let semaphore = slf.as_super();
        inflation::assign_part(semaphore, interned!(slf.py(), _initial_value), value)
    }

    #[deleter(_initial_value)]
    fn delete_initial_value(slf: &Bound<'_, Self>) -> PyResult<()> {
        inflation::delete_part(slf.as_super(), interned!(slf.py(), _initial_value))
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyString>> {
        recursion::check(slf.py())?;
        let (py, value) = (slf.py(), Semaphore::value(slf.as_super())?);
        let initial = slf.getattr(interned!(py, _initial_value))?;
        let pieces = [
            Piece::Plain("value="),
            Piece::Object(&value),
            Piece::Plain("/"),
            Piece::Object(&initial),
        ];
        repr_at(slf.as_any(), &written(py, &pieces)?)
    }
}

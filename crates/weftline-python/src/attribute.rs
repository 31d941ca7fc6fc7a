//! [`Attribute`]: an attribute of a class whose objects inflate, as the class has it.
//!
//! The standard class has these attributes only in the `__dict__` of its instances. Here the class
//! has them by name, like the members that `__slots__` creates. A hook that hides them
//! (`__getattr__`) would cost each method call of the class its place in the interpreter's caches.

use crate::inflation::{self, Inflate};
use crate::objects::{Piece, written};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};

/// Reads and writes the parts of an object, inflated or not.
pub(crate) trait Parts: Inflate {
    /// The value of the part called `name`.
    fn part<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
    ) -> PyResult<Bound<'py, PyAny>>;

    /// Sets the part called `name` to `value`.
    fn set_part<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyString>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()>;
}

type Get = for<'py> fn(&Bound<'py, PyAny>, &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>>;
type Set =
    for<'py> fn(&Bound<'py, PyAny>, &Bound<'py, PyString>, &Bound<'py, PyAny>) -> PyResult<()>;
type Delete = for<'py> fn(&Bound<'py, PyAny>, &Bound<'py, PyString>) -> PyResult<()>;

/// One attribute of one class.
#[pyclass(module = "weftline._weftline", name = "_attribute", frozen)]
pub(crate) struct Attribute {
    name: Py<PyString>,
    class: Py<PyType>,
    get: Get,
    set: Set,
    delete: Delete,
}

/// Adds the attributes called `names` to the class `T`.
pub(crate) fn add<T: Parts>(py: Python<'_>, names: &[&str]) -> PyResult<()> {
    let class = T::type_object(py);
    for name in names {
        let attribute = Attribute {
            name: PyString::intern(py, name).unbind(),
            class: class.clone().unbind(),
            get: |object, name| T::part(object.cast::<T>()?, name),
            set: |object, name, value| T::set_part(object.cast::<T>()?, name, value),
            delete: |object, name| inflation::delete_part(object.cast::<T>()?, name),
        };
        class.setattr(*name, attribute)?;
    }
    Ok(())
}

#[pymethods]
impl Attribute {
    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        instance: Option<&Bound<'py, PyAny>>,
        _owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match instance {
            Some(instance) => (slf.get().get)(instance, slf.get().name.bind(slf.py())),
            None => Ok(slf.clone().into_any()),
        }
    }

    fn __set__<'py>(
        &self,
        py: Python<'py>,
        instance: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        (self.set)(instance, self.name.bind(py), value)
    }

    fn __delete__<'py>(&self, py: Python<'py>, instance: &Bound<'py, PyAny>) -> PyResult<()> {
        (self.delete)(instance, self.name.bind(py))
    }

    #[getter]
    fn __name__<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.name.bind(py).clone()
    }

    #[getter]
    fn __objclass__<'py>(&self, py: Python<'py>) -> Bound<'py, PyType> {
        self.class.bind(py).clone()
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let class = self.class.bind(py).name()?.into_any();
        let pieces = [
            Piece::Plain("<attribute '"),
            Piece::Object(self.name.bind(py).as_any()),
            Piece::Plain("' of '"),
            Piece::Object(&class),
            Piece::Plain("' objects>"),
        ];
        written(py, &pieces)
    }
}

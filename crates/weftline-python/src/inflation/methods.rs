//! The Python methods that each class whose objects inflate has, over the code of this folder.
//!
//! A macro makes a `#[pymethods]` block for each class: a common base class would show in the
//! `__mro__`.

/// `dict_methods!(Class)`: `__dict__`, `__weakref__`, `__dir__`, `__getstate__`, `__reduce_ex__`.
macro_rules! dict_methods {
    ($class:ty) => {
        #[pyo3::pymethods]
        impl $class {
            #[getter]
            fn __dict__<'py>(
                slf: &pyo3::Bound<'py, Self>,
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::types::PyDict>> {
                crate::inflation::dict(slf)
            }

            #[setter(__dict__)]
            fn set_dict(
                slf: &pyo3::Bound<'_, Self>,
                dict: &pyo3::Bound<'_, pyo3::PyAny>,
            ) -> pyo3::PyResult<()> {
                crate::inflation::set_dict(slf, dict)
            }

            #[getter]
            fn __weakref__<'py>(
                slf: &pyo3::Bound<'py, Self>,
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
                crate::inflation::weakref(slf)
            }

            fn __dir__<'py>(
                slf: &pyo3::Bound<'py, Self>,
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::types::PyList>> {
                crate::inflation::names(slf)
            }

            fn __getstate__<'py>(
                slf: &pyo3::Bound<'py, Self>,
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
                crate::inflation::state(slf)
            }

            fn __reduce_ex__<'py>(
                slf: &pyo3::Bound<'py, Self>,
                protocol: &pyo3::Bound<'py, pyo3::PyAny>,
            ) -> pyo3::PyResult<pyo3::Bound<'py, pyo3::PyAny>> {
                crate::inflation::reduce(slf, protocol)
            }
        }
    };
}

/// `attribute_methods!(Class)`: `__setattr__` and `__delattr__`, which call
/// [`Inflate::assign`](super::Inflate::assign) first.
macro_rules! attribute_methods {
    ($class:ty) => {
        #[pyo3::pymethods]
        impl $class {
            fn __setattr__(
                slf: &pyo3::Bound<'_, Self>,
                name: &pyo3::Bound<'_, pyo3::PyAny>,
                value: &pyo3::Bound<'_, pyo3::PyAny>,
            ) -> pyo3::PyResult<()> {
                crate::inflation::assign(slf, name, Some(value))
            }

            fn __delattr__(
                slf: &pyo3::Bound<'_, Self>,
                name: &pyo3::Bound<'_, pyo3::PyAny>,
            ) -> pyo3::PyResult<()> {
                crate::inflation::assign(slf, name, None)
            }
        }
    };
}

/// `setters_of_parts!(Class: name = setter, deleter)`: how a program sets and deletes a part that
/// has a getter. The object inflates first.
macro_rules! setters_of_parts {
    ($class:ty: $name:ident = $set:ident, $delete:ident) => {
        #[pyo3::pymethods]
        impl $class {
            #[setter($name)]
            fn $set<'py>(
                slf: &pyo3::Bound<'py, Self>,
                value: &pyo3::Bound<'py, pyo3::PyAny>,
            ) -> pyo3::PyResult<()> {
                crate::inflation::assign_part(slf, crate::names::interned!(slf.py(), $name), value)
            }

            #[deleter($name)]
            fn $delete(slf: &pyo3::Bound<'_, Self>) -> pyo3::PyResult<()> {
                crate::inflation::delete_part(slf, crate::names::interned!(slf.py(), $name))
            }
        }
    };
}

pub(crate) use {attribute_methods, dict_methods, setters_of_parts};

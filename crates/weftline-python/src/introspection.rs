//! The view that introspection tools have of the classes, where it would reveal that they are
//! written in C.
//!
//! `inspect.signature` of a constructor, and through it mocks with a specification, read the
//! class's `__init__`. For a class written in C that is a wrapper around the slot, whose
//! documentation has no signature. So each class gets one with the signature of the standard
//! method. It wraps the same slot, which the interpreter recognises, so construction, by subclasses
//! too, still uses the slot.

use pyo3::PyTypeInfo;
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use std::ffi::{CStr, c_void};

unsafe extern "C" {
    /// A new reference, or null with an exception. `base` must live as long as the descriptor.
    fn PyDescr_NewWrapper(
        class: *mut ffi::PyTypeObject,
        base: *mut ffi::wrapperbase,
        wrapped: *mut c_void,
    ) -> *mut ffi::PyObject;
}

/// Gives the class an `__init__` with this documentation. The signature comes first, in the
/// interpreter's format.
pub(crate) fn show_init<T: PyTypeInfo>(py: Python<'_>, doc: &'static CStr) -> PyResult<()> {
    let class = T::type_object(py);
    let plain = class.getattr("__init__")?;
    if plain.get_type().name()? != "wrapper_descriptor" {
        return Err(PyTypeError::new_err("the __init__ of the class is no slot"));
    }
    let plain = plain.as_ptr().cast::<ffi::PyWrapperDescrObject>();
    // SAFETY: the descriptor belongs to the class that it was just read from. Its description is
    // the interpreter's and lives as long as the process. The copy differs in the documentation
    // alone.
    let descriptor = unsafe {
        let base = &*(*plain).d_base;
        let base = Box::leak(Box::new(ffi::wrapperbase {
            name: base.name,
            offset: base.offset,
            function: base.function,
            wrapper: base.wrapper,
            doc: doc.as_ptr(),
            flags: base.flags,
            name_strobj: base.name_strobj,
        }));
        let descriptor = PyDescr_NewWrapper(class.as_type_ptr(), base, (*plain).d_wrapped);
        Bound::from_owned_ptr_or_err(py, descriptor)?
    };
    class.setattr("__init__", descriptor)
}

/// Makes a class refuse new attributes, as the standard classes written in C do. For classes that
/// cannot be declared so, because they get attributes after their creation.
pub(crate) fn freeze<T: PyTypeInfo>(py: Python<'_>) -> PyResult<()> {
    let class = T::type_object(py);
    let raw = class.as_type_ptr();
    #[cfg(Py_3_14)]
    {
        // SAFETY: a type; the thread is attached.
        match unsafe { ffi::PyType_Freeze(raw) } {
            0 => Ok(()),
            _ => Err(PyErr::fetch(py)),
        }
    }
    #[cfg(not(Py_3_14))]
    {
        // SAFETY: a type, which no other thread knows yet; the thread is attached.
        unsafe {
            #[cfg(not(Py_GIL_DISABLED))]
            {
                (*raw).tp_flags |= ffi::Py_TPFLAGS_IMMUTABLETYPE;
            }
            // No ordering is needed: no other thread knows the type yet.
            #[cfg(Py_GIL_DISABLED)]
            (*raw).tp_flags.fetch_or(
                ffi::Py_TPFLAGS_IMMUTABLETYPE,
                std::sync::atomic::Ordering::Relaxed,
            );
            ffi::PyType_Modified(raw);
        }
        Ok(())
    }
}

/// From 3.13 on a class written in Python records its first line and the names that it sets on
/// itself. Ours get those of the standard class, whose statements `inspect.getsource` shows for
/// them.
pub(crate) fn show_source<T: PyTypeInfo>(standard: &Bound<'_, PyAny>) -> PyResult<()> {
    let class = T::type_object(standard.py());
    for name in ["__firstlineno__", "__static_attributes__"] {
        if let Ok(value) = standard.getattr(name) {
            class.setattr(name, value)?;
        }
    }
    Ok(())
}

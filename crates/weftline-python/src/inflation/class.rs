//! What a subclass of a class whose objects inflate may define: a getter of `__dict__` of its own,
//! and attributes that hide those of the class.

use super::transition::Inflate;
use crate::names::interned;
use crate::objects;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

/// Ensures that the `__dict__` of an object of `class`, which is being created, is read through the
/// getter of `T`.
///
/// A class with an ordinary first base (`class Mine(Mixin, Event)`) inherits that base's getter,
/// which would find the raw dictionary of a compact object. Such a class gets the getter of `T` as
/// its own.
#[inline]
pub(crate) fn ensure_dict_getter<T: Inflate>(class: &Bound<'_, PyType>) -> PyResult<()> {
    if class.as_type_ptr() == T::type_object_raw(class.py()) {
        return Ok(());
    }
    ensure_dict_getter_of_subclass::<T>(class)
}

fn ensure_dict_getter_of_subclass<T: Inflate>(class: &Bound<'_, PyType>) -> PyResult<()> {
    let (py, name) = (class.py(), interned!(class.py(), __dict__));
    let base = T::type_object(py);
    let Some(ours) = names_of(&base)?.get_item(name)? else {
        return Ok(());
    };
    for ancestor in &class.mro() {
        if ancestor.is(&base) {
            break;
        }
        let Some(found) = names_of(ancestor.cast::<PyType>()?)?.get_item(name)? else {
            continue;
        };
        if !found.is(&ours) {
            names_of(class)?.set_item(name, ours)?;
            // SAFETY: a type; the thread is attached.
            unsafe { ffi::PyType_Modified(class.as_type_ptr()) };
        }
        break;
    }
    Ok(())
}

/// The class's own dictionary. The one that the class shows is read-only.
pub(crate) fn names_of<'py>(class: &Bound<'py, PyType>) -> PyResult<Bound<'py, PyDict>> {
    // SAFETY: a complete type, so it has a dictionary. Only static types of the interpreter may
    // keep it elsewhere.
    let names = unsafe {
        let names = (*class.as_type_ptr()).tp_dict;
        Bound::from_borrowed_ptr_or_opt(class.py(), names)
    };
    match names {
        Some(names) => Ok(names.cast_into::<PyDict>()?),
        // No such type that can be a base beside `T` has a getter of `__dict__`.
        None => objects::dict(class.py()),
    }
}

/// Whether a class, or one between it and `T`, defines an attribute with one of these names. A
/// class with the `__module__` of `T` is skipped, as weftline's own `BoundedSemaphore` must be.
pub(crate) fn is_overridden<T: Inflate>(
    class: &Bound<'_, PyType>,
    names: &[&str],
) -> PyResult<bool> {
    let py = class.py();
    let base = T::type_object(py);
    for ancestor in &class.mro() {
        if ancestor.is(&base) {
            break;
        }
        if ancestor
            .getattr(interned!(py, __module__))?
            .is(base.getattr(interned!(py, __module__))?)
        {
            continue;
        }
        let own = ancestor.getattr(interned!(py, __dict__))?;
        for name in names {
            if own.contains(objects::text(py, name)?)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

//! The common form of all inflated objects: their parts are in their `__dict__`, as those of the
//! standard library's objects are.
//!
//! An object begins compact, without a `__dict__`. It inflates, for good, when a program reaches
//! for one of its parts, for its `__dict__`, or for a copy or pickle of it. Each class implements
//! [`Inflate`]; the code that all of them share is here.
//!
//! # Implementation
//!
//! The getter of `__dict__` inflates first. So `vars(x)`, `self.__dict__.copy()` and
//! `self.__dict__.update(state)` see and change what the methods work on. The interpreter's
//! attribute access bypasses that getter: it finds the dictionary by its offset, and a compact
//! object has none.
//!
//! `copy` and `pickle` work as for ordinary Python objects, through `object.__reduce_ex__`, which
//! asks for the state. The default state reads the dictionary by its offset too, so each class has
//! a `__getstate__` that inflates.

use crate::names::interned;
use crate::objects::{self, Piece, written};
use crate::recursion;
use pyo3::PyTypeInfo;
use pyo3::exceptions::PyAttributeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyList, PyString, PyTuple, PyType};

/// A class whose objects inflate.
pub(crate) trait Inflate: PyTypeInfo {
    /// Inflates the object, unless it is inflated already.
    fn inflate(slf: &Bound<'_, Self>) -> PyResult<()>;
}

/// Ensures that the `__dict__` of an object of `class`, which is being created, is read through the
/// getter of `T`.
///
/// A class with an ordinary first base (`class Mine(Mixin, Event)`) inherits that base's getter,
/// which would find the raw dictionary of a compact object. Such a class gets the getter of `T` as
/// its own.
#[inline]
pub(crate) fn see_to_dict<T: Inflate>(class: &Bound<'_, PyType>) -> PyResult<()> {
    if class.as_type_ptr() == T::type_object_raw(class.py()) {
        return Ok(());
    }
    see_to_dict_of_subclass::<T>(class)
}

fn see_to_dict_of_subclass<T: Inflate>(class: &Bound<'_, PyType>) -> PyResult<()> {
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
        None => objects::dict(class.py()),
    }
}

/// The dictionary of an object, inflated or not. Created if there is none.
pub(crate) fn raw_dict<'py, T>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyDict>> {
    // SAFETY: a new reference to a dictionary, or an exception.
    let dict = unsafe {
        let dict = ffi::PyObject_GenericGetDict(object.as_ptr(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(object.py(), dict)?
    };
    Ok(dict.cast_into::<PyDict>()?)
}

/// `object.__dict__`
pub(crate) fn dict<'py, T: Inflate>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyDict>> {
    T::inflate(object)?;
    raw_dict(object)
}

/// `object.__dict__ = dict`
pub(crate) fn set_dict<T: Inflate>(object: &Bound<'_, T>, dict: &Bound<'_, PyAny>) -> PyResult<()> {
    T::inflate(object)?;
    // SAFETY: two objects; the thread is attached. The call refuses a value that is no dictionary.
    let set = unsafe {
        ffi::PyObject_GenericSetDict(object.as_ptr(), dict.as_ptr(), std::ptr::null_mut())
    };
    if set == 0 {
        Ok(())
    } else {
        Err(PyErr::fetch(object.py()))
    }
}

/// A part of an inflated object.
pub(crate) fn part<'py, T>(
    object: &Bound<'py, T>,
    name: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyAny>> {
    raw_dict(object)?
        .get_item(name)?
        .ok_or_else(|| missing(object, name))
}

/// Sets a part of an inflated object.
pub(crate) fn set_part<'py, T>(
    object: &Bound<'py, T>,
    name: &Bound<'py, PyString>,
    value: &Bound<'py, PyAny>,
) -> PyResult<()> {
    raw_dict(object)?.set_item(name, value)
}

/// `object.name = value`, or without a value `del object.name`, as `object` does it.
pub(crate) fn set_attribute<T>(
    object: &Bound<'_, T>,
    name: &Bound<'_, PyAny>,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let value = value.map_or(std::ptr::null_mut(), Bound::as_ptr);
    // SAFETY: two objects and an object or null, which means to delete; the thread is attached.
    match unsafe { ffi::PyObject_GenericSetAttr(object.as_ptr(), name.as_ptr(), value) } {
        0 => Ok(()),
        _ => Err(PyErr::fetch(object.py())),
    }
}

/// As [`set_attribute`], for a class whose compact objects call `methods` without reading the
/// `__dict__`. An object that gets such a method of its own inflates first.
pub(crate) fn set_attribute_or_method<T: Inflate>(
    object: &Bound<'_, T>,
    name: &Bound<'_, PyAny>,
    value: Option<&Bound<'_, PyAny>>,
    methods: &[&str],
) -> PyResult<()> {
    if let Ok(text) = name.cast::<PyString>()
        && methods.contains(&text.to_str()?)
    {
        T::inflate(object)?;
    }
    set_attribute(object, name, value)
}

/// Whether the object has an attribute of its own by this name. Creates no `__dict__`.
pub(crate) fn has_own<T>(object: &Bound<'_, T>, name: &Bound<'_, PyString>) -> PyResult<bool> {
    // SAFETY: an offset above zero is that of the `__dict__` in the object; null: not created yet.
    let dict = unsafe {
        let start = object.as_ptr();
        let offset = (*ffi::Py_TYPE(start)).tp_dictoffset;
        if offset > 0 {
            let dict = *start.byte_offset(offset).cast::<*mut ffi::PyObject>();
            Bound::from_borrowed_ptr_or_opt(object.py(), dict)
        } else {
            Some(object.as_any().getattr(interned!(object.py(), __dict__))?)
        }
    };
    dict.map_or(Ok(false), |dict| dict.cast_into::<PyDict>()?.contains(name))
}

/// Deletes a part, after inflating the object.
pub(crate) fn delete_part<'py, T: Inflate>(
    object: &Bound<'py, T>,
    name: &Bound<'py, PyString>,
) -> PyResult<()> {
    let dict = dict(object)?;
    if dict.contains(name)? {
        dict.del_item(name)
    } else {
        Err(missing(object, name))
    }
}

/// The error for a missing attribute.
#[cold]
pub(crate) fn missing<T>(object: &Bound<'_, T>, name: &Bound<'_, PyString>) -> PyErr {
    let py = object.py();
    let attempt = || -> PyResult<PyErr> {
        let class = object.as_any().get_type().name()?;
        let details = objects::dict(py)?;
        details.set_item(interned!(py, name), name)?;
        details.set_item(interned!(py, obj), object.as_any())?;
        let class = class.into_any();
        let pieces = [
            Piece::Plain("'"),
            Piece::Object(&class),
            Piece::Plain("' object has no attribute '"),
            Piece::Object(name.as_any()),
            Piece::Plain("'"),
        ];
        let text = written(py, &pieces)?;
        let class_of = py.get_type::<PyAttributeError>();
        let error = class_of.call((text,), Some(&details))?;
        Ok(objects::error_of(&class_of, &error))
    };
    attempt().unwrap_or_else(|raised| raised)
}

/// Whether a class, or one between it and `T`, defines an attribute with one of these names.
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

/// `object.__getstate__()`: inflates the object and returns its dictionary and the values of a
/// subclass's `__slots__`.
pub(crate) fn state<'py, T: Inflate>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyAny>> {
    T::inflate(object)?;
    let plain = object.py().get_type::<PyAny>();
    plain.call_method1(interned!(object.py(), __getstate__), (object,))
}

/// `object.__reduce_ex__(protocol)`
///
/// Below protocol 2, `object.__reduce_ex__` does not create an object of a class written in C. Its
/// result for protocol 2 serves those protocols as well.
pub(crate) fn reduce<'py, T: Inflate>(
    object: &Bound<'py, T>,
    protocol: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    // The pickler continues with the lock of a condition, which may be a condition too.
    recursion::check(py)?;
    let (plain, class) = (py.get_type::<PyAny>(), object.as_any().get_type());
    let two = objects::int(py, 2)?;
    let is_old = protocol.is_instance_of::<PyInt>() && protocol.lt(&two)?;
    let protocol = if is_old { &two } else { protocol };
    let reduced = plain.call_method1(interned!(py, __reduce_ex__), (object, protocol))?;
    if !is_shadowed_by_standard::<T>(&class)? {
        return Ok(reduced);
    }
    // The state comes first, so that a pickler refuses the lock in it, not the name of the class.
    let Ok(reduced) = reduced.cast::<PyTuple>() else {
        return Ok(reduced);
    };
    let rebuild = py
        .import(interned!(py, weftline))?
        .getattr(interned!(py, _weftline))?
        .getattr(interned!(py, _rebuild))?;
    let state = reduced.get_item(2)?;
    let arguments = [state.clone(), class.into_any()].into_iter();
    let arguments = objects::tuple(py, arguments)?.into_any();
    Ok(objects::tuple(py, [rebuild, arguments, state].into_iter())?.into_any())
}

/// Whether the class is weftline's while its module has the standard one, because weftline is not
/// installed.
fn is_shadowed_by_standard<T: Inflate>(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let py = class.py();
    let home = T::type_object(py).getattr(interned!(py, __module__))?;
    if !class.getattr(interned!(py, __module__))?.eq(&home)? {
        return Ok(false);
    }
    let found = py
        .import(home.cast::<PyString>()?)?
        .getattr(class.name()?)
        .ok();
    Ok(!found.is_some_and(|found| found.is(class)))
}

/// The object that a copy starts as.
#[pyfunction]
#[pyo3(name = "_rebuild")]
pub(crate) fn rebuild<'py>(
    _state: &Bound<'py, PyAny>,
    class: &Bound<'py, PyType>,
) -> PyResult<Bound<'py, PyAny>> {
    class.call_method1(interned!(class.py(), __new__), (class,))
}

/// `object.__dir__()`. It inflates no object: the class has every part by name.
pub(crate) fn names<'py, T: Inflate>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyList>> {
    let names = object.as_any().get_type().dir()?;
    for name in raw_dict(object)?.as_any().try_iter()? {
        let name = name?;
        if !names.contains(&name)? {
            names.append(name)?;
        }
    }
    Ok(names)
}

/// `object.__weakref__`: the first weak reference to the object, or None.
pub(crate) fn weakref<'py, T: Inflate>(object: &Bound<'py, T>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let all = py
        .import(interned!(py, _weakref))?
        .call_method1(interned!(py, getweakrefs), (object,))?;
    if all.len()? == 0 {
        return Ok(py.None().into_bound(py));
    }
    all.get_item(0)
}

//! `SimpleQueue.put(item)` and `SimpleQueue.get()` without the unpacking of arguments.
//!
//! The standard class is written in C and takes 15 ns a call; unpacking optional arguments takes a
//! good part of that. So the two common calls are recognised by their number of arguments and
//! served here. Every other form, and a `get` that has to wait, goes on to the methods in
//! `simple.rs`, which these replace on the class.

use super::simple::SimpleQueue;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::ffi::{CStr, CString};
use std::ptr;

/// The replaced methods of `simple.rs`: `put`, `get`.
static WHOLE: PyOnceLock<[Py<PyAny>; 2]> = PyOnceLock::new();

pub(super) fn register(py: Python<'_>) -> PyResult<()> {
    let class = py.get_type::<SimpleQueue>();
    WHOLE.get_or_try_init(py, || -> PyResult<_> {
        Ok([
            class.getattr("put")?.unbind(),
            class.getattr("get")?.unbind(),
        ])
    })?;
    replace(&class, c"put", put)?;
    replace(&class, c"get", get)
}

/// Replaces the class's method of that name, with the same documentation.
fn replace(
    class: &Bound<'_, pyo3::types::PyType>,
    name: &'static CStr,
    method: ffi::PyCFunctionFastWithKeywords,
) -> PyResult<()> {
    let text = name.to_str().expect("an ASCII name");
    let whole = class.getattr(text)?;
    let signature: String = whole.getattr("__text_signature__")?.extract()?;
    let doc: String = whole.getattr("__doc__")?.extract()?;
    let doc = CString::new(format!("{text}{signature}\n--\n\n{doc}"))?;
    // The descriptor refers to both as long as the class lives, which is as long as the process
    // does.
    let definition = Box::leak(Box::new(ffi::PyMethodDef {
        ml_name: name.as_ptr(),
        ml_meth: ffi::PyMethodDefPointer {
            PyCFunctionFastWithKeywords: method,
        },
        ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
        ml_doc: CString::into_raw(doc),
    }));
    // SAFETY: a type, and a definition that outlives it. The result is a new reference or an
    // exception.
    let descriptor = unsafe {
        let descriptor = ffi::PyDescr_NewMethod(class.as_type_ptr(), definition);
        Bound::from_owned_ptr_or_err(class.py(), descriptor)?
    };
    class.setattr(text, descriptor)
}

/// # Safety
/// Called by the interpreter, through a descriptor that has checked the type of `slf`.
unsafe extern "C" fn put(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    if count != 1 || !names.is_null() {
        // SAFETY: passed on.
        return unsafe { call_whole(0, slf, args, count, names) };
    }
    // SAFETY: the interpreter calls attached, with a SimpleQueue and one argument, which both
    // outlive the call.
    unsafe {
        let py = Python::assume_attached();
        let queue = Bound::ref_from_ptr(py, &slf).cast_unchecked::<SimpleQueue>();
        let item = Bound::ref_from_ptr(py, &*args).clone().unbind();
        match queue.get().add(py, item) {
            Ok(()) => py.None().into_ptr(),
            Err(raised) => {
                raised.restore(py);
                ptr::null_mut()
            }
        }
    }
}

/// # Safety
/// As `put`.
unsafe extern "C" fn get(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    if count == 0 && names.is_null() {
        // SAFETY: the interpreter calls attached, with a SimpleQueue that outlives the call.
        let taken = unsafe {
            let py = Python::assume_attached();
            Bound::ref_from_ptr(py, &slf)
                .cast_unchecked::<SimpleQueue>()
                .get()
                .take_now(py)
        };
        if let Some(item) = taken {
            return item.into_ptr();
        }
    }
    // SAFETY: passed on.
    unsafe { call_whole(1, slf, args, count, names) }
}

/// Calls the method of `simple.rs` with the same arguments.
///
/// # Safety
/// As `put`.
#[cold]
unsafe fn call_whole(
    which: usize,
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls attached, with `count` arguments and a value for each of
    // `names`.
    unsafe {
        let py = Python::assume_attached();
        let named = if names.is_null() {
            0
        } else {
            ffi::PyTuple_GET_SIZE(names)
        };
        let mut all = Vec::new();
        if all.try_reserve_exact(1 + (count + named) as usize).is_err() {
            return ffi::PyErr_NoMemory();
        }
        all.push(slf);
        all.extend((0..count + named).map(|index| *args.offset(index)));
        let whole = WHOLE
            .get(py)
            .map_or(ptr::null_mut(), |methods| methods[which].as_ptr());
        ffi::PyObject_Vectorcall(whole, all.as_ptr(), (1 + count) as usize, names)
    }
}

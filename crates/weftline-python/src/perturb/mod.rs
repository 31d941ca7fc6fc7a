//! Operations that pause at random, so that races show: what `pytest --weftline-perturb` switches
//! on (`weftline/_perturb.py`).
//!
//! While it is off nothing of this is reached: no other module asks whether it is on. Switching it
//! on replaces entries of the classes' dictionaries by method descriptors that pause and call the
//! replaced ones. They have the type, the class, the name and the documentation of these, and no
//! frame of Python, so that neither programs nor reports see a difference.
//!
//! Calls between objects inside this crate do not go through the entries: a condition's wait that
//! releases its lock, or a future that tells a group.
//!
//! # Implementation
//!
//! A method of the C interface is a function without data. So there is a table of functions that
//! differ in a number alone, and a table of what is known of each number. Both are filled once for
//! the life of the process.

mod choice;
mod place;

use crate::exit_guard::sleeping;
use crate::inflation::names_of;
use choice::{Pause, choose, mix, number_of};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyType};
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

/// A replaced entry.
struct Entry {
    class: Py<PyType>,
    name: Py<PyString>,
    /// The descriptor that was there, and the one that replaces it.
    before: Py<PyAny>,
    ours: Py<PyAny>,
    operation: u64,
    /// Whether the thread also pauses afterwards.
    pauses_after: bool,
    /// Whether the first argument is a thread that is being started.
    starts: bool,
}

const ENTRIES: usize = 128;
static KNOWN: [OnceLock<Entry>; ENTRIES] = [const { OnceLock::new() }; ENTRIES];

macro_rules! perturbed {
    ($($high:literal)*) => { [$(perturbed!(@ $high; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)),*] };
    (@ $high:literal; $($low:literal)*) => { [$(perturbed::<{ $high * 16 + $low }>),*] };
}

static METHODS: [[ffi::PyCFunctionFastWithKeywords; 16]; ENTRIES / 16] =
    perturbed!(0 1 2 3 4 5 6 7);

/// # Safety
/// Called by the interpreter, attached, through the descriptor of the entry with that number.
unsafe extern "C" fn perturbed<const NUMBER: usize>(
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: passed on.
    unsafe { perturb(NUMBER, slf, args, count, names) }
}

/// # Safety
/// As [`perturbed`].
unsafe fn perturb(
    number: usize,
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: the interpreter calls attached, with arguments that outlive the call.
    unsafe {
        let py = Python::assume_attached();
        let Some(entry) = KNOWN[number].get() else {
            // The descriptor was made, and the memory for what is known of it was not there.
            return ffi::PyErr_NoMemory();
        };
        pause(py, entry.operation);
        if entry.starts && count > 0 {
            place::starts(Bound::ref_from_ptr(py, &*args));
        }
        let result = call(entry.before.as_ptr(), slf, args, count, names);
        if entry.pauses_after && !result.is_null() {
            pause(py, mix(entry.operation, 1));
        }
        result
    }
}

/// Calls a method with the object before the arguments.
///
/// # Safety
/// As [`perturbed`].
unsafe fn call(
    method: *mut ffi::PyObject,
    slf: *mut ffi::PyObject,
    args: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: there are `count` arguments, and a value for each of `names`.
    unsafe {
        let named = if names.is_null() {
            0
        } else {
            ffi::PyTuple_GET_SIZE(names)
        };
        let (count, all) = (count as usize, (count + named) as usize);
        let mut few = [ptr::null_mut(); 8];
        let mut many = Vec::new();
        let with_self = if all < few.len() {
            &mut few[..=all]
        } else {
            if many.try_reserve_exact(1 + all).is_err() {
                return ffi::PyErr_NoMemory();
            }
            many.resize(1 + all, ptr::null_mut());
            &mut many[..]
        };
        with_self[0] = slf;
        if all > 0 {
            ptr::copy_nonoverlapping(args, with_self[1..].as_mut_ptr(), all);
        }
        ffi::PyObject_Vectorcall(method, with_self.as_ptr(), 1 + count, names)
    }
}

/// Pauses before or after an operation, as the running test has it.
fn pause(py: Python<'_>, operation: u64) {
    let chosen = place::next(py, |test, thread, number| {
        let chosen = choose(test, thread, number, operation);
        let digested = match chosen {
            Pause::None => 0,
            Pause::Yield => 1,
            Pause::Sleep(length) => mix(operation, length.as_nanos() as u64),
        };
        (chosen, digested)
    });
    match chosen {
        None | Some(Pause::None) => {}
        Some(Pause::Yield) => py.detach(|| sleeping(std::thread::yield_now)),
        Some(Pause::Sleep(length)) => sleep(py, length),
    }
}

#[cold]
fn sleep(py: Python<'_>, length: Duration) {
    py.detach(|| sleeping(|| std::thread::sleep(length)));
}

/// Makes a method of one of this module's classes pause before it runs, and afterwards too if
/// `pauses_after`. `starts`: its first argument is a thread that it starts.
#[pyfunction]
fn _perturb<'py>(
    class: &Bound<'py, PyType>,
    name: &Bound<'py, PyString>,
    pauses_after: bool,
    starts: bool,
) -> PyResult<()> {
    let known = KNOWN.iter().map_while(OnceLock::get).find(|entry| {
        entry.class.is(class)
            && entry
                .name
                .bind(class.py())
                .as_any()
                .eq(name)
                .unwrap_or(false)
    });
    if let Some(entry) = known {
        return exchange(class.py(), entry, &entry.before, &entry.ours);
    }
    let wrong = || PyTypeError::new_err("not a method of a class of weftline");
    let number = KNOWN.iter().position(|entry| entry.get().is_none());
    let number = number.ok_or_else(wrong)?;
    let before = names_of(class)?.get_item(name)?.ok_or_else(wrong)?;
    let ours = descriptor_like(&before, METHODS[number / 16][number % 16]).ok_or_else(wrong)??;
    let entry = Entry {
        class: class.clone().unbind(),
        name: name.clone().unbind(),
        before: before.unbind(),
        ours: ours.unbind(),
        operation: mix(
            number_of(&class.name()?.to_string_lossy()),
            number_of(&name.to_string_lossy()),
        ),
        pauses_after,
        starts,
    };
    let entry = KNOWN[number].get_or_init(|| entry);
    exchange(class.py(), entry, &entry.before, &entry.ours)
}

/// A descriptor of `method` that shows what another one shows. `None` if that is no method of a
/// class in C.
fn descriptor_like<'py>(
    other: &Bound<'py, PyAny>,
    method: ffi::PyCFunctionFastWithKeywords,
) -> Option<PyResult<Bound<'py, PyAny>>> {
    // SAFETY: attached. The type tells the layout of the descriptor. It lives as long as its
    // entry, which is for ever, and so do the texts that its definition refers to. The result is a
    // new reference or an exception.
    unsafe {
        let raw = other.as_ptr();
        if ffi::Py_TYPE(raw) != &raw mut ffi::PyMethodDescr_Type {
            return None;
        }
        let raw = raw.cast::<ffi::PyMethodDescrObject>();
        let shown = &*(*raw).d_method;
        let definition = Box::leak(Box::new(ffi::PyMethodDef {
            ml_name: shown.ml_name,
            ml_meth: ffi::PyMethodDefPointer {
                PyCFunctionFastWithKeywords: method,
            },
            ml_flags: ffi::METH_FASTCALL | ffi::METH_KEYWORDS,
            ml_doc: shown.ml_doc,
        }));
        let made = ffi::PyDescr_NewMethod((*raw).d_common.d_type, definition);
        Some(Bound::from_owned_ptr_or_err(other.py(), made))
    }
}

/// Replaces `from` by `to`, unless a program has put something else there meanwhile. Not as an
/// attribute of the class, which may refuse changes.
fn exchange(py: Python<'_>, entry: &Entry, from: &Py<PyAny>, to: &Py<PyAny>) -> PyResult<()> {
    let (class, name) = (entry.class.bind(py), entry.name.bind(py));
    let names = names_of(class)?;
    if names.get_item(name)?.is_some_and(|found| found.is(from)) {
        names.set_item(name, to)?;
        // SAFETY: a type; the thread is attached.
        unsafe { ffi::PyType_Modified(class.as_type_ptr()) };
    }
    Ok(())
}

/// Undoes every `_perturb`.
#[pyfunction]
fn _perturb_no_more(py: Python<'_>) -> PyResult<()> {
    KNOWN
        .iter()
        .map_while(OnceLock::get)
        .try_for_each(|entry| exchange(py, entry, &entry.ours, &entry.before))
}

/// Begins the test of that name on the calling thread. From then on every thread makes the choices
/// of the seed and the name.
#[pyfunction]
fn _perturb_test(seed: &str, name: &str) {
    // Not 0, which is no test.
    place::begin(mix(number_of(seed), number_of(name)) | 1);
}

/// Ends the test: no thread pauses any more.
#[pyfunction]
fn _perturb_no_test() {
    place::begin(0);
}

/// The calling thread is about to start `thread`.
#[pyfunction]
fn _perturb_starts(thread: &Bound<'_, PyAny>) {
    place::starts(thread);
}

/// Has the operations of the calling thread count no more, or again.
#[pyfunction]
fn _perturb_be_quiet(py: Python<'_>, quiet: bool) {
    place::be_quiet(py, quiet);
}

/// Pauses before an operation that is written in Python.
#[pyfunction]
fn _perturb_here(py: Python<'_>, operation: &str) {
    pause(py, number_of(operation));
}

/// How many operations the calling thread has come to in the running test, and a digest of what was
/// chosen for them; `None` between tests. For tests.
#[pyfunction]
fn _perturbed_so_far(py: Python<'_>) -> Option<(u64, u64)> {
    place::so_far(py)
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    for function in [
        wrap_pyfunction!(_perturb, module)?,
        wrap_pyfunction!(_perturb_no_more, module)?,
        wrap_pyfunction!(_perturb_test, module)?,
        wrap_pyfunction!(_perturb_no_test, module)?,
        wrap_pyfunction!(_perturb_starts, module)?,
        wrap_pyfunction!(_perturb_be_quiet, module)?,
        wrap_pyfunction!(_perturb_here, module)?,
        wrap_pyfunction!(_perturbed_so_far, module)?,
    ] {
        // Set without `add_function`, which would make it a public name.
        module.setattr(function.getattr("__name__")?.cast::<PyString>()?, function)?;
    }
    Ok(())
}

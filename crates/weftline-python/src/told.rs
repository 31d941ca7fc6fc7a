//! What the interpreter tells of its threads for reports, verdicts and the order of locks: their
//! names, stacks and lines, and whether it handles signals.

use crate::attach::try_attach;
use crate::bystanders;
use crate::collector::CollectorOff;
use crate::exit_guard::inside;
use crate::names::interned;
use crate::site;
use pyo3::exceptions::{PyMemoryError, PyRuntimeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyFunction, PyInt, PyString};
use std::collections::HashSet;
use std::time::Duration;
use weftline::park::{Deadline, Site};
use weftline::watch::{self, Interpreter, Told};

/// The most frames of a thread that are told.
const FRAMES: usize = 64;
/// For how long stacks are told at a time, before other threads get the interpreter: as long as a
/// thread keeps it by default. The list of the innermost frames of all threads is made anew each
/// time, before that: of 10,000 threads it takes 20 ms.
const AT_A_TIME: Duration = Duration::from_millis(5);
/// For how long they get it at least.
const FOR_OTHERS: Duration = Duration::from_micros(200);

/// That module, if it is imported. No import function of the program runs.
fn imported<'py>(name: &Bound<'py, PyString>) -> Option<Bound<'py, PyAny>> {
    // SAFETY: attached. The dictionary is borrowed from the interpreter.
    let modules =
        unsafe { Bound::from_borrowed_ptr_or_opt(name.py(), ffi::PyImport_GetModuleDict()) };
    modules?.cast_into::<PyDict>().ok()?.get_item(name).ok()?
}

/// `threading._active`, if that module is imported.
fn active(py: Python<'_>) -> Option<Bound<'_, PyDict>> {
    let module = imported(interned!(py, threading))?;
    own_attribute(&module, interned!(py, _active))?
        .cast_into()
        .ok()
}

/// An attribute in the object's own dictionary: no descriptor and no `__getattribute__` of the
/// program runs.
pub(crate) fn own_attribute<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> Option<Bound<'py, PyAny>> {
    let py = object.py();
    let _collector = CollectorOff::new();
    // SAFETY: attached, with an object. The reference is new, or null.
    let own = unsafe {
        Bound::from_owned_ptr_or_opt(
            py,
            PyObject_GenericGetDict(object.as_ptr(), std::ptr::null_mut()),
        )
    };
    if own.is_none() {
        drop(PyErr::take(py));
    }
    own?.cast_into::<PyDict>().ok()?.get_item(name).ok()?
}

unsafe extern "C" {
    fn PyObject_GenericGetDict(
        object: *mut ffi::PyObject,
        context: *mut std::ffi::c_void,
    ) -> *mut ffi::PyObject;
}

/// The name of the thread with that identifier, as far as `threading` knows it.
fn name_of<'py>(
    active: &Bound<'py, PyDict>,
    ident: &Bound<'py, PyAny>,
) -> Option<Bound<'py, PyString>> {
    let thread = active.get_item(ident).ok()??;
    own_attribute(&thread, interned!(active.py(), _name))?
        .cast_into()
        .ok()
}

/// Names the calling thread in reports, for when the interpreter does not answer.
pub(crate) fn name_thread(py: Python<'_>) {
    watch::give_way();
    if let Some(name) = own_name(py) {
        watch::name_current_thread(&name.to_string_lossy());
    }
}

/// The name of the calling thread, as far as `threading` knows it.
fn own_name(py: Python<'_>) -> Option<Bound<'_, PyString>> {
    // SAFETY: attached. The first always succeeds; the reference is new, or null without memory.
    let ident = unsafe {
        let ident = libc::pthread_self() as std::ffi::c_ulong;
        Bound::from_owned_ptr_or_opt(py, ffi::PyLong_FromUnsignedLong(ident))
    };
    let Some(ident) = ident else {
        drop(PyErr::take(py));
        return None;
    };
    name_of(&active(py)?, &ident)
}

/// How this interpreter answers.
pub(crate) const INTERPRETER: Interpreter = Interpreter {
    tell,
    tell_own,
    site: innermost,
    others_at_exit,
    handles_signals,
};

/// See [`Interpreter::others_at_exit`].
fn others_at_exit(waiting: &[u64]) -> Option<usize> {
    asked(|py| try_others_at_exit(py, waiting).unwrap_or(None))?
}

/// Asks the interpreter on a thread that waits. No code of the program runs: a destructor or an
/// import function of the program does not expect to run inside a wait.
fn asked<R>(question: impl FnOnce(Python<'_>) -> R) -> Option<R> {
    try_attach(|py| {
        inside(py, || {
            let _collector = CollectorOff::new();
            question(py)
        })
    })
}

fn try_others_at_exit(py: Python<'_>, waiting: &[u64]) -> PyResult<Option<usize>> {
    let at_exit = code_at_exit(py);
    let mut waiting = waiting.to_vec();
    waiting.sort_unstable();
    let mut others = 0;
    for (ident, frame) in current_frames(py)?.iter() {
        let ident = ident.extract()?;
        if waiting.binary_search(&ident).is_ok() {
            continue;
        }
        let is_at_exit = match &at_exit {
            Some(at_exit) => frame.getattr(interned!(py, f_code))?.is(at_exit),
            None => false,
        };
        if !bystanders::is_thread(ident) && !is_at_exit {
            return Ok(None);
        }
        others += 1;
    }
    Ok(Some(others))
}

/// The code of the function in which the main thread waits for the others at the end.
fn code_at_exit(py: Python<'_>) -> Option<Bound<'_, PyAny>> {
    let module = imported(interned!(py, threading))?;
    let function = own_attribute(&module, interned!(py, _shutdown))?;
    let function = function.cast_into::<PyFunction>().ok()?;
    function.getattr(interned!(py, __code__)).ok()
}

/// See [`Interpreter::handles_signals`].
fn handles_signals() -> bool {
    asked(|py| handles_signals_attached(py).unwrap_or(true)).unwrap_or(true)
}

/// `None` if the interpreter's module of signals is not imported any more.
fn handles_signals_attached(py: Python<'_>) -> Option<bool> {
    let signal = imported(interned!(py, _signal))?;
    let last = own_attribute(&signal, interned!(py, NSIG))?.cast_into::<PyInt>();
    let last: i32 = last.ok()?.extract().ok()?;
    let by_default = own_attribute(&signal, interned!(py, default_int_handler))?;
    let handler_of = own_attribute(&signal, interned!(py, getsignal))?;
    let handler_of = handler_of.cast_into::<PyCFunction>().ok()?;
    for number in 1..last {
        // `None` where the handler is not the interpreter's, and an error for the numbers that the
        // C library keeps.
        let Ok(handler) = handler_of.call1((number,)) else {
            continue;
        };
        if handler.is_callable() && !handler.is(&by_default) && !bystanders::is_handler(&handler) {
            return Some(true);
        }
    }
    Some(false)
}

/// Tells the names and stacks of all threads. Runs on a thread of its own.
fn tell(told: &mut Told<'_>) {
    try_attach(|py| inside(py, || tell_attached(py, told)));
}

fn tell_attached(py: Python<'_>, told: &mut Told<'_>) {
    // No report is better than an error in a thread that the program does not know.
    if try_tell(py, told).is_err() {
        drop(PyErr::take(py));
    }
}

fn try_tell(py: Python<'_>, told: &mut Told<'_>) -> PyResult<()> {
    let mut done = HashSet::new();
    while tell_some(py, told, &mut done)? {
        let is_wanted = py.detach(|| {
            let is_wanted = told.pass_on();
            // A thread that waits for the interpreter needs a moment to wake up and take it.
            std::thread::sleep(FOR_OTHERS);
            is_wanted
        });
        if !is_wanted {
            break;
        }
    }
    Ok(())
}

/// Tells some threads that are not `done`; returns whether there may be more.
///
/// It lets no other thread run. A function that returned meanwhile would leave its locals to the
/// frame here, and their destructors would run late, on this thread.
fn tell_some(py: Python<'_>, told: &mut Told<'_>, done: &mut HashSet<u64>) -> PyResult<bool> {
    let collector = CollectorOff::new();
    let frames = current_frames(py)?;
    let until = Deadline::after(AT_A_TIME);
    done.try_reserve(frames.len())
        .map_err(|_| PyMemoryError::new_err(()))?;
    for (ident, frame) in frames.iter() {
        let Ok(number) = ident.cast::<PyInt>()?.extract::<u64>() else {
            continue;
        };
        if done.contains(&number) {
            continue;
        }
        if until.has_passed() {
            return Ok(true);
        }
        done.insert(number);
        tell_thread(told, &ident, number, frame);
    }
    drop(frames);
    drop(collector);
    Ok(false)
}

/// The innermost frame of each thread. No import function of the program runs.
fn current_frames(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    // SAFETY: attached. The reference is borrowed from `sys`, or null without an exception.
    let function = unsafe {
        Bound::from_borrowed_ptr_or_opt(py, ffi::PySys_GetObject(c"_current_frames".as_ptr()))
    };
    let function = function.ok_or_else(|| PyRuntimeError::new_err("sys is gone"))?;
    Ok(function.call0()?.cast_into::<PyDict>()?)
}

fn tell_thread<'py>(
    told: &mut Told<'_>,
    ident: &Bound<'py, PyAny>,
    number: u64,
    innermost: Bound<'py, PyAny>,
) {
    let name = active(ident.py()).and_then(|active| name_of(&active, ident));
    if let Some(name) = name {
        told.name(number, &name.to_string_lossy());
    }
    tell_frames(told, number, innermost);
}

/// Tells the program's frames, from that one on.
fn tell_frames(told: &mut Told<'_>, number: u64, innermost: Bound<'_, PyAny>) {
    let mut next = Some(innermost);
    for _ in 0..FRAMES {
        let Some(frame) = next else { return };
        if !site::is_ours(&frame) {
            site::describe(&frame, |function, file, line| {
                if !begins_thread(function, file) {
                    told.frame(number, function, file, line);
                }
            });
        }
        next = site::outer(&frame);
    }
    if next.is_some() {
        told.cut(number);
    }
}

/// Whether it is one of the functions in which every thread begins.
fn begins_thread(function: &str, file: &str) -> bool {
    let names = ["Thread._bootstrap", "Thread._bootstrap_inner", "Thread.run"];
    names.contains(&function) && file.ends_with("threading.py")
}

/// The token of the calling thread, if it is attached.
fn attached() -> Option<Python<'static>> {
    // SAFETY: may be called at any time. An attached thread has a token, which ends with the call
    // of the program that took the lock.
    unsafe { (ffi::PyGILState_Check() == 1).then(|| Python::assume_attached()) }
}

/// See `Interpreter::tell_own`.
fn tell_own(told: &mut Told<'_>) {
    if let Some(py) = attached() {
        if let Some(name) = own_name(py) {
            told.name(0, &name.to_string_lossy());
        }
        if let Some(frame) = site::program_frame(py) {
            tell_frames(told, 0, frame);
        }
    }
}

/// See `Interpreter::site`.
fn innermost(site: &mut Site) {
    if let Some(py) = attached() {
        site::name(py, site);
    }
}

/// Has this interpreter answer for its threads.
pub(crate) fn answer_for_interpreter() {
    watch::set_interpreter(INTERPRETER);
}

//! What the interpreter tells of its threads when a report is made: their names and stacks. And the
//! functions by which Python code makes or asks for reports.

use crate::attach::try_attach;
use crate::exit_guard::inside;
use crate::names::interned;
use crate::site;
use pyo3::exceptions::{PyOSError, PyPermissionError, PyProcessLookupError, PyRuntimeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyString};
use weftline::watch::{self, RequestError, Told};

/// The most frames of a thread that are told.
const FRAMES: usize = 64;
/// After so many threads, others get the interpreter for a moment.
const THREADS_AT_ONCE: usize = 128;

/// `threading._active`, if that module is imported.
fn active(py: Python<'_>) -> Option<Bound<'_, PyDict>> {
    // SAFETY: attached. The dictionary is borrowed from the interpreter.
    let modules = unsafe { Bound::from_borrowed_ptr_or_opt(py, ffi::PyImport_GetModuleDict()) }?;
    let module = modules
        .cast_into::<PyDict>()
        .ok()?
        .get_item(interned!(py, threading))
        .ok()??;
    own_attribute(&module, interned!(py, _active))?
        .cast_into()
        .ok()
}

/// An attribute by the interpreter's own lookup: no `__getattribute__` of the program runs.
fn own_attribute<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> Option<Bound<'py, PyAny>> {
    let py = object.py();
    // SAFETY: attached, with two objects. The reference is new, or null.
    let found = unsafe {
        Bound::from_owned_ptr_or_opt(
            py,
            ffi::PyObject_GenericGetAttr(object.as_ptr(), name.as_ptr()),
        )
    };
    if found.is_none() {
        drop(PyErr::take(py));
    }
    found
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
    // SAFETY: always succeeds.
    let ident = unsafe { libc::pthread_self() } as u64;
    let Ok(ident) = ident.into_pyobject(py);
    if let Some(name) = active(py).and_then(|active| name_of(&active, ident.as_any()))
        && let Ok(name) = name.to_str()
    {
        watch::name_current_thread(name);
    }
}

/// Tells the names and stacks of all threads. Runs on a thread of its own.
fn tell(told: &mut Told) {
    try_attach(|py| inside(py, || tell_attached(py, told)));
}

fn tell_attached(py: Python<'_>, told: &mut Told) {
    // No report is better than an error in a thread that the program does not know.
    if try_tell(py, told).is_err() {
        drop(PyErr::take(py));
    }
}

fn try_tell(py: Python<'_>, told: &mut Told) -> PyResult<()> {
    let frames = py
        .import("sys")?
        .call_method0("_current_frames")?
        .cast_into::<PyDict>()?;
    for (index, (ident, frame)) in frames.iter().enumerate() {
        if index % THREADS_AT_ONCE == THREADS_AT_ONCE - 1 {
            py.detach(|| ());
        }
        let Ok(number) = ident.cast::<PyInt>()?.extract::<u64>() else {
            continue;
        };
        let name = active(py).and_then(|active| name_of(&active, &ident));
        if let Some(name) = name.as_ref().and_then(|name| name.to_str().ok()) {
            told.name(number, name);
        }
        let mut frame = Some(frame);
        for _ in 0..FRAMES {
            let Some(this) = frame else { break };
            site::describe(&this, |function, file, line| {
                told.frame(number, function, file, line)
            });
            frame = site::outer(&this);
        }
    }
    Ok(())
}

/// Lets this process answer requests for reports. Returns why it does not, or None.
#[pyfunction]
fn _answer() -> Option<String> {
    watch::set_interpreter(tell);
    watch::install_as_told().err().map(|why| why.to_string())
}

/// Whether this process answers.
#[pyfunction]
fn _answers() -> bool {
    watch::is_ready()
}

fn error(pid: u32, why: &RequestError) -> PyErr {
    let text = format!("process {pid}: {why}");
    match why {
        RequestError::NoProcess => PyProcessLookupError::new_err(text),
        RequestError::OtherUser { .. } | RequestError::NotVisible => {
            PyPermissionError::new_err(text)
        }
        RequestError::System(..) | RequestError::Silent => PyOSError::new_err(text),
        _ => PyRuntimeError::new_err(text),
    }
}

/// The report of that process, as text.
#[pyfunction]
fn _report(py: Python<'_>, pid: u32) -> PyResult<String> {
    match py.detach(|| watch::request(pid)) {
        Ok(snapshot) => Ok(snapshot.report().to_string()),
        Err(why) => Err(error(pid, &why)),
    }
}

/// The report of this process, as text.
#[pyfunction]
fn _own_report(py: Python<'_>) -> String {
    let snapshot = watch::snapshot_with(true, |told| {
        // SAFETY: called below, attached.
        tell_attached(unsafe { Python::assume_attached() }, told);
    });
    let _ = py;
    snapshot.report().to_string()
}

/// The commands that look at processes. Returns the exit status.
#[pyfunction]
fn _console(py: Python<'_>, arguments: Vec<std::ffi::OsString>) -> u8 {
    py.detach(|| weftline_console::main(arguments)) as u8
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    for function in [
        wrap_pyfunction!(_answer, module)?,
        wrap_pyfunction!(_answers, module)?,
        wrap_pyfunction!(_report, module)?,
        wrap_pyfunction!(_own_report, module)?,
        wrap_pyfunction!(_console, module)?,
    ] {
        // Set without `add_function`, which would make it a public name.
        module.setattr(function.getattr("__name__")?.cast::<PyString>()?, function)?;
    }
    Ok(())
}

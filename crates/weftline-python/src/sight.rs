//! The functions by which Python code makes or asks for reports, and chooses what deadlocks do.

use crate::attach::try_attach;
use crate::exit_guard::inside;
use crate::told::{INTERPRETER, answer_for_interpreter};
use pyo3::exceptions::{
    PyOSError, PyPermissionError, PyProcessLookupError, PyRuntimeError, PyValueError,
};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyCFunction, PyString};
use std::cell::Cell;
use weftline::watch::{self, Found, OnDeadlock, RequestError};

pyo3::create_exception!(
    weftline,
    DeadlockError,
    PyRuntimeError,
    "Raised in one of the threads of a deadlock, where `weftline.watch.on_deadlock` says so.\n\n\
     The wait has ended, and the thread holds what it held before. Its text is the report."
);

/// Lets this process answer requests for reports, and report its deadlocks. Returns why it does not
/// answer, or None.
#[pyfunction]
fn _answer() -> Option<String> {
    answer_for_interpreter();
    watch::on_deadlock_as_told();
    watch::lock_order_as_told();
    watch::start_as_told();
    watch::warn_of(&watch::dump_on_as_told());
    watch::install_as_told().err().map(|why| why.to_string())
}

/// The callable that is told deadlocks, if there is one. Its lock is held for the time of a copy.
static CALLABLE: weftline::Lock<Option<Py<PyAny>>> = weftline::Lock::new(None);

thread_local! {
    /// Since when the deadlock lasts that this thread was told last.
    static SINCE: Cell<f64> = const { Cell::new(0.0) };
}

/// Since when the deadlock lasts that the calling thread is told: when the last of its waits began,
/// as of `time.monotonic()`. For the plugin of pytest.
#[pyfunction]
fn _deadlock_since() -> f64 {
    SINCE.get()
}

/// Calls it, on a thread of the deadlock, inside its wait. Returns whether the wait is to end.
fn call(found: &Found) -> bool {
    let called = try_attach(|py| {
        inside(py, || {
            let callable = CALLABLE
                .lock()
                .as_ref()
                .map(|callable| callable.clone_ref(py));
            let Some(callable) = callable else {
                return false;
            };
            let callable = callable.bind(py);
            SINCE.set(found.since.as_secs_f64());
            let result = callable.call1((found.verdict.name(), found.text.as_str()));
            result.map_or_else(
                |raised| {
                    raised.write_unraisable(py, Some(callable));
                    false
                },
                |result| result.is(PyBool::new(py, true)),
            )
        })
    });
    called.unwrap_or(false)
}

/// Sets what happens when a deadlock is found: a word, or a callable.
#[pyfunction]
fn _on_deadlock(action: &Bound<'_, PyAny>) -> PyResult<()> {
    let word = action.cast::<PyString>().ok();
    let told = match word.map(|word| word.to_str()).transpose()? {
        Some("report") => OnDeadlock::Report,
        Some("raise") => OnDeadlock::Raise,
        Some("abort") => OnDeadlock::Abort,
        Some("off") => OnDeadlock::Nothing,
        None if action.is_callable() => OnDeadlock::Call(call),
        _ => {
            return Err(PyValueError::new_err(
                "the action is none of 'report', 'raise', 'abort', 'off' and a callable",
            ));
        }
    };
    answer_for_interpreter();
    let callable = matches!(told, OnDeadlock::Call(_)).then(|| action.clone().unbind());
    let previous = std::mem::replace(&mut *CALLABLE.lock(), callable);
    drop(previous);
    watch::on_deadlock(told);
    Ok(())
}

/// Whether this process answers.
#[pyfunction]
fn _answers() -> bool {
    watch::is_ready()
}

/// `signal`, the function of `_signal`, made to notice that the program takes the signal of
/// requests.
///
/// Otherwise only a thread that sleeps long notices, and until then a request would run the
/// program's handler.
#[pyfunction]
fn _giving_way<'py>(signal: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyCFunction>> {
    let py = signal.py();
    let doc = c"signal($module, signalnum, handler, /)\n--\n\nSet the action for the given signal.";
    let signal = signal.unbind();
    PyCFunction::new_closure(py, Some(c"signal"), Some(doc), move |arguments, named| {
        let before = signal.call(arguments.py(), arguments, named);
        watch::give_way();
        before
    })
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
fn _own_report() -> String {
    // Attached already, so it does not wait.
    let snapshot = watch::snapshot_with(INTERPRETER);
    snapshot.report().to_string()
}

/// The commands that look at processes. Returns the exit status.
#[pyfunction]
fn _console(py: Python<'_>, arguments: Vec<std::ffi::OsString>) -> u8 {
    py.detach(|| weftline_console::main(arguments)) as u8
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.setattr("DeadlockError", module.py().get_type::<DeadlockError>())?;
    for function in [
        wrap_pyfunction!(_answer, module)?,
        wrap_pyfunction!(_answers, module)?,
        wrap_pyfunction!(_giving_way, module)?,
        wrap_pyfunction!(_report, module)?,
        wrap_pyfunction!(_own_report, module)?,
        wrap_pyfunction!(_console, module)?,
        wrap_pyfunction!(_on_deadlock, module)?,
        wrap_pyfunction!(_deadlock_since, module)?,
    ] {
        // Set without `add_function`, which would make it a public name.
        module.setattr(function.getattr("__name__")?.cast::<PyString>()?, function)?;
    }
    Ok(())
}

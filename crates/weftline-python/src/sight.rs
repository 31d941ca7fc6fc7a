//! What the interpreter tells of its threads when a report is made: their names and stacks. And the
//! functions by which Python code makes or asks for reports.

use crate::attach::try_attach;
use crate::exit_guard::inside;
use crate::names::interned;
use crate::site;
use pyo3::exceptions::{
    PyMemoryError, PyOSError, PyPermissionError, PyProcessLookupError, PyRuntimeError, PyValueError,
};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyCFunction, PyDict, PyInt, PyString};
use std::collections::HashSet;
use std::time::Duration;
use weftline::park::Deadline;
use weftline::watch::{self, Found, Interpreter, OnDeadlock, RequestError, Told};

/// The most frames of a thread that are told.
const FRAMES: usize = 64;
/// For how long stacks are told at a time, before other threads get the interpreter: as long as a
/// thread keeps it by default. The list of the innermost frames of all threads is made anew each
/// time, before that: of 10,000 threads it takes 20 ms.
const AT_A_TIME: Duration = Duration::from_millis(5);
/// For how long they get it at least.
const FOR_OTHERS: Duration = Duration::from_micros(200);

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

/// An attribute in the object's own dictionary: no descriptor and no `__getattribute__` of the
/// program runs.
pub(crate) fn own_attribute<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
) -> Option<Bound<'py, PyAny>> {
    let py = object.py();
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
    // SAFETY: attached. The first always succeeds; the reference is new, or null without memory.
    let ident = unsafe {
        let ident = libc::pthread_self() as std::ffi::c_ulong;
        Bound::from_owned_ptr_or_opt(py, ffi::PyLong_FromUnsignedLong(ident))
    };
    let Some(ident) = ident else {
        drop(PyErr::take(py));
        return;
    };
    if let Some(name) = active(py).and_then(|active| name_of(&active, &ident)) {
        watch::name_current_thread(&name.to_string_lossy());
    }
}

/// How this interpreter answers.
const INTERPRETER: Interpreter = Interpreter {
    tell,
    others_at_exit,
    handles_signals,
};

/// See [`Interpreter::others_at_exit`].
fn others_at_exit(waiting: &[u64]) -> Option<usize> {
    try_attach(|py| inside(py, || try_others_at_exit(py, waiting).unwrap_or(None)))?
}

fn try_others_at_exit(py: Python<'_>, waiting: &[u64]) -> PyResult<Option<usize>> {
    let at_exit = py
        .import("threading")?
        .getattr("_shutdown")?
        .getattr("__code__")?;
    let mut waiting = waiting.to_vec();
    waiting.sort_unstable();
    let mut others = 0;
    for (ident, frame) in current_frames(py)? {
        if waiting.binary_search(&ident.extract()?).is_ok() {
            continue;
        }
        if !frame.getattr("f_code")?.is(&at_exit) {
            return Ok(None);
        }
        others += 1;
    }
    Ok(Some(others))
}

/// See [`Interpreter::handles_signals`].
fn handles_signals() -> bool {
    let handles = |py: Python<'_>| -> PyResult<bool> {
        let signal = py.import("_signal")?;
        let (last, by_default) = (
            signal.getattr("NSIG")?.extract::<i32>()?,
            signal.getattr("default_int_handler")?,
        );
        for number in 1..last {
            // `None` where the handler is not the interpreter's, and an error for the numbers that
            // the C library keeps.
            let Ok(handler) = signal.call_method1("getsignal", (number,)) else {
                continue;
            };
            if handler.is_callable() && !handler.is(&by_default) {
                return Ok(true);
            }
        }
        Ok(false)
    };
    try_attach(|py| inside(py, || handles(py).unwrap_or(true))).unwrap_or(true)
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

/// The garbage collector is off as long as this exists: up to 3.11 an allocation of a frame may run
/// it, and with it destructors of the program.
struct CollectorOff {
    was_on: bool,
}

impl CollectorOff {
    fn new() -> Self {
        // SAFETY: attached, by the caller's token; it sets a flag.
        let was_on = cfg!(not(Py_3_12)) && unsafe { ffi::PyGC_Disable() } != 0;
        Self { was_on }
    }
}

impl Drop for CollectorOff {
    fn drop(&mut self) {
        if self.was_on {
            // SAFETY: as in `new`.
            unsafe { ffi::PyGC_Enable() };
        }
    }
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

pyo3::create_exception!(
    weftline,
    DeadlockError,
    PyRuntimeError,
    "Raised in one of the threads of a deadlock, where `weftline.watch.on_deadlock` says so.\n\n\
     The wait has ended, and the thread holds what it held before. Its text is the report."
);

/// Whether it is one of the functions in which every thread begins.
fn begins_thread(function: &str, file: &str) -> bool {
    let names = ["Thread._bootstrap", "Thread._bootstrap_inner", "Thread.run"];
    names.contains(&function) && file.ends_with("threading.py")
}

/// Lets this process answer requests for reports, and report its deadlocks. Returns why it does not
/// answer, or None.
#[pyfunction]
fn _answer() -> Option<String> {
    watch::set_interpreter(INTERPRETER);
    watch::on_deadlock_as_told();
    watch::warn_of(&watch::dump_on_as_told());
    watch::install_as_told().err().map(|why| why.to_string())
}

/// The callable that is told deadlocks, if there is one. Its lock is held for the time of a copy.
static CALLABLE: weftline::Lock<Option<Py<PyAny>>> = weftline::Lock::new(None);

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
    watch::set_interpreter(INTERPRETER);
    let callable = matches!(told, OnDeadlock::Call(_)).then(|| action.clone().unbind());
    let previous = std::mem::replace(&mut *CALLABLE.lock(), callable);
    drop(previous);
    watch::on_deadlock(told);
    Ok(())
}

/// The address and size of an object, without those parts that it has elsewhere.
fn range_of(object: &Bound<'_, PyAny>) -> (usize, usize) {
    // SAFETY: attached, with an object, whose class is alive.
    let bytes = unsafe { (*ffi::Py_TYPE(object.as_ptr())).tp_basicsize };
    (object.as_ptr().addr(), usize::try_from(bytes).unwrap_or(0))
}

/// Names an object in reports. Returns its address, for `_unname`.
#[pyfunction]
fn _name(object: &Bound<'_, PyAny>, name: &str) -> usize {
    let (start, bytes) = range_of(object);
    watch::name_range(start, bytes, name);
    start
}

/// Takes the name of what was at that address away.
#[pyfunction]
fn _unname(address: usize) {
    watch::unname_range(address);
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
        wrap_pyfunction!(_name, module)?,
        wrap_pyfunction!(_unname, module)?,
    ] {
        // Set without `add_function`, which would make it a public name.
        module.setattr(function.getattr("__name__")?.cast::<PyString>()?, function)?;
    }
    Ok(())
}

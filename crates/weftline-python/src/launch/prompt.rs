//! The program on standard input, and the interactive interpreter if that is a terminal.

use super::ended::Ended;
use super::stream::{open, run_stream};
use pyo3::ffi;
use pyo3::prelude::*;
use std::ffi::CStr;

/// Runs standard input to its end.
pub(super) fn standard_input(py: Python<'_>) -> Ended {
    if is_interactive(py) {
        #[cfg(Py_3_13)]
        if is_terminal() && variable("PYTHON_BASIC_REPL").is_none() {
            return call_hook(py).unwrap_or_else(|| edit_lines(py));
        }
        run_startup(py);
        if let Some(failed) = call_hook(py) {
            return failed;
        }
    }
    Ended::after(run_stream(py, stream(), c"<stdin>", false))
}

/// Whether the interpreter shows a prompt after the program: because of `-i`, or because the
/// program has set `PYTHONINSPECT`.
pub(super) fn follows(py: Python<'_>) -> bool {
    (flag(py, c"inspect")
        || variable("PYTHONINSPECT").is_some() && !flag(py, c"ignore_environment"))
        && is_interactive(py)
}

/// The line editor that the interpreter has from 3.13 on.
#[cfg(Py_3_13)]
fn edit_lines(py: Python<'_>) -> Ended {
    // SAFETY: this thread is attached; each reference is checked, and released once.
    Ended::after_call(unsafe {
        let module = ffi::PyImport_ImportModule(c"_pyrepl.main".as_ptr());
        if module.is_null() {
            return Ended::after_call(module);
        }
        let console = ffi::PyObject_GetAttrString(module, c"interactive_console".as_ptr());
        ffi::Py_DECREF(module);
        let main = ffi::PyImport_AddModule(c"__main__".as_ptr());
        if console.is_null() || main.is_null() {
            return Ended::after_call(std::ptr::null_mut());
        }
        let (arguments, options) = (ffi::PyTuple_New(0), ffi::PyDict_New());
        ffi::PyDict_SetItemString(options, c"mainmodule".as_ptr(), main);
        ffi::PyDict_SetItemString(options, c"pythonstartup".as_ptr(), ffi::Py_True());
        let result = ffi::PyObject_Call(console, arguments, options);
        ffi::Py_DECREF(arguments);
        ffi::Py_DECREF(options);
        ffi::Py_DECREF(console);
        let _ = py;
        result
    })
}

/// Runs the file that `PYTHONSTARTUP` names.
fn run_startup(py: Python<'_>) {
    let path = match variable("PYTHONSTARTUP") {
        Some(path) if !flag(py, c"ignore_environment") => path,
        _ => return,
    };
    match std::ffi::CString::new(path.as_encoded_bytes()) {
        Ok(name) => match open(&path, &name) {
            Ok(file) => {
                run_stream(py, file, &name, true);
            }
            Err(error) => {
                eprintln!("Could not open PYTHONSTARTUP");
                error.print(py);
            }
        },
        Err(_) => eprintln!("Could not open PYTHONSTARTUP"),
    }
}

/// Calls `sys.__interactivehook__`, if there is one. If it fails, returns how the program ended.
fn call_hook(_py: Python<'_>) -> Option<Ended> {
    // SAFETY: this thread is attached; `hook` is borrowed from `sys`, which outlives the call.
    unsafe {
        let hook = ffi::PySys_GetObject(c"__interactivehook__".as_ptr());
        if hook.is_null() {
            return None;
        }
        let result = ffi::PyObject_CallNoArgs(hook);
        if result.is_null() {
            eprintln!("Failed calling sys.__interactivehook__");
            return Some(Ended::after_call(result));
        }
        ffi::Py_DECREF(result);
        None
    }
}

/// Whether standard input is read line by line, with a prompt.
fn is_interactive(py: Python<'_>) -> bool {
    is_terminal() || flag(py, c"interactive")
}

fn is_terminal() -> bool {
    use std::io::IsTerminal;
    std::io::stdin().is_terminal()
}

/// Whether `sys.flags` has the flag of that name set.
fn flag(_py: Python<'_>, name: &CStr) -> bool {
    // SAFETY: this thread is attached; `flags` is borrowed from `sys`, and the value is released.
    unsafe {
        let flags = ffi::PySys_GetObject(c"flags".as_ptr());
        let value = match flags.is_null() {
            true => flags,
            false => ffi::PyObject_GetAttrString(flags, name.as_ptr()),
        };
        if value.is_null() {
            ffi::PyErr_Clear();
            return false;
        }
        let is_set = ffi::PyObject_IsTrue(value) == 1;
        ffi::Py_DECREF(value);
        is_set
    }
}

/// A variable of the environment, if it is not empty.
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The C library's standard input, from which the interpreter reads programs and lines.
fn stream() -> *mut libc::FILE {
    #[cfg(target_os = "linux")]
    {
        unsafe extern "C" {
            static stdin: *mut libc::FILE;
        }
        // SAFETY: the C library sets it before `main`.
        unsafe { stdin }
    }
    #[cfg(not(target_os = "linux"))]
    {
        const STANDARD_INPUT: std::ffi::c_int = 0;
        // SAFETY: the mode ends with a zero; descriptor 0 stays open.
        unsafe { libc::fdopen(STANDARD_INPUT, c"r".as_ptr()) }
    }
}

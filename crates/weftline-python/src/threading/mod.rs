//! The classes of `threading` and `_thread`.

mod barrier;
mod barrier_attributes;
mod condition;
mod event;
mod foreign;
pub(crate) mod guard;
mod lock;
mod mutex;
mod open;
mod open_barrier;
mod opened;
mod rlock;
mod semaphore;
mod timer;

pub(crate) use condition::Condition;
pub(crate) use lock::Lock;
pub(crate) use rlock::RLock;

use crate::names::interned;
use crate::objects::{Piece, error_in_pieces, written};
use pyo3::PyClass;
use pyo3::exceptions::{PyDeprecationWarning, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    lock::register(module)?;
    module.add_class::<RLock>()?;
    add_class_of::<Condition>(module, "threading")?;
    add_class_of::<event::Event>(module, "threading")?;
    add_class_of::<semaphore::Semaphore>(module, "threading")?;
    add_class_of::<semaphore::BoundedSemaphore>(module, "threading")?;
    add_class_of::<barrier::Barrier>(module, "threading")?;
    barrier_attributes::register(module.py())?;
    module.add_class::<timer::PendingTimer>()?;
    module.add_function(wrap_pyfunction!(timer::_call_on_new_thread, module)?)
}

/// Adds a class that is written in Python in the standard library: the module is an attribute of such a class, while that of one
/// written in C is part of its name, and shows in error messages.
pub(crate) fn add_class_of<T: PyClass>(module: &Bound<'_, PyModule>, home: &str) -> PyResult<()> {
    module.add_class::<T>()?;
    let class = module.py().get_type::<T>();
    class.setattr("__name__", class.name()?)?;
    class.setattr("__module__", home)
}

/// `<module.Class at 0x…: state>`, as the standard classes write themselves.
pub(crate) fn repr_at<'py>(
    object: &Bound<'py, PyAny>,
    state: &Bound<'py, PyString>,
) -> PyResult<Bound<'py, PyString>> {
    let (py, class) = (object.py(), object.get_type());
    let module = class.getattr(interned!(py, __module__))?;
    let name = class.getattr(interned!(py, __qualname__))?;
    let address = object.as_ptr() as usize;
    written(
        py,
        &[
            Piece::Plain("<"),
            Piece::Object(&module),
            Piece::Plain("."),
            Piece::Object(&name),
            Piece::Short(format_args!(" at {address:#x}: ")),
            Piece::Object(state.as_any()),
            Piece::Plain(">"),
        ],
    )
}

/// What pickling and copying an object with a lock inside raises.
pub(crate) fn cannot_pickle(what: &str) -> PyErr {
    let words = [
        Piece::Plain("cannot pickle '"),
        Piece::Plain(what),
        Piece::Plain("' object"),
    ];
    Python::attach(|py| error_in_pieces::<PyTypeError>(py, &words))
}

/// `__reduce_ex__` of an event, semaphore, barrier or future, the standard one of which has a `lock` inside: a subclass may bring what
/// pickling needs, and ours bring what makes it fail.
pub(crate) fn reduce<'py>(
    object: &Bound<'py, PyAny>,
    protocol: &Bound<'py, PyAny>,
    lock: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let (class, base) = (object.get_type(), object.py().get_type::<PyAny>());
    let py = object.py();
    for name in [interned!(py, __reduce__), interned!(py, __getstate__)] {
        if !class.getattr(name)?.is(base.getattr(name)?) {
            return base.call_method1(interned!(py, __reduce_ex__), (object, protocol));
        }
    }
    Err(cannot_pickle(lock))
}

/// The warning of a method that the standard library has deprecated or dropped.
pub(crate) fn warn_deprecated(py: Python<'_>, old: &str, new: &str) -> PyResult<()> {
    let words = [
        Piece::Plain(old),
        Piece::Plain("() is deprecated, use "),
        Piece::Plain(new),
        Piece::Plain("() instead"),
    ];
    let (words, category) = (written(py, &words)?, py.get_type::<PyDeprecationWarning>());
    // SAFETY: attached; a string's own bytes, which end with a zero and live as long as it does.
    let raised = unsafe {
        match ffi::PyUnicode_AsUTF8(words.as_ptr()) {
            text if text.is_null() => -1,
            text => ffi::PyErr_WarnEx(category.as_ptr(), text, 1),
        }
    };
    match raised {
        0 => Ok(()),
        _ => Err(PyErr::fetch(py)),
    }
}

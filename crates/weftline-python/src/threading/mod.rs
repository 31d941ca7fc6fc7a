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

use pyo3::PyClass;
use pyo3::prelude::*;

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
pub(crate) fn repr_at(object: &Bound<'_, PyAny>, state: &str) -> PyResult<String> {
    let class = object.get_type();
    let module: String = class.getattr("__module__")?.extract()?;
    let name: String = class.getattr("__qualname__")?.extract()?;
    Ok(format!(
        "<{module}.{name} at {:#x}: {state}>",
        object.as_ptr() as usize
    ))
}

/// What pickling and copying an object with a lock inside raises.
pub(crate) fn cannot_pickle(what: &str) -> PyErr {
    pyo3::exceptions::PyTypeError::new_err(format!("cannot pickle '{what}' object"))
}

/// `__reduce_ex__` of an event, semaphore, barrier or future, the standard one of which has a `lock` inside: a subclass may bring what
/// pickling needs, and ours bring what makes it fail.
pub(crate) fn reduce<'py>(
    object: &Bound<'py, PyAny>,
    protocol: &Bound<'py, PyAny>,
    lock: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let (class, base) = (object.get_type(), object.py().get_type::<PyAny>());
    for name in ["__reduce__", "__getstate__"] {
        if !class.getattr(name)?.is(base.getattr(name)?) {
            return base.call_method1("__reduce_ex__", (object, protocol));
        }
    }
    Err(cannot_pickle(lock))
}

/// The warning of a method that the standard library has deprecated or dropped.
pub(crate) fn warn_deprecated(py: Python<'_>, old: &str, new: &str) -> PyResult<()> {
    let text = std::ffi::CString::new(format!("{old}() is deprecated, use {new}() instead"))?;
    let category = py.get_type::<pyo3::exceptions::PyDeprecationWarning>();
    PyErr::warn(py, &category, &text, 1)
}

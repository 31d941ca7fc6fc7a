//! Reference counts that every thread would change, on a build without the interpreter lock.
//!
//! Each object holds a reference to its class, and a call takes one to the descriptor that it finds
//! there. Without the lock, a count that two threads change is a cache line for which they contend,
//! though they share no object: two threads that create objects do less in total than one.
//! The interpreter spares the classes of Python programs this, and those of extension modules only
//! in part. So here they are immortal, with all that stands in them: an immortal object is not
//! counted.

#[cfg(Py_GIL_DISABLED)]
pub(crate) use counted_by_threads::make_immortal;

/// With the lock, the thread that holds it changes a count without contention.
#[cfg(not(Py_GIL_DISABLED))]
pub(crate) fn make_immortal<const N: usize>(
    _: &pyo3::Bound<'_, pyo3::types::PyModule>,
    _: [pyo3::Bound<'_, pyo3::types::PyType>; N],
) -> pyo3::PyResult<()> {
    Ok(())
}

#[cfg(Py_GIL_DISABLED)]
mod counted_by_threads {
    use pyo3::prelude::*;
    use pyo3::types::{PyCFunction, PyType};
    use std::sync::atomic::Ordering;

    /// Makes the classes and functions of `module` immortal, and the classes that it does not name.
    ///
    /// It is called at the end of the import, before another thread can find any of them.
    pub(crate) fn make_immortal<const N: usize>(
        module: &Bound<'_, PyModule>,
        unnamed: [Bound<'_, PyType>; N],
    ) -> PyResult<()> {
        for class in unnamed {
            make_class_immortal(&class)?;
        }
        for value in values(module)? {
            if let Ok(class) = value.cast::<PyType>() {
                make_class_immortal(class)?;
            } else if value.is_instance_of::<PyCFunction>() {
                count_no_more(&value);
            }
        }
        Ok(())
    }

    fn make_class_immortal(class: &Bound<'_, PyType>) -> PyResult<()> {
        for attribute in values(class)? {
            let is_callable_or_descriptor =
                attribute.is_callable() || attribute.get_type().hasattr("__get__")?;
            if is_callable_or_descriptor {
                count_no_more(&attribute);
            }
        }
        count_no_more(class);
        Ok(())
    }

    /// What stands in the `__dict__` of a module or class.
    fn values<'py>(owner: &Bound<'py, PyAny>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let namespace = owner.getattr("__dict__")?;
        namespace.call_method0("values")?.try_iter()?.collect()
    }

    /// Makes `object` immortal, as the interpreter does with its own objects.
    fn count_no_more(object: &Bound<'_, PyAny>) {
        let object = object.as_ptr();
        // SAFETY: attached, and the object belongs to this thread: no other one has found it yet.
        // So no other thread reads or writes these fields meanwhile. The collector leaves immortal
        // objects alone.
        unsafe {
            (*object).ob_tid = 0;
            (*object).ob_ref_local.store(u32::MAX, Ordering::Relaxed);
            (*object).ob_ref_shared.store(0, Ordering::Relaxed);
        }
    }
}

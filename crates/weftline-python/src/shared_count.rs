//! References that another thread will drop, on a build without the interpreter lock.
//!
//! There each object has two counts: one for the thread that created it, and an atomic one for all
//! others. A reference that its creator took and another thread drops leaves the creator to free
//! the object, when it runs Python code again. A worker that waits for its next call does not, so
//! the result of its last one would stay, with its destructor, until then.

use pyo3::prelude::*;

/// Counts `reference` as one of all threads, so that the one that drops it last frees the object.
#[cfg(Py_GIL_DISABLED)]
pub(crate) fn count_for_all_threads(reference: &Py<PyAny>) {
    use pyo3::ffi;
    use std::sync::atomic::Ordering;

    /// The low bits of the shared count are flags (`_Py_REF_SHARED_SHIFT`).
    const ONE: isize = 1 << 2;

    let object = reference.as_ptr();
    // SAFETY: `reference` keeps the object, whose counts any thread may read. An immortal object
    // is not counted. For any other the shared count grows first, as where another thread takes a
    // reference. So the second step does not free the object: it takes off the creator's count, or
    // the shared one if another thread is the creator.
    unsafe {
        let is_immortal = (*object).ob_ref_local.load(Ordering::Relaxed) == u32::MAX;
        if is_immortal {
            return;
        }
        (*object).ob_ref_shared.fetch_add(ONE, Ordering::Relaxed);
        ffi::Py_DECREF(object);
    }
}

/// With the lock, an object has one count.
#[cfg(not(Py_GIL_DISABLED))]
#[inline]
pub(crate) fn count_for_all_threads(_: &Py<PyAny>) {}

//! The garbage collector and what is asked about a program.
//!
//! Up to 3.11 an allocation may run the collector, and with it destructors of the program. A thread
//! that waits, or one that tells the stacks of others, is no place for them: what they lock may be
//! held. So the functions that read frames and attributes have the collector off meanwhile. From
//! 3.12 on, it runs between instructions of Python code alone.

use pyo3::ffi;

/// The garbage collector is off as long as this exists. No other thread may run meanwhile.
pub(crate) struct CollectorOff {
    was_on: bool,
}

impl CollectorOff {
    /// The caller is attached.
    #[inline]
    pub(crate) fn new() -> Self {
        // SAFETY: the caller is attached; it sets a flag.
        let was_on = cfg!(not(Py_3_12)) && unsafe { ffi::PyGC_Disable() } != 0;
        Self { was_on }
    }
}

impl Drop for CollectorOff {
    #[inline]
    fn drop(&mut self) {
        if self.was_on {
            // SAFETY: as in `new`.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}

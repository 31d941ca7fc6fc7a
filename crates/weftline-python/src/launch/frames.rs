//! Hides the Python frames of the launcher, so that the stack of a program begins with its own.
//!
//! The interpreter's state of a thread points to the innermost frame, and each frame to the one
//! before it. While the pointer to the innermost frame has the value that it has at the bottom of a
//! thread, the next pushed frame is the first. That holds for everything that walks the stack:
//! `sys._getframe`, tracebacks, `faulthandler`, external samplers. Greenlets switch stacks by the
//! same pointer.
//!
//! The hidden frames return their share of the recursion limit, too.
//!
//! # Implementation
//!
//! The layout is that of the public header `cpython/pystate.h`, which differs between versions;
//! this extension is built for one. The layout is checked before anything is written: the word that
//! is taken for the pointer must be the frame that the interpreter itself reports as the innermost.
//! If it is not, the frames stay visible, and the program runs all the same.

use pyo3::ffi;
use pyo3::prelude::*;
use std::ffi::{c_int, c_void};

/// The beginning of `PyThreadState`.
#[repr(C)]
struct State {
    _links: [*mut c_void; 3],
    #[cfg(Py_3_13)]
    _eval_breaker: usize,
    /// The status and, by version, the holder of the interpreter, the origin of the thread and its
    /// state.
    _status: [c_int; STATUS_WORDS],
    remaining: c_int,
    limit: c_int,
    /// Before 3.14 two words, for C's own recursion and for the headroom. On 3.11 and from 3.14 on
    /// the headroom alone.
    _headroom: [c_int; HEADROOM_WORDS],
    _tracing: [c_int; 2],
    #[cfg(not(Py_3_13))]
    innermost: *mut Innermost,
    #[cfg(Py_3_13)]
    innermost: Innermost,
}

const STATUS_WORDS: usize = match () {
    _ if cfg!(Py_3_15) => 5,
    _ if cfg!(Py_3_14) => 4,
    _ if cfg!(Py_3_13) => 3,
    _ if cfg!(Py_3_12) => 1,
    _ => 2,
};
const HEADROOM_WORDS: usize = match () {
    _ if cfg!(Py_3_14) => 1,
    _ if cfg!(Py_3_12) => 2,
    _ => 1,
};

/// Up to 3.12 a struct on the C stack to which the state points; from 3.13 on a part of the state.
#[repr(C)]
struct Innermost {
    /// `use_tracing`, a byte.
    #[cfg(not(Py_3_12))]
    _use_tracing: usize,
    frame: *mut c_void,
    /// A sentinel at the bottom of each thread's stack. Before 3.15 it is null.
    #[cfg(Py_3_15)]
    bottom: *mut c_void,
}

/// The beginning of `PyFrameObject`.
#[repr(C)]
struct FrameObject {
    _head: ffi::PyObject,
    _back: *mut c_void,
    frame: *mut c_void,
}

/// Restores the frames on drop.
pub(super) struct Hidden {
    state: *mut State,
    frame: *mut c_void,
    depth: c_int,
}

/// Hides the frames that are on this thread's stack, if the state of the thread has this version's
/// layout.
pub(super) fn hide(_py: Python<'_>) -> Option<Hidden> {
    // SAFETY: this thread is attached, so it has a state, which is larger than the part described
    // here in every version.
    let state = unsafe { ffi::PyThreadState_Get() }.cast::<State>();
    // SAFETY: as above. The frame object is requested and released. The frame behind it stays on
    // the stack throughout this call.
    let frame = unsafe {
        let object = ffi::PyThreadState_GetFrame(state.cast());
        if object.is_null() {
            return None;
        }
        let frame = (*object.cast::<FrameObject>()).frame;
        ffi::Py_DECREF(object.cast());
        frame
    };
    // SAFETY: this thread is attached.
    let limit = unsafe { ffi::Py_GetRecursionLimit() };
    // SAFETY: only this thread writes these parts of its state. `innermost` is dereferenced only
    // after the recursion limit, which precedes it, has been found in its place.
    unsafe {
        let depth = limit - (*state).remaining;
        if (*state).limit != limit || !(0..=limit).contains(&depth) {
            return None;
        }
        let innermost = innermost(state);
        if (*innermost).frame != frame {
            return None;
        }
        #[cfg(not(Py_3_15))]
        let bottom = std::ptr::null_mut();
        #[cfg(Py_3_15)]
        let bottom = (*innermost).bottom;
        (*innermost).frame = bottom;
        if !ffi::PyThreadState_GetFrame(state.cast()).is_null() {
            (*innermost).frame = frame;
            return None;
        }
        (*state).remaining = limit;
        Some(Hidden {
            state,
            frame,
            depth,
        })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // SAFETY: as in `hide`; the code that ran in between has left the stack as it was.
        unsafe {
            (*innermost(self.state)).frame = self.frame;
            (*self.state).remaining -= self.depth;
        }
    }
}

/// # Safety
///
/// `state` is the state of this thread, with the layout described above.
unsafe fn innermost(state: *mut State) -> *mut Innermost {
    #[cfg(not(Py_3_13))]
    // SAFETY: the caller's promise.
    unsafe {
        (*state).innermost
    }
    #[cfg(Py_3_13)]
    // SAFETY: the caller's promise.
    unsafe {
        &raw mut (*state).innermost
    }
}

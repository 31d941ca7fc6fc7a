//! What a sleeping thread does when it is stirred: woken without a token, to do something for a
//! report. Its wait goes on, and stays visible.

use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A `fn()`, or null.
static STIRRED: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Has sleeping threads call `f` when they are stirred, and whenever a signal interrupts their
/// sleep. `f` runs on a thread that may hold any lock of the program, so it waits for none.
pub(crate) fn set_stirred(f: fn()) {
    STIRRED.store(f as *mut (), Ordering::Release);
}

/// Called inside a sleep that ended without a token.
#[cold]
pub(super) fn stirred() {
    let f = STIRRED.load(Ordering::Acquire);
    if !f.is_null() {
        // SAFETY: stored by `set_stirred`.
        unsafe { mem::transmute::<*mut (), fn()>(f)() };
    }
}

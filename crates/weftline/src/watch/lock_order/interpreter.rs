//! The interpreter that tells the stacks of edges and the lines at which locks are taken.

use crate::watch::interpreter::Interpreter;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// Never freed.
static INTERPRETER: AtomicPtr<Interpreter> = AtomicPtr::new(ptr::null_mut());

pub(in crate::watch) fn set_interpreter(interpreter: Interpreter) {
    static IS_SET: AtomicBool = AtomicBool::new(false);
    // A binding sets the same one again and again.
    if !IS_SET.swap(true, Ordering::Relaxed) {
        INTERPRETER.store(Box::leak(Box::new(interpreter)), Ordering::Release);
    }
}

pub(super) fn interpreter() -> Option<Interpreter> {
    // SAFETY: null, or leaked by `set_interpreter`, whose store this pairs with.
    unsafe { INTERPRETER.load(Ordering::Acquire).as_ref() }.copied()
}

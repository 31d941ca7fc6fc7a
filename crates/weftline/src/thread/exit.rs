//! The end of a program: its stages, and [`at_exit`].
//!
//! # Implementation
//!
//! The callbacks are a chain of boxes, the last one in front. Each change of the chain is a single
//! store, so a fork in the middle of one leaves the child a whole chain.

use super::timer::raw::wait_for_pending;
use super::{current, except_hook, registry};
use crate::memory::try_box;
use crate::park::{Deadline, ForgetWaiters, ListLock, ThreadBlocker, panic_without_memory};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

type Callback = Box<dyn FnOnce() + Send>;

struct Entry {
    callback: Callback,
    /// Written before the entry is linked.
    below: *mut Entry,
}

struct Callbacks {
    top: *mut Entry,
}

// SAFETY: the entries belong to the chain, and their callbacks are `Send`.
unsafe impl Send for Callbacks {}

impl ForgetWaiters for Callbacks {
    fn forget_waiters(&mut self, _torn: bool) {}
}

static CALLBACKS: ListLock<Callbacks> = ListLock::new(Callbacks {
    top: ptr::null_mut(),
});

/// Has `f` called when [`run`](crate::run) ends, after the threads: Python's `atexit.register`. The
/// callback registered last is called first. A callback that a callback registers is called next.
///
/// A panic in a callback is reported to the [except hook](crate::set_except_hook), and the others
/// are still called. A program without `run` calls none. The child of a fork inherits them.
///
/// # Panics
/// When there is no memory for the callback, which is dropped then.
/// ```
/// weftline::at_exit(|| println!("good night"));
/// weftline::run(|| println!("good evening"));
/// ```
#[doc(alias = "atexit")]
pub fn at_exit(f: impl FnOnce() + Send + 'static) {
    let Ok(callback) = try_box(f) else {
        panic_without_memory();
    };
    let entry = Entry {
        callback,
        below: ptr::null_mut(),
    };
    let Ok(entry) = try_box(entry).map(Box::into_raw) else {
        panic_without_memory();
    };
    let mut callbacks = CALLBACKS.lock();
    // SAFETY: not linked yet, so no other thread has it.
    unsafe { (*entry).below = callbacks.top };
    callbacks.top = entry;
}

fn next_callback() -> Option<Callback> {
    let entry = {
        let mut callbacks = CALLBACKS.lock();
        let top = callbacks.top;
        // SAFETY: null, or linked and so alive; the thread that unlinks an entry owns it.
        callbacks.top = unsafe { top.as_ref() }?.below;
        top
    };
    // SAFETY: made from a box, and just unlinked by this thread.
    Some(unsafe { Box::from_raw(entry) }.callback)
}

/// A stage of the program's end that a floor above this one adds: for its processes.
pub(crate) struct ExitStage {
    /// Waits for one of those that the end waits for; `false` when there is none.
    pub(crate) wait_for_any: fn() -> bool,
    /// Ends the others, after the callbacks.
    pub(crate) end_daemons: fn(),
}

static STAGE: AtomicPtr<ExitStage> = AtomicPtr::new(ptr::null_mut());

/// Adds the stage, of which there is one. It runs after the threads and the timers.
#[cfg(all(feature = "process", target_os = "linux", target_pointer_width = "64"))]
pub(crate) fn register_exit_stage(stage: &'static ExitStage) {
    STAGE.store(ptr::from_ref(stage).cast_mut(), Ordering::Release);
}

fn stage() -> Option<&'static ExitStage> {
    // SAFETY: null, or made from a `'static` reference.
    unsafe { STAGE.load(Ordering::Acquire).as_ref() }
}

/// The steps of [`run`](crate::run) after its function.
pub(crate) fn end() {
    let this = current::current();
    loop {
        while let Some(thread) = registry::any_to_wait_for(false) {
            thread.join();
        }
        if wait_for_pending(&mut ThreadBlocker, Deadline::PASSED).is_err() {
            // A timer may start a thread, and a thread a timer.
            let _ = wait_for_pending(&mut ThreadBlocker, Deadline::NEVER);
            continue;
        }
        // Now no thread is left that gives a pool work, except the pool's own tasks.
        if let Some(thread) = registry::any_to_wait_for(true) {
            if let Some(service) = thread.service() {
                service.finish();
            }
            thread.join();
            continue;
        }
        if stage().is_some_and(|stage| (stage.wait_for_any)()) {
            continue;
        }
        let Some(callback) = next_callback() else {
            break;
        };
        if let Err(panicked) = current::catch(callback) {
            except_hook::report(&this, &panicked);
        }
    }
    if let Some(stage) = stage() {
        (stage.end_daemons)();
    }
}

//! [`run`] and [`at_exit`]: the end of a program.
//!
//! # Implementation
//!
//! The callbacks are a chain of boxes, the last one in front. Each change of the chain is a single
//! store, so a fork in the middle of one leaves the child a whole chain.

use super::timer::raw::wait_for_pending;
use super::{except_hook, panic, registry};
use crate::memory::try_box;
use crate::park::{Deadline, ForgetWaiters, ListLock, ThreadBlocker, panic_without_memory};
#[cfg(all(feature = "process", target_os = "linux", target_pointer_width = "64"))]
use crate::process as processes;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

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

/// Has `f` called when [`run`] ends, after the threads: Python's `atexit.register`. The callback
/// registered last is called first. A callback that a callback registers is called next.
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

/// Runs a program as Python runs one, and returns the value that `f` returned, for `main` to
/// return:
///
/// 1. Calls `f`.
/// 2. Waits for every thread, every started [`Timer`](crate::Timer) and every process that is not a
///    daemon, also for those that are started meanwhile.
/// 3. Calls the callbacks of [`at_exit`].
///
/// A pool may not be shut down by then, in a static for example. `run` shuts it down when only
/// threads of pools are left, and waits for its tasks.
///
/// Daemon threads are not waited for; the process ends them when `main` returns. Daemon processes
/// get `SIGTERM`, and are killed after a second.
///
/// `run` is meant for the main thread, once, and before anything else. In a process that is started
/// for a function (`weftline::process`) it runs that function instead of `f`, and does not return.
/// It also sets a panic hook that notes the places of panics ([`note_panic`](crate::note_panic))
/// and calls the previous hook.
///
/// # Panics
/// When `f` panics, after all that.
///
/// ```
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     weftline::run(|| {
///         weftline::spawn(|| println!("this is printed, though no thread joins"));
///         weftline::Builder::new().daemon(true).spawn(|| weftline::Event::new().wait()).unwrap();
///         ExitCode::SUCCESS
///     })
/// }
/// ```
pub fn run<R>(f: impl FnOnce() -> R) -> R {
    processes::begin();
    panic::note_all();
    // Registers the calling thread before it may be mistaken for a later one.
    let _ = registry::current();
    let ended = catch_unwind(AssertUnwindSafe(f));
    end();
    ended.unwrap_or_else(|payload| resume_unwind(payload))
}

/// The steps of [`run`] after its function.
pub(crate) fn end() {
    let this = registry::current();
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
        if processes::wait_for_any() {
            continue;
        }
        let Some(callback) = next_callback() else {
            break;
        };
        if let Err(panicked) = panic::catch(callback) {
            except_hook::report(&this, &panicked);
        }
    }
    processes::end_daemons();
}

/// A program that cannot start any process.
#[cfg(not(all(feature = "process", target_os = "linux", target_pointer_width = "64")))]
mod processes {
    pub(super) fn begin() {}

    pub(super) fn wait_for_any() -> bool {
        false
    }

    pub(super) fn end_daemons() {}
}

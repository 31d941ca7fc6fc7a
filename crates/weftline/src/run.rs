//! [`run`]: a program from its beginning to its end, over all floors.

use crate::thread;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Runs a program as Python runs one, and returns the value that `f` returned, for `main` to
/// return:
///
/// 1. Calls `f`.
/// 2. Waits for every thread, every started [`Timer`](crate::Timer) and every process that is not a
///    daemon, also for those that are started meanwhile.
/// 3. Calls the callbacks of [`at_exit`](crate::at_exit).
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
    #[cfg(all(feature = "process", target_os = "linux", target_pointer_width = "64"))]
    crate::process::begin();
    // What does not work, a program does without.
    #[cfg(target_os = "linux")]
    let _ = crate::watch::install_as_told();
    crate::watch::on_deadlock_as_told();
    crate::watch::lock_order_as_told();
    crate::watch::start_as_told();
    #[cfg(target_os = "linux")]
    crate::watch::warn_of(&crate::watch::dump_on_as_told());
    thread::note_all();
    // Registers the calling thread before it may be mistaken for a later one.
    let _ = thread::current();
    let ended = catch_unwind(AssertUnwindSafe(f));
    thread::end();
    ended.unwrap_or_else(|payload| resume_unwind(payload))
}

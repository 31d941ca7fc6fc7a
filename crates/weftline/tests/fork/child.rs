//! Forks in bad moments, whose children must end well.
//!
//! The other threads are weftline's, also in cases about something else. A fork while the standard
//! library starts or ends a thread leaves a child in which no thread can be started. Weftline keeps
//! forks out of such moments for its own threads only.

use crate::support::{LONG, SHORT, asleep, now};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use weftline::{Scope, ScopedJoinHandle};

/// Runs `check` in the child of a fork, and waits until the child has ended well.
pub(crate) fn in_child(check: impl FnOnce()) {
    // SAFETY: this program is about such children; the child leaves by `_exit`.
    match unsafe { libc::fork() } {
        -1 => fail(&format!("cannot fork: {}", std::io::Error::last_os_error())),
        0 => {
            let checked = catch_unwind(AssertUnwindSafe(check));
            // SAFETY: leaves at once, without the destructors of the parent's values.
            unsafe { libc::_exit(i32::from(checked.is_err())) }
        }
        child => wait_for(child),
    }
}

pub(crate) fn wait_for(child: libc::pid_t) {
    let start = now();
    let mut status = 0;
    loop {
        // SAFETY: the status is a valid place.
        match unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) } {
            0 if start.elapsed() < LONG => std::thread::sleep(SHORT / 10),
            0 => {
                // SAFETY: the child has not been waited for, so its number is not reused.
                unsafe { libc::kill(child, libc::SIGKILL) };
                fail(&format!("the child is still blocked after {LONG:?}"));
            }
            _ => break,
        }
    }
    if status != 0 {
        fail(&format!("the child failed: its status is {status}"));
    }
}

/// Ends the process. A panic would wait for the other threads, which wait for the case to go on.
fn fail(why: &str) -> ! {
    eprintln!("{why}");
    // SAFETY: leaves at once.
    unsafe { libc::_exit(1) }
}

/// Starts a thread and returns once it sleeps, in `wait`, as the operating system sees it.
pub(crate) fn blocked<'scope, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    wait: impl FnOnce() -> R + Send + 'scope,
) -> ScopedJoinHandle<'scope, R> {
    asleep(|announce| {
        scope.spawn(move || {
            announce();
            wait()
        })
    })
}

const FORKS: usize = 40;

/// Forks again and again while two threads hammer and some others wait. Ends after `release`, which
/// ends the waits.
pub(crate) fn while_hammered(
    hammer: impl Fn() + Sync,
    waits: &[&(dyn Fn() + Sync)],
    check: impl Fn(),
    release: impl FnOnce(),
) {
    let stop = AtomicBool::new(false);
    weftline::scope(|scope| {
        for wait in waits {
            blocked(scope, wait);
        }
        for _ in 0..2 {
            spawn_hammer(scope, &stop, &hammer);
        }
        for _ in 0..FORKS {
            in_child(&check);
        }
        stop.store(true, Ordering::Relaxed);
        release();
    });
}

fn spawn_hammer<'scope>(
    scope: &'scope Scope<'scope, '_>,
    stop: &'scope AtomicBool,
    hammer: &'scope (impl Fn() + Sync),
) {
    scope.spawn(move || {
        while !stop.load(Ordering::Relaxed) {
            hammer();
        }
    });
}

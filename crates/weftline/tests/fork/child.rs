//! Forks, at bad moments, whose children must end well.

use crate::support::{LONG, SHORT, blocked, now};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Scope;

/// Runs `check` in the child of a fork, and waits until it has ended well.
pub(crate) fn in_child(check: impl FnOnce()) {
    // SAFETY: what the child does is what this program is about; it leaves by `_exit`.
    match unsafe { libc::fork() } {
        -1 => panic!("cannot fork: {}", std::io::Error::last_os_error()),
        0 => {
            let checked = catch_unwind(AssertUnwindSafe(check));
            // SAFETY: leaves at once, past the destructors of what belongs to the parent.
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
                // SAFETY: the child has not been waited for, so the number is still its own.
                unsafe { libc::kill(child, libc::SIGKILL) };
                panic!("the child is still blocked after {LONG:?}");
            }
            _ => break,
        }
    }
    assert_eq!(status, 0, "the child failed");
}

const FORKS: usize = 40;

/// Forks again and again while two threads hammer and some others wait; ends when `release` lets those go.
pub(crate) fn while_hammered(
    hammer: impl Fn() + Sync,
    waits: &[&(dyn Fn() + Sync)],
    check: impl Fn(),
    release: impl FnOnce(),
) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
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

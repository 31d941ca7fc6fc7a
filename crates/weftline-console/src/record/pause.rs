//! The clocks, and pauses that Ctrl-C ends.
//!
//! # Implementation
//!
//! The calling thread blocks the signals that ask a program to end, and fetches them in its pauses.
//! So there is no handler, and in the Python command the interpreter's own handlers come back as
//! they were. A signal that the program was started to ignore stays ignored: a recorder under
//! `nohup` outlives its terminal.

use super::trace::{Clocks, Nanos};
use std::{mem, ptr};

const SIGNALS: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// Now, on the monotonic clock.
pub(crate) fn now() -> Nanos {
    read(libc::CLOCK_MONOTONIC)
}

/// What the clocks show now.
pub(crate) fn clocks() -> Clocks {
    Clocks {
        monotonic: now(),
        boottime: read(libc::CLOCK_BOOTTIME),
        realtime: read(libc::CLOCK_REALTIME),
    }
}

fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place is valid, and every Linux has these clocks.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// While this exists, a signal that asks the program to end ends a pause instead. Used by the
/// thread that made it.
pub(crate) struct Pauses {
    waited_for: libc::sigset_t,
    before: libc::sigset_t,
    /// It belongs to one thread.
    _thread: std::marker::PhantomData<*const ()>,
}

impl Pauses {
    pub(crate) fn new() -> Self {
        // SAFETY: zeros are a valid set, and `sigemptyset` makes it an empty one. The other calls
        // get valid places and numbers of signals.
        unsafe {
            let mut waited_for: libc::sigset_t = mem::zeroed();
            let mut before = mem::zeroed();
            libc::sigemptyset(&raw mut waited_for);
            for signal in SIGNALS {
                let mut action: libc::sigaction = mem::zeroed();
                libc::sigaction(signal, ptr::null(), &raw mut action);
                if action.sa_sigaction != libc::SIG_IGN {
                    libc::sigaddset(&raw mut waited_for, signal);
                }
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const waited_for, &raw mut before);
            Self {
                waited_for,
                before,
                _thread: std::marker::PhantomData,
            }
        }
    }

    /// Pauses until then. Returns whether the program is asked to end.
    pub(crate) fn until(&self, then: Nanos) -> bool {
        loop {
            let left = then.saturating_sub(now());
            let timeout = libc::timespec {
                tv_sec: (left / 1_000_000_000) as _,
                tv_nsec: (left % 1_000_000_000) as _,
            };
            // SAFETY: the places are valid; the signal's own description is not asked for.
            let signal = unsafe {
                libc::sigtimedwait(
                    &raw const self.waited_for,
                    ptr::null_mut(),
                    &raw const timeout,
                )
            };
            if signal > 0 {
                return true;
            }
            // Another signal may have interrupted it.
            if left == 0 {
                return false;
            }
        }
    }
}

impl Drop for Pauses {
    fn drop(&mut self) {
        // SAFETY: the set is that which this thread had.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut());
        }
    }
}

//! [`SignalMask`]: a thread without signals, for the start of a thread that takes none.

use std::mem;
use std::ptr;

/// The mask of the calling thread's signals before [`SignalMask::block`], which the drop restores.
pub(super) struct SignalMask(libc::sigset_t);

impl SignalMask {
    /// Blocks the signals that others send. Those of the thread's own faults stay.
    pub(super) fn block() -> Self {
        let faults = [
            libc::SIGSEGV,
            libc::SIGBUS,
            libc::SIGFPE,
            libc::SIGILL,
            libc::SIGTRAP,
            libc::SIGABRT,
            libc::SIGSYS,
        ];
        // SAFETY: all zeros are a valid value, and the places are valid.
        unsafe {
            let mut blocked: libc::sigset_t = mem::zeroed();
            let mut before: libc::sigset_t = mem::zeroed();
            libc::sigfillset(&raw mut blocked);
            for fault in faults {
                libc::sigdelset(&raw mut blocked, fault);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const blocked, &raw mut before);
            Self(before)
        }
    }
}

impl Drop for SignalMask {
    fn drop(&mut self) {
        // SAFETY: the place is valid.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}

//! [`Signals`]: the signals that end a command, as something to wait for, also beside a socket.
//!
//! # Implementation
//!
//! They are blocked in the calling thread before it starts others, which inherit that, and read
//! from a descriptor (`signalfd`). So no handler runs, and that of Python, in whose process the
//! command may run, stays. A signal that the process ignores, as `nohup` has it do, is left
//! ignored.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::time::Duration;

const ENDING: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

/// Signals that are blocked and read, until this is dropped in the same thread.
pub(crate) struct Signals {
    descriptor: OwnedFd,
    before: libc::sigset_t,
}

impl Signals {
    /// Blocks them in the calling thread, and in those that it starts from now on.
    pub(crate) fn block() -> io::Result<Self> {
        let mut set = MaybeUninit::uninit();
        // SAFETY: the place is valid, and the call initialises it.
        let mut set: libc::sigset_t = unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            set.assume_init()
        };
        for signal in ENDING.into_iter().filter(|&signal| !is_ignored(signal)) {
            // SAFETY: the set is valid.
            unsafe { libc::sigaddset(&raw mut set, signal) };
        }
        // SAFETY: the set is valid.
        let descriptor =
            unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was just made, and has no other owner.
        let descriptor = unsafe { OwnedFd::from_raw_fd(descriptor) };
        let mut before = MaybeUninit::uninit();
        // SAFETY: both places are valid.
        let failed =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, before.as_mut_ptr()) };
        if failed != 0 {
            return Err(io::Error::from_raw_os_error(failed));
        }
        // SAFETY: the call that succeeded has initialised it.
        let before = unsafe { before.assume_init() };
        Ok(Self { descriptor, before })
    }

    /// Waits until `other` is readable: `true`. Or until a signal has come: `false`.
    pub(crate) fn wait_for(&self, other: BorrowedFd<'_>) -> bool {
        self.poll(Some(other), -1)
    }

    /// Waits for that long: `true`. Or until a signal has come: `false`.
    pub(crate) fn pause(&self, time: Duration) -> bool {
        self.poll(None, libc::c_int::try_from(time.as_millis()).unwrap_or(-1))
    }

    fn poll(&self, other: Option<BorrowedFd<'_>>, time: libc::c_int) -> bool {
        let of = |fd| libc::pollfd {
            fd,
            events: libc::POLLIN,
            revents: 0,
        };
        // A negative number is skipped.
        let other = other.map_or(-1, |other| other.as_raw_fd());
        let mut waits = [of(self.descriptor.as_raw_fd()), of(other)];
        loop {
            // SAFETY: the places are valid.
            let found = unsafe { libc::poll(waits.as_mut_ptr(), 2, time) };
            if found >= 0 || io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                return waits[0].revents == 0;
            }
        }
    }

    /// Takes a signal that has come.
    fn take(&self) -> bool {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the place is valid for its size.
        let got =
            unsafe { libc::read(self.descriptor.as_raw_fd(), info.as_mut_ptr().cast(), size) };
        got > 0
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        // Those that have come have had their effect.
        while self.take() {}
        // SAFETY: the set is valid.
        unsafe {
            libc::pthread_sigmask(
                libc::SIG_SETMASK,
                &raw const self.before,
                std::ptr::null_mut(),
            );
        }
    }
}

fn is_ignored(signal: libc::c_int) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: the place is valid, and the call that succeeds initialises it.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

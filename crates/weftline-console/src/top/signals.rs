//! [`Signals`]: the signals that a program with the whole screen has to answer.
//!
//! Their handler notes the signal and wakes the loop that draws, which then does what is to be
//! done. The handlers that were there before come back when the value is dropped, also in a Python
//! process that goes on. A signal that is ignored, as under `nohup`, stays ignored.

use rustix::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use rustix::pipe::{PipeFlags, pipe_with};
use std::io;
use std::mem;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};

/// Those that end the program.
const ENDS: [i32; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];
/// Those after which the screen is drawn anew.
const CHANGES: [i32; 3] = [libc::SIGWINCH, libc::SIGTSTP, libc::SIGCONT];

/// The signals that came, a bit for each.
static CAME: AtomicU64 = AtomicU64::new(0);
/// The pipe that wakes the loop. It is never closed: a handler may still write to it on another
/// thread, when its number would already be that of another file.
static PIPE: OnceLock<(OwnedFd, OwnedFd)> = OnceLock::new();
/// Its end to which handlers write, or -1.
static WAKE: AtomicI32 = AtomicI32::new(-1);
static IS_IN_USE: AtomicBool = AtomicBool::new(false);

/// The handlers, while it exists. There is one at a time.
pub(crate) struct Signals {
    before: Vec<(i32, libc::sigaction)>,
    woken: BorrowedFd<'static>,
}

extern "C" fn note(signal: libc::c_int) {
    CAME.fetch_or(bit(signal), Ordering::Relaxed);
    wake();
}

fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// Wakes the loop. Safe in a signal handler.
pub(crate) fn wake() {
    let pipe = WAKE.load(Ordering::Relaxed);
    if pipe < 0 {
        return;
    }
    // SAFETY: always valid; the interrupted code may be about to read it.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: both are valid. A full pipe wakes as well, and a closed one needs no waking.
    unsafe {
        let before = *errno;
        libc::write(pipe, c"!".as_ptr().cast(), 1);
        *errno = before;
    }
}

impl Signals {
    /// Handles the signals from now on.
    ///
    /// # Errors
    /// When the system has no pipe left, or another view is on the screen of this process.
    pub(crate) fn handle() -> io::Result<Self> {
        if IS_IN_USE.swap(true, Ordering::Acquire) {
            return Err(io::Error::other("this process shows a view already"));
        }
        let woken = pipe().inspect_err(|_| IS_IN_USE.store(false, Ordering::Release))?;
        let mut signals = Self {
            before: Vec::new(),
            woken,
        };
        signals.settle();
        CAME.store(0, Ordering::Relaxed);
        for signal in ENDS.into_iter().chain(CHANGES) {
            signals.handle_one(signal)?;
        }
        Ok(signals)
    }

    fn handle_one(&mut self, signal: i32) -> io::Result<()> {
        // SAFETY: all zeros are a valid value.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = note as *const () as usize;
        // Calls are not restarted: a write to a terminal that takes nothing must end.
        action.sa_flags = libc::SA_ONSTACK;
        // SAFETY: all zeros are a valid value.
        let mut before: libc::sigaction = unsafe { mem::zeroed() };
        // SAFETY: both are valid. The handler stores to an atomic and writes to a pipe.
        if unsafe { libc::sigaction(signal, &raw const action, &raw mut before) } != 0 {
            return Err(io::Error::last_os_error());
        }
        if before.sa_sigaction == libc::SIG_IGN && ENDS.contains(&signal) {
            restore(signal, &before);
        } else {
            self.before.push((signal, before));
        }
        Ok(())
    }

    /// The descriptor that is readable when a signal has come, or [`wake`] was called.
    pub(crate) fn woken(&self) -> BorrowedFd<'_> {
        self.woken
    }

    /// Makes [`Signals::woken`] unreadable until the next time.
    pub(crate) fn settle(&self) {
        let mut bytes = [0; 64];
        while rustix::io::read(self.woken, &mut bytes).is_ok_and(|got| got == bytes.len()) {}
    }

    /// Whether that signal has come since the last call.
    pub(crate) fn came(&self, signal: i32) -> bool {
        CAME.fetch_and(!bit(signal), Ordering::Relaxed) & bit(signal) != 0
    }

    /// Stops this process and its group as `Ctrl-Z` does, until it is continued.
    pub(crate) fn suspend(&mut self) -> io::Result<()> {
        let own = self.before.iter().find(|(of, _)| *of == libc::SIGTSTP);
        if let Some((signal, before)) = own {
            restore(*signal, before);
        }
        self.came(libc::SIGCONT);
        // SAFETY: no memory is passed.
        unsafe { libc::kill(0, libc::SIGTSTP) };
        // Another thread may take the signal. A process that no shell waits for is not stopped.
        for _ in 0..20 {
            if self.came(libc::SIGCONT) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        self.before.retain(|(of, _)| *of != libc::SIGTSTP);
        self.handle_one(libc::SIGTSTP)
    }
}

/// The end of the pipe that is readable when the loop is woken.
fn pipe() -> io::Result<BorrowedFd<'static>> {
    let (woken, wake) = match PIPE.get() {
        Some(ends) => ends,
        None => {
            let ends = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
            PIPE.get_or_init(|| ends)
        }
    };
    WAKE.store(wake.as_raw_fd(), Ordering::Relaxed);
    Ok(woken.as_fd())
}

/// The signal that has come to end this process.
pub(crate) fn ending() -> Option<i32> {
    let came = CAME.load(Ordering::Relaxed);
    ENDS.into_iter().find(|&signal| came & bit(signal) != 0)
}

/// Does what that signal does without a view: it ends the process, or a handler of the program
/// takes it.
pub(crate) fn raise(signal: i32) {
    // SAFETY: no memory is passed.
    unsafe { libc::raise(signal) };
}

fn restore(signal: i32, before: &libc::sigaction) {
    // SAFETY: the value is what the system has told of the handler before.
    unsafe { libc::sigaction(signal, ptr::from_ref(before), ptr::null_mut()) };
}

impl Drop for Signals {
    fn drop(&mut self) {
        for (signal, before) in &self.before {
            restore(*signal, before);
        }
        IS_IN_USE.store(false, Ordering::Release);
    }
}

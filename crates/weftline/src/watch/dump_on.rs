//! Reports on signals that others send before they end a process: a supervisor's `SIGABRT`, say.
//!
//! The handler writes the report of `plain.rs` to standard error. Then it does what the signal did
//! before: it calls the earlier handler, or lets the system take the default action.

use super::os::{Descriptor, KeepErrno, Stream};
use super::{own_stack, plain};
use std::cell::UnsafeCell;
use std::ffi::{c_int, c_void};
use std::mem::{self, ManuallyDrop};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

/// One more than the largest number of a signal.
const SIGNALS: usize = 65;

/// What each signal did before.
struct Before([UnsafeCell<mem::MaybeUninit<libc::sigaction>>; SIGNALS]);

// SAFETY: each is written once, before its handler is installed.
unsafe impl Sync for Before {}

static BEFORE: Before = Before([const { UnsafeCell::new(mem::MaybeUninit::uninit()) }; SIGNALS]);
static IS_SET: [AtomicBool; SIGNALS] = [const { AtomicBool::new(false) }; SIGNALS];

/// Has the process write a report to standard error when it gets the signal, and then do what it
/// did before. Setting it again does nothing.
///
/// # Errors
/// When there is no such signal, or it cannot be handled.
pub fn dump_on(signal: i32) -> std::io::Result<()> {
    let wrong = || std::io::Error::from(std::io::ErrorKind::InvalidInput);
    let index = usize::try_from(signal)
        .ok()
        .filter(|&index| (1..SIGNALS).contains(&index));
    let index = index.ok_or_else(wrong)?;
    if IS_SET[index].swap(true, Ordering::AcqRel) {
        return Ok(());
    }
    crate::park::fork::watch();
    // SAFETY: all zeros are a valid value.
    let mut ours: libc::sigaction = unsafe { mem::zeroed() };
    ours.sa_sigaction = handle as extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) as usize;
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    // SAFETY: the place is valid.
    unsafe { libc::sigfillset(&raw mut ours.sa_mask) };
    // SAFETY: the place is this signal's, which no handler reads yet.
    let before = unsafe { (*BEFORE.0[index].get()).as_mut_ptr() };
    // SAFETY: the places are valid.
    let failed = unsafe {
        libc::sigaction(signal, ptr::null(), before) != 0
            || libc::sigaction(signal, &raw const ours, ptr::null_mut()) != 0
    };
    if failed {
        IS_SET[index].store(false, Ordering::Release);
        return Err(std::io::Error::last_os_error());
    }
    Ok(())
}

/// As [`dump_on`], for the signals that the environment variable `WEFTLINE_DUMP_ON` names, between
/// commas: `ABRT`, `SIGABRT` or a number. Returns those words that are no signal.
#[must_use]
pub fn dump_on_as_told() -> Vec<String> {
    let told = std::env::var("WEFTLINE_DUMP_ON").unwrap_or_default();
    let words = told
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty());
    let is_refused = |word: &&str| {
        number(word)
            .and_then(|signal| dump_on(signal).ok())
            .is_none()
    };
    words.filter(is_refused).map(str::to_owned).collect()
}

/// The number of a signal by its name, with or without `SIG`.
fn number(word: &str) -> Option<i32> {
    let upper = word.to_ascii_uppercase();
    Some(match upper.strip_prefix("SIG").unwrap_or(&upper) {
        "ABRT" => libc::SIGABRT,
        "ALRM" => libc::SIGALRM,
        "BUS" => libc::SIGBUS,
        "FPE" => libc::SIGFPE,
        "HUP" => libc::SIGHUP,
        "ILL" => libc::SIGILL,
        "INT" => libc::SIGINT,
        "QUIT" => libc::SIGQUIT,
        "SEGV" => libc::SIGSEGV,
        "SYS" => libc::SIGSYS,
        "TERM" => libc::SIGTERM,
        "USR1" => libc::SIGUSR1,
        "USR2" => libc::SIGUSR2,
        "XCPU" => libc::SIGXCPU,
        number => return number.parse().ok(),
    })
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    {
        let _errno = KeepErrno::now();
        own_stack::call(|| {
            let standard_error = ManuallyDrop::new(Descriptor(libc::STDERR_FILENO));
            let mut out = Stream::to_file(&standard_error);
            let _ = plain::write_report(&mut out).and_then(|()| out.flush());
        });
    }
    // SAFETY: written before this handler was installed.
    let before = unsafe { (*BEFORE.0[signal as usize].get()).assume_init_ref() };
    match before.sa_sigaction {
        libc::SIG_IGN => {}
        libc::SIG_DFL => {
            // The signal is blocked until this handler returns; then it does what it does.
            // SAFETY: the place is valid.
            unsafe {
                libc::sigaction(signal, before, ptr::null_mut());
                libc::raise(signal);
            }
        }
        handler if before.sa_flags & libc::SA_SIGINFO != 0 => {
            // SAFETY: the program installed it as such a handler.
            let handler = unsafe {
                mem::transmute::<usize, extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void)>(
                    handler,
                )
            };
            handler(signal, info, context);
        }
        handler => {
            // SAFETY: as above.
            let handler = unsafe { mem::transmute::<usize, extern "C" fn(c_int)>(handler) };
            handler(signal);
        }
    }
}

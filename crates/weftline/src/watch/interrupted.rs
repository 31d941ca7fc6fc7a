//! Whether a signal has interrupted a thread that waits in the kernel and holds no lock of the C
//! library. In such a thread a handler may start another thread.
//!
//! # Implementation
//!
//! The functions of the C library that start a thread are not safe in a signal handler, because the
//! interrupted code may hold a lock that they take: of the allocator, of the list of stacks, of the
//! loader. A thread that sleeps interruptibly in the kernel holds none of these, but for the waits
//! for such a lock themselves, and a read of a library's file. So the calls are told apart:
//!
//! - A call that ends with `EINTR` was interrupted in its sleep: `poll`, `select`, `epoll_wait`,
//!   `nanosleep`, a futex with a timeout. The locks of the C library wait without one.
//! - A call that is about to begin again has its number in a register. Taken are those that wait
//!   for another process or machine, and reads of pipes, sockets and terminals.
//!
//! What is not recognised counts as busy.

use std::ffi::{c_int, c_long, c_void};

/// Whether the thread that the signal has interrupted there waits in the kernel. A signal handler
/// passes its third argument.
pub(super) fn waits_in_kernel(context: *const c_void) -> bool {
    // SAFETY: the kernel passes a valid one.
    unsafe { context.cast::<libc::ucontext_t>().as_ref() }
        .and_then(Call::of)
        .is_some_and(|call| call.is_wait())
}

/// A call of the system that the signal has interrupted.
enum Call {
    /// It ends with `EINTR`.
    Ends,
    /// It begins again: its number and its first argument.
    Restarts { number: c_long, first: u64 },
}

#[cfg(target_arch = "x86_64")]
impl Call {
    fn of(context: &libc::ucontext_t) -> Option<Self> {
        let register = |which: c_int| context.uc_mcontext.gregs[which as usize];
        let at = register(libc::REG_RIP) as usize;
        let result = register(libc::REG_RAX);
        if result == -i64::from(libc::EINTR) && is_syscall(at.wrapping_sub(2)) {
            return Some(Self::Ends);
        }
        is_syscall(at).then(|| Self::Restarts {
            number: result as c_long,
            first: register(libc::REG_RDI) as u64,
        })
    }
}

/// Whether the instruction there is `syscall`. The thread has executed it or is about to, if it is.
#[cfg(target_arch = "x86_64")]
fn is_syscall(at: usize) -> bool {
    let byte = |at: usize| {
        // SAFETY: on the page of an instruction that the thread has executed, or the second byte of
        // an instruction that has two.
        unsafe { std::ptr::with_exposed_provenance::<u8>(at).read_volatile() }
    };
    // One that ends with its page may lie on the page before, which is not looked at.
    at % 4096 < 4094 && byte(at) == 0x0f && byte(at + 1) == 0x05
}

#[cfg(target_arch = "aarch64")]
impl Call {
    fn of(context: &libc::ucontext_t) -> Option<Self> {
        let state = &context.uc_mcontext;
        let at = state.pc as usize;
        if state.regs[0] as i64 == -i64::from(libc::EINTR) && is_syscall(at.wrapping_sub(4)) {
            return Some(Self::Ends);
        }
        is_syscall(at).then(|| Self::Restarts {
            number: state.regs[8] as c_long,
            first: state.regs[0],
        })
    }
}

/// Whether the instruction there is `svc #0`.
#[cfg(target_arch = "aarch64")]
fn is_syscall(at: usize) -> bool {
    // One that ends with its page may lie on the page before, which is not looked at.
    at % 4096 <= 4096 - 8
        // SAFETY: on the page of an instruction that the thread has executed.
        && unsafe { std::ptr::with_exposed_provenance::<u32>(at).read_volatile() } == 0xd400_0001
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
impl Call {
    fn of(_: &libc::ucontext_t) -> Option<Self> {
        None
    }
}

impl Call {
    fn is_wait(&self) -> bool {
        let (number, first) = match *self {
            Self::Ends => return true,
            Self::Restarts { number, first } => (number, first),
        };
        match number {
            libc::SYS_recvfrom
            | libc::SYS_recvmsg
            | libc::SYS_accept
            | libc::SYS_accept4
            | libc::SYS_wait4
            | libc::SYS_waitid => true,
            libc::SYS_read | libc::SYS_readv => is_stream(first as c_int),
            _ => false,
        }
    }
}

/// Whether the descriptor is of a pipe, a socket or a terminal, rather than of a file.
fn is_stream(descriptor: c_int) -> bool {
    // SAFETY: all zeros are a valid value.
    let mut told: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the place is valid. The call is safe in a signal handler.
    let failed = unsafe { libc::fstat(descriptor, &raw mut told) } != 0;
    !failed
        && matches!(
            told.st_mode & libc::S_IFMT,
            libc::S_IFIFO | libc::S_IFSOCK | libc::S_IFCHR
        )
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// 0: not called; 1: busy; 2: it waits.
    static FOUND: AtomicU32 = AtomicU32::new(0);

    extern "C" fn handle(_: c_int, _: *mut libc::siginfo_t, context: *mut c_void) {
        FOUND.store(1 + u32::from(waits_in_kernel(context)), Ordering::SeqCst);
    }

    /// What is found of a thread that is interrupted in that call, once it sleeps if it is to.
    /// The call may return by the signal.
    fn interrupted(sleeps: bool, call: impl FnOnce() + Send) -> bool {
        FOUND.store(0, Ordering::SeqCst);
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let thread = scope.spawn(move || {
                // SAFETY: these always succeed.
                let ids = unsafe { (libc::pthread_self(), libc::gettid()) };
                tell.send(ids).unwrap();
                call();
            });
            let (handle, id) = told.recv().unwrap();
            let is_asleep = || {
                let stat = std::fs::read_to_string(format!("/proc/self/task/{id}/stat"));
                let stat = stat.unwrap_or_default();
                stat.rsplit_once(") ")
                    .is_some_and(|(_, rest)| rest.starts_with('S'))
            };
            while sleeps && !is_asleep() {
                std::thread::yield_now();
            }
            // SAFETY: the thread has not been joined.
            unsafe { libc::pthread_kill(handle, libc::SIGURG) };
            while FOUND.load(Ordering::SeqCst) == 0 {
                std::thread::yield_now();
            }
            ENDS.store(1, Ordering::SeqCst);
            let _ = thread.join();
            ENDS.store(0, Ordering::SeqCst);
        });
        FOUND.load(Ordering::SeqCst) == 2
    }

    static ENDS: AtomicU32 = AtomicU32::new(0);

    #[test]
    fn sleeps_are_told_from_work() {
        // SAFETY: all zeros are a valid value, the place is valid, and the handler is safe.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            let function: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = handle;
            action.sa_sigaction = function as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
            libc::sigaction(libc::SIGURG, &raw const action, std::ptr::null_mut());
        }
        let mut ends = [0; 2];
        // SAFETY: the place is valid.
        assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
        let [reads, writes] = ends;
        let write = || {
            // SAFETY: the place is valid.
            unsafe { libc::write(writes, [0_u8].as_ptr().cast(), 1) };
        };
        assert!(interrupted(true, || {
            // SAFETY: no descriptor is passed.
            unsafe { libc::poll(std::ptr::null_mut(), 0, 60_000) };
        }));
        assert!(interrupted(true, || {
            let mut byte = 0_u8;
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    while FOUND.load(Ordering::SeqCst) == 0 {
                        std::thread::yield_now();
                    }
                    write();
                });
                // SAFETY: the place is valid.
                unsafe { libc::read(reads, (&raw mut byte).cast(), 1) };
            });
        }));
        assert!(!interrupted(false, || {
            let mut sum = 0_u64;
            while ENDS.load(Ordering::Relaxed) == 0 {
                sum = std::hint::black_box(sum.wrapping_mul(3) + 1);
            }
        }));
        for end in ends {
            // SAFETY: it is open.
            unsafe { libc::close(end) };
        }
    }
}

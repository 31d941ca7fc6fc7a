//! A stack for the signal handler, because the one that it interrupts may be small or nearly full.
//!
//! # Implementation
//!
//! The kernel puts a handler on the alternate stack of the thread if it has one (Rust's threads
//! have 8 KiB), else on the stack that it interrupts. The handler goes on on a stack of the
//! process, which one handler has at a time. A second one waits: the first waits for its reader
//! alone, and for that not long. A thread that was cancelled there never comes back, so a handler
//! gives up after a while.
//!
//! | `USER` | meaning | leaves by |
//! |---|---|---|
//! | `0` | free | a handler → the process |
//! | this process | a handler of this process has it | its end → `0` |
//! | another process | the handler was lost in a fork | as `0` |
//!
//! The process is its number, and not the fork generation: a signal may come to a child before its
//! first handler of the fork.
//!
//! **Other signals** are blocked on this stack, by the mask of the handler's action: until its end,
//! since an alternate stack has no room for two. The kernel takes that stack for free while the
//! thread is not on it, and the next handler would overwrite the frame of this one. Such a handler
//! might also wait for what this one has.

use crate::park::Deadline;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Far more than the handler needs in any build.
const BYTES: usize = 128 * 1024;

#[repr(align(64))]
struct Stack(UnsafeCell<[u8; BYTES]>);

// SAFETY: one handler uses it at a time.
unsafe impl Sync for Stack {}

static STACK: Stack = Stack(UnsafeCell::new([0; BYTES]));
static USER: AtomicU32 = AtomicU32::new(0);

/// How long a handler waits for another one.
const FOR_OTHERS: Duration = Duration::from_secs(2);

/// Calls `f` on that stack, unless other handlers have it for too long. Safe in a signal handler
/// that blocks all other signals, if `f` is.
pub(super) fn call<F: FnMut()>(mut f: F) {
    extern "C" fn run<F: FnMut()>(f: *mut F) {
        // SAFETY: `call` passes a valid one.
        unsafe { (*f)() }
    }
    let this = std::process::id();
    if !take(this) {
        return;
    }
    let top = STACK.0.get().wrapping_add(1).cast::<u8>();
    // SAFETY: the stack is this handler's, and a function that panics ends the process.
    unsafe { switch(top, run::<F>, &raw mut f) };
    // The child of a fork in another thread never gets here.
    debug_assert_eq!(USER.load(Ordering::Relaxed), this);
    USER.store(0, Ordering::Release);
}

fn take(this: u32) -> bool {
    let deadline = Deadline::after(FOR_OTHERS);
    loop {
        let user = USER.load(Ordering::Relaxed);
        if user != this
            && USER
                .compare_exchange(user, this, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
        {
            return true;
        }
        if deadline.has_passed() {
            return false;
        }
        let nap = libc::timespec {
            tv_sec: 0,
            tv_nsec: 100_000,
        };
        // SAFETY: the place is valid.
        unsafe { libc::nanosleep(&raw const nap, std::ptr::null_mut()) };
    }
}

/// # Safety
/// `top` is the end of a stack that no one uses, aligned to 16. `f` returns.
#[cfg(target_arch = "x86_64")]
unsafe fn switch<F>(top: *mut u8, f: extern "C" fn(*mut F), argument: *mut F) {
    // SAFETY: the stack pointer is put back, from a register that `f` preserves.
    unsafe {
        std::arch::asm!(
            "mov r12, rsp",
            "mov rsp, {top}",
            "call {f}",
            "mov rsp, r12",
            top = in(reg) top,
            f = in(reg) f,
            in("rdi") argument,
            out("r12") _,
            clobber_abi("C"),
        );
    }
}

/// # Safety
/// As on x86-64.
#[cfg(target_arch = "aarch64")]
unsafe fn switch<F>(top: *mut u8, f: extern "C" fn(*mut F), argument: *mut F) {
    // SAFETY: as on x86-64.
    unsafe {
        std::arch::asm!(
            "mov x20, sp",
            "mov sp, {top}",
            "blr {f}",
            "mov sp, x20",
            top = in(reg) top,
            f = in(reg) f,
            in("x0") argument,
            out("x20") _,
            clobber_abi("C"),
        );
    }
}

/// Elsewhere the handler stays where it is.
///
/// # Safety
/// `f` may be called with `argument`.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe fn switch<F>(_top: *mut u8, f: extern "C" fn(*mut F), argument: *mut F) {
    f(argument);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "has assembly")]
    fn calls_of_many_threads_take_turns() {
        let mut sum = 0_u64;
        let place = STACK.0.get().addr();
        std::thread::scope(|scope| {
            let each: Vec<_> = (0..4_u64)
                .map(|thread| {
                    scope.spawn(move || {
                        let mut sum = 0;
                        for number in 0..200 {
                            call(|| {
                                let here = 0_u8;
                                let is_there = (&raw const here).addr().wrapping_sub(place) < BYTES;
                                let has_switch =
                                    cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
                                assert_eq!(is_there, has_switch);
                                sum += number * thread;
                            });
                        }
                        sum
                    })
                })
                .collect();
            sum = each.into_iter().map(|thread| thread.join().unwrap()).sum();
        });
        assert_eq!(sum, 19_900 * 6);
    }
    /// Calls `f`, and returns how many bytes below its caller's it has used of the stack.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn used_by(f: impl Fn()) -> usize {
        const UNUSED: u8 = 0xA5;
        let mut used = 0;
        call(|| {
            let here = 0_u8;
            // This frame, and what the processor may use below it, stay as they are.
            let free = (&raw const here).addr() - STACK.0.get().addr() - 4096;
            let bottom = STACK.0.get().cast::<u8>();
            // SAFETY: this handler has the stack, and no frame is so far down.
            unsafe { bottom.write_bytes(UNUSED, free) };
            f();
            // SAFETY: as above.
            let after = unsafe { std::slice::from_raw_parts(bottom, free) };
            let untouched = after.iter().take_while(|&&byte| byte == UNUSED).count();
            used = BYTES - untouched;
        });
        used
    }

    #[test]
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[cfg_attr(miri, ignore = "has assembly")]
    fn the_reports_need_less_than_half_of_it() {
        use crate::watch::os::{Descriptor, Stream};
        use crate::watch::{plain, wire};

        // SAFETY: the name is valid.
        let nowhere = unsafe { libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY) };
        let nowhere = Descriptor(nowhere);
        crate::park::name_current("one of the threads");
        let used = used_by(|| {
            let mut out = Stream::to_file(&nowhere);
            wire::write_process(&mut out, false, Some(0)).unwrap();
            plain::write_report(&mut out).unwrap();
            out.flush().unwrap();
        });
        assert!(used < BYTES / 2, "{used}");
    }
}

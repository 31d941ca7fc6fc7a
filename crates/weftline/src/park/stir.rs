//! What a sleeping thread does for reports inside its sleep. Its wait goes on, and stays visible
//! meanwhile.
//!
//! | when | what |
//! |---|---|
//! | it is *stirred*: woken without a token, or interrupted by a signal | it answers a request |
//! | its wait has lasted for 1 s, 2 s, 4 s, … | it looks for a deadlock |
//!
//! The floor above that makes reports registers both. Before that, a sleep is not divided.

use super::Deadline;
use super::clock::now;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A `fn()`, or null.
static STIRRED: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
/// A `fn() -> bool`, or null.
static LASTS: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Has sleeping threads call `f` when they are stirred, and whenever a signal interrupts their
/// sleep. `f` runs on a thread that may hold any lock of the program, so it waits for none.
pub(crate) fn set_stirred(f: fn()) {
    STIRRED.store(f as *mut (), Ordering::Release);
}

/// Has threads call `f` when their wait has lasted for 1 s, 2 s, 4 s and so on. `true` ends the
/// wait, as an interrupt.
pub(crate) fn set_lasts(f: fn() -> bool) {
    LASTS.store(f as *mut (), Ordering::Release);
}

/// Called inside a sleep that ended without a token. Returns whether there was something to call:
/// a signal that came meanwhile has interrupted no sleep.
#[cold]
pub(super) fn stirred() -> bool {
    let f = STIRRED.load(Ordering::Acquire);
    if !f.is_null() {
        // SAFETY: stored by `set_stirred`.
        unsafe { mem::transmute::<*mut (), fn()>(f)() };
    }
    !f.is_null()
}

/// Called inside a sleep at the point that [`next_look`] returned. `true`: the wait is to end,
/// because a deadlock was found. The sleep counts as interrupted either way.
#[cold]
pub(super) fn lasts() -> bool {
    let f = LASTS.load(Ordering::Acquire);
    // SAFETY: stored by `set_lasts`.
    !f.is_null() && unsafe { mem::transmute::<*mut (), fn() -> bool>(f)() }
}

/// When a wait that began at `since` calls [`lasts`] next: as long after its beginning as the next
/// power of two, in seconds.
pub(super) fn next_look(since: Option<u64>) -> Deadline {
    const SECOND: u64 = 1_000_000_000;
    let Some(since) = since.filter(|_| !LASTS.load(Ordering::Relaxed).is_null()) else {
        return Deadline::NEVER;
    };
    let waited = now().saturating_sub(since) / SECOND;
    let next = 1_u64.checked_shl(u64::BITS - waited.leading_zeros());
    let after = next.and_then(|seconds| seconds.checked_mul(SECOND));
    after.map_or(Deadline::NEVER, |after| {
        Deadline::from_nanos(since.saturating_add(after))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_looks_at_powers_of_two() {
        set_lasts(|| false);
        let seconds = |waited: u64| {
            let since = now() - waited * 1_000_000_000 - 5_000_000;
            (next_look(Some(since)).nanos().unwrap() - since) / 1_000_000_000
        };
        assert_eq!(
            [0, 1, 2, 3, 4, 63, 64].map(seconds),
            [1, 2, 4, 4, 8, 64, 128]
        );
        assert_eq!(next_look(None), Deadline::NEVER);
    }
}

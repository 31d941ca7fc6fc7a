//! What a sleeping thread does for reports inside its sleep. Its wait goes on, and stays visible
//! meanwhile.
//!
//! | when | what |
//! |---|---|
//! | it begins, or it is *stirred*: woken without a token, or interrupted by a signal | it answers a request |
//! | its wait has lasted for 1 s, 2 s, 4 s, … | it looks for a deadlock |
//!
//! The floor above that makes reports registers both. Before that, a sleep is not divided.

use super::Deadline;
use super::clock::now;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// Whether sleeping threads are asked for something; zero: they are not.
pub(crate) static ASKED: AtomicU64 = AtomicU64::new(0);

/// A `fn() -> bool`, or null.
static STIRRED: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());
/// A `fn() -> bool`, or null.
static LASTS: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Has sleeping threads call `f` while something is asked: when they go to sleep, when they are
/// stirred, and when a signal interrupts their sleep. `f` runs on a thread that may hold any lock
/// of the program, so it waits for none. It returns whether it did anything.
pub(crate) fn set_stirred(f: fn() -> bool) {
    STIRRED.store(f as *mut (), Ordering::Release);
}

/// Has threads call `f` when their wait has lasted for 1 s, 2 s, 4 s and so on. `true` ends the
/// wait, as an interrupt.
pub(crate) fn set_lasts(f: fn() -> bool) {
    LASTS.store(f as *mut (), Ordering::Release);
}

/// Called inside a sleep: before it, and when it has ended without a token. Returns whether that
/// took time: a signal that came meanwhile has interrupted no sleep.
pub(super) fn answer_if_asked() -> bool {
    ASKED.load(Ordering::Relaxed) != 0 && answer()
}

#[cold]
fn answer() -> bool {
    let f = STIRRED.load(Ordering::Acquire);
    // SAFETY: stored by `set_stirred`.
    !f.is_null() && unsafe { mem::transmute::<*mut (), fn() -> bool>(f)() }
}

/// Called inside a sleep at the point that [`next_look`] returned. `true`: the wait is to end,
/// because a deadlock was found. Otherwise the sleep goes on, unless its blocker handles signals.
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

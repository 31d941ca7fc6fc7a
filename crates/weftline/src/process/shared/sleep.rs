//! Sleeping on a word in shared memory, and waking its sleepers: futexes that are not private to a
//! process.

use crate::park::{AdaptiveSpin, Deadline, SpinLength};
use rustix::io::Errno;
use rustix::thread::{Timespec, futex};
use std::num::NonZeroU32;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// The longest sleep between two looks at the object. It bounds the wait where a process died with
/// what the sleeper waits for, or a death lost its wakeup.
const INSURANCE: Duration = Duration::from_millis(500);

/// Sleeps while `word` is `expected`: until woken or interrupted, until the deadline, or for
/// [`INSURANCE`]. The caller looks at the word again in each case.
pub(super) fn sleep(word: &AtomicU32, expected: u32, deadline: Deadline) {
    let until = deadline.min(Deadline::after(INSURANCE));
    let nanos = until.nanos().expect("it is not for ever");
    let until = Timespec {
        tv_sec: (nanos / 1_000_000_000) as i64,
        tv_nsec: (nanos % 1_000_000_000) as _,
    };
    let slept = futex::wait_bitset(
        word,
        futex::Flags::empty(),
        expected,
        Some(&until),
        NonZeroU32::MAX,
    );
    debug_assert!(matches!(
        slept,
        Ok(()) | Err(Errno::AGAIN | Errno::INTR | Errno::TIMEDOUT)
    ));
}

/// Wakes `n` sleepers of `word` at most, the longest sleeping first; returns how many it woke.
pub(super) fn wake(word: &AtomicU32, n: u32) -> usize {
    futex::wake(word, futex::Flags::empty(), n).unwrap_or(0)
}

/// Spins, if that has paid lately, until `is_there`; returns whether it is.
pub(super) fn spin_until(is_there: impl FnMut() -> bool) -> bool {
    thread_local! {
        static ADAPTIVE_SPIN: AdaptiveSpin = const { AdaptiveSpin::new() };
    }
    ADAPTIVE_SPIN.with(|policy| policy.try_spin(SpinLength::Wake, is_there))
}

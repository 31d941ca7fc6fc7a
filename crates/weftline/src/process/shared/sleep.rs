//! Sleeping on a word in shared memory, and waking who does: futexes that are not private to a
//! process.

use crate::park::{AdaptiveSpin, Deadline};
use rustix::io::Errno;
use rustix::thread::{Timespec, futex};
use std::num::NonZeroU32;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// The longest that a thread sleeps without looking whether somebody died: in a moment that lost
/// its wake-up, or with something that it waits for.
const INSURANCE: Duration = Duration::from_millis(500);

/// Sleeps while `word` is `expected`: until woken, or interrupted, or the deadline, or for
/// [`INSURANCE`]. Whoever calls looks again anyway.
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

/// Wakes so many that sleep on `word`, those first that have slept longest; says how many it were.
pub(super) fn wake(word: &AtomicU32, n: u32) -> usize {
    futex::wake(word, futex::Flags::empty(), n).unwrap_or(0)
}

/// Looks for 20 µs at most, and only if that has paid lately, whether `is_there`: that is what a
/// sleep costs when processes take turns.
pub(super) fn look_out(is_there: impl FnMut() -> bool) -> bool {
    thread_local! {
        static PATIENCE: AdaptiveSpin = const { AdaptiveSpin::new() };
    }
    PATIENCE.with(|patience| patience.spin(patience.budget(), is_there))
}

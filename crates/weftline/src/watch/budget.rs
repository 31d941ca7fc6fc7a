//! [`Budget`]: the processor time that all looks of a process for deadlocks may take together.
//!
//! A look costs about a microsecond for each thread that it visits. With thousands of waiters it
//! may visit thousands: the readers of a lock that thousands want to write, or a chain of locks. So
//! each look takes [`SHARE`] times its duration from the time to come. None begins while more than
//! [`BURST`] of that is taken. In a program with hundreds of threads all of them look.
//!
//! A look whose thread does not get a processor measures too long a duration, and the next looks
//! are fewer.

use crate::park::{fork, now};
use std::sync::atomic::{AtomicU64, Ordering};

/// Looks take at most one part in so many of one processor.
const SHARE: u64 = 20;
/// Nanoseconds.
const BURST: u64 = 2_000_000_000;
/// How many threads look at a time: a look that has only begun has taken nothing yet.
const AT_A_TIME: u64 = 16;

/// Until when the time is taken.
static TAKEN_UNTIL: AtomicU64 = AtomicU64::new(0);
/// How many threads look, and above that the fork generation: those that look while another thread
/// forks are lost to the child.
static LOOKING: AtomicU64 = AtomicU64::new(0);
const COUNT: u64 = u32::MAX as u64;

/// A look, which takes its time when this is dropped.
pub(super) struct Budget {
    begun: u64,
    generation: u64,
}

impl Budget {
    /// `None`: it is used up.
    pub(super) fn take() -> Option<Self> {
        let begun = now();
        // Relaxed, here and below: the numbers guard no memory.
        if TAKEN_UNTIL.load(Ordering::Relaxed) > begun + BURST {
            return None;
        }
        let generation = u64::from(fork::generation()) << 32;
        let enter = |looking: u64| match looking & !COUNT == generation {
            true => (looking & COUNT < AT_A_TIME).then_some(looking + 1),
            false => Some(generation | 1),
        };
        LOOKING
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, enter)
            .ok()?;
        TAKEN_UNTIL.fetch_max(begun, Ordering::Relaxed);
        Some(Self { begun, generation })
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        let took = now().saturating_sub(self.begun);
        TAKEN_UNTIL.fetch_add(took.saturating_mul(SHARE), Ordering::Relaxed);
        let leave = |looking: u64| (looking & !COUNT == self.generation).then(|| looking - 1);
        let _ = LOOKING.fetch_update(Ordering::Relaxed, Ordering::Relaxed, leave);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_look_leaves_no_time_for_others_and_few_look_at_a_time() {
        let first = Budget::take().unwrap();
        drop(Budget::take().expect("a short look, meanwhile"));
        let mut long = Budget::take().expect("another one");
        long.begun -= BURST;
        drop(long);
        assert!(Budget::take().is_none());
        TAKEN_UNTIL.store(0, Ordering::Relaxed);
        assert!(Budget::take().is_some());
        drop(first);

        let looks: Vec<Budget> = std::iter::from_fn(Budget::take).take(20).collect();
        assert!(looks.len() <= AT_A_TIME as usize);
    }
}

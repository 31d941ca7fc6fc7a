//! [`AdaptiveSpin`]: the one policy that decides whether a thread spins before it sleeps, and for
//! how long.
//!
//! A sleep and a wake cost tens of microseconds, most of them until an idle processor runs again.
//! Where two threads take turns, the answer comes sooner than that. So a thread spins first, as
//! long as spinning has paid lately.
//!
//! # Implementation
//!
//! | spin | at most | until | spinner |
//! |---|---|---|---|
//! | [`Wake`](SpinLength::Wake) | 20 µs, or 150 µs after a short sleep | a grant, or the parker's token | a waiter, before it parks |
//! | [`Lock`](SpinLength::Lock) | 5 µs | the parker's token | a lock's waiter: it competes with the threads that use the lock |
//! | [`Handoff`](SpinLength::Handoff) | 500 ns | a getter takes the item | a putter, before it wakes a getter that sleeps |
//! | [`Yields`](SpinLength::Yields) | 8 yields, about 5 µs | an item or a slot | a getter or putter, before it enlists: a spin would take the cache line from the threads that change the queue |
//!
//! *Misses.* A miss is a wait whose spin was in vain, or that did not spin. A success sets the
//! count to zero. After [`GIVE_UP`] misses in a row a thread spins only when the count is a power
//! of two or a multiple of [`PROBE`]. So a thread that was disturbed for a moment soon spins again,
//! and a thread that always waits for long loses a third of a microsecond a wait.
//!
//! *Short sleeps.* An idle processor may take longer to run again than a spin lasts, on virtual
//! machines above all. Two threads that take turns would then both give up, and go on waking idle
//! processors for ever. So a thread whose last sleep was longer than a spin and shorter than
//! [`LONG_SPIN_NANOS`] spins for that long in one wait of [`LONG_SPINS`]. An answer that comes
//! within a long spin, but not within a short one, earns one more attempt: both are awake then.

use super::clock::now;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// About as long as a sleep and a wake take.
const SPIN_NANOS: u64 = 20_000;
/// The same on a machine whose idle processors are slow to run again.
const LONG_SPIN_NANOS: u64 = 150_000;
const LOCK_SPIN_NANOS: u64 = 5_000;
const HANDOFF_SPIN_NANOS: u64 = 500;
const YIELDS: u32 = 8;
const GIVE_UP: u32 = 8;
const PROBE: u32 = 64;
const LONG_SPINS: u32 = 8;

/// What a spin waits for, which bounds it; the module's table has the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    any(not(target_os = "linux"), feature = "portable-parker"),
    allow(dead_code, reason = "the portable parker does not spin")
)]
pub(crate) enum SpinLength {
    Wake,
    Lock,
    Handoff,
    Yields,
}

/// One thread's record of the spins that paid. Only that thread uses it; it is atomic because the
/// record around it is shared.
#[derive(Debug)]
pub(crate) struct AdaptiveSpin {
    misses: AtomicU32,
    had_short_sleep: AtomicBool,
}

impl AdaptiveSpin {
    pub(crate) const fn new() -> Self {
        Self {
            misses: AtomicU32::new(0),
            had_short_sleep: AtomicBool::new(false),
        }
    }

    /// Whether this wait spins. If not, it counts as a miss.
    pub(crate) fn should_spin(&self, length: SpinLength) -> bool {
        let misses = self.misses.load(Ordering::Relaxed);
        let should_spin = match length {
            // Another thread runs meanwhile, on one processor too.
            SpinLength::Yields => pays(misses),
            _ => has_processors() && (pays(misses) || self.is_long()),
        };
        if !should_spin {
            self.misses.store(misses.wrapping_add(1), Ordering::Relaxed);
        }
        should_spin
    }

    /// Spins until `is_done` or the bound; returns whether it is done. For a wait that
    /// [`should_spin`](Self::should_spin).
    pub(crate) fn spin(&self, length: SpinLength, is_done: impl FnMut() -> bool) -> bool {
        match length {
            SpinLength::Yields => self.yield_until(is_done),
            SpinLength::Wake if self.is_long() => self.spin_for(LONG_SPIN_NANOS, is_done),
            SpinLength::Wake => self.spin_for(SPIN_NANOS, is_done),
            SpinLength::Lock => self.spin_for(LOCK_SPIN_NANOS, is_done),
            SpinLength::Handoff => self.spin_for(HANDOFF_SPIN_NANOS, is_done),
        }
    }

    /// Both: spins if this wait spins; returns whether `is_done`.
    pub(crate) fn try_spin(&self, length: SpinLength, is_done: impl FnMut() -> bool) -> bool {
        self.should_spin(length) && self.spin(length, is_done)
    }

    /// Notes the length of a sleep, woken or not.
    #[cfg_attr(
        any(not(target_os = "linux"), feature = "portable-parker"),
        allow(dead_code, reason = "the portable parker does not spin")
    )]
    pub(crate) fn note_sleep(&self, nanos: u64) {
        let is_short = (SPIN_NANOS..LONG_SPIN_NANOS).contains(&nanos);
        self.had_short_sleep.store(is_short, Ordering::Relaxed);
    }

    fn is_long(&self) -> bool {
        self.had_short_sleep.load(Ordering::Relaxed)
            && pays_for_long(self.misses.load(Ordering::Relaxed))
    }

    fn yield_until(&self, mut is_done: impl FnMut() -> bool) -> bool {
        let is_answered = (0..YIELDS).any(|_| {
            std::thread::yield_now();
            is_done()
        });
        let misses = self.misses.load(Ordering::Relaxed).wrapping_add(1);
        let misses = if is_answered { 0 } else { misses };
        self.misses.store(misses, Ordering::Relaxed);
        is_answered
    }

    fn spin_for(&self, nanos: u64, mut is_done: impl FnMut() -> bool) -> bool {
        let begun = now();
        let is_answered = loop {
            if (0..16).any(|_| {
                std::hint::spin_loop();
                is_done()
            }) {
                break true;
            }
            if now() >= begun + nanos {
                break false;
            }
        };
        let misses = if !is_answered {
            self.misses.load(Ordering::Relaxed).wrapping_add(1)
        } else if nanos > SPIN_NANOS && now() > begun + SPIN_NANOS {
            GIVE_UP - 1
        } else {
            0
        };
        self.misses.store(misses, Ordering::Relaxed);
        is_answered
    }
}

/// Whether a spin is worth an attempt after so many misses.
fn pays(misses: u32) -> bool {
    misses < GIVE_UP || misses.is_power_of_two() || misses.is_multiple_of(PROBE)
}

/// Whether a long spin is, after so many misses and a short sleep.
fn pays_for_long(misses: u32) -> bool {
    misses >= 2 && (misses.is_power_of_two() || misses.is_multiple_of(LONG_SPINS))
}

/// Whether there is more than one processor: on one, the waker does not run during a spin.
fn has_processors() -> bool {
    const UNKNOWN: u32 = 0;
    const ONE: u32 = 1;
    const MORE: u32 = 2;
    // Not a `OnceLock`: a fork while another thread initialises one leaves the child waiting for a
    // thread that it does not have.
    static PROCESSORS: AtomicU32 = AtomicU32::new(UNKNOWN);
    let mut known = PROCESSORS.load(Ordering::Relaxed);
    if known == UNKNOWN {
        known = if processors() > 1 { MORE } else { ONE };
        PROCESSORS.store(known, Ordering::Relaxed);
    }
    known == MORE
}

/// How many processors the process may use.
///
/// Not `available_parallelism`, which allocates memory to read a quota: a wait may have none, and
/// threads with a share of several processors do run beside each other.
#[cfg(target_os = "linux")]
pub(crate) fn processors() -> usize {
    rustix::thread::sched_getaffinity(None).map_or(1, |set| set.count() as usize)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many waits of `n` spin, and how many for long, if each spin is in vain and is followed
    /// by a sleep of `nanos`.
    fn spins(policy: &AdaptiveSpin, n: usize, nanos: u64) -> (usize, usize) {
        let mut spins = (0, 0);
        for _ in 0..n {
            let misses = policy.misses.load(Ordering::Relaxed);
            spins.0 += usize::from(pays(misses));
            spins.1 += usize::from(policy.is_long());
            assert!(!policy.spin_for(0, || false));
            policy.note_sleep(nanos);
        }
        spins
    }

    #[test]
    fn a_thread_whose_spins_are_in_vain_spins_less_and_less() {
        for nanos in [SPIN_NANOS - 1, LONG_SPIN_NANOS] {
            let policy = AdaptiveSpin::new();
            assert_eq!(spins(&policy, 8, nanos), (8, 0));
            // After 8, 16, 32, 64 and 128 misses.
            assert_eq!(spins(&policy, 128, nanos), (5, 0));
            const MORE: usize = if cfg!(miri) { 2 } else { 100 };
            assert_eq!(spins(&policy, 64 * MORE, nanos), (MORE, 0));
        }
    }

    #[test]
    fn a_thread_whose_sleeps_are_short_spins_for_longer_now_and_then() {
        let policy = AdaptiveSpin::new();
        assert_eq!(spins(&policy, 8, SPIN_NANOS), (8, 2));
        const MORE: usize = if cfg!(miri) { 5 } else { 100 };
        assert_eq!(spins(&policy, 8 * MORE, SPIN_NANOS).1, MORE);
    }

    #[test]
    fn an_answer_in_time_resets_the_misses_and_a_late_one_earns_one_more_spin() {
        let policy = AdaptiveSpin::new();
        spins(&policy, 24, SPIN_NANOS);
        assert!(policy.is_long());
        let begun = now();
        assert!(policy.spin_for(u64::MAX / 2, || now() - begun > 2 * SPIN_NANOS));
        assert!(!policy.is_long());
        assert!(pays(policy.misses.load(Ordering::Relaxed)));
        spins(&policy, 2, LONG_SPIN_NANOS);
        assert!(!pays(policy.misses.load(Ordering::Relaxed)));
        assert!(policy.spin(SpinLength::Wake, || true));
        assert_eq!(policy.misses.load(Ordering::Relaxed), 0);
    }
}

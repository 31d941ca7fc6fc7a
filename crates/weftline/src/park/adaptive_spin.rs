//! Whether a thread that is about to sleep should first look, for a moment, if it is woken at once.
//!
//! Putting a thread to sleep and waking it costs tens of microseconds, most of them until an idle
//! processor runs again. When two threads take turns, the other's answer comes sooner than that. So
//! a thread spins before it sleeps, for some microseconds, and only where that pays: after
//! [`GIVE_UP`] spins in a row that were in vain it sleeps at once, but for a try now and then: the
//! next after 8 waits, then after 16, and so on until it is one in [`PROBE`]. So what disturbed it
//! for a moment is forgotten soon, a thread that waits for long has then spun once in its wait, and
//! one that always waits for long costs a third of a microsecond a wait.
//!
//! A processor that has been idle may take longer to run again than a spin lasts, on virtual
//! machines above all. Two threads that take turns would then both spin in vain each time, give up,
//! and go on waking idle processors for ever. So a thread that has *dozed*, slept for longer than a
//! spin but less than [`DOZE_NANOS`], now and then looks for that long: once in [`DOZES`] waits.
//! What comes within that time but not within a spin's is no reason to spin each time, but to try
//! once more, for then both are awake.

use super::deadline::now;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// As long as it takes to sleep and be woken, roughly.
const SPIN_NANOS: u64 = 20_000;
/// The same where that takes long.
const DOZE_NANOS: u64 = 150_000;
const GIVE_UP: u32 = 8;
const PROBE: u32 = 64;
const DOZES: u32 = 8;

/// Whether to look, after so many that were in vain.
fn is_worth_a_try(misses: u32) -> bool {
    misses < GIVE_UP || misses.is_power_of_two() || misses.is_multiple_of(PROBE)
}

/// Whether to look for long, after so many that were in vain and a doze.
fn is_worth_a_long_try(misses: u32) -> bool {
    misses >= 2 && (misses.is_power_of_two() || misses.is_multiple_of(DOZES))
}

/// One thread's experience with spinning. Only that thread uses it; the atomic is for sharing the
/// record it lies in.
#[derive(Debug)]
pub(crate) struct AdaptiveSpin {
    misses: AtomicU32,
    has_dozed: AtomicBool,
}

impl AdaptiveSpin {
    pub(crate) const fn new() -> Self {
        Self {
            misses: AtomicU32::new(0),
            has_dozed: AtomicBool::new(false),
        }
    }

    /// Lets other threads run a few times, for 5 µs or so if none wants to, until there is
    /// something to do; says whether there is.
    ///
    /// For what many threads change: who looks all the time keeps them from changing it, and who
    /// looks rarely finds more at once.
    pub(crate) fn look_out(&self, mut is_there: impl FnMut() -> bool) -> bool {
        const LOOKS: u32 = 8;
        let misses = self.misses.load(Ordering::Relaxed);
        if !is_worth_a_try(misses) {
            self.misses.store(misses.wrapping_add(1), Ordering::Relaxed);
            return false;
        }
        let found = (0..LOOKS).any(|_| {
            std::thread::yield_now();
            is_there()
        });
        self.misses.store(
            if found { 0 } else { misses.wrapping_add(1) },
            Ordering::Relaxed,
        );
        found
    }
}

#[cfg_attr(
    any(not(target_os = "linux"), feature = "portable-parker"),
    allow(dead_code, reason = "the portable parker does not spin")
)]
impl AdaptiveSpin {
    /// For how many nanoseconds to look, at most.
    pub(crate) fn budget(&self) -> u64 {
        if self.is_long() {
            DOZE_NANOS
        } else {
            SPIN_NANOS
        }
    }

    fn is_long(&self) -> bool {
        self.has_dozed.load(Ordering::Relaxed)
            && is_worth_a_long_try(self.misses.load(Ordering::Relaxed))
    }

    /// The thread has slept for so long, and was woken or not.
    pub(crate) fn has_slept(&self, nanos: u64) {
        let has_dozed = (SPIN_NANOS..DOZE_NANOS).contains(&nanos);
        self.has_dozed.store(has_dozed, Ordering::Relaxed);
    }

    /// Whether experience speaks for a spin. If not, that is one more wait without.
    pub(crate) fn is_willing(&self) -> bool {
        let misses = self.misses.load(Ordering::Relaxed);
        let is_willing = has_company() && (is_worth_a_try(misses) || self.is_long());
        if !is_willing {
            self.misses.store(misses.wrapping_add(1), Ordering::Relaxed);
        }
        is_willing
    }

    /// Spins until `is_done`, for so long at most, if experience speaks for it; says whether it is.
    pub(crate) fn spin(&self, budget_nanos: u64, is_done: impl FnMut() -> bool) -> bool {
        self.is_willing() && self.spin_willingly(budget_nanos, is_done)
    }

    /// As [`Self::spin`], once [`Self::is_willing`] has said so.
    pub(crate) fn spin_willingly(
        &self,
        budget_nanos: u64,
        mut is_done: impl FnMut() -> bool,
    ) -> bool {
        let begun = now();
        let is_answered = loop {
            if (0..16).any(|_| {
                std::hint::spin_loop();
                is_done()
            }) {
                break true;
            }
            if now() >= begun + budget_nanos {
                break false;
            }
        };
        let misses = if !is_answered {
            self.misses.load(Ordering::Relaxed).wrapping_add(1)
        } else if budget_nanos > SPIN_NANOS && now() > begun + SPIN_NANOS {
            GIVE_UP - 1
        } else {
            0
        };
        self.misses.store(misses, Ordering::Relaxed);
        is_answered
    }
}

/// On one processor, whoever we wait for does not run while we spin.
fn has_company() -> bool {
    const UNKNOWN: u32 = 0;
    const ALONE: u32 = 1;
    const IN_COMPANY: u32 = 2;
    // Not a `OnceLock`: a fork while another thread is initialising one leaves the child waiting
    // for a thread that it does not have.
    static COMPANY: AtomicU32 = AtomicU32::new(UNKNOWN);
    let mut company = COMPANY.load(Ordering::Relaxed);
    if company == UNKNOWN {
        company = if processors() > 1 { IN_COMPANY } else { ALONE };
        COMPANY.store(company, Ordering::Relaxed);
    }
    company == IN_COMPANY
}

/// How many processors the process may use.
///
/// Not `available_parallelism`, which takes memory to find out how much of their time it has: a
/// wait may have none, and threads with a share of the time of several run beside each other.
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

    /// How many waits of `n` are worth a try, and how many a long one, if all are in vain and each
    /// is followed by a sleep of `nanos`.
    fn tries(patience: &AdaptiveSpin, n: usize, nanos: u64) -> (usize, usize) {
        let mut tries = (0, 0);
        for _ in 0..n {
            let misses = patience.misses.load(Ordering::Relaxed);
            tries.0 += usize::from(is_worth_a_try(misses));
            tries.1 += usize::from(patience.budget() == DOZE_NANOS);
            assert!(!patience.spin_willingly(0, || false));
            patience.has_slept(nanos);
        }
        tries
    }

    #[test]
    fn a_thread_whose_spins_are_in_vain_tries_less_and_less() {
        for nanos in [SPIN_NANOS - 1, DOZE_NANOS] {
            let patience = AdaptiveSpin::new();
            assert_eq!(tries(&patience, 8, nanos), (8, 0));
            // After 8, 16, 32, 64 and 128 that were in vain.
            assert_eq!(tries(&patience, 128, nanos), (5, 0));
            const MORE: usize = if cfg!(miri) { 2 } else { 100 };
            assert_eq!(tries(&patience, 64 * MORE, nanos), (MORE, 0));
        }
    }

    #[test]
    fn one_that_dozes_tries_for_longer_now_and_then() {
        let patience = AdaptiveSpin::new();
        assert_eq!(tries(&patience, 8, SPIN_NANOS), (8, 2));
        const MORE: usize = if cfg!(miri) { 5 } else { 100 };
        assert_eq!(tries(&patience, 8 * MORE, SPIN_NANOS).1, MORE);
    }

    #[test]
    fn an_answer_in_time_has_it_spin_again_and_a_late_one_once() {
        let patience = AdaptiveSpin::new();
        tries(&patience, 24, SPIN_NANOS);
        assert_eq!(patience.budget(), DOZE_NANOS);
        let begun = now();
        assert!(patience.spin_willingly(u64::MAX / 2, || now() - begun > 2 * SPIN_NANOS));
        assert_eq!(patience.budget(), SPIN_NANOS);
        assert!(is_worth_a_try(patience.misses.load(Ordering::Relaxed)));
        tries(&patience, 2, DOZE_NANOS);
        assert!(!is_worth_a_try(patience.misses.load(Ordering::Relaxed)));
        assert!(patience.spin_willingly(SPIN_NANOS, || true));
        assert_eq!(patience.misses.load(Ordering::Relaxed), 0);
    }
}

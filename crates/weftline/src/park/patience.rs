//! Whether a thread that is about to sleep should first look, for a moment, if it is woken at once.
//!
//! Putting a thread to sleep and waking it costs tens of microseconds, most of them until an idle processor runs again. When two threads take turns, the
//! other's answer comes sooner than that. So a thread spins before it sleeps, for some microseconds, and only where that pays: after
//! [`GIVE_UP`] spins in a row that were in vain it sleeps at once, but for a try now and then: the next after 8 waits, then after 16, and so on until it
//! is one in [`PROBE`]. So what disturbed it for a moment is forgotten soon, a thread that waits for long has
//! then spun once in its wait, and one that always waits for long costs a third of a microsecond a wait.

use super::deadline::now;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};

const GIVE_UP: u32 = 8;
const PROBE: u32 = 64;

/// Whether to look, after so many that were in vain.
fn is_worth_a_try(misses: u32) -> bool {
    misses < GIVE_UP || misses.is_power_of_two() || misses.is_multiple_of(PROBE)
}

/// One thread's experience with spinning. Only that thread uses it; the atomic is for sharing the record it lies in.
#[derive(Debug)]
pub(crate) struct Patience {
    misses: AtomicU32,
}

impl Patience {
    pub(crate) const fn new() -> Self {
        Self {
            misses: AtomicU32::new(0),
        }
    }

    /// Lets other threads run a few times, for 5 µs or so if none wants to, until there is something to do; says whether there is.
    ///
    /// For what many threads change: who looks all the time keeps them from changing it, and who looks rarely finds more at once.
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

    /// Whether experience speaks for a spin. If not, that is one more wait without.
    #[cfg_attr(
        any(not(target_os = "linux"), feature = "portable-parker"),
        allow(dead_code, reason = "the portable parker does not spin")
    )]
    pub(crate) fn is_willing(&self) -> bool {
        let misses = self.misses.load(Ordering::Relaxed);
        let is_willing = has_company() && is_worth_a_try(misses);
        if !is_willing {
            self.misses.store(misses.wrapping_add(1), Ordering::Relaxed);
        }
        is_willing
    }

    /// Spins until `is_done`, for so long at most, if experience speaks for it; says whether it is.
    #[cfg_attr(
        any(not(target_os = "linux"), feature = "portable-parker"),
        allow(dead_code, reason = "the portable parker does not spin")
    )]
    pub(crate) fn spin(&self, budget_nanos: u64, is_done: impl FnMut() -> bool) -> bool {
        self.is_willing() && self.spin_willingly(budget_nanos, is_done)
    }

    /// As [`Self::spin`], once [`Self::is_willing`] has said so.
    #[cfg_attr(
        any(not(target_os = "linux"), feature = "portable-parker"),
        allow(dead_code, reason = "the portable parker does not spin")
    )]
    pub(crate) fn spin_willingly(
        &self,
        budget_nanos: u64,
        mut is_done: impl FnMut() -> bool,
    ) -> bool {
        let end = now() + budget_nanos;
        let is_answered = loop {
            if (0..16).any(|_| {
                std::hint::spin_loop();
                is_done()
            }) {
                break true;
            }
            if now() >= end {
                break false;
            }
        };
        let misses = self.misses.load(Ordering::Relaxed);
        let misses = if is_answered {
            0
        } else {
            misses.wrapping_add(1)
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
    // Not a `OnceLock`: a fork while another thread is initialising one leaves the child waiting for a thread that it does not have.
    static COMPANY: AtomicU32 = AtomicU32::new(UNKNOWN);
    let mut company = COMPANY.load(Ordering::Relaxed);
    if company == UNKNOWN {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        company = if processors > 1 { IN_COMPANY } else { ALONE };
        COMPANY.store(company, Ordering::Relaxed);
    }
    company == IN_COMPANY
}

//! Forwarding of a [`RawSemaphore`]: a condition and a value elsewhere take over (`forwarding.rs`).
//!
//! An interrupted wait may give permits back after that. They stay in the word until the binding
//! fetches them. `semaphore.rs` has the states of the word.

use super::forwarding::ForwardOutcome;
use super::semaphore::{ONE, WAITERS};
use super::{RawCondition, RawSemaphore};
use crate::park::model::Ordering;

impl RawSemaphore {
    /// Forwards the semaphore to `target`, for good: its waiters wait there from now on, and one of
    /// them is notified for each free permit. For bindings (`forwarding.rs` has the purpose).
    ///
    /// Returns how many permits were free, and the bound; `None` if the semaphore was forwarded
    /// before. Afterwards no permits are free, and [`Self::release`] and [`Self::reset`] are
    /// refused. [`Self::acquire_with`] times out at once. A wait that began before times out when
    /// the target is notified.
    ///
    /// # Safety
    /// `target` lives, where it is, as long as this semaphore.
    pub unsafe fn forward(&self, target: &RawCondition) -> Option<(u64, u64)> {
        // SAFETY: by this function's own contract.
        unsafe { self.forward_if(target, |_, _| true) }.passed_on()
    }

    /// As [`Self::forward`], if `agrees` with the number of free permits and the bound.
    ///
    /// # Safety
    /// `target` lives, where it is, as long as this semaphore.
    pub unsafe fn forward_if(
        &self,
        target: &RawCondition,
        mut agrees: impl FnMut(u64, u64) -> bool,
    ) -> ForwardOutcome<(u64, u64)> {
        let (permits, bound) = {
            let mut waiters = self.waiters.lock();
            if waiters.is_forwarded() {
                return ForwardOutcome::Before;
            }
            let bound = self.bound();
            let mut word = self.word.load(Ordering::Relaxed);
            loop {
                if !agrees(word / ONE, bound) {
                    return ForwardOutcome::Refused;
                }
                // Acquires what precedes a `release`, for a thread that takes the permit in its new
                // place. Releases what the caller has prepared, for a thread that is refused here.
                match self.word.compare_exchange_weak(
                    word,
                    WAITERS,
                    Ordering::AcqRel,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => break,
                    Err(now) => word = now,
                }
            }
            // SAFETY: by this function's own contract.
            unsafe { waiters.forward(target) };
            (word / ONE, bound)
        };
        // Permits are free while a thread waits: the front waiter was woken for them without
        // handoff and has not retried yet.
        target.notify(usize::try_from(permits).unwrap_or(usize::MAX));
        ForwardOutcome::Done((permits, bound))
    }

    /// Whether [`Self::forward`] has forwarded the semaphore.
    pub fn is_forwarded(&self) -> bool {
        self.word.load(Ordering::Acquire) & WAITERS != 0 && self.waiters.lock().is_forwarded()
    }

    /// Takes the permits that interrupted waits have given back since the semaphore was forwarded.
    pub fn take_late(&self) -> u64 {
        if self.is_forwarded() {
            self.word.swap(WAITERS, Ordering::AcqRel) / ONE
        } else {
            0
        }
    }
}

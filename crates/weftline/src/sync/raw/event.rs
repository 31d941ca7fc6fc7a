//! [`RawEvent`]: a flag that threads wait for.
//!
//! # Implementation
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | `0` | not set, nobody waits | `set` → `SET`; a waiter → `WAITERS` |
//! | `WAITERS` | not set, the list may hold waiters | `set`, under the list's lock → `SET`, everyone claimed |
//! | `SET` | set; the list is empty | `clear` → `0` |
//! | `FORWARDED \| WAITERS` | handed over to a condition and a flag elsewhere (`forwarding.rs`) | (end) |
//!
//! `WAITERS` is set and cleared under the list's lock only. A waiter sets it while it sees the flag
//! down, in one step, and then enlists; a setter that meets it takes the list's lock, so raising
//! the flag and claiming everyone is one step for whoever waits: everyone who waits when `set` is
//! called is woken, also if `clear` follows at once, and nobody who comes after that `clear` is.

use super::RawCondition;
use super::condition::LOOK_AGAIN;
use super::forwarding::{GRANTED, Waiting, leave, pass_on};
use crate::park::model::{AtomicU32, Ordering, const_fn};
use crate::park::{Blocker, CachePadded, Deadline, Ended, ListLock, WaitError, Waiter, ready};

const SET: u32 = 1;
const WAITERS: u32 = 2;
/// Stands with `WAITERS`, so that a setter looks at the list.
const FORWARDED: u32 = 4;

/// The event, generic over how its waiters sleep.
pub struct RawEvent {
    word: AtomicU32,
    waiters: ListLock<Waiting>,
}

impl RawEvent {
    const_fn! {
        /// An event that is not set.
        pub fn new() -> Self {
            Self { word: AtomicU32::new(0), waiters: ListLock::new(Waiting::new()) }
        }
    }

    /// Whether the flag is up.
    #[inline]
    pub fn is_set(&self) -> bool {
        // Pairs with the release in `set`: what was written before is seen by whoever finds the
        // flag up.
        self.word.load(Ordering::Acquire) & SET != 0
    }

    /// Raises the flag and wakes everyone who waits. `false`: the event is forwarded, and nothing
    /// was done.
    #[inline]
    pub fn set(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITERS == 0 {
            // Also when the flag is up already: what this thread wrote before is to be seen through
            // it.
            match self
                .word
                .compare_exchange_weak(word, SET, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        self.set_and_wake()
    }

    #[cold]
    fn set_and_wake(&self) -> bool {
        let chain = {
            let mut waiters = self.waiters.lock();
            if waiters.is_forwarded() {
                return false;
            }
            self.word.swap(SET, Ordering::Release);
            waiters.list.claim_all(|note| *note = GRANTED)
        };
        chain.wake();
        true
    }

    /// Lowers the flag and says whether it was up.
    #[inline]
    pub fn clear(&self) -> bool {
        self.word
            .compare_exchange(SET, 0, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Hands the event over to `target`, for good: whoever waits here waits there from now on. For
    /// bindings (`forwarding.rs` says what for).
    ///
    /// Returns whether the flag was up; `None` if the event was forwarded before. Afterwards the
    /// flag is down, [`Self::set`] and [`Self::clear`] do nothing, and [`Self::wait_with`] times
    /// out at once, unless it waited already: then it ends well when the target is notified.
    ///
    /// # Safety
    /// `target` lives, where it is, as long as this event.
    pub unsafe fn forward(&self, target: &RawCondition) -> Option<bool> {
        let mut waiters = self.waiters.lock();
        if waiters.is_forwarded() {
            return None;
        }
        // SAFETY: by this function's own contract.
        unsafe { waiters.forward(target) };
        // Acquires what came before a `set`, for whoever reads the flag where it is now.
        let word = self.word.swap(FORWARDED | WAITERS, Ordering::AcqRel);
        Some(word & SET != 0)
    }

    /// Whether the event was handed over by [`Self::forward`].
    #[inline]
    pub fn is_forwarded(&self) -> bool {
        self.word.load(Ordering::Acquire) & FORWARDED != 0
    }

    /// Sleeps through `blocker` until the flag is up.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passed before, [`WaitError::Interrupted`] when the
    /// blocker said so.
    #[inline]
    pub fn wait_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        if self.is_set() {
            Ok(())
        } else {
            self.wait_slow(blocker, deadline)
        }
    }

    /// Under the list's lock: 0 or `WAITERS` → `WAITERS`; `false` if the flag is up.
    fn mark_unless_set(&self) -> bool {
        let mut word = self.word.load(Ordering::Acquire);
        while word & SET == 0 {
            match self.word.compare_exchange_weak(
                word,
                WAITERS,
                Ordering::Relaxed,
                Ordering::Acquire,
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    #[cold]
    fn wait_slow<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        if deadline.is_at_once() {
            return Err(WaitError::TimedOut);
        }
        ready(blocker).map_err(WaitError::Interrupted)?;
        loop {
            let waiter = CachePadded(Waiter::new::<B>(0));
            {
                let mut waiters = self.waiters.lock();
                if waiters.is_forwarded() {
                    return Err(WaitError::TimedOut);
                }
                if !self.mark_unless_set() {
                    return Ok(());
                }
                // SAFETY: every way out of the wait below leaves the waiter granted (so claimed),
                // removed or forgotten.
                unsafe { waiters.list.push_back(&waiter) };
            }
            match waiter.wait(blocker, deadline) {
                Ended::Granted if waiter.payload_of_settled(|note| *note) == LOOK_AGAIN => {
                    return Err(WaitError::TimedOut);
                }
                Ended::Granted => return Ok(()),
                Ended::Forked => continue,
                Ended::Abandoned(why) => {
                    leave(&self.waiters, &waiter);
                    return Err(why);
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    // The flag is everybody's, but a notification of the target may have been for
                    // one.
                    if waiter.payload_of_settled(|note| *note) != GRANTED {
                        pass_on(&self.waiters);
                    }
                    return Err(WaitError::Interrupted(interrupt));
                }
            }
        }
    }
}

impl Default for RawEvent {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawEvent")
            .field("is_set", &self.is_set())
            .finish()
    }
}

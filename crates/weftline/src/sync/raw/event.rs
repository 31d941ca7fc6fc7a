//! [`RawEvent`]: a flag that threads wait for.
//!
//! # Implementation
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | `0` | not set, nobody waits | `set` → `SET`; a waiter → `WAITERS` |
//! | `WAITERS` | not set, the list may hold waiters | `set`, under the list's lock → `SET`, everyone claimed |
//! | `SET` | set; the list is empty | `clear` → `0` |
//!
//! `WAITERS` is set and cleared under the list's lock only. A waiter sets it while it sees the flag down, in one step, and then enlists; a setter
//! that meets it takes the list's lock, so raising the flag and claiming everyone is one step for whoever waits: everyone who
//! waits when `set` is called is woken, also if `clear` follows at once, and nobody who comes after that `clear` is.

use crate::park::model::{AtomicU32, Ordering, const_fn};
use crate::park::{Blocker, Deadline, List, ListLock, WaitError, wait_until};

const SET: u32 = 1;
const WAITERS: u32 = 2;

/// The event, generic over how its waiters sleep.
pub struct RawEvent {
    word: AtomicU32,
    waiters: ListLock<List<()>>,
}

impl RawEvent {
    const_fn! {
        /// An event that is not set.
        pub fn new() -> Self {
            Self { word: AtomicU32::new(0), waiters: ListLock::new(List::new()) }
        }
    }

    /// Whether the flag is up.
    #[inline]
    pub fn is_set(&self) -> bool {
        // Pairs with the release in `set`: what was written before is seen by whoever finds the flag up.
        self.word.load(Ordering::Acquire) & SET != 0
    }

    /// Raises the flag and wakes everyone who waits.
    #[inline]
    pub fn set(&self) {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITERS == 0 {
            // Also when the flag is up already: what this thread wrote before is to be seen through it.
            match self
                .word
                .compare_exchange_weak(word, SET, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.set_and_wake();
    }

    #[cold]
    fn set_and_wake(&self) {
        let chain = {
            let mut list = self.waiters.lock();
            self.word.swap(SET, Ordering::Release);
            list.claim_all(|()| ())
        };
        chain.wake();
    }

    /// Lowers the flag.
    #[inline]
    pub fn clear(&self) {
        self.word.fetch_and(!SET, Ordering::Relaxed);
    }

    /// Sleeps through `blocker` until the flag is up.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passed before, [`WaitError::Interrupted`] when the blocker said so.
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
        // Nothing to give back when interrupted: the flag is everybody's.
        wait_until(
            &self.waiters,
            |list| list,
            (),
            |_| !self.mark_unless_set(),
            blocker,
            deadline,
        )
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

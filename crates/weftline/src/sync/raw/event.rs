//! [`RawEvent`]: a flag that threads wait for.
//!
//! # Implementation
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | `0` | not set, no waiters | `set` → `SET`; a waiter → `WAITERS` |
//! | `WAITERS` | not set, the list may hold waiters | `set`, under the list's lock → `SET`, all waiters claimed |
//! | `SET` | set; the list is empty | `clear` → `0` |
//! | `FORWARDED \| WAITERS` | a condition and a flag elsewhere have taken over (`forwarding.rs`) | (end) |
//!
//! **Invariants.** `WAITERS` is set and cleared under the list's lock only. A waiter sets it in the
//! same step in which it sees the flag down, and then enlists. A setter that finds it takes the
//! list's lock, so raising the flag and claiming all waiters is one step for the waiters. Every
//! thread that waits when `set` is called is woken, also if `clear` follows at once. A thread that
//! comes after that `clear` is not.
//!
//! | operation | linearisation point |
//! |---|---|
//! | `set` | the compare-exchange or, with waiters, the swap of the word to `SET` |
//! | `clear` | the compare-exchange, also a failed one |
//! | `is_set`, a `wait` that finds the flag up | the read of the word |
//! | a `wait` that is woken | the swap in the `set` that claims it |
//! | a `wait` that times out after a wait | the waiter's compare-exchange to `ABANDONED` (`park/waiter.rs`); if forwarded meanwhile, the claim by the target's notification |
//! | a `wait` that may not wait, and fails | the read of the word |
//! | `forward` | the compare-exchange of the word, under the list's lock |
//!
//! | happens-before | release | acquire |
//! |---|---|---|
//! | a `set`, before `is_set` or `wait` finds the flag up | the compare-exchange or swap to `SET` | the read of the word |
//! | a `set`, before the end of the waits that it ends | the grant of the waiter (`park/waiter.rs`) | the waiter's read of its state |
//! | a `set`, before a program finds the flag up in the forwarding target | the compare-exchange or swap to `SET` | the compare-exchange in `forward_if` |
//! | `forward`, before `is_forwarded` says so | the compare-exchange in `forward_if` | the read of the word |

use super::RawCondition;
use super::condition::RETRY;
use super::forwarding::{
    ForwardOutcome, GRANTED_BY_OBJECT, Waiting, leave_its_list, pass_on_notification,
};
use crate::park::model::{AtomicU32, Ordering, const_fn};
use crate::park::{
    BlockedOn, Blocker, CachePadded, Deadline, Ended, Kind, ListLock, MaybeGone, ObjectState,
    WaitError, Waiter, Watched, ready,
};
use std::mem::offset_of;

const SET: u32 = 1;
const WAITERS: u32 = 2;
/// Stands with `WAITERS`, so that a setter reads the list.
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
        // Pairs with the release in `set`: a thread that finds the flag up sees what the setter
        // wrote before.
        self.word.load(Ordering::Acquire) & SET != 0
    }

    /// Raises the flag and wakes all waiters. `false`: the event is forwarded, and nothing changes.
    #[inline]
    pub fn set(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITERS == 0 {
            // Also when the flag is up already: a thread that finds it up must see what this thread
            // wrote before.
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
            waiters.list.claim_all(|note| *note = GRANTED_BY_OBJECT)
        };
        chain.wake();
        true
    }

    /// Lowers the flag and returns whether it was up.
    #[inline]
    pub fn clear(&self) -> bool {
        self.word
            .compare_exchange(SET, 0, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Forwards the event to `target`, for good: its waiters wait there from now on. For bindings
    /// (`forwarding.rs` has the purpose).
    ///
    /// Returns whether the flag was up; `None` if the event was forwarded before. Afterwards the
    /// flag is down, [`Self::set`] and [`Self::clear`] do nothing, and [`Self::wait_with`] times
    /// out at once. A wait that began before succeeds when the target is notified.
    ///
    /// # Safety
    /// `target` lives, where it is, as long as this event.
    pub unsafe fn forward(&self, target: &RawCondition) -> Option<bool> {
        // SAFETY: by this function's own contract.
        unsafe { self.forward_if(target, |_| true) }.passed_on()
    }

    /// As [`Self::forward`], if `agrees` with the flag.
    ///
    /// # Safety
    /// `target` lives, where it is, as long as this event.
    pub unsafe fn forward_if(
        &self,
        target: &RawCondition,
        mut agrees: impl FnMut(bool) -> bool,
    ) -> ForwardOutcome<bool> {
        let mut waiters = self.waiters.lock();
        if waiters.is_forwarded() {
            return ForwardOutcome::Before;
        }
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if !agrees(word & SET != 0) {
                return ForwardOutcome::Refused;
            }
            // Acquires what precedes a `set`, for a thread that reads the flag in its new place.
            // Releases what the caller has prepared, for a thread that is refused here.
            match self.word.compare_exchange_weak(
                word,
                FORWARDED | WAITERS,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        // SAFETY: by this function's own contract.
        unsafe { waiters.forward(target) };
        ForwardOutcome::Done(word & SET != 0)
    }

    /// Whether [`Self::forward`] has forwarded the event.
    #[inline]
    pub fn is_forwarded(&self) -> bool {
        self.word.load(Ordering::Acquire) & FORWARDED != 0
    }

    /// Parks with `blocker` until the flag is up.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passed before, [`WaitError::Interrupted`] when the
    /// blocker was interrupted.
    #[inline]
    #[track_caller]
    pub fn wait_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        if self.is_set() {
            Ok(())
        } else {
            self.wait_slow(Kind::Event.of(self), blocker, deadline)
        }
    }

    /// As [`Self::wait_with`], for an event that is part of another object.
    #[cfg(not(weftline_model))]
    #[inline]
    pub(crate) fn wait_as<B: Blocker>(
        &self,
        on: BlockedOn,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        if self.is_set() {
            Ok(())
        } else {
            self.wait_slow(on, blocker, deadline)
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
        on: BlockedOn,
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
                // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
                unsafe { waiters.list.push_back(&waiter) };
            }
            match waiter.wait(on, blocker, deadline) {
                Ended::Granted if waiter.payload_of_settled(|note| *note) == RETRY => {
                    return Err(WaitError::TimedOut);
                }
                Ended::Granted => return Ok(()),
                Ended::Forked => continue,
                Ended::Abandoned(why) => {
                    leave_its_list(&self.waiters, &waiter);
                    return Err(why);
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    // The flag is for all waiters, but a notification of the target may have
                    // been for one.
                    if waiter.payload_of_settled(|note| *note) != GRANTED_BY_OBJECT {
                        pass_on_notification(&self.waiters);
                    }
                    return Err(WaitError::Interrupted(interrupt));
                }
            }
        }
    }
}

impl Watched for RawEvent {
    fn look(event: MaybeGone<'_, Self>) -> Option<ObjectState> {
        let word = event.u32_at(offset_of!(Self, word))?;
        Some(ObjectState::Flag {
            is_set: word & SET != 0,
        })
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

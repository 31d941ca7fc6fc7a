//! [`RawSemaphore`]: permits, acquired and released in any number. Waiters are served in order;
//! barging is bounded to 1 ms.
//!
//! # Implementation
//!
//! | file | content |
//! |---|---|
//! | `semaphore.rs` | the word, and the acquire of permits |
//! | `semaphore_release.rs` | the release of permits, with and without handoff |
//! | `semaphore_forwarding.rs` | the end of a semaphore that is forwarded |
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | `permits << 1` | that many are free; a release does not read the list | `acquire(n)` if there are n; `release`; a waiter that lacks permits → with `WAITERS` |
//! | `permits << 1 \| WAITERS` | that many are free, and they are too few for the front waiter or reserved for it | under the list's lock: `release`, or a waiter that takes permits or has abandoned |
//! | the same, and the list says *forwarded* | a condition and a value elsewhere have taken over; these are permits that interrupted waiters returned after `forward` | `take_late` |
//!
//! **Barging, with a starvation bound**, as in `lock.rs`, with counts. A release that suffices for
//! the front waiter's request wakes that waiter without handoff and clears `WAITERS`, so other
//! threads may barge meanwhile. A front waiter older than 1 ms gets its permits by handoff. While
//! that waiter lacks permits, no other thread overtakes it: a request for many is met although
//! requests for one keep coming.
//!
//! **Invariant**, whenever the list's lock is free: *the list is empty, or `WAITERS` is set, or a
//! waiter that was woken without handoff has not retried yet*. Exception: a release that is between
//! two batches of handoffs. There a `settle` by another thread may clear `WAITERS`, so a thread may
//! barge between batches.
//!
//! | operation | linearisation point |
//! |---|---|
//! | `acquire` of one or more permits, `try_acquire` | the compare-exchange that subtracts the permits; a handoff linearises at the waker's compare-exchange in `take`, under the list's lock |
//! | `release` | the compare-exchange that adds the permits: in `release`, or in `add` under the list's lock. A handoff does not move it: the waiter's `acquire` linearises after it |
//! | an `acquire` that times out without a wait | the last read of the word or of the front waiter's age, under the list's lock; if forwarded, the check for that |
//! | an `acquire` that times out after a wait | the waiter's compare-exchange to `ABANDONED` (`park/waiter.rs`); if forwarded meanwhile, the claim by the target's notification |
//! | `give_back`, after `forward` | the `fetch_add`, under the list's lock |
//! | `reset` | the store of the word |
//! | `forward` | the compare-exchange of the word to `WAITERS`, under the list's lock |
//! | `take_late` | the swap of the word |
//! | a refused `release` | the last read of the word, under the list's lock; if forwarded, the check for that |
//! | a failed `try_acquire`, `permits` | the last read of the word |
//!
//! | happens-before | release | acquire |
//! |---|---|---|
//! | a release, before the acquire that takes its permits | the compare-exchange that adds them | the compare-exchange that subtracts them |
//! | the same, with a handoff | the grant of the waiter (`park/waiter.rs`) | the waiter's read of its state |
//! | a release, before the program takes its permits from the forwarding target | the compare-exchange, or `fetch_add` of `give_back`, that adds them | the compare-exchange in `forward_if`, the swap in `take_late` |
//!
//! The other read-modify-writes of the word (`settle`, and permits that `hand_off` puts back) are
//! relaxed: they continue the release sequence of the releases before them.

use super::condition::Note;
use super::forwarding::{GRANTED_BY_OBJECT, Waiting, leave_its_list, pass_on_notification};
use crate::error::TooManyPermits;
use crate::park::model::{AtomicU64, Ordering, const_fn};
use crate::park::{
    BlockedOn, Blocker, Deadline, Ended, Kind, List, ListLock, MaybeGone, ObjectState, WaitError,
    Waiter, Wakeup, Watched, ready,
};
use std::mem::offset_of;

pub(super) const WAITERS: u64 = 1;
/// One permit in the word.
pub(super) const ONE: u64 = 2;

/// The semaphore without guards: permits are a count, and any thread may release.
pub struct RawSemaphore {
    pub(super) word: AtomicU64,
    bound: AtomicU64,
    /// Each waiter's payload, its note, is the number of permits that it requests, until it has
    /// them.
    pub(super) waiters: ListLock<Waiting>,
}

impl RawSemaphore {
    /// The largest bound that a semaphore can have.
    pub const MAX_PERMITS: u64 = u64::MAX >> 1;

    const_fn! {
        /// A semaphore with `permits` free permits and a bound of `bound`.
        ///
        /// `None` if `permits` is above `bound`, or `bound` above [`Self::MAX_PERMITS`].
        pub fn new(permits: u64, bound: u64) -> Option<Self> {
            if permits > bound || bound > Self::MAX_PERMITS {
                return None;
            }
            Some(Self { word: AtomicU64::new(permits * ONE), bound: AtomicU64::new(bound), waiters: ListLock::new(Waiting::new()) })
        }
    }

    /// How many permits are free.
    #[inline]
    pub fn permits(&self) -> u64 {
        self.word.load(Ordering::Relaxed) / ONE
    }

    /// The bound: a release beyond this number of free permits is refused.
    pub fn bound(&self) -> u64 {
        self.bound.load(Ordering::Relaxed)
    }

    /// Gives the semaphore `permits` free permits and a new bound. For bindings, where an object
    /// can be initialised again, or a program sets the number. Waiters go on waiting, and get the
    /// permits that are there.
    ///
    /// While the bound changes, no other thread may release: one that has read the earlier bound
    /// may exceed the new one. A call with the present bound has no such rule.
    ///
    /// # Errors
    /// As [`Self::new`], and when the semaphore is forwarded; then nothing changes.
    pub fn reset(&self, permits: u64, bound: u64) -> Result<(), TooManyPermits> {
        if permits > bound || bound > Self::MAX_PERMITS {
            return Err(TooManyPermits);
        }
        {
            let waiters = self.waiters.lock();
            if waiters.is_forwarded() {
                return Err(TooManyPermits);
            }
            self.bound.store(bound, Ordering::Relaxed);
            self.word
                .store((permits * ONE) | WAITERS, Ordering::Release);
            drop(waiters);
        }
        // Fails only if the semaphore has been forwarded since.
        let _ = self.release_slow(0);
        Ok(())
    }

    /// Takes `n` permits if they are free and not reserved for a waiter; always succeeds if `n` is
    /// zero.
    #[inline]
    pub fn try_acquire(&self, n: u64) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITERS == 0 && word / ONE >= n {
            match self.word.compare_exchange_weak(
                word,
                word - n * ONE,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        // Zero permits take nothing, also from a waiter for which permits are reserved.
        n == 0
    }

    /// Takes `n` permits, parking with `blocker` until there are that many.
    ///
    /// A request above the [bound](Self::bound) is never met: the caller refuses it before.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passed or the semaphore is forwarded,
    /// [`WaitError::Interrupted`] when the blocker was interrupted; the caller holds no permit
    /// then.
    #[inline]
    #[track_caller]
    pub fn acquire_with<B: Blocker>(
        &self,
        n: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        if self.try_acquire(n) {
            Ok(())
        } else {
            self.acquire_slow(Kind::Semaphore.of(self), n, blocker, deadline)
        }
    }

    #[cold]
    fn acquire_slow<B: Blocker>(
        &self,
        on: BlockedOn,
        n: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        ready(blocker).map_err(WaitError::Interrupted)?;
        loop {
            let waiter = Waiter::aging::<B>(n);
            {
                let mut waiters = self.waiters.lock();
                if waiters.is_forwarded() {
                    return Err(WaitError::TimedOut);
                }
                let list = &mut waiters.list;
                let may_barge = list.front().is_none_or(|front| !front.since().is_starved());
                if may_barge && self.take(n) {
                    let woken = self.settle(list);
                    drop(waiters);
                    wake(woken);
                    return Ok(());
                }
                if deadline.is_at_once() {
                    return Err(WaitError::TimedOut);
                }
                // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
                unsafe { list.push_back(&waiter) };
                if !self.mark(n, list.is_only(&waiter)) {
                    // A release came between, and no other thread waits: `mark` has taken permits.
                    list.remove(&waiter);
                    return Ok(());
                }
            }
            match waiter.wait_or_take(on, blocker, deadline, || self.retry(n, &waiter)) {
                Ended::Granted if has_its_permits(&waiter) => return Ok(()),
                // Notified by the forwarding target.
                Ended::Granted => return Err(WaitError::TimedOut),
                Ended::Forked => continue,
                Ended::Abandoned(why) => {
                    self.leave(&waiter);
                    return Err(why);
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    if has_its_permits(&waiter) {
                        self.give_back(n);
                    } else {
                        pass_on_notification(&self.waiters);
                    }
                    return Err(WaitError::Interrupted(interrupt));
                }
            }
        }
    }

    /// Under the list's lock: takes `n` permits if they are free, whatever `WAITERS` says.
    pub(super) fn take(&self, n: u64) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word / ONE >= n {
            match self.word.compare_exchange_weak(
                word,
                word - n * ONE,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Under the list's lock, after enlisting: sets `WAITERS`; or, if this waiter is the only one
    /// and there are `n` permits, takes them and returns `false`.
    fn mark(&self, n: u64, is_only: bool) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let takes = is_only && word / ONE >= n;
            let next = if takes {
                word - n * ONE
            } else {
                word | WAITERS
            };
            match self
                .word
                .compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return !takes,
                Err(now) => word = now,
            }
        }
    }

    /// A woken waiter retries. Returns whether the wait is over.
    fn retry(&self, n: u64, waiter: &Waiter<Note>) -> bool {
        let mut waiters = self.waiters.lock();
        if waiters.is_forwarded() || waiter.is_granted() {
            return waiter.is_granted();
        }
        let list = &mut waiters.list;
        // Only the front waiter is woken without handoff; one that wakes for another reason has no
        // right to permits.
        let is_front = list
            .front()
            .is_some_and(|front| std::ptr::eq(front, waiter));
        let (done, woken) = loop {
            let done = is_front && self.take(n);
            if done {
                waiter.payload_under_lock(|note| *note = GRANTED_BY_OBJECT);
                list.remove(waiter);
            }
            let next = self.settle_word(list);
            // A release came between the two: its permits are this waiter's to take.
            if next.is_some() && is_front && !done {
                continue;
            }
            break (done, next.map(Waiter::wake_without_handoff));
        };
        drop(waiters);
        wake(woken);
        done
    }

    /// Unlinks an abandoned waiter. The permits for which it was woken, or which were reserved for
    /// it, go to the next.
    fn leave(&self, waiter: &Waiter<Note>) {
        let woken = {
            let mut waiters = self.waiters.lock();
            if waiters.is_forwarded() {
                drop(waiters);
                return leave_its_list(&self.waiters, waiter);
            }
            waiters.list.remove(waiter);
            self.settle(&waiters.list)
        };
        wake(woken);
    }

    /// Under the list's lock: restores the invariant. Wakes the front waiter without handoff if its
    /// request can be met, else sets `WAITERS`.
    pub(super) fn settle(&self, list: &List<Note>) -> Option<Wakeup> {
        self.settle_word(list).map(Waiter::wake_without_handoff)
    }

    /// As [`Self::settle`], but returns the waiter that is to be woken.
    fn settle_word<'a>(&self, list: &'a List<Note>) -> Option<&'a Waiter<Note>> {
        let front = list.front();
        let request = front.map(|front| front.payload_under_lock(|n| *n));
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let possible = request.is_none_or(|n| word / ONE >= n);
            let next = if possible {
                word & !WAITERS
            } else {
                word | WAITERS
            };
            match self
                .word
                .compare_exchange_weak(word, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return front.filter(|_| possible),
                Err(now) => word = now,
            }
        }
    }
}

impl Watched for RawSemaphore {
    fn look(semaphore: MaybeGone<'_, Self>) -> Option<ObjectState> {
        Some(ObjectState::Permits {
            free: semaphore.u64_at(offset_of!(Self, word))? / ONE,
            bound: semaphore.u64_at(offset_of!(Self, bound))?,
        })
    }
}

impl std::fmt::Debug for RawSemaphore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawSemaphore")
            .field("permits", &self.permits())
            .finish()
    }
}

/// Whether a waiter that has settled got its permits, and not only a notification.
fn has_its_permits(waiter: &Waiter<Note>) -> bool {
    waiter.payload_of_settled(|note| *note) == GRANTED_BY_OBJECT
}

/// Delivers a wakeup, if there is one. Called without the list's lock.
pub(super) fn wake(woken: Option<Wakeup>) {
    if let Some(next) = woken {
        next.call();
    }
}

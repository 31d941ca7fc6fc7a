//! [`RawLock`]: mutual exclusion. Its word names its owner.
//!
//! # Implementation
//!
//! | file | content |
//! |---|---|
//! | `lock_word.rs` | the word |
//! | `lock.rs` | the acquires and releases that do not wait |
//! | `lock_waiting.rs` | how a thread waits |
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | `0` | free | `lock` → held |
//! | `owner << 2` | held; a release does not read the list | `unlock` → free; a waiter that fails to take it → contended |
//! | `owner << 2 \| WAITERS` | held, contended: a release reads the list | `unlock`, under the list's lock → free (the front waiter is woken without handoff) or held by that waiter (handoff) |
//! | any, its owner lost in a fork | free | `lock` → held |
//! | any, `\| WATCHED` | as without; every acquisition and release takes a slow path, which tells the witness (`park/witness.rs`) | a release keeps the bit; an acquisition keeps it while locks are watched |
//!
//! **Barging, with a starvation bound.** A release frees the word, clears `WAITERS` and wakes the
//! front waiter without handoff. The woken waiter stays in the list. Until it retries, other
//! threads take and release the lock on the fast path and wake no further waiter. The woken waiter
//! takes the lock if it can; otherwise it sets `WAITERS` again and parks. A front waiter older than
//! 1 ms gets a handoff: the word goes from one owner to the next and is never free in between.
//! (Go's `sync.Mutex` bounds starvation in the same way.)
//!
//! **Invariant**, whenever the list's lock is free: *the list is empty, or `WAITERS` is set, or a
//! waiter that was woken without handoff has not retried yet*. A waiter that leaves without the
//! lock restores it (`pass_on`), whichever waiter was woken.
//!
//! | operation | linearisation point |
//! |---|---|
//! | `lock`, `try_lock` | the compare-exchange from free to held; with a handoff, the releaser's store of the word |
//! | a failed `try_lock` | its last read of the word |
//! | a lock that times out after a wait | the waiter's compare-exchange to `ABANDONED` (`park/waiter.rs`) |
//! | `unlock` | the compare-exchange from held to free; with a handoff, the store of the word |
//! | `unlock` of a free lock, `is_locked`, `owner` | the read of the word |
//!
//! | happens-before | release | acquire |
//! |---|---|---|
//! | an owner's critical section, before the next owner's | the compare-exchange to free | the compare-exchange to held |
//! | the same, with a handoff | the grant of the waiter (`park/waiter.rs`) | the waiter's read of its state |

use super::lock_word::{
    FREE, INITIAL, WAITERS, WATCHED, held_by, is_free, is_orphan, living_owner, owner_of,
};
use crate::error::NotLocked;
use crate::park::model::{AtomicU64, Ordering, const_fn};
use crate::park::witness::{self, Access, WatchedLock};
use crate::park::{
    Blocker, Deadline, Kind, List, ListLock, LockClass, MaybeGone, ObjectState, ThreadNumber,
    WaitError, Wakeup, Watched, number,
};
use std::mem::offset_of;
use std::panic::Location;

/// The lock without guards. Any thread may release it, as in Python.
pub struct RawLock {
    pub(super) word: AtomicU64,
    /// Each waiter's payload is the word by which it would own the lock.
    pub(super) waiters: ListLock<List<u64>>,
}

impl RawLock {
    const_fn! {
        /// A free lock.
        pub fn new() -> Self {
            Self { word: AtomicU64::new(INITIAL), waiters: ListLock::new(List::new()) }
        }
    }

    /// A free lock that is watched, of that class.
    pub fn watched(class: LockClass) -> Self {
        let lock = Self {
            word: AtomicU64::new(FREE | WATCHED),
            waiters: ListLock::new(List::new()),
        };
        lock.waiters.tag().set_class(class);
        lock
    }

    /// Takes the lock if it is free; does not wait.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> bool {
        self.try_lock_as(number())
    }

    #[inline]
    #[track_caller]
    pub(in crate::sync) fn try_lock_as(&self, me: u64) -> bool {
        self.take_free(me) || self.try_lock_slow(me, Location::caller())
    }

    /// Takes a free lock that is not watched. Where this fails, a slow path tries again.
    #[inline]
    pub(in crate::sync) fn take_free(&self, me: u64) -> bool {
        self.word
            .compare_exchange(FREE, held_by(me), Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[cold]
    fn try_lock_slow(&self, me: u64, place: &'static Location<'static>) -> bool {
        let taken = self.take_by(self.word.load(Ordering::Relaxed), me);
        if taken && self.is_watched() {
            witness::taken(self.seen(), place);
        }
        taken
    }

    /// Takes a lock that is free by `word`, its value: also from an owner that did not survive a
    /// fork.
    pub(super) fn take_by(&self, word: u64, me: u64) -> bool {
        // After a fork the list is of the older generation too, so `WAITERS` means nothing then.
        (is_free(word) || is_orphan(word))
            && self
                .word
                .compare_exchange(
                    word,
                    held_by(me) | kept(word),
                    Ordering::Acquire,
                    Ordering::Relaxed,
                )
                .is_ok()
    }

    /// Takes the lock, parking with `blocker` while another thread holds it.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passed, [`WaitError::Interrupted`] when the
    /// blocker was interrupted; the caller does not hold the lock then.
    #[inline]
    #[track_caller]
    pub fn lock_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        let me = number();
        if self.take_free(me) {
            Ok(())
        } else {
            self.lock_slow(Kind::Lock.of(self), me, blocker, deadline)
        }
    }

    /// Releases the lock, whichever thread holds it.
    ///
    /// # Errors
    /// [`NotLocked`] when no thread holds it.
    #[inline]
    pub fn unlock(&self) -> Result<(), NotLocked> {
        let word = self.word.load(Ordering::Relaxed);
        if word & (WAITERS | WATCHED) == 0
            && word != FREE
            && self
                .word
                .compare_exchange(word, FREE, Ordering::Release, Ordering::Relaxed)
                .is_ok()
        {
            return Ok(());
        }
        self.unlock_slow()
    }

    /// Releases a lock that the calling thread holds.
    #[inline]
    pub(in crate::sync) fn unlock_mine(&self, me: u64) {
        if self
            .word
            .compare_exchange(held_by(me), FREE, Ordering::Release, Ordering::Relaxed)
            .is_err()
        {
            // `NotLocked` only when another thread has released the lock that this guard holds;
            // then nothing is left to release.
            let _ = self.unlock_slow();
        }
    }

    #[cold]
    fn unlock_slow(&self) -> Result<(), NotLocked> {
        let (released, woken) = {
            let mut list = self.waiters.lock();
            loop {
                let word = self.word.load(Ordering::Relaxed);
                if is_free(word) {
                    return Err(NotLocked);
                }
                if owner_of(word) != number() {
                    self.waiters.tag().set_lent();
                }
                if word & WAITERS != 0
                    && list.front().is_some_and(|front| front.since().is_starved())
                    && let Some(owner) = self.hand_off(&mut list)
                {
                    break (word, Some(owner));
                }
                // A wake without handoff, or no thread waits. The exchange fails when a barging
                // `lock_slow` has set `WAITERS`, or another thread has released.
                if self
                    .word
                    .compare_exchange(word, word & WATCHED, Ordering::Release, Ordering::Relaxed)
                    .is_ok()
                {
                    let woken = list.front().map(|front| front.wake_without_handoff());
                    break (word, woken);
                }
            }
        };
        if let Some(next) = woken {
            next.call();
        }
        if released & WATCHED != 0 {
            witness::released(self.seen(), owner_of(released));
        }
        Ok(())
    }

    /// Makes the front waiter the owner. Under the list's lock and with `WAITERS` set, so that the
    /// word cannot change meanwhile: taking needs it free, and releasing needs the list's lock.
    fn hand_off(&self, list: &mut List<u64>) -> Option<Wakeup> {
        let mut claimed = list.claim_front()?;
        let owned = claimed.payload(|owned| *owned);
        let watched = self.word.load(Ordering::Relaxed) & WATCHED;
        // The word first: as soon as the waiter is granted, the new owner may release.
        self.word.store(
            owned | watched | if claimed.was_last { 0 } else { WAITERS },
            Ordering::Release,
        );
        Some(claimed.grant())
    }

    /// Whether a thread holds the lock.
    #[inline]
    pub fn is_locked(&self) -> bool {
        living_owner(self.word.load(Ordering::Relaxed)).is_some()
    }

    /// The thread that took the lock and holds it.
    pub fn owner(&self) -> Option<ThreadNumber> {
        living_owner(self.word.load(Ordering::Relaxed))
    }

    /// Whether the slow paths tell of the lock.
    #[doc(hidden)]
    pub fn is_watched(&self) -> bool {
        self.word.load(Ordering::Relaxed) & WATCHED != 0
    }

    /// The lock as the witness sees it.
    pub(super) fn seen(&self) -> WatchedLock<'_> {
        WatchedLock {
            address: std::ptr::from_ref(self).addr(),
            access: Access::Exclusive,
            tag: self.waiters.tag(),
        }
    }

    #[inline]
    pub(super) fn is_owned_by(&self, me: u64) -> bool {
        // Only the owner itself can make this true, so no ordering is needed to trust it.
        owner_of(self.word.load(Ordering::Relaxed)) == me
    }

    /// Tells the witness that the lock is about to be gone. For the destructors of bindings.
    #[inline]
    pub fn will_be_gone(&self) {
        let word = self.word.load(Ordering::Relaxed);
        if word & WATCHED != 0 {
            let owner = (!is_free(word)).then(|| owner_of(word));
            witness::gone(self.seen(), owner);
        }
    }

    /// Makes the lock free, for the child of a fork. Waiters of this process, if any, go on as
    /// after a release.
    pub fn reset(&self) {
        let _ = self.unlock();
    }
}

/// Only so does the order of locks learn that a lock is gone, perhaps while a guard was forgotten.
#[cfg(feature = "lock-order")]
impl Drop for RawLock {
    fn drop(&mut self) {
        self.will_be_gone();
    }
}

impl Watched for RawLock {
    fn look(lock: MaybeGone<'_, Self>) -> Option<ObjectState> {
        let word = lock.u64_at(offset_of!(Self, word))?;
        let is_lent = lock.flag_at(offset_of!(Self, waiters) + ListLock::<List<u64>>::LENT)?;
        Some(match living_owner(word) {
            Some(by) => ObjectState::Held {
                by,
                times: 1,
                is_lent,
            },
            None => ObjectState::Free,
        })
    }
}

impl Default for RawLock {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for RawLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawLock")
            .field("owner", &self.owner())
            .finish()
    }
}

/// What an acquisition keeps of the word.
pub(super) fn kept(word: u64) -> u64 {
    if word & WATCHED != 0 && witness::is_on() {
        WATCHED
    } else {
        0
    }
}

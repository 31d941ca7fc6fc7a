//! [`RawLock`]: mutual exclusion. Its word names its owner.
//!
//! # Implementation
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | `0` | free | `lock` → held |
//! | `owner << 1` | held; a release does not read the list | `unlock` → free; a waiter that fails to take it → contended |
//! | `owner << 1 \| WAITERS` | held, contended: a release reads the list | `unlock`, under the list's lock → free (the front waiter is woken without handoff) or held by that waiter (handoff) |
//! | any, its owner lost in a fork | free | `lock` → held |
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
//! | `unlock` | the compare-exchange from held to free; with a handoff, the store of the word |
//! | `unlock` of a free lock, `is_locked`, `owner` | the read of the word |
//!
//! | happens-before | release | acquire |
//! |---|---|---|
//! | an owner's critical section, before the next owner's | the compare-exchange to free | the compare-exchange to held |
//! | the same, with a handoff | the grant of the waiter (`park/waiter.rs`) | the waiter's read of its state |

use crate::error::NotLocked;
use crate::park::fork;
use crate::park::model::{AtomicU64, Ordering, const_fn, spin_loop};
use crate::park::{
    BlockedOn, Blocker, Deadline, Ended, Kind, List, ListLock, MaybeGone, ObjectState,
    ThreadNumber, WaitError, Waiter, Wakeup, Watched, number, ready,
};
use std::mem::offset_of;

const FREE: u64 = 0;
const WAITERS: u64 = 1;

/// The lock without guards. Any thread may release it, as in Python.
pub struct RawLock {
    word: AtomicU64,
    /// Each waiter's payload is the word by which it would own the lock.
    waiters: ListLock<List<u64>>,
}

impl RawLock {
    const_fn! {
        /// A free lock.
        pub fn new() -> Self {
            Self { word: AtomicU64::new(FREE), waiters: ListLock::new(List::new()) }
        }
    }

    /// Takes the lock if it is free; does not wait.
    #[inline]
    pub fn try_lock(&self) -> bool {
        self.try_lock_as(number())
    }

    #[inline]
    pub(in crate::sync) fn try_lock_as(&self, me: u64) -> bool {
        match self
            .word
            .compare_exchange(FREE, me << 1, Ordering::Acquire, Ordering::Relaxed)
        {
            Ok(_) => true,
            Err(word) => self.try_inherit(word, me << 1),
        }
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
        if self.try_lock_as(me) {
            Ok(())
        } else {
            self.lock_slow(Kind::Lock.of(self), me, blocker, deadline)
        }
    }

    #[cold]
    pub(in crate::sync) fn lock_slow<B: Blocker>(
        &self,
        on: BlockedOn,
        me: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        if deadline.is_at_once() {
            return Err(WaitError::TimedOut);
        }
        if B::SPIN.is_before_wait() && self.spin(me) {
            return Ok(());
        }
        ready(blocker).map_err(WaitError::Interrupted)?;
        loop {
            let waiter = Waiter::aging::<B>(me << 1);
            {
                let mut list = self.waiters.lock();
                if self.take_or_mark(me, list.is_empty()) {
                    return Ok(());
                }
                // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
                unsafe { list.push_back(&waiter) };
            }
            match waiter.wait_or_take(on, blocker, deadline, || self.retry(me, &waiter)) {
                Ended::Granted => return Ok(()),
                Ended::Forked => continue,
                Ended::Abandoned(why) => {
                    self.leave(&waiter);
                    return Err(why);
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    // Fails only if another thread has released the lock since the handoff. The
                    // lock is free either way.
                    let _ = self.unlock();
                    return Err(WaitError::Interrupted(interrupt));
                }
            }
        }
    }

    /// Spins until the lock is free, for at most 127 spin hints; stops when other threads wait.
    fn spin(&self, me: u64) -> bool {
        const ROUNDS: u32 = if cfg!(weftline_model) { 0 } else { 7 };
        for round in 0..ROUNDS {
            (0..1 << round).for_each(|_| spin_loop());
            let word = self.word.load(Ordering::Relaxed);
            if word == FREE {
                if self.try_lock_as(me) {
                    return true;
                }
            } else if word & WAITERS != 0 {
                return false;
            }
        }
        false
    }

    /// A woken waiter retries. Returns whether it has the lock.
    fn retry(&self, me: u64, waiter: &Waiter<u64>) -> bool {
        let mut list = self.waiters.lock();
        if waiter.is_granted() {
            return true;
        }
        let takes = self.take_or_mark(me, list.is_only(waiter));
        if takes {
            list.remove(waiter);
        }
        takes
    }

    /// Under the list's lock: takes a free lock, with `WAITERS` set if other threads wait; sets
    /// `WAITERS` on a held one.
    fn take_or_mark(&self, me: u64, is_only: bool) -> bool {
        let taken = (me << 1) | if is_only { 0 } else { WAITERS };
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let takes = word == FREE || is_orphan(word);
            if !takes && word & WAITERS != 0 {
                return false;
            }
            let next = if takes { taken } else { word | WAITERS };
            match self
                .word
                .compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return takes,
                Err(now) => word = now,
            }
        }
    }

    /// Takes the lock from an owner that did not survive a fork.
    #[cold]
    fn try_inherit(&self, word: u64, taken: u64) -> bool {
        // The list is of the older generation too, so `WAITERS` means nothing any more.
        is_orphan(word)
            && self
                .word
                .compare_exchange(word, taken, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
    }

    /// Unlinks an abandoned waiter. The wakeup that it may have had goes to the next.
    fn leave(&self, waiter: &Waiter<u64>) {
        let woken = {
            let mut list = self.waiters.lock();
            list.remove(waiter);
            self.pass_on(&list)
        };
        if let Some(next) = woken {
            next.call();
        }
    }

    /// Restores the invariant after a waiter left: wakes the next one without handoff if the lock
    /// is free, else sets `WAITERS`.
    fn pass_on(&self, list: &List<u64>) -> Option<Wakeup> {
        let front = list.front()?;
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word == FREE {
                return Some(front.wake_without_handoff());
            }
            match self.word.compare_exchange_weak(
                word,
                word | WAITERS,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return None,
                Err(now) => word = now,
            }
        }
    }

    /// Releases the lock, whichever thread holds it.
    ///
    /// # Errors
    /// [`NotLocked`] when no thread holds it.
    #[inline]
    pub fn unlock(&self) -> Result<(), NotLocked> {
        let word = self.word.load(Ordering::Relaxed);
        if word & WAITERS == 0
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
            .compare_exchange(me << 1, FREE, Ordering::Release, Ordering::Relaxed)
            .is_err()
        {
            // `NotLocked` only when another thread has released the lock that this guard holds;
            // then nothing is left to release.
            let _ = self.unlock_slow();
        }
    }

    #[cold]
    fn unlock_slow(&self) -> Result<(), NotLocked> {
        let woken = {
            let mut list = self.waiters.lock();
            loop {
                let word = self.word.load(Ordering::Relaxed);
                if word == FREE {
                    return Err(NotLocked);
                }
                if word >> 1 != number() {
                    self.waiters.set_mark();
                }
                if word & WAITERS != 0
                    && list.front().is_some_and(|front| front.since().is_starved())
                    && let Some(owner) = self.hand_off(&mut list)
                {
                    break Some(owner);
                }
                // A wake without handoff, or no thread waits. The exchange fails when a barging
                // `lock_slow` has set `WAITERS`, or another thread has released.
                if self
                    .word
                    .compare_exchange(word, FREE, Ordering::Release, Ordering::Relaxed)
                    .is_ok()
                {
                    break list.front().map(|front| front.wake_without_handoff());
                }
            }
        };
        if let Some(next) = woken {
            next.call();
        }
        Ok(())
    }

    /// Makes the front waiter the owner. Under the list's lock and with `WAITERS` set, so that the
    /// word cannot change meanwhile: taking needs it free, and releasing needs the list's lock.
    fn hand_off(&self, list: &mut List<u64>) -> Option<Wakeup> {
        let mut claimed = list.claim_front()?;
        let owned = claimed.payload(|owned| *owned);
        // The word first: as soon as the waiter is granted, the new owner may release.
        self.word.store(
            owned | if claimed.was_last { 0 } else { WAITERS },
            Ordering::Release,
        );
        Some(claimed.grant())
    }

    /// Whether a thread holds the lock.
    #[inline]
    pub fn is_locked(&self) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        word != FREE && !is_orphan(word)
    }

    /// The thread that took the lock and holds it.
    pub fn owner(&self) -> Option<ThreadNumber> {
        let word = self.word.load(Ordering::Relaxed);
        if is_orphan(word) {
            None
        } else {
            ThreadNumber::new(word >> 1)
        }
    }

    #[inline]
    pub(super) fn is_owned_by(&self, me: u64) -> bool {
        // Only the owner itself can make this true, so no ordering is needed to trust it.
        self.word.load(Ordering::Relaxed) >> 1 == me
    }

    /// Makes the lock free, for the child of a fork. Waiters of this process, if any, go on as
    /// after a release.
    pub fn reset(&self) {
        let _ = self.unlock();
    }
}

impl Watched for RawLock {
    fn look(lock: MaybeGone<'_, Self>) -> Option<ObjectState> {
        let owner = lock.u64_at(offset_of!(Self, word))? >> 1;
        let mark = offset_of!(Self, waiters) + ListLock::<List<u64>>::MARK;
        let is_lent = lock.flag_at(mark)?;
        Some(match ThreadNumber::new(owner) {
            Some(by) if fork::is_alive(owner) => ObjectState::Held {
                by,
                times: 1,
                is_lent,
            },
            _ => ObjectState::Free,
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

/// Held by a thread that does not exist in this process.
fn is_orphan(word: u64) -> bool {
    word != FREE && !fork::is_alive(word >> 1)
}

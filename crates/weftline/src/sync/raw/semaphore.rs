//! [`RawSemaphore`]: a number of permits.
//!
//! # Implementation
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | `permits << 1` | so many are free; a release need not look at the list | `acquire(n)` if there are n; `release` |
//! | `permits << 1 \| WAITERS` | as many are free, and they are not enough for the front waiter, or it is owed them | `release`, under the list's lock |
//! | the same, and the list says *forwarded* | handed over to a condition and a value elsewhere (`forwarding.rs`); these permits came back too late and are to be fetched | `take_late` |
//!
//! The policy is the lock's (`lock.rs`), for numbers: a release that makes the front waiter's wish
//! possible *nudges* it and clears `WAITERS`, so others may barge meanwhile; a front waiter older
//! than 1 ms is handed its permits, and while it lacks some nobody overtakes it, so that a wish for
//! many is met although wishes for one keep coming.
//!
//! Invariant, whenever the list's lock is free: *the list is empty, or `WAITERS` is set, or a
//! nudged waiter has not looked yet*, or a release that hands permits over in batches goes on with
//! the next batch.

use super::condition::Note;
use super::forwarding::{GRANTED, Waiting, leave, pass_on};
use crate::TooManyPermits;
use crate::park::model::{AtomicU64, Ordering, const_fn};
use crate::park::{Blocker, Deadline, Ended, List, ListLock, WaitError, Waiter, Wakeup, ready};

pub(super) const WAITERS: u64 = 1;
/// One permit, as the word counts.
pub(super) const ONE: u64 = 2;

/// How many waiters are handed their permits in one hold of the list's lock.
const BATCH: usize = if cfg!(weftline_model) { 1 } else { 16 };

/// The unguarded semaphore: permits are numbers, released by whoever likes.
pub struct RawSemaphore {
    pub(super) word: AtomicU64,
    bound: AtomicU64,
    /// Each waiter's note is how many permits it wants, until it has them.
    pub(super) waiters: ListLock<Waiting>,
}

impl RawSemaphore {
    /// The most permits that a semaphore can have.
    pub const MAX_PERMITS: u64 = u64::MAX >> 1;

    const_fn! {
        /// A semaphore with `permits` free, of at most `bound`.
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

    /// How many permits there are at most.
    pub fn bound(&self) -> u64 {
        self.bound.load(Ordering::Relaxed)
    }

    /// Makes the semaphore one with `permits` free, of at most `bound`; for bindings, where an
    /// object can be initialised again, or its number of permits be set. Waiters go on waiting, and
    /// get what they can.
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
        // Refused only to a semaphore that is forwarded by now.
        let _ = self.release_slow(0);
        Ok(())
    }

    /// Takes `n` permits if they are free and nobody is owed them; always if `n` is zero.
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
        // No permits are there for everybody, also when somebody is owed some: nothing is taken
        // from him.
        n == 0
    }

    /// Takes `n` permits, sleeping through `blocker` until there are that many.
    ///
    /// A wish above the [bound](Self::bound) is never met: refuse it before.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passed, [`WaitError::Interrupted`] when the
    /// blocker said so; no permit is held then.
    #[inline]
    pub fn acquire_with<B: Blocker>(
        &self,
        n: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        if self.try_acquire(n) {
            Ok(())
        } else {
            self.acquire_slow(n, blocker, deadline)
        }
    }

    #[cold]
    fn acquire_slow<B: Blocker>(
        &self,
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
                    let nudged = self.settle(list);
                    drop(waiters);
                    wake(nudged);
                    return Ok(());
                }
                if deadline.is_at_once() {
                    return Err(WaitError::TimedOut);
                }
                // SAFETY: however the wait ends below, and if there is none, that leaves the waiter
                // granted (so claimed), removed or forgotten.
                unsafe { list.push_back(&waiter) };
                if !self.mark(n, list.is_only(&waiter)) {
                    // Permits came between: the front waiter is this one, and can have them.
                    list.remove(&waiter);
                    return Ok(());
                }
            }
            match waiter.wait_or_take(blocker, deadline, || self.look_again(n, &waiter)) {
                Ended::Granted if has_its_permits(&waiter) => return Ok(()),
                // Notified by the target.
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
                        pass_on(&self.waiters);
                    }
                    return Err(WaitError::Interrupted(interrupt));
                }
            }
        }
    }

    /// Under the list's lock: takes `n` permits if they are free, whatever `WAITERS` says.
    fn take(&self, n: u64) -> bool {
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

    /// A woken waiter tries again. Returns whether it need not wait any more.
    fn look_again(&self, n: u64, waiter: &Waiter<Note>) -> bool {
        let mut waiters = self.waiters.lock();
        if waiters.is_forwarded() || waiter.is_granted() {
            return waiter.is_granted();
        }
        let list = &mut waiters.list;
        // Only the front waiter is nudged; one that wakes for another reason has no claim yet.
        let is_front = list
            .front()
            .is_some_and(|front| std::ptr::eq(front, waiter));
        let (done, nudged) = loop {
            let done = is_front && self.take(n);
            if done {
                waiter.payload_under_lock(|note| *note = GRANTED);
                list.remove(waiter);
            }
            match self.settle(list) {
                // The permits came between the two looks: they are this waiter's to take.
                Some(_) if is_front && !done => {}
                nudged => break (done, nudged),
            }
        };
        drop(waiters);
        wake(nudged);
        done
    }

    /// An abandoned waiter goes; what it was nudged for, or kept others from, is offered to the
    /// next.
    fn leave(&self, waiter: &Waiter<Note>) {
        let nudged = {
            let mut waiters = self.waiters.lock();
            if waiters.is_forwarded() {
                drop(waiters);
                return leave(&self.waiters, waiter);
            }
            waiters.list.remove(waiter);
            self.settle(&waiters.list)
        };
        wake(nudged);
    }

    /// Under the list's lock: restores the invariant. The front waiter is nudged if its wish is
    /// possible, else `WAITERS` is set.
    fn settle(&self, list: &List<Note>) -> Option<Wakeup> {
        let front = list.front();
        let wish = front.map(|front| front.payload_under_lock(|n| *n));
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let possible = wish.is_none_or(|n| word / ONE >= n);
            let next = if possible {
                word & !WAITERS
            } else {
                word | WAITERS
            };
            match self
                .word
                .compare_exchange_weak(word, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return front.filter(|_| possible).map(Waiter::wake_without_handoff),
                Err(now) => word = now,
            }
        }
    }

    /// Adds `n` permits and lets waiters have them.
    ///
    /// # Errors
    /// [`TooManyPermits`] when there would be more than the bound, or the semaphore is forwarded;
    /// then none is added.
    #[inline]
    pub fn release(&self, n: u64) -> Result<(), TooManyPermits> {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITERS == 0 {
            let next = self.added(word, n)?;
            match self
                .word
                .compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
        self.release_slow(n)
    }

    #[inline]
    fn added(&self, word: u64, n: u64) -> Result<u64, TooManyPermits> {
        if n > self.bound().saturating_sub(word / ONE) {
            Err(TooManyPermits)
        } else {
            Ok(word + n * ONE)
        }
    }

    #[cold]
    fn release_slow(&self, n: u64) -> Result<(), TooManyPermits> {
        let mut adds = Some(n);
        loop {
            let (granted, nudged) = {
                let mut waiters = self.waiters.lock();
                if waiters.is_forwarded() {
                    return adds.map_or(Ok(()), |_| Err(TooManyPermits));
                }
                if let Some(n) = adds.take() {
                    self.add(n)?;
                }
                let granted: [_; BATCH] =
                    std::array::from_fn(|_| self.hand_over(&mut waiters.list));
                // While others are owed their permits, nobody is to race for them: `WAITERS` stays.
                let nudged = match granted.last() {
                    Some(Some(_)) => None,
                    _ => self.settle(&waiters.list),
                };
                (granted, nudged)
            };
            let is_over = granted.last().is_none_or(Option::is_none);
            granted.into_iter().for_each(wake);
            wake(nudged);
            if is_over {
                return Ok(());
            }
        }
    }

    fn add(&self, n: u64) -> Result<(), TooManyPermits> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let next = self.added(word, n)?;
            match self
                .word
                .compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
    }

    /// Under the list's lock: gives the front waiter its permits if it has waited too long to race
    /// for them.
    fn hand_over(&self, list: &mut List<Note>) -> Option<Wakeup> {
        loop {
            let front = list.front().filter(|front| front.since().is_starved())?;
            let n = front.payload_under_lock(|n| *n);
            if !self.take(n) {
                return None;
            }
            match list.claim_this_front() {
                Some(mut claimed) => {
                    claimed.payload(|note| *note = GRANTED);
                    return Some(claimed.grant());
                }
                // It has just given up: its permits go to the next.
                None => self.word.fetch_add(n * ONE, Ordering::Relaxed),
            };
        }
    }
}

impl std::fmt::Debug for RawSemaphore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawSemaphore")
            .field("permits", &self.permits())
            .finish()
    }
}

/// Whether a waiter that has settled was not only notified.
fn has_its_permits(waiter: &Waiter<Note>) -> bool {
    waiter.payload_of_settled(|note| *note) == GRANTED
}

/// Without the list's lock.
fn wake(nudged: Option<Wakeup>) {
    if let Some(next) = nudged {
        next.call();
    }
}

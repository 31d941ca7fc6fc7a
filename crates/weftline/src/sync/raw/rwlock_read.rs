//! Acquire and release of a [`RawRwLock`] to read, plain and upgradable. A thread that reads
//! already passes waiting writers.
//!
//! `rwlock.rs` has the states and the policy. The upgradable reader takes and releases the lock as
//! a plain reader does. `extra` is what a reader adds to the word: [`ONE`], with `UPGRADABLE` or
//! without.

use super::rwlock::{RawRwLock, RwLockError};
use super::rwlock_waiting::{Phase, Request, Waiting};
use super::rwlock_word::{ONE, Word};
use crate::error::NotOwner;
use crate::park::model::Ordering;
use crate::park::witness::Access;
use crate::park::{
    BlockedOn, Blocker, Deadline, Ended, Kind, List, ReadHolds, ThreadBlocker, WaitError, Waiter,
    current_record, number, read_holds, ready,
};

/// How a reader holds the lock, by what it adds to the word.
fn access_of(extra: u64) -> Access {
    if extra == ONE {
        Access::Read
    } else {
        Access::Upgradable
    }
}

/// The list in which a reader waits, by what it adds to the word.
fn shared_list(waiting: &mut Waiting, extra: u64) -> &mut List<Request> {
    if extra == ONE {
        &mut waiting.readers
    } else {
        &mut waiting.upgradables
    }
}

impl RawRwLock {
    /// Takes the lock to read, unless a thread writes or a waiting writer stops new readers. A
    /// thread that reads already passes waiting writers. Does not wait.
    ///
    /// # Panics
    /// When there is no memory for the calling thread's record, in its first acquire, or for more
    /// holds than the record has slots (`park/read_holds.rs`). The other acquires report that to
    /// their blocker.
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> bool {
        self.read_with(&mut ThreadBlocker, Deadline::PASSED).is_ok()
    }

    /// Takes the lock to read, parking with `blocker` while another thread writes or a waiting
    /// writer stops new readers. A thread that reads already does not wait.
    ///
    /// # Errors
    /// [`RwLockError::Wait`] when the deadline passed or the blocker was interrupted;
    /// [`RwLockError::WouldDeadlock`] when the calling thread writes and there is no deadline;
    /// [`RwLockError::TooManyReaders`]. The caller does not hold the lock then.
    #[inline]
    #[track_caller]
    pub fn read_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        if self.read_at_once() {
            Ok(())
        } else {
            self.read_slow(blocker, deadline)
        }
    }

    /// Takes the lock to read if neither its word nor the thread's record needs the slow path.
    #[inline]
    pub(in crate::sync) fn read_at_once(&self) -> bool {
        self.share_at_once(ONE)
    }

    #[cold]
    #[track_caller]
    pub(in crate::sync) fn read_slow<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        self.share_slow(ONE, blocker, deadline)
    }

    /// Takes the lock and records the hold, if no thread waits and the record has room.
    #[inline]
    pub(super) fn share_at_once(&self, extra: u64) -> bool {
        let Some(holds) = read_holds().filter(|holds| holds.has_room()) else {
            return false;
        };
        let taken = self.share_at_once_unrecorded(extra);
        // `has_room` was checked, so `add` succeeds.
        taken && holds.add(self.hold(extra)).is_ok()
    }

    /// Takes the lock if no thread waits, without a record of it.
    #[inline]
    fn share_at_once_unrecorded(&self, extra: u64) -> bool {
        let mut word = self.load();
        while let Some(next) = word.read_once_more(extra) {
            match self.word.compare_exchange_weak(
                word.0,
                next.0,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => word = Word(now),
            }
        }
        false
    }

    #[track_caller]
    pub(super) fn share_slow<B: Blocker>(
        &self,
        extra: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        let on = Kind::RwLockRead.of(self);
        self.take_seen(access_of(extra), on.place(), deadline, || {
            self.share_unseen(on, extra, blocker, deadline)
        })
    }

    /// As [`Self::share_slow`]; the witness is not told.
    fn share_unseen<B: Blocker>(
        &self,
        on: BlockedOn,
        extra: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        ready(blocker).map_err(WaitError::Interrupted)?;
        let holds = &current_record().read_holds;
        if holds.reserve().is_err() {
            return Err(WaitError::Interrupted(blocker.no_memory()).into());
        }
        self.inherit();
        let is_second_upgradable = extra != ONE && holds.count(self.hold(extra)) > 0;
        if deadline.is_never() && (self.load().is_written_by(number()) || is_second_upgradable) {
            return Err(RwLockError::WouldDeadlock);
        }
        self.share_or_wait(on, extra, holds, blocker, deadline)?;
        if holds.add(self.hold(extra)).is_err() {
            // A signal handler has used the room meanwhile.
            self.release_shared(extra);
            return Err(WaitError::Interrupted(blocker.no_memory()).into());
        }
        Ok(())
    }

    /// Takes the lock to read, without a record of it.
    fn share_or_wait<B: Blocker>(
        &self,
        on: BlockedOn,
        extra: u64,
        holds: &ReadHolds,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        if !deadline.is_at_once()
            && B::SPIN.is_before_wait()
            && self.spin(|| self.share_at_once_unrecorded(extra))
        {
            return Ok(());
        }
        loop {
            self.inherit();
            let reads = self.is_in(holds);
            let waiter = Waiter::aging::<B>(0);
            {
                let mut waiting = self.waiters.lock();
                let may_share = |word: Word| {
                    reads
                        || waiting.writers.is_empty()
                        || (word.is_free() && !waiting.is_writer_starved())
                };
                if self.take_shared(extra, may_share) {
                    return Ok(());
                }
                if self.load().is_full() {
                    return Err(RwLockError::TooManyReaders);
                }
                if deadline.is_at_once() {
                    return Err(WaitError::TimedOut.into());
                }
                // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
                unsafe { shared_list(&mut waiting, extra).push_back(&waiter) };
                let woken = waiting.settle(&self.word, Phase::Over);
                drop(waiting);
                woken.call();
            }
            match waiter.wait_or_take(on, blocker, deadline, || self.retry_shared(extra, &waiter)) {
                // In the child of a fork no record says that the grant of the parent is this
                // thread's, so it does not count.
                Ended::Granted if waiter.is_forgotten() => continue,
                Ended::Granted => return Ok(()),
                Ended::Forked => continue,
                Ended::Abandoned(why) => {
                    self.leave(&waiter, |waiting| shared_list(waiting, extra));
                    return Err(why.into());
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    if !waiter.is_forgotten() {
                        self.release_shared(extra);
                    }
                    return Err(WaitError::Interrupted(interrupt).into());
                }
            }
        }
    }

    /// Under the list's lock: takes the lock to read if the word admits one more hold and
    /// `may_share(word)`.
    fn take_shared(&self, extra: u64, may_share: impl Fn(Word) -> bool) -> bool {
        let mut word = self.load();
        while let Some(next) = word.shared_by_one_more(extra).filter(|_| may_share(word)) {
            match self.word.compare_exchange_weak(
                word.0,
                next.0,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => word = Word(now),
            }
        }
        false
    }

    /// A woken reader retries. Returns whether it has the lock.
    fn retry_shared(&self, extra: u64, waiter: &Waiter<Request>) -> bool {
        self.retry(
            waiter,
            |waiting| shared_list(waiting, extra),
            |waiting| self.take_shared(extra, |word| !waiting.stops_woken_readers(word)),
            Phase::GoesOn,
        )
    }

    /// Releases the lock once, for a thread that reads it.
    ///
    /// # Errors
    /// [`NotOwner`] when the calling thread does not read it.
    #[inline]
    pub fn unlock_read(&self) -> Result<(), NotOwner> {
        self.unlock_shared(ONE)
    }

    #[inline]
    pub(super) fn unlock_shared(&self, extra: u64) -> Result<(), NotOwner> {
        let hold = self.hold(extra);
        // Holds are mostly released in the reverse order, so the latest comes first.
        if !read_holds().is_some_and(|holds| holds.remove_latest(hold)) {
            self.remove_hold(hold)?;
        }
        let left = self.subtract(extra);
        if left.is_marked() {
            self.after_release(extra, left);
            self.tell_released(access_of(extra), left);
        }
        Ok(())
    }

    /// As [`Self::unlock_shared`], for a guard. It proves that the thread reads, also after the
    /// thread's record is recycled, in late destructors.
    #[cfg(not(weftline_model))]
    #[inline]
    pub(super) fn unlock_of_guard(&self, extra: u64) {
        if self.unlock_shared(extra).is_err() && self.load().readers() > 0 {
            self.release_shared(extra);
        }
    }

    /// As [`Self::unlock_read`], for a guard.
    #[cfg(not(weftline_model))]
    #[inline]
    pub(in crate::sync) fn unlock_read_of_guard(&self) {
        self.unlock_of_guard(ONE);
    }

    /// Removes a hold that is not the latest, or is from before a fork.
    ///
    /// # Errors
    /// [`NotOwner`] when the calling thread does not have it.
    #[cold]
    fn remove_hold(&self, hold: usize) -> Result<(), NotOwner> {
        self.inherit();
        let was_held = read_holds().is_some_and(|holds| holds.remove_slow(hold));
        was_held.then_some(()).ok_or(NotOwner)
    }

    /// Subtracts a hold from the word, and serves waiters that this lets go on. The witness is not
    /// told.
    pub(super) fn release_shared(&self, extra: u64) {
        self.after_release(extra, self.subtract(extra));
    }

    /// Subtracts a hold from the word. Returns what is left of it.
    #[inline]
    fn subtract(&self, extra: u64) -> Word {
        Word(self.word.fetch_sub(extra, Ordering::Release) - extra)
    }

    /// Serves the waiters that a release lets go on, which has left that word.
    #[cold]
    fn after_release(&self, extra: u64, left: Word) {
        // After an upgradable hold, the next upgradable reader may take the lock.
        if left.has_waiters() && (extra != ONE || left.is_free() || left.is_upgradable_alone()) {
            self.settle(Phase::Over).call();
        }
    }
}

//! The upgradable reader of a [`RawRwLock`], its upgrade to a writer, and the downgrades.
//!
//! One reader at a time is *upgradable*. It reads beside others, and may become the writer without
//! a release: no other thread writes in between. `rwlock.rs` has the states.
//!
//! An upgrade waits in front of the writers, since no writer can take the lock before it. While it
//! waits, no new reader takes the lock. It keeps its hold until it writes.

use super::rwlock::{RawRwLock, RwLockError};
use super::rwlock_waiting::{Phase, Request, Waiting};
use super::rwlock_word::{ONE, UPGRADABLE, Word};
use crate::error::NotOwner;
use crate::park::model::Ordering;
use crate::park::witness::Access;
use crate::park::{
    BlockedOn, Blocker, Deadline, Ended, Kind, WaitError, Waiter, current_record, number,
    read_holds, ready,
};
use std::panic::Location;

const ONE_UPGRADABLE: u64 = ONE | UPGRADABLE;

/// Why a writer did not become a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DowngradeError {
    /// The calling thread does not write.
    NotOwner,
    /// There is no memory for the record of a further read lock. The thread still writes.
    NoMemory,
}

impl RawRwLock {
    /// Takes the lock as its upgradable reader, parking with `blocker` while there is another,
    /// or another thread writes or waits to write.
    ///
    /// # Errors
    /// As [`Self::read_with`]; [`RwLockError::WouldDeadlock`] also when the calling thread is the
    /// upgradable reader and there is no deadline.
    #[inline]
    #[track_caller]
    pub fn upgradable_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        if self.upgradable_at_once() {
            Ok(())
        } else {
            self.upgradable_slow(blocker, deadline)
        }
    }

    #[inline]
    pub(in crate::sync) fn upgradable_at_once(&self) -> bool {
        self.share_at_once(ONE_UPGRADABLE)
    }

    #[cold]
    #[track_caller]
    pub(in crate::sync) fn upgradable_slow<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        self.share_slow(ONE_UPGRADABLE, blocker, deadline)
    }

    /// Releases the lock, for its upgradable reader.
    ///
    /// # Errors
    /// [`NotOwner`] when the calling thread is not the upgradable reader.
    #[inline]
    pub fn unlock_upgradable(&self) -> Result<(), NotOwner> {
        self.unlock_shared(ONE_UPGRADABLE)
    }

    /// As [`Self::unlock_upgradable`], for a guard.
    #[cfg(not(weftline_model))]
    #[inline]
    pub(in crate::sync) fn unlock_upgradable_of_guard(&self) {
        self.unlock_of_guard(ONE_UPGRADABLE);
    }

    /// Makes the upgradable reader, the calling thread, the writer. Parks with `blocker` until
    /// the other readers have left.
    ///
    /// # Errors
    /// [`RwLockError::Wait`] when the deadline passed or the blocker was interrupted;
    /// [`RwLockError::WouldDeadlock`] when the calling thread reads once more and there is no
    /// deadline. The caller is the upgradable reader still.
    #[track_caller]
    pub fn upgrade_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        let me = number();
        let alone = Word(Word::read_by(1).0 | UPGRADABLE);
        let exchanged = self.word.compare_exchange(
            alone.0,
            Word::written_by(me).0,
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        if exchanged.is_err() {
            self.upgrade_slow(me, blocker, deadline)?;
        }
        self.forget_upgradable();
        Ok(())
    }

    #[cold]
    #[track_caller]
    fn upgrade_slow<B: Blocker>(
        &self,
        me: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        let on = Kind::RwLockWrite.of(self);
        self.take_seen(Access::Write, on.place(), deadline, || {
            self.upgrade_unseen(on, me, blocker, deadline)
        })?;
        self.tell_released(Access::Upgradable, self.load());
        Ok(())
    }

    /// As [`Self::upgrade_slow`]; the witness is not told.
    fn upgrade_unseen<B: Blocker>(
        &self,
        on: BlockedOn,
        me: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        if deadline.is_never() && self.own_reads() > 1 {
            return Err(RwLockError::WouldDeadlock);
        }
        ready(blocker).map_err(WaitError::Interrupted)?;
        loop {
            self.inherit();
            let waiter = Waiter::aging::<B>(Word::written_by(me).0 | UPGRADABLE);
            {
                let mut waiting = self.waiters.lock();
                if self.take_upgrade(me, &waiting) {
                    return Ok(());
                }
                if deadline.is_at_once() {
                    return Err(WaitError::TimedOut.into());
                }
                // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
                unsafe { waiting.writers.push_front(&waiter) };
                let woken = waiting.settle(&self.word, Phase::Over);
                drop(waiting);
                woken.call();
            }
            let retry = || self.retry_upgrade(me, &waiter);
            match waiter.wait_or_take(on, blocker, deadline, retry) {
                Ended::Granted => return Ok(()),
                Ended::Forked => continue,
                Ended::Abandoned(why) => {
                    self.leave(&waiter, |waiting| &mut waiting.writers);
                    return Err(why.into());
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    let upgradable = Word(Word::read_by(1).0 | UPGRADABLE);
                    if !self.stop_writing(me, upgradable) {
                        self.unlock_slow(me, upgradable);
                    }
                    return Err(WaitError::Interrupted(interrupt).into());
                }
            }
        }
    }

    fn retry_upgrade(&self, me: u64, waiter: &Waiter<Request>) -> bool {
        let take = |waiting: &Waiting| self.take_upgrade(me, waiting);
        self.retry(waiter, |waiting| &mut waiting.writers, take, Phase::Over)
    }

    /// Under the list's lock: makes the upgradable reader the writer if there is no other reader.
    fn take_upgrade(&self, me: u64, waiting: &Waiting) -> bool {
        let next = Word::written_by(me).with_waiters(!waiting.is_empty());
        self.exchange_if(Word::is_upgradable_alone, next)
    }

    fn forget_upgradable(&self) {
        let hold = self.hold(ONE_UPGRADABLE);
        if let Some(holds) = read_holds()
            && !holds.remove_latest(hold)
        {
            holds.remove_slow(hold);
        }
    }

    /// Makes the writer, the calling thread, a reader. No other thread writes in between.
    ///
    /// # Errors
    /// [`DowngradeError`]; nothing has changed then.
    #[track_caller]
    pub fn downgrade(&self) -> Result<(), DowngradeError> {
        let me = number();
        if !self.is_owned() {
            return Err(DowngradeError::NotOwner);
        }
        let holds = &current_record().read_holds;
        if holds.add(self.hold(ONE)).is_err() {
            return Err(DowngradeError::NoMemory);
        }
        let read = Word::read_by(1);
        if !self.stop_writing(me, read) {
            let was = self.unlock_slow(me, read);
            self.tell_released(Access::Write, was);
            self.tell_taken(Access::Read, Location::caller());
        }
        Ok(())
    }

    /// Makes the upgradable reader, the calling thread, an ordinary one.
    ///
    /// # Errors
    /// [`NotOwner`] when the calling thread is not the upgradable reader.
    #[track_caller]
    pub fn downgrade_upgradable(&self) -> Result<(), NotOwner> {
        self.inherit();
        let hold = self.hold(ONE_UPGRADABLE);
        let holds = read_holds().filter(|holds| holds.remove_slow(hold));
        // The slot of the one hold is there for the other.
        let added = holds.map(|holds| holds.add(self.hold(ONE)));
        if !matches!(added, Some(Ok(()))) {
            return Err(NotOwner);
        }
        let was = Word(self.word.fetch_sub(UPGRADABLE, Ordering::Release));
        if was.has_waiters() {
            self.settle(Phase::Over).call();
        }
        if was.is_watched() {
            self.tell_released(Access::Upgradable, was);
            self.tell_taken(Access::Read, Location::caller());
        }
        Ok(())
    }
}

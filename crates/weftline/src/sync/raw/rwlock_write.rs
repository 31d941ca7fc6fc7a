//! The writer of a [`RawRwLock`]: `rwlock.rs` has the states.

use super::rwlock::{RawRwLock, RwLockError};
use super::rwlock_waiting::{Phase, Waiting};
use super::rwlock_word::{WATCHED, Word};
use crate::error::NotOwner;
use crate::park::model::Ordering;
use crate::park::witness::Access;
use crate::park::{
    BlockedOn, Blocker, Deadline, Ended, Kind, WaitError, Waiter, number, read_holds, ready,
};
use std::panic::Location;

impl RawRwLock {
    /// Takes the lock to write if it is free; does not wait.
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> bool {
        self.try_write_as(number())
    }

    #[inline]
    #[track_caller]
    pub(in crate::sync) fn try_write_as(&self, me: u64) -> bool {
        self.write_at_once(me) || self.try_write_slow(me, Location::caller())
    }

    /// Takes a free lock that is not watched. Where this fails, a slow path tries again.
    #[inline]
    pub(in crate::sync) fn write_at_once(&self, me: u64) -> bool {
        self.word
            .compare_exchange(
                Word::FREE.0,
                Word::written_by(me).0,
                Ordering::Acquire,
                Ordering::Relaxed,
            )
            .is_ok()
    }

    #[cold]
    fn try_write_slow(&self, me: u64, place: &'static Location<'static>) -> bool {
        let taken = self.take_free(me);
        if taken {
            self.tell_taken(Access::Write, place);
        }
        taken
    }

    /// Takes the lock if it is free in whatever way: watched, or since a fork.
    fn take_free(&self, me: u64) -> bool {
        if self.load().is_stale() {
            self.inherit();
        }
        let word = self.load();
        word.is_free()
            && !word.has_waiters()
            && self
                .word
                .compare_exchange(
                    word.0,
                    Word::written_by(me).0 | word.kept(),
                    Ordering::Acquire,
                    Ordering::Relaxed,
                )
                .is_ok()
    }

    /// Takes the lock to write, parking with `blocker` while another thread holds it.
    ///
    /// # Errors
    /// [`RwLockError::Wait`] when the deadline passed or the blocker was interrupted;
    /// [`RwLockError::WouldDeadlock`] when the calling thread reads or writes and there is no
    /// deadline. The caller has no more than before then.
    #[inline]
    #[track_caller]
    pub fn write_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        let me = number();
        if self.write_at_once(me) {
            Ok(())
        } else {
            self.write_slow(me, blocker, deadline)
        }
    }

    #[cold]
    #[track_caller]
    pub(in crate::sync) fn write_slow<B: Blocker>(
        &self,
        me: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        let on = Kind::RwLockWrite.of(self);
        self.take_seen(Access::Write, on.place(), deadline, || {
            if self.take_free(me) {
                Ok(())
            } else {
                self.write_unseen(on, me, blocker, deadline)
            }
        })
    }

    /// Waits until the calling thread has the lock; the witness is not told.
    fn write_unseen<B: Blocker>(
        &self,
        on: BlockedOn,
        me: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        if deadline.is_at_once() {
            return Err(WaitError::TimedOut.into());
        }
        let holds = read_holds().is_some_and(|holds| self.is_in(holds));
        if deadline.is_never() && (holds || self.load().is_written_by(me)) {
            return Err(RwLockError::WouldDeadlock);
        }
        if B::SPIN.is_before_wait() && self.spin(|| self.take_free(me)) {
            return Ok(());
        }
        ready(blocker).map_err(WaitError::Interrupted)?;
        loop {
            self.inherit();
            let waiter = Waiter::aging::<B>(Word::written_by(me).0);
            {
                let mut waiting = self.waiters.lock();
                if !waiting.is_writer_starved() && self.take_to_write(me, &waiting) {
                    return Ok(());
                }
                // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
                unsafe { waiting.writers.push_back(&waiter) };
                let woken = waiting.settle(&self.word, Phase::Over);
                drop(waiting);
                woken.call();
            }
            let retry = || {
                let take = |waiting: &Waiting| self.take_to_write(me, waiting);
                self.retry(&waiter, |waiting| &mut waiting.writers, take, Phase::Over)
            };
            match waiter.wait_or_take(on, blocker, deadline, retry) {
                Ended::Granted => return Ok(()),
                Ended::Forked => continue,
                Ended::Abandoned(why) => {
                    self.leave(&waiter, |waiting| &mut waiting.writers);
                    return Err(why.into());
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    self.unlock_mine(me);
                    return Err(WaitError::Interrupted(interrupt).into());
                }
            }
        }
    }

    /// Under the list's lock: takes a free lock to write. A woken waiter is in the list still, so
    /// `WAITERS` is set; `settle` clears it if no other thread waits.
    fn take_to_write(&self, me: u64, waiting: &Waiting) -> bool {
        let next = Word::written_by(me).with_waiters(!waiting.is_empty());
        self.exchange_if(Word::is_free, next)
    }

    /// Releases the lock, for the thread that writes.
    ///
    /// # Errors
    /// [`NotOwner`] when the calling thread does not write.
    #[inline]
    pub fn unlock_write(&self) -> Result<(), NotOwner> {
        let me = number();
        if !self.load().is_written_by(me) {
            return Err(NotOwner);
        }
        self.unlock_mine(me);
        Ok(())
    }

    /// Releases a lock to which the calling thread writes.
    #[inline]
    pub(in crate::sync) fn unlock_mine(&self, me: u64) {
        if !self.stop_writing(me, Word::FREE) {
            let was = self.unlock_slow(me, Word::read_by(0));
            self.tell_released(Access::Write, was);
        }
    }

    /// From written without waiters to `next`.
    #[inline]
    pub(super) fn stop_writing(&self, me: u64, next: Word) -> bool {
        self.word
            .compare_exchange(
                Word::written_by(me).0,
                next.0,
                Ordering::Release,
                Ordering::Relaxed,
            )
            .is_ok()
    }

    /// From written to `next`, with waiters. Until `settle` has chosen among them, no thread
    /// barges: each takes the list's lock first. Returns the word from before.
    #[cold]
    pub(super) fn unlock_slow(&self, me: u64, next: Word) -> Word {
        let mut waiting = self.waiters.lock();
        // Under the list's lock no other thread changes the word of a writer. The last waiter may
        // have abandoned, and have cleared `WAITERS`.
        let word = self.load();
        let stopped = word.is_written_by(me)
            && self
                .word
                .compare_exchange(
                    word.0,
                    next.with_waiters(true).0 | (word.0 & WATCHED),
                    Ordering::Release,
                    Ordering::Relaxed,
                )
                .is_ok();
        debug_assert!(stopped, "only the writer releases the lock");
        let woken = waiting.settle(&self.word, Phase::Begins);
        drop(waiting);
        woken.call();
        word
    }
}

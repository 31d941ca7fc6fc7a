//! [`RawRwLock`]: many readers or one writer. Its word names the writer.
//!
//! # Implementation
//!
//! `rwlock_word.rs` has the word, `rwlock_waiting.rs` the waiters and the choice of the next one,
//! `rwlock_upgrade.rs` the upgradable reader and the downgrade. Each reader's thread records its
//! holds (`park/read_holds.rs`).
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | the lower half `0` | free | `read` → read; `upgradable` → read, upgradable; `write` → written |
//! | `forks << 32 \| readers << 3` | read by that many | `read`, `unlock_read`; `upgradable` → read, upgradable; a waiter that enlists → with `WAITERS` |
//! | the same `\| UPGRADABLE` | one of the readers is upgradable: no other reader is, and no thread writes | as above; `unlock_upgradable` → read; `upgrade` by the only reader → written |
//! | `owner << 3 \| EXCLUSIVE` | written; a release does not read the lists | `unlock_write` → free; `downgrade` → read by one; a waiter that enlists → with `WAITERS` |
//! | read, `\| WAITERS` | threads wait: others take the slow path | the last reader, or the last beside the upgradable one → released; under the list's lock, a waiter that takes or leaves |
//! | written, `\| WAITERS` | threads wait: the release reads the lists | `unlock_write`, under the list's lock → released; `downgrade` → read, `\| WAITERS` |
//! | `forks << 32 \| WAITERS` | released: free, and the releasing thread is about to choose who is next | under the list's lock → free (the front waiter is woken without handoff), or read or written by handoff |
//! | any but free, of an older process (*stale*) | read by the thread that forked, as often as its record says; its writer may be that thread | any slow path → read or free |
//!
//! **Phases.** A waiting writer stops new readers. The last reader's release serves the front
//! writer. A writer's release serves the readers that wait: the *read phase*. A woken reader that
//! takes the lock wakes the next one, past the waiting writers, unless the front writer is starved.
//!
//! **Barging, with a starvation bound**, as in `lock.rs`. A release frees the word and wakes one
//! waiter without handoff: the front writer, or the front reader. The woken waiter stays in its
//! list. Until it retries, other threads take and release the lock on the fast path. A front waiter
//! older than 1 ms gets a handoff: a writer alone, or all waiting readers at once. While the front
//! writer is that old, a read phase begins by handoff too, and has no further readers. So readers
//! wait for at most 1 ms and one writer more, and the front writer for at most 1 ms and one phase of
//! readers more.
//!
//! **A thread that reads may read again**, also while a writer waits: the writer waits for that
//! thread. The slow path alone asks whether the thread reads already. Two waits cannot end, and are
//! refused if they have no deadline: a writer's second acquire, and an acquire to write, or an
//! upgrade, by a thread that also reads.
//!
//! **Invariants**, whenever the list's lock is free:
//!
//! - *no thread waits, or `WAITERS` is set, or a waiter that was woken without handoff has not
//!   retried yet*;
//! - *readers wait only while a thread writes, or a writer waits, or such a waiter is on its way*.
//!
//! Each thread that has changed the lists, or taken or released the lock under the list's lock,
//! restores them ([`Waiting::settle`]).
//!
//! **After a fork**, the word of a lock that was read is stale. The first slow path in the child
//! replaces the count by the number of holds in the record of the thread that forked. Only that
//! thread can have a hold in a stale word; it does the same before it removes such a hold. So the
//! count and the record agree, and each thread in the child that replaces a stale word writes the
//! same number. The lists of the older process are empty (`park/list_lock.rs`).
//!
//! | operation | linearisation point |
//! |---|---|
//! | `read`, `upgradable`, `write`, `upgrade` | the compare-exchange that takes the lock; with a handoff, the releasing thread's |
//! | a failed `try_…` | its last read of the word |
//! | `unlock_read`, `unlock_upgradable` | the subtraction |
//! | `unlock_write`, `downgrade` | the compare-exchange to free, released or read |
//! | `downgrade_upgradable` | the subtraction of `UPGRADABLE` |
//!
//! | happens-before | release | acquire |
//! |---|---|---|
//! | a writer's critical section, before later readers and writers | the compare-exchange from written | the compare-exchange to read or written |
//! | a reader's critical section, before later writers | the subtraction; the later readers' read-modify-writes continue its release sequence | the compare-exchange to written |
//! | both, with a handoff | the same, and the grant of the waiter (`park/waiter.rs`) | the releasing thread's compare-exchange, and the waiter's read of its state |
//!
//! Phase-fair locks are from Brandenburg and Anderson, 'Spin-based reader-writer synchronization
//! for multiprocessor real-time systems' (2010); here the phases hold for starved waiters.
//!
//! Over 300 lines with this header: an acquire, its retry and its release are one protocol.

use super::rwlock_waiting::{Phase, Request, Waiting, Woken};
use super::rwlock_word::{ONE, UPGRADABLE, Word};
use crate::error::NotOwner;
use crate::park::model::{AtomicU64, Ordering, const_fn, spin_loop};
use crate::park::{
    Blocker, Deadline, Ended, List, ListLock, ReadHolds, ThreadBlocker, ThreadNumber, WaitError,
    Waiter, current_record, forget_read_holds, number, read_holds, ready, survivors_read_holds,
};

/// The unguarded read-write lock. Only the thread that took it may release it.
pub struct RawRwLock {
    pub(super) word: AtomicU64,
    pub(super) waiters: ListLock<Waiting>,
}

/// Why the caller did not get a read-write lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RwLockError<I> {
    /// Other threads hold it, and the wait ended.
    Wait(WaitError<I>),
    /// The calling thread holds the lock itself: the wait would never end.
    WouldDeadlock,
    /// 2²⁸ readers hold it already.
    TooManyReaders,
}

impl<I> From<WaitError<I>> for RwLockError<I> {
    fn from(why: WaitError<I>) -> Self {
        Self::Wait(why)
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
    const_fn! {
        /// A free lock.
        pub fn new() -> Self {
            Self { word: AtomicU64::new(Word::FREE.0), waiters: ListLock::new(Waiting::new()) }
        }
    }

    #[inline]
    pub(super) fn load(&self) -> Word {
        Word(self.word.load(Ordering::Relaxed))
    }

    /// The hold of a reader, by what it adds to the word: [`ONE`], with [`UPGRADABLE`] or without.
    #[inline]
    pub(super) fn hold(&self, extra: u64) -> usize {
        std::ptr::from_ref(self).addr() | usize::from(extra != ONE)
    }

    /// Reads the lock if no thread writes or waits to write; again also if one waits. Does not
    /// wait.
    ///
    /// # Panics
    /// When there is no memory for the calling thread's record, in its first acquire, or when it
    /// holds more than six locks to read. The other acquires report that to their blocker.
    #[inline]
    pub fn try_read(&self) -> bool {
        self.read_with(&mut ThreadBlocker, Deadline::PASSED).is_ok()
    }

    /// Reads the lock, sleeping through `blocker` while another thread writes or waits to write. A
    /// thread that reads already does not wait.
    ///
    /// # Errors
    /// [`RwLockError::Wait`] when the deadline passed or the blocker was interrupted;
    /// [`RwLockError::WouldDeadlock`] when the calling thread writes and there is no deadline;
    /// [`RwLockError::TooManyReaders`]. The caller does not hold the lock then.
    #[inline]
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

    /// Reads the lock if neither its word nor the thread's record needs the slow path.
    #[inline]
    pub(in crate::sync) fn read_at_once(&self) -> bool {
        self.share_at_once(ONE)
    }

    #[cold]
    pub(in crate::sync) fn read_slow<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        self.share_slow(ONE, blocker, deadline)
    }

    #[inline]
    pub(super) fn share_at_once(&self, extra: u64) -> bool {
        let Some(holds) = read_holds().filter(|holds| holds.has_room()) else {
            return false;
        };
        let taken = self.share_at_once_unrecorded(extra);
        // There is room.
        taken && holds.add(self.hold(extra)).is_ok()
    }

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

    pub(super) fn share_slow<B: Blocker>(
        &self,
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
        self.share_or_wait(extra, holds, blocker, deadline)?;
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
                // SAFETY: however the wait ends below, that leaves the waiter granted (so claimed),
                // removed or forgotten.
                unsafe { shared_list(&mut waiting, extra).push_back(&waiter) };
                let woken = waiting.settle(&self.word, Phase::Over);
                drop(waiting);
                woken.call();
            }
            match waiter.wait_or_take(blocker, deadline, || self.retry_shared(extra, &waiter)) {
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

    /// Spins until `take` succeeds, a few hundred nanoseconds at most; stops when other threads
    /// wait.
    fn spin(&self, mut take: impl FnMut() -> bool) -> bool {
        const ROUNDS: u32 = if cfg!(weftline_model) { 0 } else { 7 };
        for round in 0..ROUNDS {
            (0..1 << round).for_each(|_| spin_loop());
            if take() {
                return true;
            }
            if self.load().has_waiters() {
                return false;
            }
        }
        false
    }

    /// Under the list's lock: takes the lock to read, if that is possible and `may_share`.
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

    /// A woken waiter retries to `take` the lock. Returns whether it has the lock.
    pub(super) fn retry(
        &self,
        waiter: &Waiter<Request>,
        list: impl FnOnce(&mut Waiting) -> &mut List<Request>,
        take: impl FnOnce(&Waiting) -> bool,
        phase: Phase,
    ) -> bool {
        let mut waiting = self.waiters.lock();
        if waiter.is_granted() {
            return true;
        }
        let takes = take(&waiting);
        if takes {
            list(&mut waiting).remove(waiter);
        }
        let woken = waiting.settle(&self.word, if takes { phase } else { Phase::Over });
        drop(waiting);
        woken.call();
        takes
    }

    /// Unlinks an abandoned waiter. The wakeup that it may have had goes to the next.
    pub(super) fn leave(
        &self,
        waiter: &Waiter<Request>,
        list: impl FnOnce(&mut Waiting) -> &mut List<Request>,
    ) {
        let mut waiting = self.waiters.lock();
        list(&mut waiting).remove(waiter);
        let woken = waiting.settle(&self.word, Phase::Over);
        drop(waiting);
        woken.call();
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
        if !read_holds().is_some_and(|holds| holds.remove_latest(hold)) {
            self.remove_hold(hold)?;
        }
        self.release_shared(extra);
        Ok(())
    }

    /// As [`Self::unlock_shared`], for a guard. It proves that the thread reads, also after the
    /// thread has given its record back, at its very end.
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

    #[cold]
    fn remove_hold(&self, hold: usize) -> Result<(), NotOwner> {
        self.inherit();
        let was_held = read_holds().is_some_and(|holds| holds.remove_slow(hold));
        was_held.then_some(()).ok_or(NotOwner)
    }

    #[inline]
    pub(super) fn release_shared(&self, extra: u64) {
        let was = self.word.fetch_sub(extra, Ordering::Release);
        let left = Word(was - extra);
        if left.has_waiters() && (extra != ONE || left.is_free() || left.is_upgradable_alone()) {
            self.settle(Phase::Over).call();
        }
    }

    #[cold]
    pub(super) fn settle(&self, phase: Phase) -> Woken {
        self.waiters.lock().settle(&self.word, phase)
    }

    /// Takes the lock to write if it is free; does not wait.
    #[inline]
    pub fn try_write(&self) -> bool {
        self.try_write_as(number())
    }

    #[inline]
    pub(in crate::sync) fn try_write_as(&self, me: u64) -> bool {
        match self.word.compare_exchange(
            Word::FREE.0,
            Word::written_by(me).0,
            Ordering::Acquire,
            Ordering::Relaxed,
        ) {
            Ok(_) => true,
            Err(word) => self.try_write_forked(Word(word), me),
        }
    }

    /// In the child of a fork the lock may be free in other ways.
    #[cold]
    fn try_write_forked(&self, word: Word, me: u64) -> bool {
        let word = if word.is_stale() {
            self.inherit();
            self.load()
        } else {
            word
        };
        word.is_free()
            && !word.has_waiters()
            && self
                .word
                .compare_exchange(
                    word.0,
                    Word::written_by(me).0,
                    Ordering::Acquire,
                    Ordering::Relaxed,
                )
                .is_ok()
    }

    /// Takes the lock to write, sleeping through `blocker` while another thread holds it.
    ///
    /// # Errors
    /// [`RwLockError::Wait`] when the deadline passed or the blocker was interrupted;
    /// [`RwLockError::WouldDeadlock`] when the calling thread reads or writes and there is no
    /// deadline. The caller has no more than before then.
    #[inline]
    pub fn write_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RwLockError<B::Interrupt>> {
        let me = number();
        if self.try_write_as(me) {
            Ok(())
        } else {
            self.write_slow(me, blocker, deadline)
        }
    }

    #[cold]
    pub(in crate::sync) fn write_slow<B: Blocker>(
        &self,
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
        if B::SPIN.is_before_wait() && self.spin(|| self.load().is_free() && self.try_write_as(me))
        {
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
                // SAFETY: however the wait ends below, that leaves the waiter granted (so claimed),
                // removed or forgotten.
                unsafe { waiting.writers.push_back(&waiter) };
                let woken = waiting.settle(&self.word, Phase::Over);
                drop(waiting);
                woken.call();
            }
            let retry = || {
                let take = |waiting: &Waiting| self.take_to_write(me, waiting);
                self.retry(&waiter, |waiting| &mut waiting.writers, take, Phase::Over)
            };
            match waiter.wait_or_take(blocker, deadline, retry) {
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

    /// Makes the word `next` if `can_leave` it. With the orderings of an acquire.
    pub(super) fn exchange_if(&self, can_leave: impl Fn(Word) -> bool, next: Word) -> bool {
        let mut word = self.load();
        while can_leave(word) {
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
            self.unlock_slow(me, Word::read_by(0));
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
    /// barges: each takes the list's lock first.
    #[cold]
    pub(super) fn unlock_slow(&self, me: u64, next: Word) {
        let mut waiting = self.waiters.lock();
        // Under the list's lock no other thread changes the word of a writer. The last waiter may
        // have given up, and have cleared `WAITERS`.
        let word = self.load();
        let stopped = word.is_written_by(me)
            && self
                .word
                .compare_exchange(
                    word.0,
                    next.with_waiters(true).0,
                    Ordering::Release,
                    Ordering::Relaxed,
                )
                .is_ok();
        debug_assert!(stopped, "only the writer releases the lock");
        let woken = waiting.settle(&self.word, Phase::Begins);
        drop(waiting);
        woken.call();
    }

    /// Replaces a stale word by what the thread that forked holds.
    #[cold]
    pub(super) fn inherit(&self) {
        let mut word = self.load();
        while word.is_stale() {
            let next = if word.is_exclusive() {
                Word::FREE
            } else {
                let count = |extra| {
                    survivors_read_holds().map_or(0, |holds| holds.count(self.hold(extra)) as u64)
                };
                let (plain, upgradable) = (count(ONE), count(ONE | UPGRADABLE).min(1));
                // Fewer than in the word, or as many, unless a guard was leaked.
                let readers = (plain + upgradable).min(word.readers());
                Word(Word::read_by(readers).0 + upgradable.min(readers) * UPGRADABLE)
            };
            match self
                .word
                .compare_exchange(word.0, next.0, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => word = Word(now),
            }
        }
    }

    /// Whether the holds are of this lock, among others.
    fn is_in(&self, holds: &ReadHolds) -> bool {
        holds.count(self.hold(ONE)) + holds.count(self.hold(ONE | UPGRADABLE)) > 0
    }

    fn present(&self) -> Word {
        if self.load().is_stale() {
            self.inherit();
        }
        self.load()
    }

    /// Whether any thread reads or writes.
    pub fn is_locked(&self) -> bool {
        !self.present().is_free()
    }

    /// Whether a thread writes.
    pub fn is_written(&self) -> bool {
        self.present().is_exclusive()
    }

    /// How many threads read, each as often as it does, the upgradable reader included.
    pub fn readers(&self) -> u64 {
        self.present().readers()
    }

    /// The thread that writes.
    pub fn owner(&self) -> Option<ThreadNumber> {
        self.present().owner()
    }

    /// How often the calling thread reads; the upgradable reader counts.
    pub fn own_reads(&self) -> usize {
        read_holds().map_or(0, |holds| {
            holds.count(self.hold(ONE)) + holds.count(self.hold(ONE | UPGRADABLE))
        })
    }

    /// Whether the calling thread writes.
    pub fn is_owned(&self) -> bool {
        // Only the owner itself can make this true, so no ordering is needed to trust it.
        self.load().is_written_by(number())
    }

    /// How many threads wait to read, and how many to write; out of date at once.
    pub fn waiting(&self) -> (usize, usize) {
        let waiting = self.waiters.lock();
        let readers = waiting.readers.len() + waiting.upgradables.len();
        (readers, waiting.writers.len())
    }
}

impl Drop for RawRwLock {
    fn drop(&mut self) {
        // No guard is left, but a reader may have leaked its own: another lock may lie here soon.
        if self.load().readers() > 0 {
            forget_read_holds(self.hold(ONE));
            forget_read_holds(self.hold(ONE | UPGRADABLE));
        }
    }
}

impl Default for RawRwLock {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for RawRwLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawRwLock")
            .field("owner", &self.owner())
            .field("readers", &self.readers())
            .finish()
    }
}

//! [`RawRwLock`]: many readers or one writer. Its word names the writer.
//!
//! # Implementation
//!
//! | file | content |
//! |---|---|
//! | `rwlock_word.rs` | the word |
//! | `rwlock_waiting.rs` | the waiters, and the choice of the next one |
//! | `rwlock.rs` | what readers and writers share, and the child of a fork |
//! | `rwlock_read.rs`, `rwlock_write.rs`, `rwlock_upgrade.rs` | the acquires and releases |
//! | `rwlock_watched.rs` | what a watched lock tells of them |
//! | `park/read_holds.rs` | the record of a thread's holds |
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | lower half `0`, whatever the upper half | free | `read` → read; `upgradable` → read, upgradable; `write` → written |
//! | `forks << 32 \| readers << 4` | read, by that many holds | `read`, `unlock_read`; `upgradable` → read, upgradable; a waiter that enlists → with `WAITERS` |
//! | the same `\| UPGRADABLE` | one of the readers is upgradable: no other reader is, and no thread writes | as above; `unlock_upgradable` → read; `upgrade` by the only reader → written |
//! | `owner << 4 \| EXCLUSIVE` | written; a release does not read the lists | `unlock_write` → free; `downgrade` → read by one; a waiter that enlists → with `WAITERS` |
//! | read, `\| WAITERS` | threads wait: others take the slow path | the last reader, or the last beside the upgradable one → released; under the list's lock, a waiter that takes or has abandoned |
//! | written, `\| WAITERS` | threads wait: the release reads the lists | `unlock_write`, under the list's lock → released; `downgrade` → read, `\| WAITERS` |
//! | `forks << 32 \| WAITERS` | released: free, and the releasing thread is about to choose the next waiter | under the list's lock → free (the front waiter is woken without handoff), or read or written by handoff |
//! | any but free, from before a fork (*stale*) | read by the thread that forked, as often as its record says; its writer may be that thread | any slow path → read or free |
//! | any, `\| WATCHED` | as without; every acquire and release takes a slow path, which tells the witness (`park/witness.rs`) | a release keeps the bit; an acquire keeps it while locks are watched |
//!
//! **Phases.** A waiting writer stops new readers. The last reader's release serves the front
//! writer. A writer's release serves the readers that wait: the *read phase*. A woken reader that
//! takes the lock wakes the next one, past the waiting writers, unless the front writer is starved.
//!
//! **Barging, with a starvation bound**, as in `lock.rs`. A release frees the word and wakes one
//! waiter without handoff: the front writer, or the front reader. The woken waiter stays in its
//! list. Until it retries, other threads take and release the lock on the fast path. A front waiter
//! older than 1 ms gets a handoff: a writer alone, or all waiting readers at once. While the front
//! writer is starved, a read phase begins by handoff and admits no barging reader. So readers wait
//! for at most 1 ms and one writer more. The front writer waits for at most 1 ms and one read phase
//! more.
//!
//! **A thread that reads may read again**, also while a writer waits: the writer waits for that
//! thread. The slow path alone asks whether the thread reads already.
//!
//! **Three waits cannot end**, and are refused if they have no deadline: any acquire by the writer;
//! an acquire to write, or an upgrade, by a thread that also reads; a second upgradable read by the
//! same thread.
//!
//! **Invariants**, whenever the list's lock is free:
//!
//! - *no thread waits, or `WAITERS` is set, or a waiter that was woken without handoff has not
//!   retried yet*;
//! - *plain readers wait only while a thread writes, a writer waits, the word is full, or such a
//!   waiter is on its way; upgradable readers also while another has `UPGRADABLE`*.
//!
//! Each thread that could break them restores them ([`Waiting::settle`]). An acquire under the
//! list's lock breaks neither: a reader keeps `WAITERS`, and a writer sets it while threads wait.
//!
//! **After a fork**, the word of a lock that was read is stale. The first slow path in the child
//! replaces the count by the number of holds in the record of the thread that forked. Only that
//! thread can have a hold in a stale word; it replaces the word before it removes such a hold. So
//! the count and the record agree, and each thread in the child that replaces a stale word writes
//! the same number. The lists of the older process are empty (`park/list_lock.rs`).
//!
//! | operation | linearisation point |
//! |---|---|
//! | `read`, `upgradable`, `write`, `upgrade` | the compare-exchange that takes the lock; with a handoff, the releasing thread's |
//! | a failed `try_…` | its last read of the word |
//! | `unlock_read`, `unlock_upgradable` | the subtraction |
//! | `unlock_write`, `downgrade` | the compare-exchange to free, released or read |
//! | `downgrade_upgradable` | the subtraction of `UPGRADABLE` |
//!
//! `inherit` is no operation: a stale word and its replacement mean the same holds.
//!
//! | happens-before | release | acquire |
//! |---|---|---|
//! | a writer's critical section, before later readers and writers | the compare-exchange from written | the compare-exchange to read or written |
//! | a reader's critical section, before later writers | the subtraction; the later readers' read-modify-writes continue its release sequence | the compare-exchange to written |
//! | both, with a handoff | the same, and the grant of the waiter (`park/waiter.rs`) | the releasing thread's compare-exchange, and the waiter's read of its state |
//!
//! Phase-fair locks are from Brandenburg and Anderson, 'Spin-based reader-writer synchronization
//! for multiprocessor real-time systems' (2010); here only starved waiters get strict phases.

use super::rwlock_waiting::{Phase, Request, Waiting, Woken};
use super::rwlock_word::{ONE, UPGRADABLE, WATCHED, Word};
use crate::park::model::{AtomicU64, Ordering, const_fn, spin_loop};
use crate::park::{
    List, ListLock, MaybeGone, ObjectState, ReadHolds, ThreadNumber, WaitError, Waiter, Watched,
    forget_read_holds, number, read_holds, survivors_read_holds,
};
use std::mem::offset_of;

/// The read-write lock without guards. Only the thread that took it may release it.
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
    /// 2²⁷ readers hold it already.
    TooManyReaders,
}

impl<I> From<WaitError<I>> for RwLockError<I> {
    fn from(why: WaitError<I>) -> Self {
        Self::Wait(why)
    }
}

impl RawRwLock {
    const_fn! {
        /// A free lock.
        pub fn new() -> Self {
            Self { word: AtomicU64::new(Word::INITIAL.0), waiters: ListLock::new(Waiting::new()) }
        }
    }

    /// The word. Relaxed: each step that depends on it is a compare-exchange with an ordering of
    /// its own, or concerns the calling thread alone, or is a report.
    #[inline]
    pub(super) fn load(&self) -> Word {
        Word(self.word.load(Ordering::Relaxed))
    }

    /// The key of a hold in its thread's record: the lock's address, the lowest bit set for an
    /// upgradable reader. `extra` is what the reader adds to the word: [`ONE`], with [`UPGRADABLE`]
    /// or without.
    #[inline]
    pub(super) fn hold(&self, extra: u64) -> usize {
        std::ptr::from_ref(self).addr() | usize::from(extra != ONE)
    }

    /// Spins until `take` succeeds, for at most 127 spin hints; stops when other threads wait, or
    /// the lock is watched.
    pub(super) fn spin(&self, mut take: impl FnMut() -> bool) -> bool {
        const ROUNDS: u32 = if cfg!(weftline_model) { 0 } else { 7 };
        for round in 0..ROUNDS {
            (0..1 << round).for_each(|_| spin_loop());
            if take() {
                return true;
            }
            if self.load().is_marked() {
                return false;
            }
        }
        false
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
        if waiter.is_claimed() {
            // Claimed readers are granted after the list's lock is free: then the grant wakes this
            // thread again.
            return waiter.is_granted();
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

    /// [`Waiting::settle`], for a thread that does not hold the list's lock.
    #[cold]
    pub(super) fn settle(&self, phase: Phase) -> Woken {
        self.waiters.lock().settle(&self.word, phase)
    }

    /// Replaces the word by `next` if `can_leave(word)`; returns whether it did. An acquire, so the
    /// lock stays watched while locks are.
    pub(super) fn exchange_if(&self, can_leave: impl Fn(Word) -> bool, next: Word) -> bool {
        let mut word = self.load();
        while can_leave(word) {
            match self.word.compare_exchange_weak(
                word.0,
                next.0 | word.kept(),
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => word = Word(now),
            }
        }
        false
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
                // At most the word's count, unless a guard was leaked.
                let readers = (plain + upgradable).min(word.readers());
                Word(Word::read_by(readers).0 + upgradable.min(readers) * UPGRADABLE)
            };
            // AcqRel, although a read-modify-write continues the release sequence of earlier
            // releases in any case.
            match self.word.compare_exchange(
                word.0,
                next.0 | (word.0 & WATCHED),
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => word = Word(now),
            }
        }
    }

    /// Whether `holds` has a hold of this lock.
    pub(super) fn is_in(&self, holds: &ReadHolds) -> bool {
        holds.count(self.hold(ONE)) + holds.count(self.hold(ONE | UPGRADABLE)) > 0
    }

    /// The word, after `inherit` if it was stale.
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

    /// How many holds there are to read: a thread that reads twice has two. The upgradable reader's
    /// counts.
    pub fn readers(&self) -> u64 {
        self.present().readers()
    }

    /// The thread that writes.
    pub fn owner(&self) -> Option<ThreadNumber> {
        self.present().owner()
    }

    /// How many holds to read the calling thread has. The upgradable reader's counts.
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
        self.will_be_gone();
        // A leaked guard leaves a hold, and the next lock at this address would have it.
        if self.load().readers() > 0 {
            forget_read_holds(self.hold(ONE));
            forget_read_holds(self.hold(ONE | UPGRADABLE));
        }
    }
}

impl Watched for RawRwLock {
    fn look(lock: MaybeGone<'_, Self>) -> Option<ObjectState> {
        let word = Word(lock.u64_at(offset_of!(Self, word))?);
        if word.is_free() || word.is_stale() {
            return Some(ObjectState::Free);
        }
        Some(match word.owner() {
            Some(by) => ObjectState::Held {
                by,
                times: 1,
                is_lent: false,
            },
            None => ObjectState::Read {
                readers: word.readers(),
            },
        })
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

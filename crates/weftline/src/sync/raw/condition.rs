//! [`RawCondition`]: wait, under a lock, for a notification.
//!
//! # Implementation
//!
//! | part | meaning | changed | read |
//! |---|---|---|---|
//! | `waiters` | the waiters, the one that has waited longest in front | under the list's lock | under the list's lock |
//! | `waiting` | how many waiters the list holds | under the list's lock | under the user's lock, which every waiter holds when it enlists |
//!
//! The count makes a notification without waiters one load. The states of a waiter are in
//! `park/waiter.rs`.
//!
//! **Invariants.** A waiter enlists *before* it releases the user's lock. A notifier holds that
//! lock, so it cannot come between. `notify(n)` claims the n waiters that have waited longest under
//! one hold of the list's lock: never fewer while there are as many, never a later one. A waiter
//! that is notified and interrupted at the same time passes its notification on.
//!
//! | operation | linearisation point |
//! |---|---|
//! | `wait` | enlisting, under the list's lock |
//! | `notify` | the claim of the waiters, under the list's lock; without waiters, the load of the count |
//! | the end of a wait by timeout or interrupt | the waiter's own step to `ABANDONED` |
//!
//! | happens-before | release | acquire |
//! |---|---|---|
//! | enlisting, before a notifier's load of the count | the waiter's release of the user's lock | the notifier's acquisition of the user's lock |
//! | a notification, before the end of the wait | the grant of the waiter | the waiter's read of its state |
//!
//! The typed form grants at once and unparks when the guard releases the lock (`Notified`): a
//! thread that wakes earlier finds the lock held and parks again.
//!
//! Waiters of an event or a semaphore may be moved here (`forwarding.rs`). They bring a note, which
//! this module does not read.

use crate::park::model::{AtomicUsize, Ordering, const_fn};
use crate::park::{
    BlockedOn, Blocker, Chain, Deadline, Ended, Kind, List, ListLock, WaitError, Waiter, Watched,
    ready,
};

/// The number that a waiter and its waker may write for each other.
pub(in crate::sync) type Note = u64;

/// The note that tells a waiter to try again: its wait brought nothing.
pub(in crate::sync) const RETRY: Note = u64::MAX - 1;

/// The waiters of a condition. The lock that goes with it is the caller's, of any kind.
pub struct RawCondition {
    /// Changed under the list's lock. Read under the user's lock, without which no thread enlists.
    waiting: AtomicUsize,
    waiters: ListLock<List<Note>>,
}

impl RawCondition {
    const_fn! {
        /// A condition without waiters.
        pub fn new() -> Self {
            Self { waiting: AtomicUsize::new(0), waiters: ListLock::new(List::new()) }
        }
    }

    /// Enlists, calls `release`, which releases the user's lock, and parks with `blocker` until
    /// notified.
    ///
    /// The caller takes the lock again afterwards, however the wait ended.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passed before a notification,
    /// [`WaitError::Interrupted`] when the blocker was interrupted or with the error of `release`.
    #[track_caller]
    pub fn wait_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
        release: impl FnOnce(&mut B) -> Result<(), B::Interrupt>,
    ) -> Result<(), WaitError<B::Interrupt>> {
        self.wait_as(Kind::Condition.of(self), blocker, deadline, release)
    }

    /// As [`Self::wait_with`], for a condition that is part of another object.
    pub(crate) fn wait_as<B: Blocker>(
        &self,
        on: BlockedOn,
        blocker: &mut B,
        deadline: Deadline,
        release: impl FnOnce(&mut B) -> Result<(), B::Interrupt>,
    ) -> Result<(), WaitError<B::Interrupt>> {
        let mut release = Some(release);
        ready(blocker).map_err(WaitError::Interrupted)?;
        loop {
            let waiter = Waiter::new::<B>(0);
            {
                let mut list = self.waiters.lock();
                // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
                unsafe { list.push_back(&waiter) };
                self.waiting.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(Err(refused)) = release.take().map(|release| release(blocker)) {
                if !self.give_up(&waiter) {
                    self.notify(1);
                }
                return Err(WaitError::Interrupted(refused));
            }
            match waiter.wait(on, blocker, deadline) {
                Ended::Granted => return Ok(()),
                Ended::Forked => continue,
                Ended::Abandoned(why) => {
                    self.leave(&waiter);
                    return Err(why);
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    self.notify(1);
                    return Err(WaitError::Interrupted(interrupt));
                }
            }
        }
    }

    /// Settles a waiter that never slept; `false` when it was notified already.
    fn give_up(&self, waiter: &Waiter<Note>) -> bool {
        let abandoned = waiter.abandon();
        if abandoned {
            self.leave(waiter);
        }
        abandoned
    }

    /// Unlinks an abandoned waiter.
    pub(in crate::sync) fn leave(&self, waiter: &Waiter<Note>) {
        let mut list = self.waiters.lock();
        if list.remove(waiter) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Wakes the `n` waiters that have waited longest, or all if they are fewer, and returns how
    /// many. Call it with the lock held.
    #[inline]
    pub fn notify(&self, n: usize) -> usize {
        if self.waiting.load(Ordering::Relaxed) == 0 {
            0
        } else {
            self.notify_slow(n)
        }
    }

    #[cold]
    fn notify_slow(&self, n: usize) -> usize {
        self.claim(n, |_| ()).wake()
    }

    /// Settles the `n` waiters that have waited longest, under one hold of the list's lock.
    pub(in crate::sync) fn claim(&self, n: usize, mut fill: impl FnMut(&mut Note)) -> Chain<Note> {
        let mut list = self.waiters.lock();
        let mut met = 0;
        let chain = list.claim_many(n, |note| {
            fill(note);
            met += 1;
        });
        // After a fork the number is still that of the parent, and the list is empty.
        let left = if list.is_empty() {
            0
        } else {
            self.waiting.load(Ordering::Relaxed) - met
        };
        self.waiting.store(left, Ordering::Relaxed);
        chain
    }

    /// Moves the waiters in `others`, whose lock is held, behind the waiters here.
    pub(in crate::sync) fn adopt(&self, others: &mut List<Note>) {
        let mut list = self.waiters.lock();
        let moved = list.append(others);
        self.waiting.fetch_add(moved, Ordering::Relaxed);
    }

    /// Wakes the waiters that were moved here from a forwarded object, as if no thread had waited
    /// at the time. They find the object forwarded, and go on elsewhere. For bindings, before any
    /// other thread waits here.
    pub fn send_away(&self) {
        self.claim(usize::MAX, |note| *note = RETRY).wake();
    }

    /// Forgets the waiters: no notification reaches them any more, only their timeouts. For
    /// bindings whose language has such a call for the child of a fork; the lists of this crate do
    /// not need it there.
    pub fn forget_waiters(&self) {
        let mut list = self.waiters.lock();
        list.unlink_all();
        self.waiting.store(0, Ordering::Relaxed);
    }

    /// How many threads wait.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

/// A notification is no state.
impl Watched for RawCondition {}

impl Default for RawCondition {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for RawCondition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawCondition")
            .field("waiting", &self.waiting())
            .finish()
    }
}

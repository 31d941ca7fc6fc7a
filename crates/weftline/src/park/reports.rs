//! What reports read of other threads: their identifiers, names and sleeps.
//!
//! The functions go through the records of all threads. They are for representations and reports,
//! not for fast paths. Those that a signal handler may call take no memory, and try locks at most.

use super::blocked_thread::BlockedThread;
use super::look::ObjectState;
use super::record::{ThreadRecord, all, of_number};
use super::short_name::ShortName;
use super::{ThreadNumber, fork, waiter};
use std::sync::atomic::{AtomicPtr, Ordering};

/// The operating system's identifier (`pthread_self`, on Windows `GetCurrentThreadId`) of the
/// living thread with that number; `None` when it has ended, or was lost in a fork.
#[must_use]
pub fn os_ident_of(thread: ThreadNumber) -> Option<u64> {
    Some(living(thread)?.os_ident.load(Ordering::Relaxed))
}

/// The record of the living thread with that number.
fn living(thread: ThreadNumber) -> Option<&'static ThreadRecord> {
    if !fork::is_alive(thread.get()) {
        return None;
    }
    // Pairs with the store in `record.rs`: the other facts are this thread's.
    of_number(thread.get()).filter(|record| record.os_ident.load(Ordering::Acquire) != 0)
}

/// The threads of this process that sleep in a wait for an object, each as it was when the
/// iterator came to it. The thread that started last comes first.
///
/// For reports. Takes no lock and no memory, so a signal handler may call it. It passes over a
/// thread that goes to sleep or wakes up meanwhile.
pub fn blocked_now() -> impl Iterator<Item = BlockedThread> {
    all().filter_map(blocked)
}

fn blocked(record: &ThreadRecord) -> Option<BlockedThread> {
    let (sleep, (number, os_ident)) = record.parker.blocked.read(|| {
        (
            record.number.load(Ordering::Relaxed),
            record.os_ident.load(Ordering::Relaxed),
        )
    })?;
    // A thread that was lost in a fork sleeps for ever.
    let thread = ThreadNumber::new(number).filter(|_| fork::is_alive(number))?;
    Some(BlockedThread::new(thread, os_ident, sleep))
}

/// The number of the living thread with that identifier.
pub(super) fn number_of(os_ident: u64) -> Option<ThreadNumber> {
    let mut threads = threads_now();
    threads
        .find(|thread| thread.os_ident() == os_ident)?
        .number()
}

/// A thread as a report sees it.
#[derive(Clone, Copy)]
pub(crate) struct SeenThread(&'static ThreadRecord);

/// The threads of this process that have a record, the one that started last first. A signal
/// handler may call it.
pub(crate) fn threads_now() -> impl Iterator<Item = SeenThread> {
    all().map(SeenThread).filter(|seen| {
        // Pairs with the store in `record.rs`: the other facts are this thread's.
        seen.0.os_ident.load(Ordering::Acquire) != 0
            && seen
                .number()
                .is_some_and(|number| fork::is_alive(number.get()))
    })
}

/// The calling thread. `None`: no memory for its record.
pub(crate) fn this_thread() -> Option<SeenThread> {
    super::try_current_record().map(SeenThread)
}

impl SeenThread {
    /// The thread of that number, if it has a record. A signal handler may call it.
    pub(crate) fn of(thread: ThreadNumber) -> Option<Self> {
        living(thread).map(Self)
    }

    pub(crate) fn number(self) -> Option<ThreadNumber> {
        ThreadNumber::new(self.0.number.load(Ordering::Relaxed))
    }

    pub(crate) fn os_ident(self) -> u64 {
        self.0.os_ident.load(Ordering::Relaxed)
    }

    /// The kernel's identifier; zero if it is unknown.
    pub(crate) fn native_id(self) -> u64 {
        if self
            .number()
            .is_some_and(|number| fork::is_survivor(number.get()))
        {
            // In the child of a fork, the thread that forked has another one.
            return std::process::id().into();
        }
        self.0.native_id.load(Ordering::Relaxed)
    }

    /// `None` also if the thread is being renamed.
    pub(crate) fn name(self) -> Option<ShortName> {
        Some(*self.0.name.try_lock()?)
    }

    /// The wait in which the thread sleeps.
    pub(crate) fn blocked(self) -> Option<BlockedThread> {
        blocked(self.0)
    }

    /// Whether the thread sleeps in that same wait.
    pub(crate) fn is_still(self, blocked: &BlockedThread) -> bool {
        self.0.parker.blocked.is_still(blocked.sequence)
    }

    /// Whether the thread sleeps in that same wait, and no waker has ended it, or woken the thread
    /// to try again.
    pub(crate) fn waits_on(self, blocked: &BlockedThread) -> bool {
        self.lasts(blocked, waiter::is_claimed_at(blocked.waiter()))
    }

    /// As [`Self::waits_on`], with what was read of the waiter, after the wait.
    pub(super) fn lasts(self, blocked: &BlockedThread, is_claimed: Option<bool>) -> bool {
        // A wait of another library has no waiter.
        let lasts =
            blocked.waiter() == 0 || is_claimed == Some(false) && !self.0.parker.has_token();
        lasts && self.is_still(blocked)
    }

    /// What the object of that wait says of itself; `None` also if the thread has left the wait.
    pub(crate) fn state_of_object(self, blocked: &BlockedThread) -> Option<ObjectState> {
        blocked.look().filter(|_| self.is_still(blocked))
    }

    /// The number of the pool for which the thread works, or zero; and how many tasks wait there.
    pub(crate) fn pool(self) -> (u32, Option<u64>) {
        (self.0.pool.number(), self.0.pool.waiting())
    }

    /// Whether the thread holds the read-write lock at that address to read.
    pub(crate) fn reads(self, lock: usize) -> bool {
        let holds = &self.0.read_holds;
        [lock, lock | 1]
            .into_iter()
            .any(|hold| holds.count(hold) > 0)
    }

    /// The addresses of the read-write locks that the thread holds to read, each as often as it
    /// holds it. As long as the thread sleeps they do not change.
    pub(crate) fn read_locks(self) -> impl Iterator<Item = usize> {
        self.0.read_holds.locks()
    }

    /// Where its waits are kept.
    pub(crate) fn kept(self) -> &'static AtomicPtr<()> {
        self.0.observed.kept()
    }

    /// Has the thread call the function of `stir.rs` inside its sleep. A signal handler may call
    /// it. Returns whether the thread slept.
    pub(crate) fn stir(self) -> bool {
        self.0.parker.stir()
    }
}

/// Where the waits of each thread are kept that has ever had a record: those that ended, too. A
/// signal handler may call it.
pub(crate) fn kept_now() -> impl Iterator<Item = &'static AtomicPtr<()>> {
    all().map(|record| record.observed.kept())
}

/// Names the calling thread, for reports. An empty name is none.
pub(crate) fn name_current(name: &str) {
    if let Some(record) = super::try_current_record() {
        record.name.lock().set(name);
    }
}

/// Names another thread, for reports.
pub(crate) fn name_thread(thread: ThreadNumber, name: &str) {
    if let Some(record) = living(thread) {
        let mut shown = record.name.lock();
        // The thread may have ended. It clears the name after it has left the record.
        if record.os_ident.load(Ordering::Relaxed) != 0
            && record.number.load(Ordering::Relaxed) == thread.get()
        {
            shown.set(name);
        }
    }
}

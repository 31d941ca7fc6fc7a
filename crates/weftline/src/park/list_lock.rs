//! [`ListLock`]: the short lock over a wait list and what belongs to it.
//!
//! # Implementation
//!
//! One word: the fork generation in which the lock was last taken, and one bit.
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | this generation, 0 | free | `lock` → held |
//! | this generation, 1 | held by a thread that runs or will run | the guard's drop → free |
//! | any other | as of an older process: free, and its waiters are forgotten | `lock` → held, after [`ForgetWaiters::forget_waiters`] |
//!
//! *Held for nanoseconds.* No call leaves the core under the lock: no destructor, no comparison, no
//! system call, no sleep. So the lock has no queue and no wakeup, and a release is one store. A
//! contended acquire spins, then yields, then naps. The naps matter only where the scheduler stops
//! the owner while it holds the lock.
//!
//! Linearisation points: the compare-exchange that sets the bit; the store that clears it. The
//! first is an acquire and the second a release: each owner sees what the one before wrote.

use super::fork;
use super::lock_tag::LockTag;
use super::model::{AtomicU32, Ordering, Spinners, UnsafeCell, const_fn};
use std::ops::{Deref, DerefMut};

const HELD: u32 = 1;
/// Of no generation: the first lock of each object takes the slow path, which installs the fork
/// handler.
const NEVER_LOCKED: u32 = u32::MAX - 1;

/// What a lock's data does when it finds that the process has forked since it was last locked.
pub(crate) trait ForgetWaiters {
    /// Unlinks every waiter without touching it: it lies on the stack of a thread that no longer
    /// exists.
    ///
    /// `torn`: the thread that held the lock did not survive, and its change may be half done.
    fn forget_waiters(&mut self, torn: bool);
}

/// The word comes first: it mostly shares a cache line with the data's first fields.
#[repr(C)]
pub(crate) struct ListLock<D> {
    word: AtomicU32,
    tag: LockTag,
    spinners: Spinners,
    data: UnsafeCell<D>,
}

// SAFETY: the data is reached only through a guard, of which there is one at a time.
unsafe impl<D: Send> Send for ListLock<D> {}
// SAFETY: as above; the guard moves the data between threads, so it must be `Send`, and that is
// enough.
unsafe impl<D: Send> Sync for ListLock<D> {}

impl<D> ListLock<D> {
    /// Where the data begins, for reports.
    pub(crate) const DATA: usize = std::mem::offset_of!(Self, data);
    /// Where the tag says whether the lock is lent.
    pub(crate) const LENT: usize = std::mem::offset_of!(Self, tag) + LockTag::LENT;

    /// What the object keeps for reports.
    pub(crate) fn tag(&self) -> &LockTag {
        &self.tag
    }
}

impl<D: ForgetWaiters> ListLock<D> {
    const_fn! {
        pub(crate) fn new(data: D) -> Self {
            Self { word: AtomicU32::new(NEVER_LOCKED), tag: LockTag::new(), spinners: Spinners::new(), data: UnsafeCell::new(data) }
        }
    }

    /// As [`Self::new`], for an object that is used once: its first lock takes the fast path, if
    /// the fork handler is installed already.
    #[inline]
    pub(crate) fn new_now(data: D) -> Self {
        let mut lock = Self::new(data);
        let generation = fork::generation();
        if generation != 0 {
            lock.word = AtomicU32::new(generation << 1);
        }
        lock
    }

    #[inline]
    pub(crate) fn lock(&self) -> ListGuard<'_, D> {
        self.lock_considering(|| true)
    }

    /// As [`Self::lock`], for a caller that knows whether other threads use the lock back to back.
    /// If they do, a contended acquire backs off for longer before it retries.
    #[inline]
    pub(crate) fn lock_considering(
        &self,
        are_others_busy: impl FnOnce() -> bool,
    ) -> ListGuard<'_, D> {
        let free = fork::generation() << 1;
        if self
            .word
            .compare_exchange(free, free | HELD, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            self.lock_slow(are_others_busy());
        }
        self.spinners.taken();
        ListGuard { lock: self }
    }

    /// `None` when the lock is held: by another thread, or further up this thread's stack (in a
    /// visit by a garbage collector).
    pub(crate) fn try_lock(&self) -> Option<ListGuard<'_, D>> {
        fork::watch();
        let taken = self.try_take();
        if taken {
            self.spinners.taken();
        }
        taken.then(|| ListGuard { lock: self })
    }

    /// For a visit by a garbage collector: `None` when the lock is held further up this thread's
    /// stack. Any other owner is awaited, since a collector that does not see what an object holds
    /// may take it for garbage.
    ///
    /// An owner never runs code of the program, so a collector can find no owner on its own stack
    /// but where memory runs out. So this gives up after some tens of milliseconds.
    pub(crate) fn lock_for_visit(&self) -> Option<ListGuard<'_, D>> {
        const ROUNDS: u32 = 64;
        let mut backoff = Backoff::default();
        (0..ROUNDS).find_map(|round| {
            if round > 0 {
                backoff.wait();
            }
            self.try_lock()
        })
    }

    #[cold]
    fn lock_slow(&self, are_others_busy: bool) {
        fork::watch();
        let mut backoff = if are_others_busy {
            Backoff::long()
        } else {
            Backoff::default()
        };
        while !self.try_take() {
            self.spinners.wait_or(|| backoff.wait());
        }
    }

    fn try_take(&self) -> bool {
        let free = fork::generation() << 1;
        let seen = self.word.load(Ordering::Relaxed);
        if seen == free | HELD {
            return false;
        }
        if self
            .word
            .compare_exchange(seen, free | HELD, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            return false;
        }
        if seen != free && seen != NEVER_LOCKED {
            // SAFETY: the lock has just been taken.
            self.data
                .with_mut(|data| unsafe { (*data).forget_waiters(seen & HELD != 0) });
        }
        true
    }
}

/// Of an object that is nothing but a list, its waiters are all that there is to say.
impl<D> super::Watched for ListLock<D> {}

/// Access to the data, until dropped.
pub(crate) struct ListGuard<'a, D> {
    lock: &'a ListLock<D>,
}

impl<D> Deref for ListGuard<'_, D> {
    type Target = D;

    #[inline]
    fn deref(&self) -> &D {
        // SAFETY: the guard exists, so the lock is held by this thread.
        self.lock.data.with(|data| unsafe { &*data })
    }
}

impl<D> DerefMut for ListGuard<'_, D> {
    #[inline]
    fn deref_mut(&mut self) -> &mut D {
        // SAFETY: the guard exists and is borrowed mutably, so there is no other reference.
        self.lock.data.with_mut(|data| unsafe { &mut *data })
    }
}

impl<D> Drop for ListGuard<'_, D> {
    #[inline]
    fn drop(&mut self) {
        // No fork falls between: a child has only the thread that forked, and no thread forks under
        // this lock.
        self.lock
            .word
            .store(fork::generation() << 1, Ordering::Release);
        self.lock.spinners.freed();
    }
}

/// Spins, then yields, then naps.
///
/// Each spin is twice as long as the one before. [`Self::default`] begins with one of 200 ns, where
/// the processor's pause takes 25.
#[derive(Default)]
pub(super) struct Backoff {
    round: u32,
}

impl Backoff {
    /// Begins with a spin of about 800 ns, dozens of critical sections: retrying sooner steals the
    /// cache line from the thread that makes progress.
    fn long() -> Self {
        Self { round: 2 }
    }

    #[cfg(weftline_model)]
    pub(super) fn wait(&mut self) {
        self.round += 1;
        super::model::yield_now();
    }

    #[cfg(not(weftline_model))]
    pub(super) fn wait(&mut self) {
        const FIRST_PAUSES: u32 = 8;
        const SPINS: u32 = 5;
        const YIELDS: u32 = 15;
        const LONGEST_NAP_MICROS: u64 = 1_000;
        match self.round {
            0..SPINS => (0..FIRST_PAUSES << self.round).for_each(|_| super::model::spin_loop()),
            SPINS..YIELDS => super::model::yield_now(),
            _ => {
                let micros = (50 << (self.round - YIELDS).min(5)).min(LONGEST_NAP_MICROS);
                std::thread::sleep(std::time::Duration::from_micros(micros));
            }
        }
        self.round = self.round.saturating_add(1);
    }
}

#[cfg(all(test, not(weftline_model)))]
mod tests {
    use super::*;

    struct Nothing;

    impl ForgetWaiters for Nothing {
        fn forget_waiters(&mut self, _: bool) {}
    }

    #[test]
    fn an_attempt_that_fails_frees_no_lock() {
        let lock = ListLock::new(Nothing);
        let held = lock.lock();
        for _ in 0..2 {
            assert!(lock.try_lock().is_none());
            assert!(lock.lock_for_visit().is_none());
        }
        drop(held);
        let taken = lock.lock_for_visit();
        assert!(taken.is_some() && lock.try_lock().is_none());
        drop(taken);
        assert!(lock.try_lock().is_some());
    }
}

//! [`RawRLock`]: a lock that the thread which holds it can take again.
//!
//! # Implementation
//!
//! A [`RawLock`], whose word already says who owns it, and a count beside it that only the owner
//! changes (others read it, for reports). So taking the lock again costs two loads and a store, and
//! the lock's slow paths exist once. All orderings of the count are relaxed: it belongs to what the
//! lock protects.

use super::lock::RawLock;
use crate::park::model::{AtomicU32, Ordering, const_fn};
use crate::park::{Blocker, Deadline, ThreadNumber, WaitError, number};
use crate::{NotOwner, TooManyRecursions};

/// The unguarded re-entrant lock. Only the owner may release it.
pub struct RawRLock {
    lock: RawLock,
    /// How often the owner has taken the lock beyond the first time; written by the owner alone.
    again: AtomicU32,
}

/// Why a re-entrant lock was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RLockError<I> {
    /// It is held by another thread, and the wait ended.
    Wait(WaitError<I>),
    /// It is held by this thread 2³² times already.
    TooManyRecursions,
}

impl RawRLock {
    const_fn! {
        /// A lock that nobody holds.
        pub fn new() -> Self {
            Self { lock: RawLock::new(), again: AtomicU32::new(0) }
        }
    }

    /// Takes the lock if that can be done at once; once more if this thread holds it.
    ///
    /// # Errors
    /// [`TooManyRecursions`] when this thread has taken it 2³² times.
    #[inline]
    pub fn try_lock(&self) -> Result<bool, TooManyRecursions> {
        let me = number();
        if self.lock.is_owned_by(me) {
            return self.enter_again().map(|()| true);
        }
        let taken = self.lock.try_lock_as(me);
        if taken {
            self.enter_first(0);
        }
        Ok(taken)
    }

    /// Takes the lock, sleeping through `blocker` while another thread holds it; once more if this
    /// thread does.
    ///
    /// # Errors
    /// As [`RawLock::lock_with`]; and when this thread has taken it 2³² times.
    #[inline]
    pub fn lock_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RLockError<B::Interrupt>> {
        if self.lock.is_owned_by(number()) {
            return self
                .enter_again()
                .map_err(|TooManyRecursions| RLockError::TooManyRecursions);
        }
        self.lock
            .lock_with(blocker, deadline)
            .map_err(RLockError::Wait)?;
        self.enter_first(0);
        Ok(())
    }

    /// Sets the count, whatever it was: that of an owner which a fork lost is still there.
    #[inline]
    fn enter_first(&self, again: u32) {
        self.again.store(again, Ordering::Relaxed);
    }

    #[inline]
    fn enter_again(&self) -> Result<(), TooManyRecursions> {
        let again = self
            .again
            .load(Ordering::Relaxed)
            .checked_add(1)
            .ok_or(TooManyRecursions)?;
        self.again.store(again, Ordering::Relaxed);
        Ok(())
    }

    /// Releases the lock once.
    ///
    /// # Errors
    /// [`NotOwner`] when the calling thread does not hold it.
    #[inline]
    pub fn unlock(&self) -> Result<(), NotOwner> {
        let me = number();
        if !self.lock.is_owned_by(me) {
            return Err(NotOwner);
        }
        match self.again.load(Ordering::Relaxed).checked_sub(1) {
            Some(again) => self.again.store(again, Ordering::Relaxed),
            None => self.lock.unlock_mine(me),
        }
        Ok(())
    }

    /// Releases the lock however often it was taken, and says how often; for a condition's wait.
    ///
    /// # Errors
    /// [`NotOwner`] when the calling thread does not hold it.
    pub fn release_save(&self) -> Result<u64, NotOwner> {
        let me = number();
        if !self.lock.is_owned_by(me) {
            return Err(NotOwner);
        }
        let again = self.again.swap(0, Ordering::Relaxed);
        self.lock.unlock_mine(me);
        Ok(u64::from(again) + 1)
    }

    /// Takes the lock as often as [`Self::release_save`] said; the calling thread must not hold it.
    ///
    /// # Errors
    /// As [`RawLock::lock_with`]; [`RLockError::TooManyRecursions`] when `count` is zero or above
    /// 2³².
    pub fn acquire_restore<B: Blocker>(
        &self,
        count: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RLockError<B::Interrupt>> {
        let again = count
            .checked_sub(1)
            .and_then(|again| u32::try_from(again).ok());
        let again = again.ok_or(RLockError::TooManyRecursions)?;
        self.lock
            .lock_with(blocker, deadline)
            .map_err(RLockError::Wait)?;
        self.enter_first(again);
        Ok(())
    }

    /// Whether the calling thread holds the lock.
    #[inline]
    pub fn is_owned(&self) -> bool {
        self.lock.is_owned_by(number())
    }

    /// Whether any thread holds the lock.
    pub fn is_locked(&self) -> bool {
        self.lock.is_locked()
    }

    /// Who holds the lock.
    pub fn owner(&self) -> Option<ThreadNumber> {
        self.lock.owner()
    }

    /// How often the calling thread holds the lock; zero when it does not.
    pub fn count(&self) -> u64 {
        if self.is_owned() {
            self.held_count()
        } else {
            0
        }
    }

    /// How often the lock is held, by whoever holds it; out of date as soon as it is known, unless
    /// that is the calling thread.
    pub fn held_count(&self) -> u64 {
        if self.is_locked() {
            u64::from(self.again.load(Ordering::Relaxed)) + 1
        } else {
            0
        }
    }

    /// Makes the lock free, for the child of a fork, where the calling thread is the only one.
    pub fn reset(&self) {
        self.again.store(0, Ordering::Relaxed);
        self.lock.reset();
    }
}

impl Default for RawRLock {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for RawRLock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawRLock")
            .field("owner", &self.owner())
            .field("count", &self.count())
            .finish()
    }
}

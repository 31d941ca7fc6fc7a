//! [`RawRLock`]: a lock that its owner can take again.
//!
//! # Implementation
//!
//! | part | meaning | changed by |
//! |---|---|---|
//! | [`RawLock`] | its word names the owner (`lock.rs` has its states) | as in `lock.rs` |
//! | `again` | how often the owner has taken the lock beyond the first time | the owner alone |
//!
//! Taking the lock again costs two loads and a store, and the lock's slow paths exist once. Other
//! threads read the count only for reports.
//!
//! The linearisation points are the inner lock's. A further take and a release that is not the last
//! linearise at the store of the count. Every ordering of the count is relaxed: the inner lock
//! protects it, and makes its happens-before pairs.

use super::lock::RawLock;
use crate::error::{NotOwner, TooManyRecursions};
use crate::park::model::{AtomicU32, Ordering, const_fn};
use crate::park::{
    Blocker, Deadline, Kind, LockClass, MaybeGone, ObjectState, ThreadNumber, WaitError, Watched,
    number,
};
use std::mem::offset_of;

/// The re-entrant lock without guards. Only the owner may release it.
pub struct RawRLock {
    lock: RawLock,
    /// How often the owner has taken the lock beyond the first time; written by the owner alone.
    again: AtomicU32,
}

/// Why the caller did not get a re-entrant lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RLockError<I> {
    /// Another thread holds it, and the wait ended.
    Wait(WaitError<I>),
    /// The calling thread holds it 2³² times already.
    TooManyRecursions,
}

impl RawRLock {
    const_fn! {
        /// A free lock.
        pub fn new() -> Self {
            Self { lock: RawLock::new(), again: AtomicU32::new(0) }
        }
    }

    /// A free lock that is watched, of that class.
    pub fn watched(class: LockClass) -> Self {
        Self {
            lock: RawLock::watched(class),
            again: AtomicU32::new(0),
        }
    }

    /// Takes the lock if it is free, once more if the calling thread holds it; does not wait.
    ///
    /// # Errors
    /// [`TooManyRecursions`] when the calling thread has taken it 2³² times.
    #[inline]
    #[track_caller]
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

    /// Takes the lock, parking with `blocker` while another thread holds it; once more if the
    /// calling thread does.
    ///
    /// # Errors
    /// As [`RawLock::lock_with`]; and when the calling thread has taken it 2³² times.
    #[inline]
    #[track_caller]
    pub fn lock_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RLockError<B::Interrupt>> {
        let me = number();
        if self.lock.is_owned_by(me) {
            return self
                .enter_again()
                .map_err(|TooManyRecursions| RLockError::TooManyRecursions);
        }
        self.take(me, blocker, deadline)?;
        self.enter_first(0);
        Ok(())
    }

    #[inline]
    #[track_caller]
    fn take<B: Blocker>(
        &self,
        me: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), RLockError<B::Interrupt>> {
        if self.lock.take_free(me) {
            return Ok(());
        }
        self.lock
            .lock_slow(Kind::RLock.of(self), me, blocker, deadline)
            .map_err(RLockError::Wait)
    }

    /// Sets the count, whatever it was: an owner that a fork lost has left its count.
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

    /// Releases the lock however often the owner has taken it, and returns that number; for a
    /// condition's wait.
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

    /// Takes the lock `count` times, the number that [`Self::release_save`] returned. The calling
    /// thread must not hold it.
    ///
    /// # Errors
    /// As [`RawLock::lock_with`]; [`RLockError::TooManyRecursions`] when `count` is zero or above
    /// 2³².
    #[track_caller]
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
        self.take(number(), blocker, deadline)?;
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

    /// The thread that holds the lock.
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

    /// How often its owner holds the lock; out of date at once, unless the owner is the calling
    /// thread.
    pub fn held_count(&self) -> u64 {
        if self.is_locked() {
            u64::from(self.again.load(Ordering::Relaxed)) + 1
        } else {
            0
        }
    }

    /// As [`RawLock::will_be_gone`].
    #[inline]
    pub fn will_be_gone(&self) {
        self.lock.will_be_gone();
    }

    /// Makes the lock free, for the child of a fork, where the calling thread is the only one.
    pub fn reset(&self) {
        self.again.store(0, Ordering::Relaxed);
        self.lock.reset();
    }
}

impl Watched for RawRLock {
    fn look(lock: MaybeGone<'_, Self>) -> Option<ObjectState> {
        let again = lock.u32_at(offset_of!(Self, again))?;
        Some(match RawLock::look(lock.field(offset_of!(Self, lock)))? {
            ObjectState::Held { by, is_lent, .. } => ObjectState::Held {
                by,
                times: u64::from(again) + 1,
                is_lent,
            },
            free => free,
        })
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

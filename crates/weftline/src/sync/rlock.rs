//! [`RLock`]: a lock that the thread which holds it can take again.
//!
//! # Implementation
//!
//! A [`RawLock`], whose word already says who owns it, and a count beside it that only the owner changes (others read it, for reports). So
//! taking the lock again costs two loads and a store, and the lock's slow paths exist once. All orderings of the count are relaxed: it
//! belongs to what the lock protects.

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

    /// Takes the lock, sleeping through `blocker` while another thread holds it; once more if this thread does.
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
    /// As [`RawLock::lock_with`]; [`RLockError::TooManyRecursions`] when `count` is zero or above 2³².
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

    /// How often the lock is held, by whoever holds it; out of date as soon as it is known, unless that is the calling thread.
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

#[cfg(not(weftline_model))]
mod typed {
    use super::{RLockError, RawRLock};
    use crate::park::{Deadline, LockBlocker};
    use std::marker::PhantomData;
    use std::ops::Deref;
    use std::time::{Duration, Instant};

    /// A lock that the thread which holds it can take again: Python's `threading.RLock`, holding what it protects.
    ///
    /// Since the same thread may hold several guards, a guard gives shared access; put a `Cell` or `RefCell` inside to change the value.
    /// The last guard to be dropped frees the lock. A timeout beyond the clock's range never ends.
    ///
    /// # Panics
    /// Every form of locking panics when the same thread holds 2³² guards.
    ///
    /// ```
    /// use std::cell::Cell;
    /// let depth = weftline::RLock::new(Cell::new(0));
    /// let outer = depth.lock();
    /// let inner = depth.lock(); // the same thread again
    /// inner.set(inner.get() + 1);
    /// drop((inner, outer));
    /// assert_eq!(depth.into_inner().get(), 1);
    /// ```
    #[doc(alias = "threading.RLock")]
    #[derive(Debug, Default)]
    pub struct RLock<T: ?Sized> {
        raw: RawRLock,
        value: T,
    }

    // SAFETY: the value is reached only by the one thread that owns the lock, one thread after another: `Send` is what that takes.
    unsafe impl<T: ?Sized + Send> Sync for RLock<T> {}

    impl<T> RLock<T> {
        /// A free lock around `value`.
        pub const fn new(value: T) -> Self {
            Self {
                raw: RawRLock::new(),
                value,
            }
        }

        /// The value; nobody can hold the lock.
        pub fn into_inner(self) -> T {
            self.value
        }
    }

    impl<T: ?Sized> RLock<T> {
        /// Takes the lock, waiting while another thread holds it.
        pub fn lock(&self) -> RLockGuard<'_, T> {
            self.lock_by(Deadline::NEVER)
                .expect("a wait without a deadline does not time out")
        }

        /// Takes the lock unless another thread holds it.
        pub fn try_lock(&self) -> Option<RLockGuard<'_, T>> {
            self.lock_by(Deadline::PASSED)
        }

        /// Takes the lock, waiting for at most `timeout`; `None` when another thread still holds it then.
        pub fn try_lock_for(&self, timeout: Duration) -> Option<RLockGuard<'_, T>> {
            self.lock_by(Deadline::after(timeout))
        }

        /// Takes the lock, waiting until `deadline` at the latest; `None` when another thread still holds it then.
        pub fn try_lock_until(&self, deadline: Instant) -> Option<RLockGuard<'_, T>> {
            self.lock_by(Deadline::at(deadline))
        }

        fn lock_by(&self, deadline: Deadline) -> Option<RLockGuard<'_, T>> {
            match self.raw.lock_with(&mut LockBlocker, deadline) {
                Ok(()) => Some(RLockGuard {
                    lock: self,
                    stays: PhantomData,
                }),
                Err(RLockError::Wait(_)) => None,
                Err(RLockError::TooManyRecursions) => {
                    panic!("this thread holds the RLock 2^32 times: a guard is being leaked")
                }
            }
        }

        /// Whether any thread holds the lock; out of date as soon as it is known.
        pub fn is_locked(&self) -> bool {
            self.raw.is_locked()
        }

        /// Whether the calling thread holds the lock.
        pub fn is_owned(&self) -> bool {
            self.raw.is_owned()
        }

        /// The value, without locking: the reference is exclusive already.
        pub fn get_mut(&mut self) -> &mut T {
            &mut self.value
        }
    }

    /// Shared access to what an [`RLock`] protects; frees the lock when the thread's last guard is dropped. It stays with its thread:
    ///
    /// ```compile_fail
    /// let lock = weftline::RLock::new(0);
    /// let guard = lock.lock();
    /// std::thread::scope(|scope| { scope.spawn(move || drop(guard)); });
    /// ```
    ///
    /// It gives no exclusive access, since the thread may hold another:
    ///
    /// ```compile_fail
    /// *weftline::RLock::new(0).lock() += 1;
    /// ```
    #[must_use = "the lock is freed when the guard is dropped"]
    #[derive(Debug)]
    pub struct RLockGuard<'a, T: ?Sized> {
        lock: &'a RLock<T>,
        /// Only the thread that took the lock can free it, so the guard is not `Send`.
        stays: PhantomData<*const ()>,
    }

    // SAFETY: a shared guard gives `&T` only.
    unsafe impl<T: ?Sized + Sync> Sync for RLockGuard<'_, T> {}

    impl<T: ?Sized> Deref for RLockGuard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.lock.value
        }
    }

    impl<T: ?Sized> Drop for RLockGuard<'_, T> {
        fn drop(&mut self) {
            let freed = self.lock.raw.unlock();
            debug_assert!(
                freed.is_ok(),
                "a guard lives on the thread that took the lock"
            );
        }
    }
}

#[cfg(not(weftline_model))]
pub use typed::{RLock, RLockGuard};

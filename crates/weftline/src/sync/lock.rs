//! [`Lock`]: mutual exclusion over a value.

use super::raw::RawLock;
use crate::park::{Deadline, LockBlocker, number};
use lock_api::GuardNoSend;
use std::time::{Duration, Instant};

/// What a guard remembers: the number of the thread that took the lock, with which it is freed. It stays with that thread.
pub struct Holder {
    number: u64,
    _stays: GuardNoSend,
}

impl std::fmt::Debug for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Holder").field(&self.number).finish()
    }
}

impl Holder {
    #[inline]
    fn new(number: u64) -> Self {
        Self {
            number,
            _stays: GuardNoSend::new(),
        }
    }
}

// SAFETY: the word makes the lock exclusive; whatever waits goes through it. No operation unwinds.
unsafe impl lock_api::RawMutex for RawLock {
    #[allow(
        clippy::declare_interior_mutable_const,
        reason = "lock_api initialises from it"
    )]
    const INIT: Self = Self::new();

    type Guard = Holder;

    #[inline]
    fn lock(&self) -> Holder {
        let me = number();
        if !self.try_lock_as(me) {
            self.lock_by(me, Deadline::NEVER);
        }
        Holder::new(me)
    }

    #[inline]
    fn try_lock(&self) -> Option<Holder> {
        let me = number();
        self.try_lock_as(me).then(|| Holder::new(me))
    }

    #[inline]
    unsafe fn unlock(&self, holder: Holder) {
        self.unlock_mine(holder.number);
    }

    fn is_locked(&self) -> bool {
        Self::is_locked(self)
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawMutexTimed for RawLock {
    type Duration = Duration;
    type Instant = Instant;

    fn try_lock_for(&self, timeout: Duration) -> Option<Holder> {
        let me = number();
        let taken = self.try_lock_as(me) || self.lock_by(me, Deadline::after(timeout));
        taken.then(|| Holder::new(me))
    }

    fn try_lock_until(&self, timeout: Instant) -> Option<Holder> {
        let me = number();
        let taken = self.try_lock_as(me) || self.lock_by(me, Deadline::at(timeout));
        taken.then(|| Holder::new(me))
    }
}

impl RawLock {
    fn lock_by(&self, me: u64, deadline: Deadline) -> bool {
        self.lock_slow(me, &mut LockBlocker, deadline).is_ok()
    }

    /// What a condition's wait does with its guard's lock: the guard stays, its holder being the same afterwards.
    pub(super) fn give_up(&self) {
        self.unlock_mine(number());
    }

    pub(super) fn take_again(&self) {
        let me = number();
        if !self.try_lock_as(me) {
            self.lock_by(me, Deadline::NEVER);
        }
    }
}

/// Mutual exclusion over a value: Python's `threading.Lock`, holding what it protects.
///
/// The four forms of waiting are [`lock`](lock_api::Mutex::lock), [`try_lock`](lock_api::Mutex::try_lock),
/// [`try_lock_for`](lock_api::Mutex::try_lock_for) and [`try_lock_until`](lock_api::Mutex::try_lock_until); the last three
/// return `None` when the lock is (still) held. Locking a lock that the same thread holds waits for ever: see [`RLock`](crate::RLock).
/// There is no poisoning: a panic under a guard releases the lock. A timeout beyond the clock's range never ends.
///
/// Barging, with a bound on starvation: a thread that has waited for more than 1 ms is handed the lock.
///
/// ```
/// use std::time::Duration;
/// let total = weftline::Lock::new(0);
/// *total.lock() += 1;
/// let held = total.lock();
/// assert!(total.try_lock_for(Duration::from_millis(1)).is_none());
/// drop(held);
/// assert_eq!(total.into_inner(), 1);
/// ```
///
/// A guard stays with its thread:
///
/// ```compile_fail
/// let lock = weftline::Lock::new(0);
/// let guard = lock.lock();
/// std::thread::scope(|scope| { scope.spawn(move || drop(guard)); });
/// ```
#[doc(alias = "threading.Lock")]
pub type Lock<T> = lock_api::Mutex<RawLock, T>;

/// Access to what a [`Lock`] protects; frees the lock when dropped.
pub type LockGuard<'a, T> = lock_api::MutexGuard<'a, RawLock, T>;

//! [`Lock`]: mutual exclusion over a value.
//!
//! # Implementation
//!
//! `lock_api` has the algorithm of a guarded value, and [`RawLock`] is one of its raw locks. The types here are ours, not aliases of `lock_api`'s:
//! so they have the traits that the standard library's have (`UnwindSafe`), and a new version of `lock_api` changes no face.

use super::LockGuard;
use super::raw::RawLock;
use crate::park::{Deadline, LockBlocker, number};
use lock_api::{GuardNoSend, Mutex};
use std::fmt;
use std::time::{Duration, Instant};

/// What a guard remembers: the number of the thread that took the lock, with which it is freed. It stays with that thread.
pub struct Holder {
    number: u64,
    _stays: GuardNoSend,
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
/// Locking a lock that the same thread holds waits for ever: see [`RLock`](crate::RLock). There is no poisoning: a panic under a guard
/// frees the lock. A timeout beyond the clock's range never ends.
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
#[derive(Default)]
pub struct Lock<T: ?Sized>(Mutex<RawLock, T>);

impl<T> Lock<T> {
    /// A lock over `value`, free.
    #[inline]
    pub const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// The value; nobody can be using it.
    #[inline]
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> Lock<T> {
    /// Takes the lock, waiting as long as it takes.
    #[doc(alias = "acquire")]
    #[inline]
    pub fn lock(&self) -> LockGuard<'_, T> {
        LockGuard::new(self.0.lock())
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_lock(&self) -> Option<LockGuard<'_, T>> {
        self.0.try_lock().map(LockGuard::new)
    }

    /// Takes the lock, waiting for at most `timeout`. `None` when it is still held then.
    #[inline]
    pub fn try_lock_for(&self, timeout: Duration) -> Option<LockGuard<'_, T>> {
        self.0.try_lock_for(timeout).map(LockGuard::new)
    }

    /// Takes the lock, waiting until `deadline` at the latest. `None` when it is still held then.
    #[inline]
    pub fn try_lock_until(&self, deadline: Instant) -> Option<LockGuard<'_, T>> {
        self.0.try_lock_until(deadline).map(LockGuard::new)
    }

    /// Whether the lock is held; out of date as soon as it is known.
    #[doc(alias = "locked")]
    #[must_use]
    #[inline]
    pub fn is_locked(&self) -> bool {
        self.0.is_locked()
    }

    /// The value, without locking: the reference is exclusive already.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

impl<T> From<T> for Lock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// The value only if the lock is free: its holder may be changing it.
impl<T: ?Sized + fmt::Debug> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.try_lock();
        let mut shown = f.debug_struct("Lock");
        match &held {
            Some(held) => shown.field("value", &&**held),
            None => shown.field("value", &format_args!("<locked>")),
        };
        shown.finish_non_exhaustive()
    }
}

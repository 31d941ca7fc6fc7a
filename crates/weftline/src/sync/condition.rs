//! [`Condition`]: a value under a lock, and threads that wait for it to change.

use super::raw::RawCondition;
use crate::error::TimedOut;
use crate::park::{Deadline, TokenBlocker, WaitError, Wakeup};
use crate::sync::{Lock, LockGuard};
use std::cell::Cell;
use std::convert::Infallible;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

/// A value under a lock, and threads that wait for it to change: Python's `threading.Condition`,
/// with the value that it is about.
///
/// Waiting and notifying are methods of the guard, so both require the lock. A wait releases the
/// lock and takes it again before it returns, however it ended. There are no spurious wakeups.
///
/// ```
/// use std::time::Duration;
/// use weftline::Condition;
///
/// let stock = Condition::new(0);
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         let mut stock = stock.lock();
///         *stock = 5;
///         stock.notify_all();
///     });
///     let mut stock = stock.lock();
///     stock.wait_while(|stock| *stock == 0);
///     *stock -= 1;
///     assert!(stock.try_wait_while_for(Duration::from_millis(1), |stock| *stock == 4).is_err());
/// });
/// ```
///
/// ```compile_fail
/// let condition = weftline::Condition::new(0);
/// condition.notify_all(); // not without the lock
/// ```
#[doc(alias = "threading.Condition")]
#[derive(Debug, Default)]
pub struct Condition<T: ?Sized> {
    waiters: RawCondition,
    value: Lock<T>,
}

impl<T> Condition<T> {
    /// A condition about `value`.
    pub const fn new(value: T) -> Self {
        Self {
            waiters: RawCondition::new(),
            value: Lock::new(value),
        }
    }

    /// The value; no other reference to the condition exists.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Condition<T> {
    /// Takes the lock.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> ConditionGuard<'_, T> {
        self.guard(self.value.lock())
    }

    /// Takes the lock if it is free.
    pub fn try_lock(&self) -> Option<ConditionGuard<'_, T>> {
        self.value.try_lock().map(|value| self.guard(value))
    }

    /// Takes the lock; waits for at most `timeout`. `None` when it is still held then.
    #[inline]
    #[track_caller]
    pub fn try_lock_for(&self, timeout: Duration) -> Option<ConditionGuard<'_, T>> {
        self.value
            .try_lock_for(timeout)
            .map(|value| self.guard(value))
    }

    /// Takes the lock; waits until `deadline` at the latest. `None` when it is still held then.
    #[inline]
    #[track_caller]
    pub fn try_lock_until(&self, deadline: Instant) -> Option<ConditionGuard<'_, T>> {
        self.value
            .try_lock_until(deadline)
            .map(|value| self.guard(value))
    }

    /// The value, without locking: the reference is exclusive already.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    fn guard<'a>(&'a self, value: LockGuard<'a, T>) -> ConditionGuard<'a, T> {
        ConditionGuard {
            waiters: &self.waiters,
            value,
            notified: Notified::default(),
        }
    }
}

/// Access to a condition's value; frees the lock when dropped. It stays with its thread:
///
/// ```compile_fail
/// let condition = weftline::Condition::new(0);
/// let guard = condition.lock();
/// std::thread::scope(|scope| { scope.spawn(move || drop(guard)); });
/// ```
#[must_use = "the lock is freed when the guard is dropped"]
#[derive(Debug)]
pub struct ConditionGuard<'a, T: ?Sized> {
    waiters: &'a RawCondition,
    // Fields are dropped in this order: the lock is free when the notified threads wake up.
    value: LockGuard<'a, T>,
    notified: Notified,
}

/// Threads that were notified under a guard. They sleep until the guard releases the lock, which
/// they need before they can do anything.
///
/// Their waits have ended already, so a thread that times out or is interrupted meanwhile goes on
/// by itself.
#[derive(Default)]
struct Notified(Cell<Vec<Wakeup>>);

impl Notified {
    fn add(&self, waiter: Wakeup) {
        let mut waiters = self.0.take();
        if waiters.try_reserve(1).is_ok() {
            waiters.push(waiter);
        } else {
            // Without memory the thread is unparked now, and waits for the lock.
            waiter.call();
        }
        self.0.set(waiters);
    }

    #[inline]
    fn wake(&self) {
        let waiters = self.0.take();
        if !waiters.is_empty() {
            call_all(waiters);
        }
    }
}

#[inline(never)]
fn call_all(waiters: Vec<Wakeup>) {
    for waiter in waiters {
        waiter.call();
    }
}

impl Drop for Notified {
    #[inline]
    fn drop(&mut self) {
        self.wake();
    }
}

impl std::fmt::Debug for Notified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notified")
    }
}

impl<T: ?Sized> ConditionGuard<'_, T> {
    #[track_caller]
    fn wait_by(&mut self, deadline: Deadline) -> Result<(), TimedOut> {
        // SAFETY: the lock is taken again below before the guard is used, and nothing between can
        // unwind.
        let lock = unsafe { LockGuard::raw(&self.value) };
        let ended = self.waiters.wait_with(&mut TokenBlocker, deadline, |_| {
            lock.give_up();
            self.notified.wake();
            Ok::<(), Infallible>(())
        });
        lock.take_again();
        ended.map_err(WaitError::timed_out)
    }

    #[track_caller]
    fn wait_while_by(
        &mut self,
        deadline: Deadline,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> Result<(), TimedOut> {
        while condition(&mut self.value) {
            if let Err(timed_out) = self.wait_by(deadline) {
                // The value may have changed at the last moment.
                return if condition(&mut self.value) {
                    Err(timed_out)
                } else {
                    Ok(())
                };
            }
        }
        Ok(())
    }

    /// Releases the lock until notified.
    #[track_caller]
    pub fn wait(&mut self) {
        let _: Result<(), TimedOut> = self.wait_by(Deadline::NEVER);
    }

    /// Releases the lock for a moment, in which its waiters may take it.
    ///
    /// # Errors
    /// [`TimedOut`] unless a notification came in that moment.
    #[track_caller]
    pub fn try_wait(&mut self) -> Result<(), TimedOut> {
        self.wait_by(Deadline::PASSED)
    }

    /// Releases the lock until notified, for at most `timeout`. Afterwards it waits for the lock
    /// without a limit.
    ///
    /// # Errors
    /// [`TimedOut`] when no notification came in time.
    #[track_caller]
    pub fn try_wait_for(&mut self, timeout: Duration) -> Result<(), TimedOut> {
        self.wait_by(Deadline::after(timeout))
    }

    /// Releases the lock until notified, until `deadline` at the latest. Afterwards it waits for
    /// the lock without a limit.
    ///
    /// # Errors
    /// [`TimedOut`] when no notification came in time.
    #[track_caller]
    pub fn try_wait_until(&mut self, deadline: Instant) -> Result<(), TimedOut> {
        self.wait_by(Deadline::at(deadline))
    }

    /// Waits for notifications while `condition` is true; the negation of Python's `wait_for`.
    #[doc(alias = "wait_for")]
    #[track_caller]
    pub fn wait_while(&mut self, condition: impl FnMut(&mut T) -> bool) {
        let _: Result<(), TimedOut> = self.wait_while_by(Deadline::NEVER, condition);
    }

    /// As [`Self::wait_while`], for at most `timeout` in all.
    ///
    /// # Errors
    /// [`TimedOut`] when `condition` is still true then.
    #[track_caller]
    pub fn try_wait_while_for(
        &mut self,
        timeout: Duration,
        condition: impl FnMut(&mut T) -> bool,
    ) -> Result<(), TimedOut> {
        self.wait_while_by(Deadline::after(timeout), condition)
    }

    /// As [`Self::wait_while`], until `deadline` at the latest.
    ///
    /// # Errors
    /// [`TimedOut`] when `condition` is still true then.
    #[track_caller]
    pub fn try_wait_while_until(
        &mut self,
        deadline: Instant,
        condition: impl FnMut(&mut T) -> bool,
    ) -> Result<(), TimedOut> {
        self.wait_while_by(Deadline::at(deadline), condition)
    }

    /// Wakes the `n` threads that have waited longest, or all if they are fewer; returns how many.
    /// They wake up when this guard releases the lock.
    pub fn notify(&self, n: usize) -> usize {
        if self.waiters.waiting() == 0 {
            0
        } else {
            self.waiters
                .claim(n, |_| ())
                .grant(|waiter| self.notified.add(waiter))
        }
    }

    /// Wakes the thread that has waited longest; returns whether there was one.
    pub fn notify_one(&self) -> bool {
        self.notify(1) == 1
    }

    /// Wakes every waiting thread; returns how many.
    #[doc(alias = "notifyAll")]
    pub fn notify_all(&self) -> usize {
        self.notify(usize::MAX)
    }
}

impl<T: ?Sized> Deref for ConditionGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: ?Sized> DerefMut for ConditionGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

//! [`RwLock`]: a value that many threads read, or one writes. `rwlock_guards.rs` has its guards.

use super::raw::RawRwLock;
use super::rwlock_guards::{RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard};
use crate::park::{Deadline, number};
use std::cell::UnsafeCell;
use std::fmt;
use std::time::{Duration, Instant};

/// A value that many threads read at the same time, or one thread writes. Python's standard library
/// has no such lock; in Python it is `weftline.RWLock`.
///
/// A waiting writer stops new readers, so writers do not starve. When a writer releases the lock,
/// the readers that wait go next, so readers do not starve. In between the lock barges, with a
/// starvation bound: a thread that has waited for more than 1 ms gets the lock by handoff, all
/// waiting readers at once.
///
/// A thread that reads may read again, also while a writer waits. A thread that writes, and asks
/// for the lock again, would wait for itself. So would a thread that reads and asks to write: see
/// [`upgradable_read`](Self::upgradable_read). There is no poisoning: a panic under a guard frees
/// the lock. A timeout beyond the clock's range never ends.
///
/// # Panics
/// - [`read`](Self::read), [`write`](Self::write), [`upgradable_read`](Self::upgradable_read) and
///   [`upgrade`](RwLockUpgradableReadGuard::upgrade) panic when the calling thread waits for
///   itself. The forms with a timeout wait until then.
/// - Every form of reading panics when there are 2²⁷ read guards. It also panics without memory
///   when a thread takes its first lock, or holds more than six locks to read.
///
/// ```
/// use weftline::RwLock;
///
/// let prices = RwLock::new(vec![3, 5]);
/// {
///     let (one, two) = (prices.read(), prices.read());
///     assert_eq!(one[0] + two[1], 8);
///     assert!(prices.try_write().is_none());
/// }
/// prices.write().push(8);
/// assert_eq!(prices.into_inner(), [3, 5, 8]);
/// ```
///
/// A guard stays with its thread:
///
/// ```compile_fail
/// let lock = weftline::RwLock::new(0);
/// let guard = lock.read();
/// std::thread::scope(|scope| { scope.spawn(move || drop(guard)); });
/// ```
///
/// A read guard gives no exclusive access:
///
/// ```compile_fail
/// *weftline::RwLock::new(0).read() += 1;
/// ```
#[doc(alias = "RWLock")]
#[doc(alias = "ReaderWriterLock")]
#[derive(Default)]
pub struct RwLock<T: ?Sized> {
    raw: RawRwLock,
    value: UnsafeCell<T>,
}

// SAFETY: no other thread uses a lock that is sent, nor its value.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: a write guard moves the value between threads, so it must be `Send`; read guards share it
// between threads, so it must be `Sync`.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    /// A free lock over `value`.
    #[inline]
    pub const fn new(value: T) -> Self {
        Self {
            raw: RawRwLock::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// The value; no other reference to the lock exists.
    #[inline]
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Reads; waits while another thread writes or waits to write.
    #[doc(alias = "shared")]
    #[track_caller]
    #[inline]
    pub fn read(&self) -> RwLockReadGuard<'_, T> {
        self.read_by(|| Deadline::NEVER)
            .expect("a wait without a deadline does not time out")
    }

    /// Reads unless a thread writes or waits to write.
    #[track_caller]
    #[inline]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        self.read_by(|| Deadline::PASSED)
    }

    /// Reads; waits for at most `timeout`. `None` when another thread still writes then.
    #[track_caller]
    #[inline]
    pub fn try_read_for(&self, timeout: Duration) -> Option<RwLockReadGuard<'_, T>> {
        self.read_by(|| Deadline::after(timeout))
    }

    /// Reads; waits until `deadline` at the latest. `None` when another thread still writes then.
    #[track_caller]
    #[inline]
    pub fn try_read_until(&self, deadline: Instant) -> Option<RwLockReadGuard<'_, T>> {
        self.read_by(|| Deadline::at(deadline))
    }

    #[track_caller]
    #[inline]
    fn read_by(&self, deadline: impl FnOnce() -> Deadline) -> Option<RwLockReadGuard<'_, T>> {
        let taken = self.raw.read_at_once() || self.raw.read_until(deadline());
        // SAFETY: this thread reads the lock.
        taken.then(|| unsafe { RwLockReadGuard::new(&self.raw, self.value.get()) })
    }

    /// Writes; waits while other threads read or write.
    #[doc(alias = "exclusive")]
    #[track_caller]
    #[inline]
    pub fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.write_by(|| Deadline::NEVER)
            .expect("a wait without a deadline does not time out")
    }

    /// Writes if the lock is free.
    #[track_caller]
    #[inline]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        let me = number();
        let taken = self.raw.try_write_as(me);
        // SAFETY: taken by this thread.
        taken.then(|| unsafe { RwLockWriteGuard::new(&self.raw, self.value.get(), me) })
    }

    /// Writes; waits for at most `timeout`. `None` when the lock is still held then.
    #[track_caller]
    #[inline]
    pub fn try_write_for(&self, timeout: Duration) -> Option<RwLockWriteGuard<'_, T>> {
        self.write_by(|| Deadline::after(timeout))
    }

    /// Writes; waits until `deadline` at the latest. `None` when the lock is still held then.
    #[track_caller]
    #[inline]
    pub fn try_write_until(&self, deadline: Instant) -> Option<RwLockWriteGuard<'_, T>> {
        self.write_by(|| Deadline::at(deadline))
    }

    #[track_caller]
    #[inline]
    fn write_by(&self, deadline: impl FnOnce() -> Deadline) -> Option<RwLockWriteGuard<'_, T>> {
        let me = number();
        let taken = self.raw.write_at_once(me) || self.raw.write_until(me, deadline());
        // SAFETY: taken by this thread.
        taken.then(|| unsafe { RwLockWriteGuard::new(&self.raw, self.value.get(), me) })
    }

    /// Reads, and may [upgrade](RwLockUpgradableReadGuard::upgrade) to writing. Other threads read
    /// meanwhile; waits while another reader is upgradable, or a thread writes or waits to write.
    ///
    /// ```
    /// use weftline::{RwLock, RwLockUpgradableReadGuard};
    ///
    /// let settings = RwLock::new(Vec::new());
    /// let read = settings.upgradable_read();
    /// if read.is_empty() {
    ///     // No other thread has written since.
    ///     RwLockUpgradableReadGuard::upgrade(read).push("default");
    /// }
    /// assert_eq!(*settings.read(), ["default"]);
    /// ```
    #[track_caller]
    #[inline]
    pub fn upgradable_read(&self) -> RwLockUpgradableReadGuard<'_, T> {
        self.upgradable_by(|| Deadline::NEVER)
            .expect("a wait without a deadline does not time out")
    }

    /// As [`upgradable_read`](Self::upgradable_read), unless it would wait.
    #[track_caller]
    #[inline]
    pub fn try_upgradable_read(&self) -> Option<RwLockUpgradableReadGuard<'_, T>> {
        self.upgradable_by(|| Deadline::PASSED)
    }

    /// As [`upgradable_read`](Self::upgradable_read); waits for at most `timeout`. `None` when it
    /// would still wait then.
    #[track_caller]
    #[inline]
    pub fn try_upgradable_read_for(
        &self,
        timeout: Duration,
    ) -> Option<RwLockUpgradableReadGuard<'_, T>> {
        self.upgradable_by(|| Deadline::after(timeout))
    }

    /// As [`upgradable_read`](Self::upgradable_read); waits until `deadline` at the latest. `None`
    /// when it would still wait then.
    #[track_caller]
    #[inline]
    pub fn try_upgradable_read_until(
        &self,
        deadline: Instant,
    ) -> Option<RwLockUpgradableReadGuard<'_, T>> {
        self.upgradable_by(|| Deadline::at(deadline))
    }

    #[track_caller]
    #[inline]
    fn upgradable_by(
        &self,
        deadline: impl FnOnce() -> Deadline,
    ) -> Option<RwLockUpgradableReadGuard<'_, T>> {
        let taken = self.raw.upgradable_at_once() || self.raw.upgradable_until(deadline());
        // SAFETY: this thread is the upgradable reader.
        taken.then(|| unsafe { RwLockUpgradableReadGuard::new(&self.raw, self.value.get()) })
    }

    /// Whether any thread reads or writes; out of date at once.
    #[doc(alias = "locked")]
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// Whether a thread writes; out of date at once.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.raw.is_written()
    }

    /// How many read guards there are; out of date at once.
    #[must_use]
    pub fn readers(&self) -> usize {
        usize::try_from(self.raw.readers()).unwrap_or(usize::MAX)
    }

    /// The value, without locking: the reference is exclusive already.
    #[inline]
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Shows the value only if no thread writes: it may be changing the value.
impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let read = self.try_read();
        let mut shown = f.debug_struct("RwLock");
        match &read {
            Some(read) => shown.field("value", &&**read),
            None => shown.field("value", &format_args!("<locked>")),
        };
        shown.finish_non_exhaustive()
    }
}

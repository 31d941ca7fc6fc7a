//! [`Event`]: a flag that threads wait for.

use super::raw::RawEvent;
use crate::error::TimedOut;
use crate::park::{Deadline, ThreadBlocker, WaitError};
use std::time::{Duration, Instant};

/// A flag that threads wait for: Python's `threading.Event`.
///
/// Every thread that finds the flag up sees what a thread did before its [`set`](Self::set).
///
/// ```
/// use std::time::Duration;
/// let ready = weftline::Event::new();
/// assert!(ready.try_wait_for(Duration::from_millis(1)).is_err());
/// std::thread::scope(|scope| {
///     scope.spawn(|| ready.wait());
///     ready.set();
/// });
/// assert!(ready.is_set());
/// ```
#[doc(alias = "threading.Event")]
#[derive(Debug, Default)]
pub struct Event(RawEvent);

impl Event {
    /// An event that is not set.
    #[must_use]
    pub const fn new() -> Self {
        Self(RawEvent::new())
    }

    /// Raises the flag and wakes every waiting thread, also if the flag is lowered again at once.
    pub fn set(&self) {
        self.0.set();
    }

    /// Lowers the flag: threads that wait from now on wait for the next [`set`](Self::set).
    pub fn clear(&self) {
        self.0.clear();
    }

    /// Whether the flag is up.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.is_set()
    }

    /// Waits until the flag is up.
    #[inline]
    #[track_caller]
    pub fn wait(&self) {
        let _ = self.0.wait_with(&mut ThreadBlocker, Deadline::NEVER);
    }

    /// Checks the flag, with the result of the other forms; does not wait.
    ///
    /// # Errors
    /// [`TimedOut`] when it is not.
    pub fn try_wait(&self) -> Result<(), TimedOut> {
        self.wait_by(Deadline::PASSED)
    }

    /// Waits until the flag is up, for at most `timeout`. A timeout beyond the clock's range never
    /// ends.
    ///
    /// # Errors
    /// [`TimedOut`] when it is not raised in time.
    #[inline]
    #[track_caller]
    pub fn try_wait_for(&self, timeout: Duration) -> Result<(), TimedOut> {
        self.wait_by(Deadline::after(timeout))
    }

    /// Waits until the flag is up, until `deadline` at the latest.
    ///
    /// # Errors
    /// [`TimedOut`] when it is not raised in time.
    #[inline]
    #[track_caller]
    pub fn try_wait_until(&self, deadline: Instant) -> Result<(), TimedOut> {
        self.wait_by(Deadline::at(deadline))
    }

    #[inline]
    #[track_caller]
    fn wait_by(&self, deadline: Deadline) -> Result<(), TimedOut> {
        self.0
            .wait_with(&mut ThreadBlocker, deadline)
            .map_err(WaitError::timed_out)
    }
}

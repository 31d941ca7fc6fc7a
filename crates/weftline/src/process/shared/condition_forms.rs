//! The forms of a wait for a shared condition. `condition.rs` has the protocol.

use super::condition::ConditionGuard;
use super::mutex::Plain;
use super::operation_error::WaitError;
use crate::park::Deadline;
use std::time::{Duration, Instant};

impl<T: Plain> ConditionGuard<'_, T> {
    /// Frees the lock until notified, and takes it again.
    ///
    /// # Errors
    /// [`WaitError::Abandoned`], [`WaitError::NoRoom`].
    ///
    /// # Panics
    /// When this thread holds 2,000 shared locks and permits, of any objects, this lock among them.
    /// All forms panic then.
    pub fn wait(&mut self) -> Result<(), WaitError> {
        self.wait_by(Deadline::NEVER)
    }

    /// Frees the lock for a moment: another thread that waits for it may go first.
    ///
    /// # Errors
    /// [`WaitError`]: [`WaitError::TimedOut`] unless a notification came in that moment.
    pub fn try_wait(&mut self) -> Result<(), WaitError> {
        self.wait_by(Deadline::PASSED)
    }

    /// Frees the lock until notified, for `timeout` at most. Then it waits as long as it takes to
    /// have the lock again.
    ///
    /// # Errors
    /// [`WaitError`].
    pub fn try_wait_for(&mut self, timeout: Duration) -> Result<(), WaitError> {
        self.wait_by(Deadline::after(timeout))
    }

    /// Frees the lock until notified, until `deadline` at the latest. Then it waits as long as it
    /// takes to have the lock again.
    ///
    /// # Errors
    /// [`WaitError`].
    pub fn try_wait_until(&mut self, deadline: Instant) -> Result<(), WaitError> {
        self.wait_by(Deadline::at(deadline))
    }

    /// Waits repeatedly while `condition` holds.
    ///
    /// # Errors
    /// [`WaitError::Abandoned`], [`WaitError::NoRoom`].
    pub fn wait_while(&mut self, condition: impl FnMut(&mut T) -> bool) -> Result<(), WaitError> {
        self.wait_while_by(Deadline::NEVER, condition)
    }

    /// Frees the lock for a moment while `condition` holds.
    ///
    /// # Errors
    /// [`WaitError`].
    pub fn try_wait_while(
        &mut self,
        condition: impl FnMut(&mut T) -> bool,
    ) -> Result<(), WaitError> {
        self.wait_while_by(Deadline::PASSED, condition)
    }

    /// Waits repeatedly while `condition` holds, for `timeout` at most in total.
    ///
    /// # Errors
    /// [`WaitError`].
    pub fn try_wait_while_for(
        &mut self,
        timeout: Duration,
        condition: impl FnMut(&mut T) -> bool,
    ) -> Result<(), WaitError> {
        self.wait_while_by(Deadline::after(timeout), condition)
    }

    /// Waits repeatedly while `condition` holds, until `deadline` at the latest.
    ///
    /// # Errors
    /// [`WaitError`].
    pub fn try_wait_while_until(
        &mut self,
        deadline: Instant,
        condition: impl FnMut(&mut T) -> bool,
    ) -> Result<(), WaitError> {
        self.wait_while_by(Deadline::at(deadline), condition)
    }
}

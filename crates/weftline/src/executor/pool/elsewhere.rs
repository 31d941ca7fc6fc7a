//! What a pool of processes, a floor above, needs of the threads that its tasks run in.

use super::job::Job;
use super::{Refused, Shared, ThreadPoolExecutor};
use crate::executor::task::Run;

impl ThreadPoolExecutor {
    /// As `submit`, of a task that was made elsewhere.
    pub(crate) fn submit_task(&self, task: impl Run) -> Result<(), Refused> {
        let job = Job::new(task).map_err(|_| Refused::no_memory())?;
        self.pool.submit(job).map_err(|(why, _)| why)
    }

    /// What makes the pool fail all its tasks, for an initializer that fails elsewhere.
    pub(crate) fn breaker(&self) -> Breaker {
        Breaker(self.pool.clone())
    }
}

/// What breaks a pool. It keeps the pool's memory, but none of its threads.
pub(crate) struct Breaker(Shared);

impl Breaker {
    /// Has the pool take no more tasks, and fails those that have not begun.
    pub(crate) fn break_down(&self) {
        self.0.break_down();
    }
}

//! The interface for a pool of processes, a floor above, to the threads that run its tasks.

use super::ThreadPoolExecutor;
use super::job::Job;
use super::workers::{Refused, Shared};
use crate::executor::task::Run;

impl ThreadPoolExecutor {
    /// As `submit`, for a task that was built elsewhere.
    pub(crate) fn submit_task(&self, task: impl Run) -> Result<(), Refused> {
        let job = Job::new(task).map_err(|_| Refused::no_memory())?;
        self.pool.submit(job).map_err(|(why, _)| why)
    }

    /// Makes the pool fail all its tasks, for an initializer that fails elsewhere.
    pub(crate) fn breaker(&self) -> Breaker {
        Breaker(self.pool.clone())
    }
}

/// Breaks a pool. It keeps the pool's memory, but none of its threads.
pub(crate) struct Breaker(Shared);

impl Breaker {
    /// Fails the tasks that have not begun; the pool takes no more.
    pub(crate) fn break_down(&self) {
        self.0.break_down();
    }
}

//! [`ThreadPoolBuilder`]: what can be chosen about a pool.

use super::{Initializer, Pool, ThreadPoolExecutor};
use crate::Lock;
use crate::park::Apart;
use crate::queue::raw::RawQueue;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};

/// How a [`ThreadPoolExecutor`] is made.
#[derive(Default)]
#[must_use = "a builder builds nothing by itself"]
pub struct ThreadPoolBuilder {
    max_workers: Option<usize>,
    name_prefix: Option<String>,
    initializer: Option<Initializer>,
}

impl ThreadPoolBuilder {
    /// How many threads there are at most. Without this: 4 more than there are processors, and at most 32, as in Python.
    ///
    /// # Panics
    /// When it is zero: nothing would ever run.
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        assert!(max_workers > 0, "a pool needs at least one worker");
        self.max_workers = Some(max_workers);
        self
    }

    /// What the threads' names begin with. Without this: `ThreadPoolExecutor-N`.
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.name_prefix = Some(prefix.into());
        self
    }

    /// Is called by each thread before its first task. If it panics, the pool is broken: tasks that wait fail with
    /// [`TaskError::Broken`](crate::TaskError::Broken), and no more are taken.
    pub fn initializer(mut self, initializer: impl Fn() + Send + Sync + 'static) -> Self {
        self.initializer = Some(Box::new(initializer));
        self
    }

    /// The pool. It has no threads yet.
    #[must_use]
    pub fn build(self) -> ThreadPoolExecutor {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        let name_prefix = self.name_prefix.unwrap_or_else(|| {
            format!(
                "ThreadPoolExecutor-{}",
                COUNTER.fetch_add(1, Ordering::Relaxed)
            )
        });
        ThreadPoolExecutor {
            is_shut_down: AtomicBool::new(false),
            pool: Arc::new(Pool {
                tasks: Apart(RawQueue::new(0)),
                free: AtomicIsize::new(0),
                is_full: AtomicBool::new(false),
                is_broken: AtomicBool::new(false),
                crew: Arc::default(),
                workers: Lock::new(Vec::new()),
                max_workers: self.max_workers.unwrap_or_else(default_max_workers),
                name_prefix,
                initializer: self.initializer,
            }),
        }
    }
}

fn default_max_workers() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    (processors + 4).min(32)
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("max_workers", &self.max_workers)
            .field("thread_name_prefix", &self.name_prefix)
            .finish_non_exhaustive()
    }
}

//! [`ThreadPoolBuilder`]: the options of a pool.

use super::ThreadPoolExecutor;
use super::wait::Crew;
use super::workers::{Initializer, Pool, Shared};
use crate::error::NoMemory;
use crate::memory::{Counted, try_box, try_format};
use crate::park::{CachePadded, next_pool, panic_without_memory, processors};
use crate::queue::raw::RawQueue;
use crate::sync::Lock;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};

/// Builds a [`ThreadPoolExecutor`].
#[derive(Default)]
#[must_use = "a builder builds nothing by itself"]
pub struct ThreadPoolBuilder {
    max_workers: Option<usize>,
    name_prefix: Option<String>,
    initializer: Option<Initializer>,
}

impl ThreadPoolBuilder {
    /// The maximum number of threads. The default is the number of processors plus 4, and at most
    /// 32, as in Python.
    ///
    /// # Panics
    /// When it is zero, because then nothing would ever run.
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        assert!(max_workers > 0, "a pool needs at least one worker");
        self.max_workers = Some(max_workers);
        self
    }

    /// The prefix of the threads' names. The default is `ThreadPoolExecutor-N`.
    pub fn thread_name_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.name_prefix = Some(prefix.into());
        self
    }

    /// Has each thread call `initializer` before its first task. If it panics, the pool is broken:
    /// waiting tasks fail with [`TaskError::Broken`](crate::TaskError::Broken), and the pool takes
    /// no more.
    ///
    /// # Panics
    /// When there is no memory for it.
    pub fn initializer(mut self, initializer: impl Fn() + Send + Sync + 'static) -> Self {
        let Ok(initializer) = try_box(initializer) else {
            panic_without_memory();
        };
        self.initializer = Some(initializer);
        self
    }

    /// Builds the pool, without threads yet.
    ///
    /// # Panics
    /// When there is no memory for it.
    #[must_use]
    pub fn build(self) -> ThreadPoolExecutor {
        match self.try_build() {
            Ok(pool) => pool,
            Err(NoMemory) => panic_without_memory(),
        }
    }

    fn try_build(self) -> Result<ThreadPoolExecutor, NoMemory> {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        let name_prefix = match self.name_prefix {
            Some(prefix) => prefix,
            None => {
                let number = COUNTER.fetch_add(1, Ordering::Relaxed);
                try_format(format_args!("ThreadPoolExecutor-{number}"))?
            }
        };
        let pool = Counted::try_new(Pool {
            number: next_pool(),
            tasks: CachePadded(RawQueue::new(0)),
            free: AtomicIsize::new(0),
            is_full: AtomicBool::new(false),
            is_broken: AtomicBool::new(false),
            crew: Counted::try_new(Crew::default()).map_err(|_| NoMemory)?,
            workers: Lock::new(Vec::new()),
            max_workers: self.max_workers.unwrap_or_else(default_max_workers),
            name_prefix,
            initializer: self.initializer,
        });
        Ok(ThreadPoolExecutor {
            pool: Shared(pool.map_err(|_| NoMemory)?),
            is_shut_down: AtomicBool::new(false),
        })
    }
}

fn default_max_workers() -> usize {
    (processors() + 4).min(32)
}

impl fmt::Debug for ThreadPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolBuilder")
            .field("max_workers", &self.max_workers)
            .field("thread_name_prefix", &self.name_prefix)
            .finish_non_exhaustive()
    }
}

//! [`ThreadPoolExecutor`]: a pool of threads that is safe to block in.
//!
//! # Implementation
//!
//! A pool has one queue, whose tasks go straight to waiting workers. Workers never steal: a worker
//! that waits inside a task waits, and the others go on. `workers.rs` has the workers and says when
//! another one is started, `job.rs` the tasks, `wait.rs` the wait of the workers.

mod builder;
#[cfg(all(
    feature = "process",
    target_os = "linux",
    target_pointer_width = "64",
    not(weftline_model)
))]
mod elsewhere;
mod job;
mod wait;
mod workers;

pub use builder::ThreadPoolBuilder;
#[cfg(all(
    feature = "process",
    target_os = "linux",
    target_pointer_width = "64",
    not(weftline_model)
))]
pub(crate) use elsewhere::Breaker;

pub(crate) use workers::Refused;

use super::future::Future;
use super::task::Task;
use super::{Executor, ShutdownOptions, SubmitError};
use crate::memory::Counted;
use crate::park::panic_without_memory;
use crate::thread::Thread;
use job::{Alone, Job};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use workers::Shared;

/// A pool of threads for tasks that may block: Python's `concurrent.futures.ThreadPoolExecutor`.
///
/// Threads are started as they are needed, up to a maximum, and then stay. Idle threads are used
/// before new ones are started. A task that panics fails its future and nothing else.
///
/// **Dropping the pool waits**: it shuts the pool down and returns when its tasks have ended, as
/// `with` does in Python. That includes tasks that no worker has begun with. A drop inside one of
/// the tasks does not wait. To leave sooner, call [`shutdown_with`](Self::shutdown_with) first.
/// With `wait(false)` the tasks end by themselves; with `cancel_futures(true)` the waiting tasks do
/// not run. A drop after that does not wait.
///
/// ```
/// use weftline::{Executor, ThreadPoolExecutor};
///
/// let pool = ThreadPoolExecutor::builder().max_workers(2).thread_name_prefix("fetch").build();
/// let lengths: Vec<_> = pool.map(["a", "bb", "ccc"], |word| word.len()).map(Result::unwrap).collect();
/// assert_eq!(lengths, [1, 2, 3]);
/// ```
#[doc(alias = "concurrent.futures.ThreadPoolExecutor")]
pub struct ThreadPoolExecutor {
    pool: Shared,
    /// The user has shut the pool down and chosen how.
    is_shut_down: AtomicBool,
}

impl ThreadPoolExecutor {
    /// A pool of at most `max_workers` threads.
    ///
    /// # Panics
    /// When it is zero, because then nothing would ever run.
    #[must_use]
    pub fn new(max_workers: usize) -> Self {
        Self::builder().max_workers(max_workers).build()
    }

    /// A builder, for the other options of a pool.
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder::default()
    }

    /// The maximum number of threads.
    #[must_use]
    pub fn max_workers(&self) -> usize {
        self.pool.max_workers
    }

    /// The threads that have been started.
    ///
    /// # Panics
    /// When there is no memory for the list.
    #[must_use]
    pub fn threads(&self) -> Vec<Thread> {
        let mut threads = Vec::new();
        loop {
            let workers = self.pool.workers.lock();
            if workers.len() <= threads.capacity() {
                threads.extend(workers.iter().cloned());
                return threads;
            }
            let count = workers.len();
            drop(workers);
            if threads.try_reserve(count).is_err() {
                panic_without_memory();
            }
        }
    }

    /// How many tasks no worker has begun with. The number may change before the caller reads it.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pool.tasks.len()
    }
}

impl<F, T> Executor<F> for ThreadPoolExecutor
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn submit(&self, function: F) -> Result<Future<T>, SubmitError<F>> {
        let (task, refused) = match Counted::try_new(Task::new(self.pool.number, function)) {
            Err(task) => (Some(task), Refused::no_memory()),
            Ok(task) => match Job::new(task.clone()).map(|job| self.pool.submit(job)) {
                Ok(Ok(())) => return Ok(task.into()),
                Ok(Err((refused, job))) => {
                    drop(job);
                    (task.into_inner(), refused)
                }
                Err(other) => {
                    drop(other);
                    (task.into_inner(), Refused::no_memory())
                }
            },
        };
        let function = task.and_then(Task::into_function);
        Err(refused.with(function.expect("no other thread has seen the task")))
    }

    fn shutdown_with(&self, options: ShutdownOptions) {
        ThreadPoolExecutor::shutdown_with(self, options);
    }
}

impl ThreadPoolExecutor {
    /// Has `function` run as a task without a future, which makes it cheaper than
    /// [`submit`](Executor::submit): no caller is told of its end. If it panics, the except hook is
    /// called, as for a thread that is never joined ([`set_except_hook`](crate::set_except_hook)),
    /// and the worker goes on. Where other tasks are cancelled, the function is dropped.
    /// ```
    /// use std::sync::Arc;
    /// use weftline::{Event, ThreadPoolExecutor};
    ///
    /// let pool = ThreadPoolExecutor::new(4);
    /// let done = Arc::new(Event::new());
    /// let tell = Arc::clone(&done);
    /// pool.spawn(move || tell.set()).unwrap();
    /// done.wait();
    /// ```
    ///
    /// # Errors
    /// [`SubmitError`], with the function.
    pub fn spawn<F>(&self, function: F) -> Result<(), SubmitError<F>>
    where
        F: FnOnce() + Send + 'static,
    {
        let job = match Job::new(Alone(function)) {
            Ok(job) => job,
            Err(Alone(function)) => return Err(Refused::no_memory().with(function)),
        };
        self.pool.submit(job).map_err(|(refused, job)| {
            let Alone(function) = job.into_inner().expect("it was made of this function");
            refused.with(function)
        })
    }

    /// Takes no more tasks, and returns when the submitted ones have ended. A call from one of the
    /// pool's own tasks does not wait for that task.
    pub fn shutdown(&self) {
        self.shutdown_with(ShutdownOptions::new());
    }

    /// As [`shutdown`](Self::shutdown), or without waiting, or with the tasks cancelled that no
    /// worker has begun with.
    pub fn shutdown_with(&self, options: ShutdownOptions) {
        self.is_shut_down.store(true, Ordering::Relaxed);
        if options.cancel_futures {
            self.pool.empty().into_iter().for_each(|job| job.cancel());
        } else {
            self.pool.close();
        }
        if options.wait {
            // One by one, because a list of them would take memory.
            for index in 0.. {
                let worker = self.pool.workers.lock().get(index).cloned();
                match worker {
                    Some(worker) if worker.is_current() => {}
                    Some(worker) => worker.join(),
                    None => break,
                }
            }
        }
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        if !*self.is_shut_down.get_mut() {
            let is_own_worker = self.pool.is_own_worker();
            self.shutdown_with(ShutdownOptions::new().wait(!is_own_worker));
        }
    }
}

impl fmt::Debug for ThreadPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPoolExecutor")
            .field("max_workers", &self.pool.max_workers)
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}

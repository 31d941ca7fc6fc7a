//! [`ProcessPoolExecutor`]: processes that run one task after the other.
//!
//! # Implementation
//!
//! | file | what it holds |
//! |---|---|
//! | `map.rs` | a function over many arguments |
//! | `task.rs` | a call of a registered function, from the side of the pool and the future |
//! | `request.rs` | a call of a registered function, encoded, and the heads of the messages |
//! | `plan.rs` | the settings for all workers of a pool |
//! | `worker.rs` | a worker process, from the side of its thread |
//! | `serve.rs` | a worker process, from its own side |
//! | `deaths.rs` | the thread that learns of the end of workers |
//!
//! A pool of threads, each of which has a process of its own ([`worker`]). A thread sends a task to
//! its process, waits for the answer, and completes the future. So tasks wait in the queue of the
//! pool of threads. A worker is started when the pool starts a thread, and the end of a worker
//! concerns one task only.

mod deaths;
mod map;
mod plan;
mod request;
mod serve;
mod task;
mod worker;

use super::RemoteFn;
use crate::executor::{
    Executor, Future, Refused, ShutdownOptions, SubmitError, ThreadPoolExecutor,
};
use crate::memory::Counted;
use deaths::Deaths;
use plan::Plan;
use request::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use task::RemoteTask;

pub use map::Calls;
pub(super) use serve::SERVE;

/// A pool of processes: Python's `concurrent.futures.ProcessPoolExecutor`.
///
/// A task is a [registered](super::register) function with its arguments. [`submit`](Self::submit)
/// takes the two. [`Executor::submit`], for code that is generic over executors, takes them as a
/// tuple. Processes are started as they are needed, up to a number, and then stay; idle processes
/// are used before new ones are started.
///
/// *A worker that dies fails its own task and is replaced*, where Python's pool breaks as a whole.
/// The future fails with [`TaskError::Elsewhere`](crate::TaskError::Elsewhere), which holds a
/// [`ProcessError`](super::ProcessError) that says how the worker died. A task that panics fails in
/// the same way, and its worker lives on. *Cancelling a task that runs kills its worker.* Workers
/// are killed when this process dies.
///
/// Dropping the pool shuts it down and waits for its tasks, as `with` does in Python.
///
/// ```no_run
/// use weftline::Executor;
/// use weftline::process::{ProcessPoolExecutor, register};
///
/// fn factor(number: u64) -> u64 {
///     (2..).find(|divisor| number % divisor == 0).unwrap()
/// }
/// register!(factor);
///
/// fn main() {
///     weftline::run(|| {
///         let pool = ProcessPoolExecutor::new(4);
///         let futures: Vec<_> = [15, 49, 121].map(|number| pool.submit(factor, (number,)).unwrap()).into();
///         let factors: Vec<_> = futures.into_iter().map(|future| future.result().unwrap()).collect();
///         assert_eq!(factors, [3, 7, 11]);
///     });
/// }
/// ```
#[doc(alias = "concurrent.futures.ProcessPoolExecutor")]
pub struct ProcessPoolExecutor {
    threads: ThreadPoolExecutor,
    plan: Arc<Plan>,
}

/// The settings of a new [`ProcessPoolExecutor`].
#[derive(Default)]
#[must_use = "a builder builds nothing by itself"]
pub struct ProcessPoolBuilder {
    max_workers: Option<usize>,
    max_tasks_per_child: Option<NonZeroUsize>,
    initializer: Option<Request>,
}

impl ProcessPoolBuilder {
    /// How many processes there are at most. The default is the number of processors, as in Python.
    ///
    /// # Panics
    /// When it is zero: nothing would ever run.
    pub fn max_workers(mut self, max_workers: usize) -> Self {
        assert!(max_workers > 0, "a pool needs at least one worker");
        self.max_workers = Some(max_workers);
        self
    }

    /// After how many tasks a process is replaced by a new one. By default it stays.
    ///
    /// # Panics
    /// When it is zero: nothing would ever run.
    pub fn max_tasks_per_child(mut self, tasks: usize) -> Self {
        let tasks = NonZeroUsize::new(tasks);
        assert!(tasks.is_some(), "a worker needs at least one task");
        self.max_tasks_per_child = tasks;
        self
    }

    /// A function that each process calls before its first task. If it panics, or ends the process,
    /// the pool is broken: tasks that wait fail with
    /// [`TaskError::Broken`](crate::TaskError::Broken), and the pool refuses further tasks.
    ///
    /// # Errors
    /// [`SubmitError::Unfit`] when the function is not registered, or the arguments cannot be
    /// encoded.
    pub fn initializer<F, Args>(
        mut self,
        _initializer: F,
        arguments: Args,
    ) -> Result<Self, SubmitError<()>>
    where
        F: RemoteFn<Args, Output = ()>,
        Args: Serialize,
    {
        let request = Request::new::<F>(&arguments, false);
        self.initializer = Some(request.map_err(|why| SubmitError::Unfit((), why))?);
        Ok(self)
    }

    /// Builds the pool. It has no processes yet.
    #[must_use]
    pub fn build(self) -> ProcessPoolExecutor {
        static COUNTER: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "ProcessPoolExecutor-{}",
            COUNTER.fetch_add(1, Ordering::Relaxed)
        );
        let processors = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = ThreadPoolExecutor::builder()
            .max_workers(self.max_workers.unwrap_or_else(processors))
            .thread_name_prefix(name.clone())
            .build();
        let plan = Arc::new(Plan {
            name,
            max_tasks_per_child: self.max_tasks_per_child,
            initializer: self.initializer,
            deaths: Deaths::default(),
            breaker: threads.breaker(),
        });
        ProcessPoolExecutor { threads, plan }
    }
}

impl ProcessPoolExecutor {
    /// A pool of at most `max_workers` processes.
    ///
    /// # Panics
    /// When `max_workers` is zero: nothing would ever run.
    #[must_use]
    pub fn new(max_workers: usize) -> Self {
        Self::builder().max_workers(max_workers).build()
    }

    /// A builder, for all other settings.
    pub fn builder() -> ProcessPoolBuilder {
        ProcessPoolBuilder::default()
    }

    fn submit_request<T>(&self, request: Request) -> Result<Future<T>, Refused>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let remote = Counted::try_new(RemoteTask::new(request, Arc::clone(&self.plan)))
            .map_err(|_| Refused::no_memory())?;
        self.threads.submit_task(remote.clone())?;
        Ok(Future::new(remote))
    }

    /// How many processes there are at most.
    #[must_use]
    pub fn max_workers(&self) -> usize {
        self.threads.max_workers()
    }

    /// How many tasks no worker has begun; out of date as soon as it is known.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.threads.pending()
    }

    /// Refuses further tasks, and returns when all tasks have ended, and the workers too.
    pub fn shutdown(&self) {
        self.threads.shutdown();
    }

    /// As [`shutdown`](Self::shutdown), with options: without waiting, or with the tasks cancelled
    /// that no worker has begun.
    pub fn shutdown_with(&self, options: ShutdownOptions) {
        self.threads.shutdown_with(options);
    }

    /// Has one of the processes call a [registered](crate::process::register) function with
    /// `arguments`, a tuple.
    ///
    /// # Errors
    /// [`SubmitError`], with both; [`SubmitError::Unfit`] when the function is not registered or
    /// the arguments cannot be encoded.
    pub fn submit<F, Args>(
        &self,
        function: F,
        arguments: Args,
    ) -> Result<Future<F::Output>, SubmitError<(F, Args)>>
    where
        F: RemoteFn<Args, Output: Send>,
        Args: Serialize,
    {
        Executor::submit(self, (function, arguments))
    }
}

impl<F, Args> Executor<(F, Args)> for ProcessPoolExecutor
where
    F: RemoteFn<Args, Output: Send>,
    Args: Serialize,
{
    type Output = F::Output;

    /// Has one of the processes run `task`, a registered function and the tuple of its arguments.
    ///
    /// # Errors
    /// [`SubmitError`], with the task; [`SubmitError::Unfit`] when the function is not registered
    /// or the arguments cannot be encoded.
    fn submit(&self, task: (F, Args)) -> Result<Future<F::Output>, SubmitError<(F, Args)>> {
        let request = match Request::new::<F>(&task.1, false) {
            Ok(request) => request,
            Err(why) => return Err(SubmitError::Unfit(task, why)),
        };
        self.submit_request(request)
            .map_err(|refused| refused.with(task))
    }

    fn shutdown_with(&self, options: ShutdownOptions) {
        ProcessPoolExecutor::shutdown_with(self, options);
    }
}

impl fmt::Debug for ProcessPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolExecutor")
            .field("name", &self.plan.name)
            .field("max_workers", &self.max_workers())
            .field("pending", &self.pending())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ProcessPoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPoolBuilder")
            .field("max_workers", &self.max_workers)
            .field("max_tasks_per_child", &self.max_tasks_per_child)
            .finish_non_exhaustive()
    }
}

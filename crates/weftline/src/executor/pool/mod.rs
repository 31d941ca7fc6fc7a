//! [`ThreadPoolExecutor`]: a pool of threads that is safe to block in.
//!
//! # Implementation
//!
//! A pool has one queue, whose tasks go straight to waiting workers. Workers never steal: a worker
//! that waits inside a task waits, and the others go on. `job.rs` has the tasks, `wait.rs` the wait
//! of the workers.
//!
//! | step | effect on `free` |
//! |---|---|
//! | a submission | one less |
//! | a worker ends a task, before others learn of its end | one more |
//! | a worker is started | one more |
//! | a worker takes a task from the queue | none: it makes both numbers smaller by one |
//!
//! Invariant: *`free` is the number of workers that are idle, or just about to take the next task,
//! less the number of waiting tasks*. So another worker is started exactly when `free` is below
//! zero and the pool may have more. Idle workers are used before new ones are started, and no task
//! waits for a worker that is not there. Once the pool has all its workers, no thread reads `free`,
//! and it is no longer counted.

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

pub use builder::ThreadPoolBuilder;
#[cfg(all(
    feature = "process",
    target_os = "linux",
    target_pointer_width = "64",
    not(weftline_model)
))]
pub(crate) use elsewhere::Breaker;

use super::future::Future;
use super::task::{Availability, Task};
use super::{Executor, ShutdownOptions, SubmitError};
use crate::error::NoMemory;
use crate::memory::{Counted, try_format};
use crate::park::{CachePadded, Deadline, panic_without_memory};
use crate::queue::raw::{PutFailure, RawQueue, WorkerFifo};
use crate::sync::Lock;
use crate::thread::{self, Builder, Service, Thread};
use job::{Alone, Job};
use std::cell::Cell;
use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};
use wait::{Crew, Wait};

type Initializer = Box<dyn Fn() + Send + Sync>;

struct Pool {
    tasks: CachePadded<RawQueue<Job, WorkerFifo<Job>, Wait>>,
    free: AtomicIsize,
    /// The pool has as many workers as it may have.
    is_full: AtomicBool,
    is_broken: AtomicBool,
    crew: Counted<Crew>,
    workers: Lock<Vec<Thread>>,
    max_workers: usize,
    name_prefix: String,
    initializer: Option<Initializer>,
}

/// A pool, for its user and for its workers. Pool and thread refer to each other until the thread's
/// work is done.
#[derive(Clone)]
struct Shared(Counted<Pool>);

impl Deref for Shared {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.0
    }
}

thread_local! {
    /// The pool that this thread works for.
    static OF_POOL: Cell<*const Pool> = const { Cell::new(std::ptr::null()) };
}

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

/// Why a pool did not take a task, which is dropped.
pub(crate) enum Refused {
    ShutDown,
    Broken,
    NoThread(io::Error),
}

impl Refused {
    pub(crate) fn no_memory() -> Self {
        Self::NoThread(io::ErrorKind::OutOfMemory.into())
    }

    pub(crate) fn with<F>(self, task: F) -> SubmitError<F> {
        match self {
            Self::ShutDown => SubmitError::ShutDown(task),
            Self::Broken => SubmitError::Broken(task),
            Self::NoThread(error) => SubmitError::NoThread(task, error),
        }
    }
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

impl Shared {
    /// Has a worker run `job`, or returns the job.
    fn submit(&self, job: Job) -> Result<(), (Refused, Job)> {
        if let Err(error) = self.take_free() {
            self.give_free();
            return Err((Refused::NoThread(error), job));
        }
        let put = self
            .tasks
            .put_with(job, &mut Wait::default(), Deadline::NEVER);
        match put {
            Ok(()) => Ok(()),
            Err(PutFailure::Interrupted(_, never)) => match never {},
            Err(PutFailure::NoMemory(job)) => {
                self.give_free();
                Err((Refused::no_memory(), job))
            }
            // A queue without a bound refuses an item only because it is shut down.
            Err(PutFailure::ShutDown(job) | PutFailure::Full(job) | PutFailure::Forwarded(job)) => {
                let is_broken = self.is_broken.load(Ordering::Acquire);
                let why = if is_broken {
                    Refused::Broken
                } else {
                    Refused::ShutDown
                };
                Err((why, job))
            }
        }
    }

    /// Takes one free worker, and starts another if there was none.
    #[inline]
    fn take_free(&self) -> io::Result<()> {
        if self.is_full.load(Ordering::Relaxed) || self.free.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Ok(());
        }
        self.grow()
    }

    /// Starts another worker, if the pool may have more.
    fn grow(&self) -> io::Result<()> {
        let mut workers = self.workers.lock();
        // Other threads may have ended a task, or started a worker, since.
        if self.free.load(Ordering::Relaxed) >= 0 {
            return Ok(());
        }
        let count = workers.len();
        if count < self.max_workers {
            let pool = self.clone();
            // SAFETY: a coercion.
            let service = unsafe { self.0.clone().unsize::<dyn Service>(|pool| pool) };
            let started = workers
                .try_reserve(1)
                .map_err(|_| NoMemory)
                .and_then(|()| try_format(format_args!("{}_{count}", self.name_prefix)))
                .map_err(|NoMemory| io::ErrorKind::OutOfMemory.into())
                .and_then(|name| {
                    let builder = Builder::new().name(name).daemon(false).serves(service);
                    builder.spawn(move || {
                        pool.work();
                        thread::current().leave_service();
                    })
                });
            match started {
                Ok(handle) => workers.push(handle.thread().clone()),
                // The task waits for one of the workers that exist.
                Err(_) if count > 0 => return Ok(()),
                Err(error) => return Err(error),
            }
            self.free.fetch_add(1, Ordering::Relaxed);
            self.crew.started.fetch_add(1, Ordering::Relaxed);
        }
        if workers.len() >= self.max_workers {
            self.is_full.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The function of each thread of the pool.
    fn work(&self) {
        OF_POOL.set(Counted::as_ptr(&self.0));
        if let Some(initializer) = &self.initializer
            && let Err(panic) = thread::catch(initializer)
        {
            thread::report(&thread::current(), &panic);
            self.break_down();
            return;
        }
        // A task disposes of everything it leaves behind in its `run`, which contains panics. If a
        // panic escapes all the same, this keeps the worker. One `catch` around all tasks costs no
        // task anything.
        while let Err(panic) = thread::catch(|| self.run_tasks()) {
            thread::report(&thread::current(), &panic);
        }
    }

    /// Returns when no more tasks will come.
    fn run_tasks(&self) {
        let mut wait = Wait::of(&self.crew);
        loop {
            let job = self.tasks.get_with(&mut wait, Deadline::NEVER);
            wait.ended();
            match job {
                Ok(job) => job.run(self),
                Err(_) => return,
            }
        }
    }
}

impl Pool {
    #[inline]
    fn give_free(&self) {
        if !self.is_full.load(Ordering::Relaxed) {
            self.free.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes no more tasks.
    fn close(&self) {
        match self.tasks.shutdown_with(false, &mut Wait::default()) {
            Ok(none) => drop(none),
        }
    }

    /// Takes no more tasks, and fails those that have not begun.
    fn break_down(&self) {
        self.is_broken.store(true, Ordering::Release);
        self.empty().into_iter().for_each(|job| job.abort());
    }

    /// Takes no more tasks, and returns those that have not begun.
    fn empty(&self) -> Vec<Job> {
        match self.tasks.shutdown_with(true, &mut Wait::default()) {
            Ok(jobs) => jobs,
        }
    }
}

impl Availability for Shared {
    fn is_free(&self) {
        self.give_free();
    }

    fn is_busy(&self) {
        // If no thread can be started, tasks wait for the workers that exist.
        let _ = self.take_free();
    }
}

impl Service for Pool {
    fn finish(&self) {
        self.close();
    }
}

impl<F, T> Executor<F> for ThreadPoolExecutor
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    type Output = T;

    fn submit(&self, function: F) -> Result<Future<T>, SubmitError<F>> {
        let (task, refused) = match Counted::try_new(Task::new(function)) {
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
            let is_own_worker = OF_POOL.get() == Counted::as_ptr(&self.pool.0);
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

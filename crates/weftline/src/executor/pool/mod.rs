//! [`ThreadPoolExecutor`]: a pool of threads that is safe to block in.
//!
//! # Implementation
//!
//! One queue, whose tasks go straight to workers that wait. Workers never steal: one that waits
//! inside a task waits, and the others go on. What they take is in `job.rs`, how they wait in
//! `wait.rs`.
//!
//! `free` is the number of workers that are idle, or are just about to look for the next task, less
//! the number of tasks that are waiting for one. A submission takes one, a worker that ends a task
//! gives one (before others learn that it has ended), a new worker brings one; to take a task from
//! the queue changes nothing, for it makes both numbers smaller by one. So another worker is
//! started exactly when `free` is below zero and there may be more: idle workers are used before
//! new ones are started, and no task waits for a worker that is not there. Once there are as many
//! as there may be nobody asks, and it is not counted any more.

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
use crate::Lock;
use crate::NoMemory;
use crate::memory::{Counted, try_format};
use crate::park::{CachePadded, Deadline, panic_without_memory};
use crate::queue::raw::{Fifo, PutFailure, RawQueue};
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
    tasks: CachePadded<RawQueue<Job, Fifo<Job>, Wait>>,
    free: AtomicIsize,
    /// There are as many workers as there may be.
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
    /// The pool whose worker this thread is.
    static OF_POOL: Cell<*const Pool> = const { Cell::new(std::ptr::null()) };
}

/// A pool of threads for tasks that may block: Python's `concurrent.futures.ThreadPoolExecutor`.
///
/// Threads are started as they are needed, up to a number, and then stay; idle ones are used before
/// new ones are started. A task that panics fails its future and nothing else.
///
/// **Dropping the pool waits**: it shuts the pool down and returns when its tasks have ended, those
/// that nobody has begun with too, as `with` does in Python. Not so if it is dropped inside one of
/// them. To leave sooner, call [`shutdown_with`](Self::shutdown_with) first: with `wait(false)` the
/// tasks end by themselves, and with `cancel_futures(true)` those that wait do not run. A drop
/// after that does not wait.
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
    /// Its user has said how.
    is_shut_down: AtomicBool,
}

/// Why a pool took no task, which is gone.
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
    /// When it is zero: nothing would ever run.
    #[must_use]
    pub fn new(max_workers: usize) -> Self {
        Self::builder().max_workers(max_workers).build()
    }

    /// For everything else that can be chosen.
    pub fn builder() -> ThreadPoolBuilder {
        ThreadPoolBuilder::default()
    }

    /// How many threads there are at most.
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

    /// How many tasks no worker has begun with; out of date as soon as it is known.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.pool.tasks.len()
    }
}

impl Shared {
    /// Has `job` run by one of the workers, or gives it back.
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
            // Of a queue without a bound only because it is shut down.
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

    /// A free worker has something to do. Starts another if there was none.
    #[inline]
    fn take_free(&self) -> io::Result<()> {
        if self.is_full.load(Ordering::Relaxed) || self.free.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Ok(());
        }
        self.grow()
    }

    /// Starts another worker, if there may be more.
    fn grow(&self) -> io::Result<()> {
        let mut workers = self.workers.lock();
        // Others may have ended a task, or started a worker, since.
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
                // The task waits for one of those that are there.
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

    /// What each thread of the pool runs.
    fn work(&self) {
        OF_POOL.set(Counted::as_ptr(&self.0));
        if let Some(initializer) = &self.initializer
            && let Err(panic) = thread::catch(initializer)
        {
            thread::report(&thread::current(), &panic);
            self.break_down();
            return;
        }
        // What a task leaves behind is disposed of in its `run`, which contains panics. Should one
        // come through all the same, the worker is not lost, and one `catch` around all tasks costs
        // none of them anything.
        while let Err(panic) = thread::catch(|| self.run_tasks()) {
            thread::report(&thread::current(), &panic);
        }
    }

    /// Returns when there will be no more.
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

    /// Takes no more tasks, and gives back those that have not begun.
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
        // If no thread can be started, tasks wait for those that are there.
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
        Err(refused.with(function.expect("nobody else has seen the task")))
    }

    fn shutdown_with(&self, options: ShutdownOptions) {
        ThreadPoolExecutor::shutdown_with(self, options);
    }
}

impl ThreadPoolExecutor {
    /// Has `function` run as a task of whose end nobody is told: it has no future, which makes it
    /// cheaper than [`submit`](Executor::submit). If it panics, the except hook is told, as of a
    /// thread that nobody joins ([`set_except_hook`](crate::set_except_hook)), and the worker goes
    /// on. Where other tasks would be cancelled, it is dropped.
    ///
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

    /// Takes no more tasks, and returns when those that are there have ended. A call from one of
    /// the pool's own tasks does not wait for that one.
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
            // Not by a list of them, which would take memory.
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

//! The workers of a pool: its queue, its threads, and how many of them are free.
//!
//! # Implementation
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

use super::job::Job;
use super::wait::{Crew, Wait};
use crate::error::NoMemory;
use crate::executor::SubmitError;
use crate::executor::task::Availability;
use crate::memory::{Counted, try_format};
use crate::park::{CachePadded, Deadline};
use crate::queue::raw::{PutFailure, RawQueue, WorkerFifo};
use crate::sync::Lock;
use crate::thread::{self, Builder, Service, Thread};
use std::cell::Cell;
use std::io;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering};

pub(super) type Initializer = Box<dyn Fn() + Send + Sync>;

pub(super) struct Pool {
    /// For reports.
    pub(super) number: u32,
    pub(super) tasks: CachePadded<RawQueue<Job, WorkerFifo<Job>, Wait>>,
    pub(super) free: AtomicIsize,
    /// The pool has as many workers as it may have.
    pub(super) is_full: AtomicBool,
    pub(super) is_broken: AtomicBool,
    pub(super) crew: Counted<Crew>,
    pub(super) workers: Lock<Vec<Thread>>,
    pub(super) max_workers: usize,
    pub(super) name_prefix: String,
    pub(super) initializer: Option<Initializer>,
}

/// A pool, for its user and for its workers. Pool and thread refer to each other until the thread's
/// work is done.
#[derive(Clone)]
pub(super) struct Shared(pub(super) Counted<Pool>);

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

impl Shared {
    /// Has a worker run `job`, or returns the job.
    pub(super) fn submit(&self, job: Job) -> Result<(), (Refused, Job)> {
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
        self.tasks.shows_len_to_reports(self.number);
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
    /// Whether the calling thread is one of the workers.
    pub(super) fn is_own_worker(&self) -> bool {
        std::ptr::eq(OF_POOL.get(), self)
    }

    #[inline]
    fn give_free(&self) {
        if !self.is_full.load(Ordering::Relaxed) {
            self.free.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes no more tasks.
    pub(super) fn close(&self) {
        match self.tasks.shutdown_with(false, &mut Wait::default()) {
            Ok(none) => drop(none),
        }
    }

    /// Takes no more tasks, and fails those that have not begun.
    pub(super) fn break_down(&self) {
        self.is_broken.store(true, Ordering::Release);
        self.empty().into_iter().for_each(|job| job.abort());
    }

    /// Takes no more tasks, and returns those that have not begun.
    pub(super) fn empty(&self) -> Vec<Job> {
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

//! [`RemoteTask`]: a call of a registered function, from the side of the pool and the future.
//!
//! # Implementation
//!
//! Only the thread that has won the future's phase accesses the request, as with the function of a
//! task of threads. `on` is the process that runs the task. It is changed under its lock, so that a
//! canceller of a running task kills a process that is at this task and no other:
//!
//! | thread | under the lock of `on` |
//! |---|---|
//! | the pool's thread, before it sends the task | checks that the future is still running, and stores the process |
//! | the canceller, after the future is given up | takes the process, and kills it |
//! | the pool's thread, with the answer | takes the process; if it is gone, a canceller is killing it, and it is replaced |

use super::super::join;
use super::plan::Plan;
use super::request::Request;
use super::worker::{Reply, Worker};
use crate::executor::TaskError;
use crate::executor::raw::{Phase, RawFuture};
use crate::executor::{Availability, Outcome, Promise, Run, dispose, end, give_up, pending};
use crate::memory::Counted;
use crate::process::ChildProcess;
use crate::sync::Lock;
use crate::thread;
use serde::de::DeserializeOwned;
use std::cell::{RefCell, UnsafeCell};
use std::sync::Arc;

/// How often a task goes to another worker because the one before died before it began.
const TRIES: usize = 3;

thread_local! {
    /// The worker process of this thread of a pool.
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

pub(super) struct RemoteTask<T> {
    raw: RawFuture<Outcome<T>>,
    request: UnsafeCell<Option<Request>>,
    on: Lock<Option<ChildProcess>>,
    plan: Arc<Plan>,
}

// SAFETY: the request and the value move between threads, which `Send` allows. The future's phase
// decides which thread accesses the request. References to the value come only from the future, of
// which there is one.
unsafe impl<T: Send> Sync for RemoteTask<T> {}

/// The result of an attempt to run a task on a worker.
enum Handed<T> {
    Ended(Result<T, TaskError>),
    /// A canceller has given up the future.
    GivenUp,
    /// The worker died before it began.
    NotBegun(TaskError),
}

impl<T: DeserializeOwned> RemoteTask<T> {
    pub(super) fn new(request: Request, plan: Arc<Plan>) -> Self {
        Self {
            raw: pending(0),
            request: UnsafeCell::new(Some(request)),
            on: Lock::new(None),
            plan,
        }
    }

    /// # Safety
    /// The caller has moved the future from pending to running or cancelled.
    unsafe fn take_request(&self) -> Option<Request> {
        // SAFETY: the caller is the only thread that accesses it, ever.
        unsafe { (*self.request.get()).take() }
    }

    /// The worker of this thread, or a new one if that is not alive.
    fn worker(&self, worker: Option<Worker>) -> Result<Worker, TaskError> {
        match worker {
            Some(worker) if worker.is_alive() => Ok(worker),
            _ => Worker::start(&self.plan).map_err(TaskError::Elsewhere),
        }
    }

    fn give_up(&self, even_running: bool) -> bool {
        give_up(&self.raw, even_running, |was| {
            if was == Phase::Pending {
                // SAFETY: this thread has just cancelled it.
                drop(unsafe { self.take_request() });
            } else if let Some(process) = self.on.lock().take() {
                // Refused for a process that has become another user's. It goes on then, and its
                // result is dropped.
                let _ = process.kill();
            }
        })
    }

    /// Stores the process as the one that runs the task, if the task is still wanted; returns
    /// whether it is.
    fn begin_on(&self, process: &ChildProcess) -> bool {
        let mut on = self.on.lock();
        let is_wanted = self.raw.phase() == Phase::Running;
        *on = is_wanted.then(|| process.clone());
        is_wanted
    }

    fn run_on(&self, slot: &mut Option<Worker>, request: &Request) -> Handed<T> {
        let mut worker = match self.worker(slot.take()) {
            Ok(worker) => worker,
            Err(why) => return Handed::Ended(Err(why)),
        };
        if !self.begin_on(worker.process()) {
            *slot = Some(worker);
            return Handed::GivenUp;
        }
        let (is_ready, reply) = match worker.initialise(&self.plan) {
            Ok(()) => (true, worker.exchange(request)),
            Err(reply) => (false, reply),
        };
        if self.on.lock().take().is_none() {
            worker.kill();
            return Handed::GivenUp;
        }
        let process = worker.process().identity();
        match reply {
            Ok(Reply::Answer(answer, body)) => {
                if is_ready {
                    *slot = Some(worker);
                } else {
                    self.plan.breaker.break_down();
                }
                // The user's code reads it.
                let value = thread::catch(|| join::read(answer, body, process));
                Handed::Ended(match value {
                    Ok(value) => value.map_err(|why| TaskError::Elsewhere(why.into())),
                    Err(panicked) => Err(TaskError::Panicked(panicked)),
                })
            }
            Ok(Reply::Died { has_begun }) => {
                let how = TaskError::Elsewhere(worker.how_it_ended().into());
                if !has_begun {
                    return Handed::NotBegun(how);
                }
                if !is_ready {
                    self.plan.breaker.break_down();
                }
                Handed::Ended(Err(how))
            }
            // The worker must not go on with half of a message.
            Err(why) => {
                worker.kill();
                Handed::Ended(Err(TaskError::Elsewhere(why)))
            }
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Run for Counted<RemoteTask<T>> {
    fn run(self, worker: &dyn Availability) {
        if self.raw.start(|_| true) != Ok(true) {
            return worker.is_free();
        }
        // SAFETY: this thread has just started it.
        let request = unsafe { self.take_request() }.expect("taken once");
        let mut slot = WORKER.take();
        let mut tries = 0;
        let outcome = loop {
            tries += 1;
            match self.run_on(&mut slot, &request) {
                Handed::NotBegun(_) if tries < TRIES => {}
                Handed::Ended(outcome) => break outcome,
                Handed::NotBegun(why) => break Err(why),
                Handed::GivenUp => break Err(TaskError::Cancelled),
            }
        };
        let used_up = slot.take_if(|worker| worker.is_used_up(&self.plan));
        WORKER.set(slot);
        if used_up.is_none() {
            end(&self.raw, outcome, &|| worker.is_free());
        } else {
            // No caller waits for a result until its process has ended, but this thread is free
            // only then.
            end(&self.raw, outcome, &|| ());
            drop(used_up);
            worker.is_free();
        }
        if let Some(task) = self.into_inner() {
            dispose(task.raw, worker);
        }
    }

    fn cancel(self) {
        Promise::cancel(&*self);
    }

    fn abort(self) {
        if self.raw.start(|_| true) == Ok(true) {
            // SAFETY: this thread has just started it.
            drop(unsafe { self.take_request() });
            end(&self.raw, Err(TaskError::Broken), &|| ());
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Promise<T> for RemoteTask<T> {
    fn raw(&self) -> &RawFuture<Outcome<T>> {
        &self.raw
    }

    /// Cancels even a running task: then its process is killed.
    fn cancel(&self) -> bool {
        self.give_up(true)
    }

    fn cancel_unless_running(&self) -> bool {
        self.give_up(false)
    }
}

//! The threads on which timers' functions run, so that a slow function delays no other.
//!
//! # Implementation
//!
//! An idle worker waits in a list for a second, and then ends. A job goes straight to the worker
//! that has waited longest, or to a new thread if no worker waits. So there are as many workers as
//! functions run at once, and a while after the last function there is none.

use super::delayed_state::Call;
use crate::memory::Counted;
use crate::park::{Deadline, Ended, Kind, List, ListLock, ThreadBlocker, Waiter};
use crate::thread::spawn::spawn_servant;
use std::io;
use std::time::Duration;

const IDLE: Duration = Duration::from_secs(1);

/// The workers that wait; each is granted a job.
static IDLE_WORKERS: ListLock<List<Option<Call>>> = ListLock::new(List::new());

/// Has `job` run on a worker. It must not panic.
///
/// If the operating system has no thread for a worker, or there is no memory, this call runs the
/// job.
pub(super) fn submit(job: Call) {
    let mut job = Some(job);
    let worker = {
        let mut idle = IDLE_WORKERS.lock();
        idle.claim_front().map(|mut worker| {
            worker.payload(|slot| *slot = job.take());
            worker.grant()
        })
    };
    match worker {
        Some(worker) => worker.call(),
        None => job.into_iter().for_each(run_on_new_worker),
    }
}

fn run_on_new_worker(job: Call) {
    // Lent to the thread, not moved into it, because `spawn_servant` drops a closure that it cannot
    // start.
    let lent = match Counted::try_new(Lent(ListLock::new(Slot(Some(job))))) {
        Ok(lent) => lent,
        Err(lent) => return lent.take().into_iter().for_each(Call::run),
    };
    let theirs = lent.clone();
    let started: io::Result<()> = spawn_servant("weftline timer", move || {
        if let Some(job) = theirs.take() {
            serve(job);
        }
    });
    if started.is_err()
        && let Some(job) = lent.take()
    {
        job.run();
    }
}

/// A job on its way to a thread that may fail to start.
struct Lent(ListLock<Slot>);

struct Slot(Option<Call>);

impl crate::park::ForgetWaiters for Slot {
    fn forget_waiters(&mut self, _torn: bool) {
        std::mem::forget(self.0.take());
    }
}

impl Lent {
    fn take(&self) -> Option<Call> {
        self.0.lock().0.take()
    }
}

/// The body of a worker.
fn serve(first: Call) {
    let mut job = Some(first);
    while let Some(next) = job {
        next.run();
        job = wait_for_job();
    }
}

/// `None` when no job came for a while.
fn wait_for_job() -> Option<Call> {
    let deadline = Deadline::after(IDLE);
    let waiter = Waiter::new::<ThreadBlocker>(None);
    // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
    unsafe { IDLE_WORKERS.lock().push_back(&waiter) };
    match waiter.wait(Kind::Work.of(&IDLE_WORKERS), &mut ThreadBlocker, deadline) {
        Ended::Granted => waiter.into_payload(),
        // No interrupt reaches a thread of the library.
        Ended::Forked | Ended::Abandoned(_) | Ended::InterruptedAfterGrant(_) => {
            IDLE_WORKERS.lock().remove(&waiter);
            None
        }
    }
}

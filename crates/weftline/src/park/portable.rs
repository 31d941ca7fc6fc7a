//! The portable [`Parker`], on `std`'s mutex and condition variable. It cannot see signals: a face
//! that must answer them parks in slices.
//!
//! # Implementation
//!
//! The token is a flag beside the *bed*, a mutex and a condition variable. They keep a token from
//! coming between the sleeper's check and its sleep.
//!
//! **Forks.** A thread may be inside `unpark`, with the mutex held, when another thread forks. That
//! other thread may be the one to be woken: its wait timed out, and it goes on without a sleep. Its
//! child would wait for the mutex for ever. So a bed belongs to one process: it carries the fork
//! generation, and a thread that finds a bed of an older process makes another. The old bed is
//! never touched and never freed. (The fork handler is installed before there is a record, so
//! before there is a parker: the generation changes by forks alone.)
//!
//! **Memory.** The first park or unpark makes the bed. A sleeper without memory for it naps, and
//! checks for the token and for memory after each nap. A waker without memory leaves the token, and
//! checks whether a bed was made meanwhile. Making a bed and leaving a token are sequentially
//! consistent, so the sleeper sees the token or the waker sees the bed.

use super::blocked::{Blocked, Shown};
use super::relay_place::Place;
use super::stir::{lasts, next_look};
use super::wake::Wake;
use super::{Deadline, fork};
use crate::memory::try_box;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Sleeps and wakes one thread.
#[derive(Debug)]
pub struct Parker {
    token: AtomicBool,
    /// Whether the thread sleeps. Changed under the bed's lock.
    is_parked: AtomicBool,
    pub(super) place: Place<Parker>,
    pub(super) blocked: Blocked,
    /// Null, or made by [`Parker::bed`].
    bed: AtomicPtr<Bed>,
}

#[derive(Debug)]
struct Bed {
    generation: u32,
    lock: Mutex<()>,
    arrived: Condvar,
}

/// The length of a sleep that only the clock ends.
const NAP: Duration = Duration::from_millis(1);

/// The bed, if there is one and it is of this process.
fn of_this_process(bed: *mut Bed) -> Option<&'static Bed> {
    // SAFETY: null, or published whole, and never freed after that.
    let bed = unsafe { bed.as_ref() };
    bed.filter(|bed| bed.generation == fork::generation())
}

impl Parker {
    pub(crate) const fn new() -> Self {
        Self {
            token: AtomicBool::new(false),
            is_parked: AtomicBool::new(false),
            place: Place::new(),
            blocked: Blocked::new(),
            bed: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// This process's. `None` when there is no memory for one.
    fn bed(&self) -> Option<&'static Bed> {
        let mut found = self.bed.load(Ordering::SeqCst);
        loop {
            let bed = of_this_process(found);
            if bed.is_some() {
                return bed;
            }
            let bed = Bed {
                generation: fork::generation(),
                lock: Mutex::new(()),
                arrived: Condvar::new(),
            };
            let made = Box::into_raw(try_box(bed).ok()?);
            match self
                .bed
                .compare_exchange(found, made, Ordering::SeqCst, Ordering::SeqCst)
            {
                // SAFETY: from here on it is shared, and never freed.
                Ok(_) => return Some(unsafe { &*made }),
                Err(now) => {
                    // SAFETY: no other thread has seen it.
                    drop(unsafe { Box::from_raw(made) });
                    found = now;
                }
            }
        }
    }

    /// Does not spin: the cost of a sleep is unknown here.
    pub fn spin(&'static self, _and: impl Fn() -> bool) -> bool {
        false
    }

    /// As [`Self::spin`].
    pub(crate) fn should_spin(&'static self) -> bool {
        false
    }

    /// As [`Self::spin`].
    pub(crate) fn spin_until(&'static self, _is_done: impl Fn() -> bool) -> bool {
        false
    }

    /// As [`Self::spin`].
    pub(crate) fn spin_for_lock(&'static self) {}

    /// As [`park`](Self::park): there is no spin whose length depends on it.
    pub(crate) fn park_adaptively(&'static self, deadline: Deadline) -> Wake {
        self.park(deadline)
    }

    /// Sleeps until there is a token, and takes it. Only the thread that the parker belongs to may
    /// call this.
    pub fn park(&'static self, deadline: Deadline) -> Wake {
        let Some(bed) = self.bed() else {
            return self.nap(deadline);
        };
        let mut held = bed.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shown = None;
        let mut look = Deadline::NEVER;
        loop {
            self.is_parked.store(false, Ordering::Relaxed);
            // Pairs with the store in `unpark`: what the waker wrote before is seen.
            if self.token.swap(false, Ordering::SeqCst) {
                return Wake::Woken;
            }
            let remaining = deadline.min(look).remaining();
            if remaining.is_some_and(|left| left.is_zero()) {
                if deadline <= look {
                    return Wake::TimedOut;
                }
                drop(held);
                lasts();
                return Wake::Interrupted;
            }
            if shown.is_none() {
                shown = Some(self.blocked.show());
                look = next_look(self.blocked.since());
                continue;
            }
            self.is_parked.store(true, Ordering::Relaxed);
            held = match remaining {
                None => bed
                    .arrived
                    .wait(held)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    bed.arrived
                        .wait_timeout(held, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }

    /// As [`Self::park`], without memory for a bed.
    #[cold]
    fn nap(&'static self, deadline: Deadline) -> Wake {
        loop {
            if self.token.swap(false, Ordering::SeqCst) {
                return Wake::Woken;
            }
            let remaining = deadline.remaining().unwrap_or(NAP);
            if remaining.is_zero() {
                return Wake::TimedOut;
            }
            std::thread::sleep(remaining.min(NAP));
            if self.bed().is_some() {
                return self.park(deadline);
            }
        }
    }

    /// As the futex parker's.
    pub(super) fn has_token(&self) -> bool {
        self.token.load(Ordering::Relaxed)
    }

    /// As the futex parker's.
    pub fn show(&'static self) -> Option<Shown<'static>> {
        self.blocked.show()
    }

    /// A signal handler may not use a mutex: no thread is stirred.
    pub(super) fn stir(&self) -> bool {
        false
    }

    /// Leaves a token and wakes the thread if it sleeps; returns whether it did. Any thread may
    /// call this, at any time.
    pub fn unpark(&self) -> bool {
        let bed = self.bed().or_else(|| {
            self.token.store(true, Ordering::SeqCst);
            // Made meanwhile, by a sleeper that may not have seen the token; others nap.
            of_this_process(self.bed.load(Ordering::SeqCst))
        });
        let Some(bed) = bed else {
            return true;
        };
        let held = bed.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.token.store(true, Ordering::SeqCst);
        let was_parked = self.is_parked.load(Ordering::Relaxed);
        // Under the lock: a parker lives for ever, so this costs one more pass through it.
        bed.arrived.notify_one();
        drop(held);
        was_parked
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::Parker;
    use crate::park::{Deadline, Wake, current_record};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    /// Whether `check` holds in the child of a fork. One that hangs is ended by its alarm.
    fn holds_in_child(check: impl FnOnce() -> bool) -> bool {
        // SAFETY: the child looks at parkers, and leaves at once, past what belongs to the parent.
        match unsafe { libc::fork() } {
            0 => {
                // SAFETY: as above.
                unsafe {
                    libc::alarm(10);
                    libc::_exit(i32::from(!check()))
                }
            }
            child => {
                let mut status = 0;
                // SAFETY: the status is a valid place.
                let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
                waited == child && status == 0
            }
        }
    }

    #[test]
    fn a_thread_sleeps_in_the_child_although_another_was_waking_it_when_it_forked() {
        let parker: &'static Parker = &current_record().parker;
        let (inside, is_inside) = channel();
        let (leave, leaves) = channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // As in the middle of `unpark`.
                let held = parker.bed().unwrap().lock.lock().unwrap();
                inside.send(()).unwrap();
                let _ = leaves.recv();
                drop(held);
            });
            is_inside.recv().unwrap();
            assert!(holds_in_child(|| {
                let timed_out = parker.park(Deadline::after(Duration::from_millis(1)));
                parker.unpark();
                timed_out == Wake::TimedOut && parker.park(Deadline::NEVER) == Wake::Woken
            }));
            drop(leave);
        });
    }

    #[test]
    fn a_token_outlives_a_fork() {
        let parker: &'static Parker = &current_record().parker;
        parker.unpark();
        assert!(holds_in_child(
            || parker.park(Deadline::NEVER) == Wake::Woken
        ));
        assert_eq!(parker.park(Deadline::NEVER), Wake::Woken);
    }
}

//! The state that a [`Timer`](super::Timer) shares with the calls of its function.
//!
//! # Implementation
//!
//! | state | meaning | leaves by |
//! |---|---|---|
//! | `New` | not started | `start` → `Pending`; `cancel` → `Cancelled` |
//! | `Pending` | scheduled, or submitted to a worker that has not begun | the worker → `Running`; `cancel` → `Cancelled`; `restart` → `Pending` |
//! | `Running` | the function runs on the thread of that number | the worker → `Ended` |
//! | `Ended` | the function has returned or panicked | (end) |
//! | `Cancelled` | the function was not called and never will be | (end) |
//!
//! Invariant: *the thread that takes a timer out of `Pending` owns the function*, and calls or
//! drops it without the lock.
//!
//! Linearisation point of each operation: its change of the state under the timer's lock. The event
//! `over` is set after the change to an end state, and its release publishes `panic` to the joins.
//!
//! A restart schedules another entry, of the next *round*, and takes back the entry of the previous
//! round. A worker obeys only the entry of the latest round. So an entry of an older round that
//! comes due at that moment does not count. An entry that is due at once may run before its restart
//! has recorded it.
//!
//! In the child of a fork the parent's pending timers are lost with the threads that would have
//! served them. They count as ended there.

use super::heap::Entry;
use super::{pending_count, timer_thread};
use crate::memory::{Counted, try_string};
use crate::park::{ForgetWaiters, ListLock, fork, number};
use crate::sync::raw::RawEvent;
use crate::thread::panic::{Message, discard, message_of};
use crate::thread::{Thread, current, default_name};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

pub(super) type Function = Box<dyn FnOnce() + Send>;

/// What a timer shares with its calls.
pub(super) struct Shared {
    inner: ListLock<Inner>,
    /// Written before `over` is set.
    panic: OnceLock<Message>,
    pub(super) over: RawEvent,
}

struct Inner {
    state: State,
    /// The number of restarts, the latest recorded restart, and its entry.
    rounds: u64,
    round: u64,
    /// The fork generation in which it was started.
    generation: u32,
    is_daemon: bool,
    entry: Option<Entry>,
    function: Option<Function>,
}

impl ForgetWaiters for Inner {
    /// No thread waits for the state itself. [`Inner::is_lost`] judges the parent's timers.
    fn forget_waiters(&mut self, _torn: bool) {}
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    New,
    Pending,
    Running(u64),
    Ended,
    Cancelled,
}

impl Inner {
    /// Whether it was served by threads that do not exist in this process.
    fn is_lost(&self) -> bool {
        match self.state {
            State::Pending => self.generation != fork::generation(),
            State::Running(thread) => !fork::is_alive(thread),
            State::New | State::Ended | State::Cancelled => false,
        }
    }
}

/// What a cancelled timer leaves: the entry to take back, the function to drop, and whether the end
/// of the program counts the timer as pending.
pub(super) struct Cancelled {
    pub(super) entry: Option<Entry>,
    pub(super) function: Option<Function>,
    pub(super) is_counted: bool,
}

impl Shared {
    pub(super) fn new(function: Function) -> Self {
        let inner = Inner {
            state: State::New,
            rounds: 0,
            round: 0,
            generation: 0,
            is_daemon: false,
            entry: None,
            function: Some(function),
        };
        Self {
            inner: ListLock::new(inner),
            panic: OnceLock::new(),
            over: RawEvent::new(),
        }
    }

    /// The state, and whether the threads that served the timer do not exist in this process.
    pub(super) fn state(&self) -> (State, bool) {
        let inner = self.inner.lock();
        (inner.state, inner.is_lost())
    }

    /// The message of the function's panic, once `over` is set.
    pub(super) fn message(&self) -> Option<&Message> {
        self.panic.get()
    }

    /// New → Pending: `true`. A timer that was cancelled before ends in its start: `false`. An
    /// error if it was started before.
    pub(super) fn begin(&self, is_daemon: bool) -> Result<bool, ()> {
        let mut inner = self.inner.lock();
        match inner.state {
            State::New => {
                inner.state = State::Pending;
                inner.generation = fork::generation();
                inner.is_daemon = is_daemon;
                Ok(true)
            }
            // The generation tells whether it was cancelled before it was started.
            State::Cancelled if inner.generation == 0 => {
                inner.generation = fork::generation();
                Ok(false)
            }
            _ => Err(()),
        }
    }

    /// Records the entry of a start. `false` if the timer has been cancelled meanwhile, or runs.
    pub(super) fn was_scheduled(&self, entry: Entry) -> bool {
        let mut inner = self.inner.lock();
        inner.entry = Some(entry);
        inner.state == State::Pending
    }

    /// Pending → New, after a start that was not scheduled. `false` if the timer has been cancelled
    /// meanwhile.
    pub(super) fn was_refused(&self) -> bool {
        let mut inner = self.inner.lock();
        let was_pending = inner.state == State::Pending;
        if was_pending {
            inner.state = State::New;
            inner.generation = 0;
        }
        was_pending
    }

    /// Whether a start has not recorded its entry yet.
    pub(super) fn is_being_scheduled(&self) -> bool {
        let inner = self.inner.lock();
        inner.entry.is_none() && inner.state == State::Pending && !inner.is_lost()
    }

    /// The number of another restart, if the timer is pending.
    pub(super) fn next_round(&self) -> Option<u64> {
        let mut inner = self.inner.lock();
        if inner.state != State::Pending || inner.is_lost() {
            return None;
        }
        inner.rounds += 1;
        Some(inner.rounds)
    }

    /// Records the entry of a restart. Returns the entry to take back, and whether the restart was
    /// in time.
    pub(super) fn was_rescheduled(&self, round: u64, entry: Entry) -> (Option<Entry>, bool) {
        let mut inner = self.inner.lock();
        if inner.state != State::Pending {
            // The new entry may have caused this, if it was due at once.
            (Some(entry), inner.round == round)
        } else if inner.round > round {
            // A later restart was faster.
            (Some(entry), true)
        } else {
            inner.round = round;
            (inner.entry.replace(entry), true)
        }
    }

    /// New or Pending → Cancelled, in time.
    pub(super) fn cancel(&self) -> Option<Cancelled> {
        let cancelled = {
            let mut inner = self.inner.lock();
            if !matches!(inner.state, State::New | State::Pending) || inner.is_lost() {
                return None;
            }
            let is_counted = inner.state == State::Pending && !inner.is_daemon;
            inner.state = State::Cancelled;
            Cancelled {
                entry: inner.entry.take(),
                function: inner.function.take(),
                is_counted,
            }
        };
        self.over.set();
        Some(cancelled)
    }

    /// Called on a worker: Pending → Running → Ended.
    fn run(&self, name: Option<&str>, is_daemon: bool, round: u64) {
        let name = name.map_or_else(|| default_name::next("Timer"), try_string);
        // Without memory for it, the function is called on a thread that is not registered.
        let thread = name
            .and_then(|name| Thread::new(name, is_daemon, None))
            .ok();
        let number = thread.as_ref().map_or_else(number, Thread::reserved_number);
        let (function, obsolete) = {
            let mut inner = self.inner.lock();
            if inner.state != State::Pending || round < inner.round {
                return;
            }
            // The entry of an older round, if this one is due before its restart has recorded it.
            let obsolete = inner.entry.take().filter(|_| inner.round != round);
            inner.round = round;
            inner.state = State::Running(number);
            (inner.function.take(), obsolete)
        };
        obsolete.map(timer_thread::cancel);
        let call = || catch_unwind(AssertUnwindSafe(|| function.into_iter().for_each(|f| f())));
        let ended = match thread {
            Some(thread) => current::as_thread(thread, call),
            None => call(),
        };
        let message = ended.as_ref().err().map(|payload| message_of(&**payload));
        if let Some(message) = message {
            let _ = self.panic.set(message);
        }
        self.inner.lock().state = State::Ended;
        self.over.set();
        if !is_daemon {
            pending_count::remove();
        }
        if let Err(payload) = ended {
            discard(payload);
        }
    }
}

/// One call of a timer's function, on its way to a worker.
pub(super) struct Call {
    shared: Counted<Shared>,
    name: Option<Arc<str>>,
    is_daemon: bool,
    round: u64,
}

impl Call {
    pub(super) fn new(
        shared: Counted<Shared>,
        name: Option<Arc<str>>,
        is_daemon: bool,
        round: u64,
    ) -> Self {
        Self {
            shared,
            name,
            is_daemon,
            round,
        }
    }

    pub(super) fn run(self) {
        self.shared
            .run(self.name.as_deref(), self.is_daemon, self.round);
    }
}

//! [`Timer`]: a function that is called later, unless it is cancelled.
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

use super::error::{JoinError, StartError};
use super::heap::Entry;
use super::{pending_count, timer_thread, timer_workers};
use crate::memory::{Counted, try_box, try_string};
use crate::park::{
    Deadline, ForgetWaiters, ListLock, ThreadBlocker, fork, number, panic_without_memory,
    spin_until,
};
use crate::sync::raw::RawEvent;
use crate::thread::panic::{Message, copied, discard, message_of};
use crate::thread::{Thread, current, default_name};
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

type Function = Box<dyn FnOnce() + Send>;

/// Calls a function after an interval, on a thread of the library's: Python's `threading.Timer`.
///
/// All timers of a process share one thread that waits for their times. A pending timer costs some
/// hundred bytes. The functions run on other threads, as many as functions run at once, which stay
/// for about a second for the next. So a slow function delays no other timer. (When the operating
/// system refuses a thread, the function runs on the timers' own, and does delay them.)
///
/// While the function runs, its thread has the timer's name ([`current`](crate::current)), is a
/// daemon if the timer is one, and has [`Local`](crate::Local) values of its own. Without memory
/// for that, it is a `Dummy-N`.
///
/// The panic hook reports a panic in the function (on a thread named `weftline timer`), and
/// [`join`](Self::join) returns it. Dropping a timer that was started leaves it running.
///
/// After `fork` the parent's timers are not served in the child. Those that were pending count as
/// ended there. The child can start others.
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
/// use weftline::{Event, Timer};
///
/// let done = Arc::new(Event::new());
/// let same = Arc::clone(&done);
/// let timer = Timer::new(Duration::from_millis(5), move || same.set());
/// timer.start().unwrap();
/// timer.join().unwrap();
/// assert!(done.is_set() && timer.has_fired());
///
/// let late = Timer::new(Duration::from_secs(3600), || unreachable!());
/// late.start().unwrap();
/// assert!(late.cancel());
/// assert!(!late.is_alive());
/// ```
#[doc(alias = "threading.Timer")]
#[derive(Clone)]
pub struct Timer {
    interval: Duration,
    name: Option<Arc<str>>,
    is_daemon: bool,
    shared: Counted<Shared>,
}

struct Shared {
    inner: ListLock<Inner>,
    /// Written before `over` is set.
    panic: OnceLock<Message>,
    over: RawEvent,
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
enum State {
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

impl Timer {
    /// A timer that will call `function` once, when `interval` has passed since its
    /// [`start`](Self::start).
    ///
    /// # Panics
    /// When there is no memory for the timer. The function is dropped then.
    #[must_use = "a timer does nothing until it is started"]
    pub fn new(interval: Duration, function: impl FnOnce() + Send + 'static) -> Self {
        let Ok(function) = try_box(function) else {
            panic_without_memory();
        };
        let inner = Inner {
            state: State::New,
            rounds: 0,
            round: 0,
            generation: 0,
            is_daemon: false,
            entry: None,
            function: Some(function),
        };
        let shared = Shared {
            inner: ListLock::new(inner),
            panic: OnceLock::new(),
            over: RawEvent::new(),
        };
        let Ok(shared) = Counted::try_new(shared) else {
            panic_without_memory();
        };
        Self {
            interval,
            name: None,
            is_daemon: false,
            shared,
        }
    }

    /// Whether the end of the program does not wait for this timer. The default is that it waits.
    /// To be called before the start.
    #[must_use = "returns the timer"]
    pub fn daemon(mut self, is_daemon: bool) -> Self {
        self.is_daemon = is_daemon;
        self
    }

    /// Sets the name of the thread while the function runs on it; it also appears in
    /// representations. The default is `Timer-N`.
    #[must_use = "returns the timer"]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Starts the interval. A timer that was cancelled before ends at once, without calling its
    /// function.
    ///
    /// # Errors
    /// [`StartError::StartedBefore`]; [`StartError::NoThread`] if the operating system has no
    /// thread for the timers, or if there is no memory
    /// ([`io::ErrorKind::OutOfMemory`](std::io::ErrorKind::OutOfMemory)).
    pub fn start(&self) -> Result<(), StartError> {
        // Counted first, because a pending timer may be cancelled, which removes it from the count.
        if !self.is_daemon {
            pending_count::add();
        }
        let begun = self.shared.begin(self.is_daemon);
        if begun != Ok(true) {
            if !self.is_daemon {
                pending_count::remove();
            }
            return begun.map(drop).map_err(|()| StartError::StartedBefore);
        }
        match self.schedule(self.interval, 0) {
            Ok(entry) => {
                let is_pending = {
                    let mut inner = self.shared.inner.lock();
                    inner.entry = Some(entry);
                    inner.state == State::Pending
                };
                if !is_pending {
                    // Cancelled between the two, so the entry has not been taken back yet.
                    timer_thread::cancel(entry);
                }
                Ok(())
            }
            Err(refused) => {
                let was_pending = {
                    let mut inner = self.shared.inner.lock();
                    let was_pending = inner.state == State::Pending;
                    if was_pending {
                        inner.state = State::New;
                        inner.generation = 0;
                    }
                    was_pending
                };
                if was_pending && !self.is_daemon {
                    pending_count::remove();
                }
                Err(StartError::NoThread(refused))
            }
        }
    }

    fn schedule(&self, interval: Duration, round: u64) -> io::Result<Entry> {
        let call = Call {
            shared: self.shared.clone(),
            name: self.name.clone(),
            is_daemon: self.is_daemon,
            round,
        };
        timer_thread::schedule(Deadline::after(interval), move || {
            timer_workers::submit(call)
        })
    }

    /// Restarts the interval, if the function has not been called: it will be called when
    /// `interval` has passed from now. `true` if that was in time. `false` if the timer was not
    /// started, the call has begun, or it was cancelled.
    /// ```
    /// use std::time::Duration;
    /// use weftline::Timer;
    ///
    /// // A watchdog: it panics when it is not restarted for a second.
    /// let watchdog = Timer::new(Duration::from_secs(1), || panic!("the program hangs"));
    /// watchdog.start().unwrap();
    /// for _ in 0..3 {
    ///     assert!(watchdog.restart(Duration::from_secs(1)).unwrap());
    /// }
    /// assert!(watchdog.cancel());
    /// ```
    ///
    /// # Errors
    /// [`StartError::NoThread`] as of [`start`](Self::start). Then the time goes on as before.
    pub fn restart(&self, interval: Duration) -> Result<bool, StartError> {
        // A start that is still scheduling ends first.
        spin_until(|| {
            let inner = self.shared.inner.lock();
            inner.entry.is_some() || inner.state != State::Pending || inner.is_lost()
        });
        let round = {
            let mut inner = self.shared.inner.lock();
            if inner.state != State::Pending || inner.is_lost() {
                return Ok(false);
            }
            inner.rounds += 1;
            inner.rounds
        };
        let entry = self.schedule(interval, round);
        let entry = entry.map_err(StartError::NoThread)?;
        let (obsolete, was_in_time) = {
            let mut inner = self.shared.inner.lock();
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
        };
        if let Some(entry) = obsolete {
            timer_thread::cancel(entry);
        }
        Ok(was_in_time)
    }

    /// Prevents the call, if it has not begun, and drops the function. `true` if that was in time;
    /// `false` if the call has begun or was cancelled before.
    pub fn cancel(&self) -> bool {
        let (entry, function, is_counted) = {
            let mut inner = self.shared.inner.lock();
            if !matches!(inner.state, State::New | State::Pending) || inner.is_lost() {
                return false;
            }
            let is_counted = inner.state == State::Pending && !inner.is_daemon;
            inner.state = State::Cancelled;
            (inner.entry.take(), inner.function.take(), is_counted)
        };
        self.shared.over.set();
        if is_counted {
            pending_count::remove();
        }
        if let Some(entry) = entry {
            timer_thread::cancel(entry);
        }
        drop(function);
        true
    }

    /// Waits until the function has returned, or the timer was cancelled.
    ///
    /// # Errors
    /// [`JoinError::NotStarted`] and [`JoinError::FromItsFunction`], because these waits would not
    /// end, and [`JoinError::Panicked`].
    pub fn join(&self) -> Result<(), JoinError> {
        self.join_by(Deadline::NEVER)
    }

    /// As [`Self::join`], without waiting.
    ///
    /// # Errors
    /// Those of [`Self::join`], and [`JoinError::TimedOut`] when the timer has not ended yet.
    pub fn try_join(&self) -> Result<(), JoinError> {
        self.join_by(Deadline::PASSED)
    }

    /// As [`Self::join`], for at most `timeout`. A timeout beyond the clock's range never ends.
    ///
    /// # Errors
    /// Those of [`Self::join`], and [`JoinError::TimedOut`].
    pub fn try_join_for(&self, timeout: Duration) -> Result<(), JoinError> {
        self.join_by(Deadline::after(timeout))
    }

    /// As [`Self::join`], until `deadline` at the latest.
    ///
    /// # Errors
    /// Those of [`Self::join`], and [`JoinError::TimedOut`].
    pub fn try_join_until(&self, deadline: Instant) -> Result<(), JoinError> {
        self.join_by(Deadline::at(deadline))
    }

    fn join_by(&self, deadline: Deadline) -> Result<(), JoinError> {
        {
            let inner = self.shared.inner.lock();
            match inner.state {
                State::New => return Err(JoinError::NotStarted),
                State::Running(thread) if thread == number() => {
                    return Err(JoinError::FromItsFunction);
                }
                _ if inner.is_lost() => return Ok(()),
                _ => {}
            }
        }
        if self
            .shared
            .over
            .wait_with(&mut ThreadBlocker, deadline)
            .is_err()
        {
            return Err(JoinError::TimedOut);
        }
        match self.shared.panic.get() {
            Some(Cow::Borrowed(text)) => Err(JoinError::Panicked(Cow::Borrowed(text))),
            Some(Cow::Owned(text)) => Err(JoinError::Panicked(copied(text))),
            None => Ok(()),
        }
    }

    /// Whether it was started, was not cancelled, and its function has not returned.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let inner = self.shared.inner.lock();
        matches!(inner.state, State::Pending | State::Running(_)) && !inner.is_lost()
    }

    /// Whether its function was called, whether or not it has returned.
    #[must_use]
    pub fn has_fired(&self) -> bool {
        matches!(
            self.shared.inner.lock().state,
            State::Running(_) | State::Ended
        )
    }

    /// Whether it was cancelled in time, so that its function will never be called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.inner.lock().state == State::Cancelled
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
    pub(super) fn run(self) {
        self.shared
            .run(self.name.as_deref(), self.is_daemon, self.round);
    }
}

impl Shared {
    /// New → Pending: `true`. A timer that was cancelled before ends in its start: `false`. An
    /// error if it was started before.
    fn begin(&self, is_daemon: bool) -> Result<bool, ()> {
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

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.shared.inner.lock().state {
            State::New => "new",
            State::Pending => "pending",
            State::Running(_) => "running",
            State::Ended => "ended",
            State::Cancelled => "cancelled",
        };
        f.debug_struct("Timer")
            .field("name", &self.name)
            .field("interval", &self.interval)
            .field("state", &state)
            .finish()
    }
}

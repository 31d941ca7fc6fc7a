//! [`Timer`]: a function that is called later, unless it is cancelled.
//!
//! # Implementation
//!
//! | state | meaning | leaves by |
//! |---|---|---|
//! | `New` | not started | `start` → `Pending`; `cancel` → `Cancelled` |
//! | `Pending` | scheduled, or handed to a worker that has not begun | the worker → `Running`; `cancel` → `Cancelled`; `restart` → `Pending` |
//! | `Running` | the function runs on the thread of that number | the worker → `Ended` |
//! | `Ended` | the function has returned or panicked | (end) |
//! | `Cancelled` | the function was not called and never will be | (end) |
//!
//! The state changes under its lock; whoever takes a timer out of `Pending` takes the function with
//! it, and calls or drops it without the lock. `over` is set when a timer has reached one of its
//! ends.
//!
//! A restart schedules another entry, of the next *round*, and takes back the one of the round
//! before. A worker obeys the entry of the latest round only: so an entry that came due at that
//! moment does not count, and one that is due at once may be first.
//!
//! In the child of a fork the parent's pending timers are lost with the threads that would have
//! served them: they count as ended there.

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
use crate::thread::spawn::next_name;
use crate::thread::{Thread, registry};
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

type Function = Box<dyn FnOnce() + Send>;

/// Calls a function after an interval, on a thread of the library's: Python's `threading.Timer`.
///
/// All timers of a process share one thread that waits for the time to come; a pending one costs
/// some hundred bytes. The functions run on other threads, as many as run at once, which are kept
/// for about a second for the next; so a slow function delays no other timer. (Should the operating
/// system refuse a thread, the function runs on the timers' own, and does delay them.) While the
/// function runs it is on a thread of the timer's name ([`current`](crate::current)), a daemon if
/// the timer is one, with [`Local`](crate::Local) values of its own; without memory for that on a
/// `Dummy-N`.
///
/// A panic in the function is told by the panic hook (whose thread is named `weftline timer`), and
/// is what [`join`](Self::join) returns. Dropping a timer that was started leaves it running.
///
/// After `fork` the parent's timers are not served in the child: those that were pending count as
/// ended there. The child can start others.
///
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
    /// Written before it is over.
    panic: OnceLock<Message>,
    over: RawEvent,
}

struct Inner {
    state: State,
    /// How many restarts there have been, the last one whose entry counts, and that entry.
    rounds: u64,
    round: u64,
    /// The fork generation in which it was started.
    generation: u32,
    is_daemon: bool,
    entry: Option<Entry>,
    function: Option<Function>,
}

impl ForgetWaiters for Inner {
    /// Nobody waits for the state itself; what it says of the parent's timers, [`Inner::is_lost`]
    /// judges.
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

    /// Whether the end of the program should not wait for this timer. It should, unless this says
    /// otherwise before the start.
    #[must_use = "returns the timer"]
    pub fn daemon(mut self, is_daemon: bool) -> Self {
        self.is_daemon = is_daemon;
        self
    }

    /// The name of the thread that the function runs on, as long as it does, and for
    /// representations. Without, `Timer-N`.
    #[must_use = "returns the timer"]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Lets the interval begin. A timer that was cancelled before ends at once, without calling its
    /// function.
    ///
    /// # Errors
    /// [`StartError::StartedBefore`]; [`StartError::NoThread`] if the operating system has no
    /// thread for the timers, or if there is no memory
    /// ([`io::ErrorKind::OutOfMemory`](std::io::ErrorKind::OutOfMemory)).
    pub fn start(&self) -> Result<(), StartError> {
        // Counted first: from the moment on at which it is pending, it may be cancelled, and is
        // counted off.
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
                    // Cancelled between the two: then nobody has taken the entry back yet.
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

    /// Lets the time begin anew, if the function has not been called: it will be when `interval`
    /// has passed from now. `true` if that was in time; `false` if the timer was not started, the
    /// call has begun, or it was cancelled.
    ///
    /// ```
    /// use std::time::Duration;
    /// use weftline::Timer;
    ///
    /// // A watchdog: it bites when nobody has stroked it for a second.
    /// let watchdog = Timer::new(Duration::from_secs(1), || panic!("nobody cares"));
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
                // Perhaps by the new entry, which was due at once.
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
    /// `false` if it has begun or was cancelled before.
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
    /// [`JoinError::NotStarted`], [`JoinError::FromItsFunction`], which would both wait for ever,
    /// and [`JoinError::Panicked`].
    pub fn join(&self) -> Result<(), JoinError> {
        self.join_by(Deadline::NEVER)
    }

    /// As [`Self::join`], without waiting.
    ///
    /// # Errors
    /// Those of [`Self::join`], and [`JoinError::TimedOut`] when it has not ended yet.
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

    /// Whether it was started and has neither been cancelled nor has its function returned.
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

    /// Whether it was cancelled in time: its function will never be called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.inner.lock().state == State::Cancelled
    }
}

/// A timer's turn, on its way to a worker.
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
    /// New → Pending: `true`. A timer that was cancelled has begun and ended: `false`. An error if
    /// it began before.
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

    /// On a worker: Pending → Running → Ended.
    fn run(&self, name: Option<&str>, is_daemon: bool, round: u64) {
        let name = name.map_or_else(|| next_name("Timer"), try_string);
        // Without memory for it, the function is called on a thread that is unknown.
        let thread = name
            .and_then(|name| Thread::new(name, is_daemon, None, None))
            .ok();
        let number = thread.as_ref().map_or_else(number, Thread::reserved_number);
        let (function, obsolete) = {
            let mut inner = self.inner.lock();
            if inner.state != State::Pending || round < inner.round {
                return;
            }
            // Of an older round, if this one is due before its restart has said so.
            let obsolete = inner.entry.take().filter(|_| inner.round != round);
            inner.round = round;
            inner.state = State::Running(number);
            (inner.function.take(), obsolete)
        };
        obsolete.map(timer_thread::cancel);
        let call = || catch_unwind(AssertUnwindSafe(|| function.into_iter().for_each(|f| f())));
        let ended = match thread {
            Some(thread) => registry::as_thread(thread, call),
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

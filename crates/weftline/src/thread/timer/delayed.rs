//! [`Timer`]: a function that is called later, unless it is cancelled.
//!
//! # Implementation
//!
//! Each operation is one transition of the state that the timer shares with its calls
//! (`delayed_state.rs`). What follows from it is done without the lock.

use super::delayed_state::{Call, Shared, State};
use super::error::{JoinError, StartError};
use super::heap::Entry;
use super::{pending_count, timer_thread, timer_workers};
use crate::memory::{Counted, try_box};
use crate::park::{Deadline, ThreadBlocker, number, panic_without_memory, spin_until};
use crate::thread::panic::copied;
use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
        let Ok(shared) = Counted::try_new(Shared::new(function)) else {
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
                if !self.shared.was_scheduled(entry) {
                    // Cancelled between the two, so the entry has not been taken back yet.
                    timer_thread::cancel(entry);
                }
                Ok(())
            }
            Err(refused) => {
                if self.shared.was_refused() && !self.is_daemon {
                    pending_count::remove();
                }
                Err(StartError::NoThread(refused))
            }
        }
    }

    fn schedule(&self, interval: Duration, round: u64) -> io::Result<Entry> {
        let (shared, name) = (self.shared.clone(), self.name.clone());
        let call = Call::new(shared, name, self.is_daemon, round);
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
        spin_until(|| !self.shared.is_being_scheduled());
        let Some(round) = self.shared.next_round() else {
            return Ok(false);
        };
        let entry = self.schedule(interval, round);
        let entry = entry.map_err(StartError::NoThread)?;
        let (obsolete, was_in_time) = self.shared.was_rescheduled(round, entry);
        if let Some(entry) = obsolete {
            timer_thread::cancel(entry);
        }
        Ok(was_in_time)
    }

    /// Prevents the call, if it has not begun, and drops the function. `true` if that was in time;
    /// `false` if the call has begun or was cancelled before.
    pub fn cancel(&self) -> bool {
        let Some(cancelled) = self.shared.cancel() else {
            return false;
        };
        if cancelled.is_counted {
            pending_count::remove();
        }
        if let Some(entry) = cancelled.entry {
            timer_thread::cancel(entry);
        }
        drop(cancelled.function);
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
        match self.shared.state() {
            (State::New, _) => return Err(JoinError::NotStarted),
            (State::Running(thread), _) if thread == number() => {
                return Err(JoinError::FromItsFunction);
            }
            (_, true) => return Ok(()),
            (_, false) => {}
        }
        if self
            .shared
            .over
            .wait_with(&mut ThreadBlocker, deadline)
            .is_err()
        {
            return Err(JoinError::TimedOut);
        }
        match self.shared.message() {
            Some(Cow::Borrowed(text)) => Err(JoinError::Panicked(Cow::Borrowed(text))),
            Some(Cow::Owned(text)) => Err(JoinError::Panicked(copied(text))),
            None => Ok(()),
        }
    }

    /// Whether it was started, was not cancelled, and its function has not returned.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        matches!(
            self.shared.state(),
            (State::Pending | State::Running(_), false)
        )
    }

    /// Whether its function was called, whether or not it has returned.
    #[must_use]
    pub fn has_fired(&self) -> bool {
        matches!(self.shared.state().0, State::Running(_) | State::Ended)
    }

    /// Whether it was cancelled in time, so that its function will never be called.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.shared.state().0 == State::Cancelled
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.shared.state().0 {
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

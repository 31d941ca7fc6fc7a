//! [`PeriodicTimer`]: ticks at equal distances, for any number of threads.
//!
//! # Implementation
//!
//! Tick n is due at the start plus n periods, which is arithmetic and needs no counter. So there is
//! no thread and no list of ticks. A waiter for a tick sleeps on the event `stopped`, with the
//! tick's due time as its timeout. The clock gives the number of missed ticks. Ticks do not drift,
//! and none is replayed.
//!
//! Happens-before: the release that sets the event `started` pairs with the acquire of a wait for
//! it, and publishes `start_nanos`. `stop` sets `started` too, so that no thread goes on waiting
//! for a start.

use super::error::{StartError, Stopped, TickError, ZeroPeriod};
use crate::error::TimedOut;
use crate::park::model::{AtomicU32, AtomicU64, Ordering};
use crate::park::{Deadline, ThreadBlocker, WaitError, now};
use crate::sync::raw::RawEvent;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Ticks at equal distances: tick `n` is due `n` periods after the [`start`](Self::start), however
/// late any was noticed.
///
/// Any number of threads can wait, each for the [next tick](Self::wait_for_tick), or with a handle
/// of its own that counts [every tick](Self::ticks). The timer costs no thread.
/// ```
/// use std::time::Duration;
/// use weftline::PeriodicTimer;
///
/// let timer = PeriodicTimer::new(Duration::from_millis(2)).unwrap();
/// timer.start().unwrap();
/// let mut ticks = timer.ticks();
/// let first = ticks.wait().unwrap();
/// std::thread::sleep(Duration::from_millis(20)); // busy with something else
/// let late = ticks.wait().unwrap();
/// assert_eq!(late.number, first.number + 1 + late.missed);
/// assert!(late.missed > 0);
/// timer.stop();
/// assert!(ticks.wait().is_err());
/// ```
pub struct PeriodicTimer {
    period: Duration,
    period_nanos: u64,
    was_started: AtomicU32,
    start_nanos: AtomicU64,
    started: RawEvent,
    stopped: RawEvent,
}

/// A tick, as a handle that counts them noticed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Tick {
    /// Its number. The first tick, one period after the start, is 1.
    pub number: u64,
    /// How many ticks came between the last noticed one and this one.
    pub missed: u64,
}

impl PeriodicTimer {
    /// A timer that will tick every `period`, once started. A period of more than 584 years never
    /// ends.
    ///
    /// # Errors
    /// [`ZeroPeriod`].
    pub fn new(period: Duration) -> Result<Self, ZeroPeriod> {
        if period.is_zero() {
            return Err(ZeroPeriod);
        }
        Ok(Self {
            period,
            period_nanos: u64::try_from(period.as_nanos()).unwrap_or(u64::MAX),
            was_started: AtomicU32::new(0),
            start_nanos: AtomicU64::new(0),
            started: RawEvent::new(),
            stopped: RawEvent::new(),
        })
    }

    /// The time between two ticks.
    #[must_use]
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Starts the first period. The threads that wait already wait for its end. A timer that was
    /// stopped before stays stopped.
    ///
    /// # Errors
    /// [`StartError::StartedBefore`].
    pub fn start(&self) -> Result<(), StartError> {
        if self.was_started.swap(1, Ordering::Relaxed) == 1 {
            return Err(StartError::StartedBefore);
        }
        // Published by the event. A waiter that `stop` wakes does not read the time.
        self.start_nanos.store(now(), Ordering::Relaxed);
        self.started.set();
        Ok(())
    }

    /// Ends the ticking, for good: all current and later waits return [`Stopped`].
    pub fn stop(&self) {
        self.stopped.set();
        self.started.set();
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stopped.is_set()
    }

    /// Waits for the next tick and returns its number. All threads that wait for it get the same
    /// number.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn wait_for_tick(&self) -> Result<u64, Stopped> {
        forever(self.next_by(Deadline::NEVER))
    }

    /// For completeness: the next tick has never come before a wait for it. [`ticks`](Self::ticks)
    /// returns a handle that counts the ticks that came meanwhile.
    ///
    /// # Errors
    /// [`TickError::TimedOut`], or [`TickError::Stopped`].
    pub fn try_wait_for_tick(&self) -> Result<u64, TickError> {
        self.next_by(Deadline::PASSED)
    }

    /// As [`Self::wait_for_tick`], for at most `timeout`.
    ///
    /// # Errors
    /// [`TickError::TimedOut`] when none came in time, [`TickError::Stopped`].
    pub fn try_wait_for_tick_for(&self, timeout: Duration) -> Result<u64, TickError> {
        self.next_by(Deadline::after(timeout))
    }

    /// As [`Self::wait_for_tick`], until `deadline` at the latest.
    ///
    /// # Errors
    /// [`TickError::TimedOut`] when none came in time, [`TickError::Stopped`].
    pub fn try_wait_for_tick_until(&self, deadline: Instant) -> Result<u64, TickError> {
        self.next_by(Deadline::at(deadline))
    }

    /// A handle that notices every tick from now on, one by one or several at once.
    #[must_use]
    pub fn ticks(&self) -> Ticks<&Self> {
        Ticks {
            last: self.last_number(),
            timer: self,
        }
    }

    /// As [`ticks`](Self::ticks), but the handle owns the timer, so it can be sent to any thread
    /// and kept anywhere.
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    /// use weftline::{PeriodicTimer, spawn};
    ///
    /// let timer = Arc::new(PeriodicTimer::new(Duration::from_millis(1)).unwrap());
    /// timer.start().unwrap();
    /// let ticks = Arc::clone(&timer).into_ticks();
    /// let counts = spawn(move || ticks.map(|tick| tick.missed + 1).take(3).sum::<u64>());
    /// assert!(counts.join().unwrap() >= 3);
    /// timer.stop();
    /// ```
    #[must_use]
    pub fn into_ticks(self: Arc<Self>) -> Ticks<Arc<Self>> {
        Ticks {
            last: self.last_number(),
            timer: self,
        }
    }

    /// The number of the last tick, or zero.
    fn last_number(&self) -> u64 {
        let is_ticking = self.started.is_set() && !self.stopped.is_set();
        if is_ticking { self.number_at(now()) } else { 0 }
    }

    fn next_by(&self, deadline: Deadline) -> Result<u64, TickError> {
        self.wait_for_start(deadline)?;
        let next = self.number_at(now()).saturating_add(1);
        self.wait_for_number(next, deadline)?;
        Ok(next)
    }

    fn wait_for_start(&self, deadline: Deadline) -> Result<(), TickError> {
        self.started
            .wait_with(&mut ThreadBlocker, deadline)
            .map_err(timed_out)
    }

    /// The number of the last tick before `time`. Only once it has started.
    fn number_at(&self, time: u64) -> u64 {
        time.saturating_sub(self.start_nanos.load(Ordering::Relaxed)) / self.period_nanos
    }

    /// Waits until that tick is due. Only once it has started.
    fn wait_for_number(&self, number: u64, deadline: Deadline) -> Result<(), TickError> {
        let start = self.start_nanos.load(Ordering::Relaxed);
        let due = start.saturating_add(number.saturating_mul(self.period_nanos));
        let due = Deadline::from_nanos(due);
        match self
            .stopped
            .wait_with(&mut ThreadBlocker, due.min(deadline))
        {
            Ok(()) => Err(TickError::Stopped),
            Err(_) if deadline < due => Err(TickError::TimedOut),
            Err(_) => Ok(()),
        }
    }
}

fn timed_out(ended: WaitError<std::convert::Infallible>) -> TickError {
    let TimedOut = ended.timed_out();
    TickError::TimedOut
}

/// A wait without a deadline ends by a tick or by the stop.
fn forever<T>(waited: Result<T, TickError>) -> Result<T, Stopped> {
    waited.map_err(|_| Stopped)
}

impl fmt::Debug for PeriodicTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeriodicTimer")
            .field("period", &self.period)
            .field("is_stopped", &self.is_stopped())
            .finish()
    }
}

/// One waiter's view of a [`PeriodicTimer`]. It remembers the last tick that it noticed, and so
/// counts the missed ones.
///
/// It borrows the timer ([`PeriodicTimer::ticks`]) or owns it ([`PeriodicTimer::into_ticks`]), and
/// is an iterator that ends when the timer is stopped.
#[derive(Debug)]
pub struct Ticks<P> {
    timer: P,
    last: u64,
}

impl<P: Deref<Target = PeriodicTimer>> Ticks<P> {
    /// Waits for the tick after the last noticed one. If that has come already, returns the latest
    /// tick without waiting, and the number of the ones skipped.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn wait(&mut self) -> Result<Tick, Stopped> {
        forever(self.wait_by(Deadline::NEVER))
    }

    /// As [`Self::wait`], without waiting.
    ///
    /// # Errors
    /// [`TickError::TimedOut`] when there has been no tick since the last one noticed,
    /// [`TickError::Stopped`].
    pub fn try_wait(&mut self) -> Result<Tick, TickError> {
        self.wait_by(Deadline::PASSED)
    }

    /// As [`Self::wait`], for at most `timeout`.
    ///
    /// # Errors
    /// [`TickError::TimedOut`] when none came in time, [`TickError::Stopped`].
    pub fn try_wait_for(&mut self, timeout: Duration) -> Result<Tick, TickError> {
        self.wait_by(Deadline::after(timeout))
    }

    /// As [`Self::wait`], until `deadline` at the latest.
    ///
    /// # Errors
    /// [`TickError::TimedOut`] when none came in time, [`TickError::Stopped`].
    pub fn try_wait_until(&mut self, deadline: Instant) -> Result<Tick, TickError> {
        self.wait_by(Deadline::at(deadline))
    }

    fn wait_by(&mut self, deadline: Deadline) -> Result<Tick, TickError> {
        self.timer.wait_for_start(deadline)?;
        if self.timer.is_stopped() {
            return Err(TickError::Stopped);
        }
        if self.timer.number_at(now()) <= self.last {
            self.timer
                .wait_for_number(self.last.saturating_add(1), deadline)?;
        }
        let number = self.timer.number_at(now()).max(self.last + 1);
        let missed = number - self.last - 1;
        self.last = number;
        Ok(Tick { number, missed })
    }
}

impl<P: Deref<Target = PeriodicTimer>> Iterator for Ticks<P> {
    type Item = Tick;

    /// Waits, as [`Ticks::wait`] does.
    fn next(&mut self) -> Option<Tick> {
        self.wait().ok()
    }
}

//! [`Event`]: a flag that processes wait for.
//!
//! | part of the word | meaning | changes |
//! |---|---|---|
//! | [`SET`] | the flag | `set` sets it, `clear` clears it |
//! | [`AWAITED`] | the flag is not set, and a thread may sleep | a wait that is about to sleep sets it; `set` clears it, and wakes all |
//! | the rest | how often the flag was set | `set` adds one |
//!
//! # Invariants
//!
//! - A wait remembers how often the flag was set when the wait began. So a flag that is set and
//!   cleared at once still ends all waits that had begun.
//! - No thread holds anything, so a death leaves nothing behind. If a thread dies between setting
//!   and waking, the sleeping waiters find the flag set within half a second.
//!
//! # Linearisation points
//!
//! `set` and `clear` act by their one read-modify-write of the word. A wait ends by the load that
//! finds the flag set, or that it was set since the wait began.
//!
//! # Happens-before
//!
//! The read-modify-write of `set` releases, and the loads of `is_set` and of the waits acquire.

use super::error::SharedError;
use super::header::{Kind, Shape};
use super::object::{Object, Shared, shared_handle};
use super::sleep::{sleep, spin_until, wake};
use crate::error::TimedOut;
use crate::park::Deadline;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

const SET: u32 = 1;
const AWAITED: u32 = 2;
const ONCE: u32 = 4;

#[repr(C)]
pub(super) struct Flag {
    word: AtomicU32,
}

// SAFETY: one atomic.
unsafe impl Object for Flag {
    type Fixed = ();

    fn shape() -> Shape {
        Shape::plain(Kind::Event)
    }

    fn fix(&self, _: usize) -> Option<()> {
        Some(())
    }
}

/// A flag that processes wait for: Python's `multiprocessing.Event`.
///
/// A thread that finds the event set sees all that the setting process did before.
///
/// ```
/// use std::time::Duration;
/// use weftline::process::Event;
///
/// let ready = Event::new()?;
/// assert!(ready.try_wait_for(Duration::from_millis(1)).is_err());
/// ready.set();
/// ready.wait();
/// # Ok::<(), weftline::process::SharedError>(())
/// ```
#[doc(alias = "multiprocessing.Event")]
pub struct Event(Shared<Flag>);

impl Event {
    fn of(shared: Shared<Flag>) -> Self {
        Self(shared)
    }

    /// An event that is not set, without a name.
    ///
    /// # Errors
    /// [`SharedError`]: no memory, too many files.
    pub fn new() -> Result<Self, SharedError> {
        Shared::create(None, 0, 0, |_| ()).map(Self::of)
    }

    /// An event that other programs can [`open`](Self::open) by its name, until
    /// [`unlink`](crate::process::unlink).
    ///
    /// # Errors
    /// [`SharedError`]: the name is taken, or none; no memory, too many files.
    ///
    /// # Safety
    /// As for all [named objects](crate::process#named-objects): no program writes to the file, or
    /// shortens it, except through this library.
    pub unsafe fn create(name: &str) -> Result<Self, SharedError> {
        Shared::create(Some(name), 0, 0, |_| ()).map(Self::of)
    }

    /// Sets the flag, and wakes all waiters.
    pub fn set(&self) {
        // The word is written even when the flag is set already: what this process did before is
        // published through it.
        let set = |word: u32| match word & SET {
            0 => Some((word & !AWAITED).wrapping_add(ONCE) | SET),
            _ => Some(word),
        };
        let before = self
            .0
            .word
            .fetch_update(Ordering::Release, Ordering::Relaxed, set);
        if before.is_ok_and(|word| word & AWAITED != 0) {
            wake(&self.0.word, i32::MAX as u32);
        }
    }

    /// Clears the flag; a wait that begins from now on waits for the next [`set`](Self::set).
    pub fn clear(&self) {
        self.0.word.fetch_and(!SET, Ordering::Relaxed);
    }

    /// Whether the flag is set.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.word.load(Ordering::Acquire) & SET != 0
    }

    /// Waits until the flag is set.
    pub fn wait(&self) {
        let _: Result<(), TimedOut> = self.wait_by(Deadline::NEVER);
    }

    /// Whether the flag is set, in the form of a wait without waiting.
    ///
    /// # Errors
    /// [`TimedOut`] when it is not set.
    pub fn try_wait(&self) -> Result<(), TimedOut> {
        self.wait_by(Deadline::PASSED)
    }

    /// Waits until the flag is set, for `timeout` at most. A timeout beyond the clock's range never
    /// ends.
    ///
    /// # Errors
    /// [`TimedOut`] when it was not set in time.
    pub fn try_wait_for(&self, timeout: Duration) -> Result<(), TimedOut> {
        self.wait_by(Deadline::after(timeout))
    }

    /// Waits until the flag is set, until `deadline` at the latest.
    ///
    /// # Errors
    /// [`TimedOut`] when it was not set in time.
    pub fn try_wait_until(&self, deadline: Instant) -> Result<(), TimedOut> {
        self.wait_by(Deadline::at(deadline))
    }

    fn wait_by(&self, deadline: Deadline) -> Result<(), TimedOut> {
        let word = &self.0.word;
        let began = word.load(Ordering::Acquire);
        if began & SET != 0 {
            return Ok(());
        }
        let was_set = || (word.load(Ordering::Acquire) ^ began) & !AWAITED != 0;
        if !deadline.has_passed() && spin_until(was_set) {
            return Ok(());
        }
        loop {
            let now = word.load(Ordering::Acquire);
            if (now ^ began) & !AWAITED != 0 {
                return Ok(());
            }
            if deadline.has_passed() {
                return Err(TimedOut);
            }
            let awaited = now | AWAITED;
            let marked = now == awaited
                || word
                    .compare_exchange(now, awaited, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok();
            if marked {
                sleep(word, awaited, deadline);
            }
        }
    }
}

shared_handle!(Event);

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("is_set", &self.is_set())
            .finish_non_exhaustive()
    }
}

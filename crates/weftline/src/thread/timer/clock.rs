//! [`RawClock`]: actions by the time at which they are due, and the one thread that runs them.
//!
//! # Implementation
//!
//! A heap of entries (`heap.rs`) and the state of the timer thread, under one [`ListLock`]:
//!
//! | timer thread | meaning | leaves by |
//! |---|---|---|
//! | `Absent` | there is none | `schedule` → `Starting` |
//! | `Starting` n | a scheduling thread asks the operating system for the n-th timer thread | the scheduling thread → `Awake`, or `Absent` if it gets none; the new timer thread → `Asleep` |
//! | `Awake` | it checks the heap before it parks | the timer thread → `Asleep`, or `Absent` after a while without entries |
//! | `Asleep` until a time | it checks the heap at that time, or when it is unparked | `schedule` of an earlier entry → `Awake`, and an unpark; the timer thread → `Awake` |
//!
//! Invariants:
//!
//! - *An entry settles exactly once.* The thread that takes it out of the heap, under the lock, has
//!   its action. The timer thread runs it, `cancel` drops it. Both do so after they have released
//!   the lock.
//! - *An asleep timer thread wakes no later than the first entry is due.* It is unparked only for
//!   an entry that is due earlier. After a cancellation it sleeps on until that entry would have
//!   been due, and then until the next. So timers that are started and cancelled all the time, as
//!   timeouts are, unpark no thread.
//! - *A scheduling thread sets the state for the timer thread that it started, and for no other*: n
//!   tells them apart. That timer thread may have ended before the scheduling thread learns of its
//!   start, and another scheduling thread may be starting the next.
//!
//! Linearisation point of `schedule`, `cancel` and `next_with`: the change of the heap under the
//! lock. Happens-before: the lock orders them, so the timer thread sees all writes before the
//! `schedule` of the action that it runs.
//!
//! The child of a fork has no entry and no timer thread. Actions scheduled in the parent are
//! neither run nor destroyed there.

use super::heap::{Action, Heap};
use crate::park::{
    Blocker, Deadline, ForgetWaiters, ListLock, ThreadRecord, Wake, current_record, spin_until,
    try_current_record,
};
use std::io;
use std::time::Duration;

pub use super::heap::Entry;

/// How long a timer thread without entries stays.
const IDLE_NANOS: u64 = Duration::from_secs(2).as_nanos() as u64;

/// Entries, each with an action that is run when it is due. Times are nanoseconds of any clock.
pub struct RawClock {
    state: ListLock<State>,
}

struct State {
    heap: Heap,
    timer_thread: TimerThread,
    /// How many timer threads have been asked for.
    starts: u64,
}

#[derive(Clone, Copy)]
enum TimerThread {
    Absent,
    Starting(u64),
    Awake,
    Asleep {
        record: &'static ThreadRecord,
        until: u64,
    },
}

impl ForgetWaiters for State {
    fn forget_waiters(&mut self, _torn: bool) {
        self.heap.forget();
        self.timer_thread = TimerThread::Absent;
    }
}

impl Default for RawClock {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for RawClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawClock")
            .field("pending", &self.pending())
            .finish()
    }
}

impl RawClock {
    crate::park::model::const_fn! {
        /// A clock without entries.
        pub fn new() -> Self {
            Self { state: ListLock::new(State { heap: Heap::new(), timer_thread: TimerThread::Absent, starts: 0 }) }
        }
    }

    /// How many entries there are.
    pub fn pending(&self) -> usize {
        self.state.lock().heap.len()
    }

    /// Has `action` run at `due` (`u64::MAX` for never). `start_timer_thread` is called when no
    /// thread calls [`Self::next_with`] yet.
    ///
    /// # Errors
    /// That of `start_timer_thread`, or [`io::ErrorKind::OutOfMemory`]; then nothing is scheduled.
    pub fn schedule(
        &self,
        due: u64,
        action: Box<dyn FnOnce() + Send>,
        start_timer_thread: impl Fn() -> io::Result<()>,
    ) -> io::Result<Entry> {
        loop {
            let mut state = self.state.lock();
            match state.timer_thread {
                TimerThread::Absent => {
                    state.starts += 1;
                    let number = state.starts;
                    state.timer_thread = TimerThread::Starting(number);
                    drop(state);
                    self.start(number, &start_timer_thread)?;
                }
                TimerThread::Starting(_) => {
                    drop(state);
                    spin_until(|| {
                        !matches!(self.state.lock().timer_thread, TimerThread::Starting(_))
                    });
                }
                TimerThread::Awake | TimerThread::Asleep { .. } if !state.heap.has_room() => {
                    let wanted = (state.heap.len() * 2).max(16);
                    drop(state);
                    let mut other =
                        Heap::with_room_for(wanted).ok_or(io::ErrorKind::OutOfMemory)?;
                    self.state.lock().heap.move_into(&mut other);
                }
                TimerThread::Awake | TimerThread::Asleep { .. } => {
                    let entry = state.heap.add(due, action);
                    let sleeper = match state.timer_thread {
                        TimerThread::Asleep { record, until } if due < until => {
                            state.timer_thread = TimerThread::Awake;
                            Some(record)
                        }
                        _ => None,
                    };
                    drop(state);
                    if let Some(record) = sleeper {
                        record.parker.unpark();
                    }
                    return Ok(entry);
                }
            }
        }
    }

    /// Starting → Awake or Absent.
    fn start(
        &self,
        number: u64,
        start_timer_thread: impl Fn() -> io::Result<()>,
    ) -> io::Result<()> {
        let started = start_timer_thread();
        let mut state = self.state.lock();
        // Unless the new thread was faster, and is asleep or has ended already.
        if matches!(state.timer_thread, TimerThread::Starting(starting) if starting == number) {
            state.timer_thread = if started.is_ok() {
                TimerThread::Awake
            } else {
                TimerThread::Absent
            };
        }
        started
    }

    /// Takes an entry back. `true` if it was in time: its action has been dropped. `false` if the
    /// action has been run, is being run, or was cancelled before.
    pub fn cancel(&self, entry: Entry) -> bool {
        let action = self.state.lock().heap.remove(entry);
        action.is_some()
    }

    /// Called by the timer thread. Waits through `blocker` until an entry is due by `now`, and
    /// returns its action, to be run without a lock. `None` after a while without entries: then the
    /// thread must end.
    ///
    /// # Errors
    /// The blocker's interrupt.
    pub fn next_with<B: Blocker>(
        &self,
        blocker: &mut B,
        now: impl Fn() -> u64,
    ) -> Result<Option<Action>, B::Interrupt> {
        // A timer thread without memory to sleep cannot report that, so it waits for memory.
        spin_until(|| try_current_record().is_some());
        let record = current_record();
        let mut idle_until = None;
        loop {
            let time = now();
            let until = {
                let mut state = self.state.lock();
                if let Some(action) = state.heap.take_due(time) {
                    state.timer_thread = TimerThread::Awake;
                    return Ok(Some(action));
                }
                if !state.heap.is_empty() {
                    idle_until = None;
                } else if idle_until.is_some_and(|until| until <= time) {
                    state.timer_thread = TimerThread::Absent;
                    return Ok(None);
                }
                let until = state
                    .heap
                    .next_due()
                    .unwrap_or_else(|| *idle_until.get_or_insert(time.saturating_add(IDLE_NANOS)));
                state.timer_thread = TimerThread::Asleep { record, until };
                until
            };
            let _: Wake = blocker.block(&record.parker, deadline(until))?;
        }
    }
}

#[cfg(not(weftline_model))]
fn deadline(nanos: u64) -> Deadline {
    Deadline::from_nanos(nanos)
}

/// In models time stands still.
#[cfg(weftline_model)]
fn deadline(_: u64) -> Deadline {
    Deadline::NEVER
}

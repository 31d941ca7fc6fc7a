//! The timer thread of the process. It is started when an action is scheduled, and ends some
//! seconds after the last one.

use super::clock::RawClock;
use super::heap::{Action, Entry};
use crate::memory::try_box;
use crate::park::{Blocker, Deadline, Parker, Spin, Wake, now};
use crate::thread::panic::discard;
use crate::thread::spawn::spawn_servant;
use std::convert::Infallible;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

static CLOCK: RawClock = RawClock::new();

/// Has `action` run at `due` on the timer thread, which serves the whole process. The action must
/// be short, and should not wait.
///
/// A panic in it is reported by the panic hook and goes no further. After `fork` the child starts
/// with nothing scheduled.
///
/// # Errors
/// The operating system has no thread to serve it, or there is no memory; nothing is scheduled
/// then.
pub fn schedule(due: Deadline, action: impl FnOnce() + Send + 'static) -> io::Result<Entry> {
    let due = due.nanos().unwrap_or(u64::MAX);
    let action = try_box(action).map_err(|_| io::ErrorKind::OutOfMemory)?;
    CLOCK.schedule(due, action, || spawn_servant("weftline timers", serve))
}

/// Takes a scheduled action back. `true` if it was in time: the action has been dropped, unrun.
/// `false` if it has been run, is being run, or was taken back before.
pub fn cancel(entry: Entry) -> bool {
    CLOCK.cancel(entry)
}

/// How many actions are scheduled.
#[must_use]
pub fn pending() -> usize {
    CLOCK.pending()
}

/// The body of the timer thread.
fn serve() {
    while let Ok(Some(action)) = CLOCK.next_with(&mut ParkOnly, now) {
        run(action);
    }
}

/// Runs an action. The timer thread goes on after a panic in it.
fn run(action: Action) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(action)) {
        discard(payload);
    }
}

/// Parks without spinning first, because the timer thread waits for a time.
struct ParkOnly;

impl Blocker for ParkOnly {
    type Interrupt = Infallible;

    const SPIN: Spin = Spin::Never;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        Ok(parker.park(deadline))
    }
}

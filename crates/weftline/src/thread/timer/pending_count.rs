//! The number of timers that the end of the program waits for: those that are no daemons, from
//! their start until they have ended.

use crate::park::{Blocker, Deadline, ForgetWaiters, Kind, List, ListLock, WaitError, wait_until};

static PENDING: ListLock<PendingCount> = ListLock::new(PendingCount {
    pending: 0,
    waiters: List::new(),
});

struct PendingCount {
    pending: usize,
    waiters: List<()>,
}

impl ForgetWaiters for PendingCount {
    fn forget_waiters(&mut self, torn: bool) {
        self.pending = 0;
        self.waiters.forget_waiters(torn);
    }
}

/// Counts one more timer.
pub(super) fn add() {
    PENDING.lock().pending += 1;
}

/// Counts one timer less, and wakes the waiters when none is left.
pub(super) fn remove() {
    let chain = {
        let mut pending_count = PENDING.lock();
        // In a child of a fork, a timer whose function forked ends without having been counted.
        pending_count.pending = pending_count.pending.saturating_sub(1);
        (pending_count.pending == 0).then(|| pending_count.waiters.claim_all(|()| ()))
    };
    if let Some(chain) = chain {
        chain.wake();
    }
}

/// Waits through `blocker` for a moment in which no timer that is no daemon is pending or running.
///
/// # Errors
/// [`WaitError::TimedOut`] when the deadline passes first; [`WaitError::Interrupted`] when the
/// blocker is interrupted.
#[track_caller]
pub fn wait_for_pending<B: Blocker>(
    blocker: &mut B,
    deadline: Deadline,
) -> Result<(), WaitError<B::Interrupt>> {
    wait_until(
        Kind::Timers.of(&PENDING),
        &PENDING,
        |pending_count| &mut pending_count.waiters,
        (),
        |pending_count| pending_count.pending == 0,
        blocker,
        deadline,
    )
}

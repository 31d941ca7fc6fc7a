//! [`Wakeup`]: the wake of a waiter's thread, on its way.

use super::relay::Turn;
use super::{Parker, ThreadRecord, relay};

/// The wake of one thread, if it needs one. Its waiter was granted, or is woken without handoff. A
/// waiter that spins, or that waits for its turn in the relay, needs none.
///
/// - It is called after the release of every list's lock: an unpark is a system call and may take
///   the relay's lock.
/// - It holds the thread's record and never the waiter: the grant lets the waiter's frame end.
/// - It is not dropped without a call: the thread would sleep on, and the relay might stop.
/// - A second call costs the thread a spurious wakeup.
#[derive(Clone, Copy)]
#[must_use = "a waiter sleeps until it is woken"]
pub(crate) struct Wakeup(pub(super) Wakes);

#[derive(Clone, Copy)]
pub(super) enum Wakes {
    Nobody,
    Thread(&'static ThreadRecord),
    /// A thread that has a turn in the relay.
    InTurn(&'static Parker),
}

impl Wakeup {
    /// Whether there is a thread to wake.
    #[inline]
    pub(crate) fn is_needed(&self) -> bool {
        !matches!(self.0, Wakes::Nobody)
    }

    /// The same thread, if it is unparked now; none otherwise.
    pub(super) fn in_the_relay(self, turn: Turn) -> Self {
        Self(match (turn, self.0) {
            (Turn::Outside, wakes) => wakes,
            (Turn::Now, Wakes::Thread(record)) => Wakes::InTurn(&record.parker),
            _ => Wakes::Nobody,
        })
    }

    #[inline]
    pub(crate) fn call(self) {
        match self.0 {
            Wakes::Nobody => {}
            Wakes::Thread(record) => {
                record.parker.unpark();
            }
            Wakes::InTurn(parker) => relay::unpark(parker),
        }
    }
}

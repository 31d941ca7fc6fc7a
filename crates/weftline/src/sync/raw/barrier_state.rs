//! [`State`]: the phase of a barrier, and its parties. `barrier.rs` has the phases and invariants.

use crate::park::{Chain, ForgetWaiters, List};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Filling,
    Acting,
    Broken,
    Forwarded,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Pending,
    Passed,
    Broken,
    Forwarded,
}

pub(super) struct State {
    pub(super) parties: usize,
    pub(super) arrived: usize,
    pub(super) phase: Phase,
    /// The number of the current cycle.
    pub(super) cycle: u64,
    pub(super) arrivals: List<Outcome>,
    pub(super) early: List<()>,
}

impl ForgetWaiters for State {
    fn forget_waiters(&mut self, torn: bool) {
        self.arrivals.forget_waiters(torn);
        self.early.forget_waiters(torn);
        // The threads that had arrived do not exist in this process.
        self.arrived = 0;
        if self.phase == Phase::Acting {
            self.phase = Phase::Filling;
        }
        self.cycle += 1;
    }
}

/// The two chains to wake after the lock is released.
pub(super) type Woken = (Chain<Outcome>, Chain<()>);

impl State {
    /// Ends the cycle for all parties that have arrived.
    pub(super) fn end_cycle(&mut self, outcome: Outcome, next: Phase) -> Woken {
        self.arrived = 0;
        self.cycle += 1;
        self.phase = next;
        (
            self.arrivals.claim_all(|left| *left = outcome),
            self.early.claim_all(|()| ()),
        )
    }
}

pub(super) fn wake((arrivals, early): Woken) {
    arrivals.wake();
    early.wake();
}

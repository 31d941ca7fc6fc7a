//! [`RawBarrier`]: threads that wait for each other.
//!
//! # Implementation
//!
//! | phase | meaning | leaves by |
//! |---|---|---|
//! | `Filling` | some parties have arrived and wait in `arrivals` | the last party → `Acting`; timeout, `abort` → `Broken`; `reset` with waiters: they get `Broken`, the phase stays |
//! | `Acting` | all have arrived; the last one runs the action, without the lock | the action's end → `Filling`, all parties pass; its failure → `Broken`; `abort` → `Broken`; `reset` → `Filling` |
//! | `Broken` | every wait fails | `reset` → `Filling` |
//! | `Forwarded` | parties that have arrived and parties that come are told so, and go on elsewhere | (end) |
//!
//! The whole state is under one list's lock.
//!
//! **Invariants.** Passing and breaking claim all arrivals under one hold of the lock. So a cycle
//! ends for all parties in one step, and the next may begin at once: there is no draining phase.
//! `claim_many` writes the outcome also into a waiter that has abandoned, so the waiter knows
//! that its cycle ended without it. `cycle` tells the last party, when it returns from the action,
//! whether its cycle is still the current one.
//!
//! A thread that comes during `Acting` belongs to the next cycle and waits in `early` until that
//! begins. A party that times out during `Acting` has arrived, as all have: it goes on waiting for
//! the action's end. A party that is interrupted leaves; while the barrier is filling, its place is
//! free again.
//!
//! | operation | linearisation point, under the list's lock |
//! |---|---|
//! | an arrival | the increment of `arrived` |
//! | the end of a cycle, also by `abort` and `reset` | the claim of the arrivals |
//! | `forward_with`, `forward_if` (`barrier_forwarding.rs`) | the change of the phase |
//! | `parties`, `n_waiting`, `is_broken` | the read |
//!
//! | happens-before | release | acquire |
//! |---|---|---|
//! | an arrival, before the action and the end of the cycle | the party's unlock of the list | the last party's lock of the list |
//! | the end of a cycle, before each party's return | the grant of the waiter (`park/waiter.rs`) | the waiter's read of its state |

use super::barrier_state::{Outcome, Phase, State, wake};
use crate::error::ZeroParties;
use crate::park::model::const_fn;
use crate::park::{
    Blocker, Deadline, Ended, Kind, List, ListGuard, ListLock, MaybeGone, ObjectState, WaitError,
    Waiter, Watched, ready,
};
use std::mem::offset_of;

/// The barrier, generic over how its parties sleep and what the action's failure is.
pub struct RawBarrier {
    pub(super) state: ListLock<State>,
}

/// Why a party did not pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarrierError<I> {
    /// The barrier is or was broken; also the result of the caller's own timeout, which breaks it.
    Broken,
    /// The blocker was interrupted, or the action failed with this error and broke the barrier.
    Interrupted(I),
    /// The barrier was forwarded by [`RawBarrier::forward_with`].
    Forwarded {
        /// How many parties had arrived before this one; `None` if it is not among the
        /// [arrived](super::ForwardedBarrier::arrived).
        index: Option<usize>,
        /// The error of an interrupted blocker or a failed action, if there was one too.
        interrupt: Option<I>,
    },
}

impl RawBarrier {
    const_fn! {
        /// A barrier for `parties` threads; `None` if that is zero.
        pub fn new(parties: usize) -> Option<Self> {
            if parties == 0 {
                return None;
            }
            let state = State { parties, arrived: 0, phase: Phase::Filling, cycle: 0, arrivals: List::new(), early: List::new() };
            Some(Self { state: ListLock::new(state) })
        }
    }

    /// Arrives, and parks with `blocker` until all parties have. Returns how many had arrived
    /// before; the last party runs `action` first.
    ///
    /// # Errors
    /// [`BarrierError::Broken`] when the barrier is or gets broken, also by this wait's own
    /// timeout. [`BarrierError::Interrupted`] when the blocker was interrupted, or with the error
    /// of `action`; that error breaks the barrier. [`BarrierError::Forwarded`] when the barrier is
    /// or gets forwarded.
    #[track_caller]
    pub fn wait_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
        action: impl FnOnce(&mut B) -> Result<(), B::Interrupt>,
    ) -> Result<usize, BarrierError<B::Interrupt>> {
        ready(blocker).map_err(BarrierError::Interrupted)?;
        loop {
            let waiter = Waiter::new::<B>(Outcome::Pending);
            let mut state = self.state.lock();
            match state.phase {
                Phase::Broken => return Err(BarrierError::Broken),
                Phase::Forwarded => return Err(forwarded(None, None)),
                Phase::Acting => {
                    drop(state);
                    self.wait_for_action(blocker, deadline)?;
                }
                Phase::Filling => {
                    let index = state.arrived;
                    let cycle = state.cycle;
                    state.arrived += 1;
                    if state.arrived == state.parties {
                        state.phase = Phase::Acting;
                        drop(state);
                        return self.act(index, cycle, || action(blocker));
                    }
                    match self.wait_for_others(state, &waiter, index, blocker, deadline) {
                        Some(ended) => return ended.map(|()| index),
                        // The child of a fork: no party has arrived there, not even this thread.
                        None => continue,
                    }
                }
            }
        }
    }

    /// Runs the action as the last party of `cycle` and ends the cycle.
    fn act<I>(
        &self,
        index: usize,
        cycle: u64,
        action: impl FnOnce() -> Result<(), I>,
    ) -> Result<usize, BarrierError<I>> {
        let breaks = BreakOnDrop {
            barrier: self,
            cycle,
        };
        let done = action();
        std::mem::forget(breaks);
        let (outcome, next) = match done {
            Ok(()) => (Outcome::Passed, Phase::Filling),
            Err(_) => (Outcome::Broken, Phase::Broken),
        };
        match (self.end(cycle, outcome, next), done) {
            (Outcome::Forwarded, done) => Err(forwarded(Some(index), done.err())),
            (Outcome::Passed, Ok(())) => Ok(index),
            (_, Ok(())) => Err(BarrierError::Broken),
            (_, Err(failed)) => Err(BarrierError::Interrupted(failed)),
        }
    }

    /// Ends `cycle` unless it has ended already; returns how it has.
    fn end(&self, cycle: u64, outcome: Outcome, next: Phase) -> Outcome {
        let woken = {
            let mut state = self.state.lock();
            if state.cycle != cycle {
                return Outcome::Broken;
            }
            if state.phase == Phase::Forwarded {
                return Outcome::Forwarded;
            }
            state.end_cycle(outcome, next)
        };
        wake(woken);
        outcome
    }

    /// Enlists and waits for the end of the cycle; `None` when a fork has forgotten this waiter.
    #[track_caller]
    fn wait_for_others<B: Blocker>(
        &self,
        mut state: ListGuard<'_, State>,
        waiter: &Waiter<Outcome>,
        index: usize,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Option<Result<(), BarrierError<B::Interrupt>>> {
        // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
        unsafe { state.arrivals.push_back(waiter) };
        drop(state);
        let why = match waiter.wait(Kind::Barrier.of(self), blocker, deadline) {
            Ended::Granted => return Some(told(waiter, index)),
            Ended::Forked => return None,
            Ended::Abandoned(why) => why,
            Ended::InterruptedAfterGrant(interrupt) => {
                return Some(Err(interrupted(waiter, index, interrupt)));
            }
        };
        let mut state = self.state.lock();
        // Still in the list: the cycle has not ended. (In a fork's child it is not, and no party
        // has arrived.)
        let is_pending = state.arrivals.remove(waiter);
        match why {
            WaitError::Interrupted(interrupt) => {
                if is_pending && state.phase == Phase::Filling {
                    state.arrived -= 1;
                }
                Some(Err(interrupted(waiter, index, interrupt)))
            }
            WaitError::TimedOut if !is_pending => Some(told(waiter, index)),
            WaitError::TimedOut if state.phase == Phase::Acting => {
                // All have arrived: only the action's end is left to wait for.
                let waiter = Waiter::new::<B>(Outcome::Pending);
                self.wait_for_others(state, &waiter, index, blocker, Deadline::NEVER)
            }
            WaitError::TimedOut => {
                let woken = state.end_cycle(Outcome::Broken, Phase::Broken);
                drop(state);
                wake(woken);
                Some(Err(BarrierError::Broken))
            }
        }
    }

    /// Waits until no action runs. A timeout here breaks the barrier, as it would in the cycle of
    /// this thread.
    #[track_caller]
    pub(super) fn wait_for_action<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), BarrierError<B::Interrupt>> {
        let waiter = Waiter::new::<B>(());
        {
            let mut state = self.state.lock();
            if state.phase != Phase::Acting {
                return Ok(());
            }
            // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
            unsafe { state.early.push_back(&waiter) };
        }
        match waiter.wait(Kind::Barrier.of(self), blocker, deadline) {
            Ended::Granted | Ended::Forked => Ok(()),
            Ended::Abandoned(WaitError::TimedOut) => {
                self.state.lock().early.remove(&waiter);
                self.abort();
                Err(BarrierError::Broken)
            }
            Ended::Abandoned(WaitError::Interrupted(interrupt)) => {
                self.state.lock().early.remove(&waiter);
                Err(BarrierError::Interrupted(interrupt))
            }
            Ended::InterruptedAfterGrant(interrupt) => Err(BarrierError::Interrupted(interrupt)),
        }
    }

    /// Breaks the barrier: every party that waits or comes gets [`BarrierError::Broken`] until a
    /// reset. `false`: the barrier is forwarded, and nothing changes.
    pub fn abort(&self) -> bool {
        self.end_any(Phase::Broken)
    }

    /// Makes the barrier new: every party that waits gets [`BarrierError::Broken`], and the next
    /// cycle begins without arrivals. `false`: the barrier is forwarded, and nothing changes.
    pub fn reset(&self) -> bool {
        self.end_any(Phase::Filling)
    }

    fn end_any(&self, next: Phase) -> bool {
        let woken = {
            let mut state = self.state.lock();
            if state.phase == Phase::Forwarded {
                return false;
            }
            state.end_cycle(Outcome::Broken, next)
        };
        wake(woken);
        true
    }

    /// As [`Self::reset`], for another number of parties; for bindings, where an object can be
    /// initialised again. Does nothing to a forwarded barrier.
    ///
    /// # Errors
    /// [`ZeroParties`]; then nothing changes.
    pub fn reset_to(&self, parties: usize) -> Result<(), ZeroParties> {
        if parties == 0 {
            return Err(ZeroParties);
        }
        let woken = {
            let mut state = self.state.lock();
            if state.phase == Phase::Forwarded {
                return Ok(());
            }
            state.parties = parties;
            state.end_cycle(Outcome::Broken, Phase::Filling)
        };
        wake(woken);
        Ok(())
    }

    /// How many threads pass together.
    pub fn parties(&self) -> usize {
        self.state.lock().parties
    }

    /// How many parties have arrived and wait; all of them while the action runs.
    pub fn n_waiting(&self) -> usize {
        self.state.lock().arrived
    }

    /// Whether every wait fails until a reset.
    pub fn is_broken(&self) -> bool {
        self.state.lock().phase == Phase::Broken
    }
}

fn forwarded<I>(index: Option<usize>, interrupt: Option<I>) -> BarrierError<I> {
    BarrierError::Forwarded { index, interrupt }
}

/// The result of a waiter that has settled, from the outcome that its waker wrote.
fn told<I>(waiter: &Waiter<Outcome>, index: usize) -> Result<(), BarrierError<I>> {
    match waiter.payload_of_settled(|outcome| *outcome) {
        Outcome::Passed => Ok(()),
        Outcome::Forwarded => Err(forwarded(Some(index), None)),
        Outcome::Pending | Outcome::Broken => Err(BarrierError::Broken),
    }
}

/// The same for an interrupted waiter.
fn interrupted<I>(waiter: &Waiter<Outcome>, index: usize, interrupt: I) -> BarrierError<I> {
    if waiter.payload_of_settled(|outcome| *outcome) == Outcome::Forwarded {
        forwarded(Some(index), Some(interrupt))
    } else {
        BarrierError::Interrupted(interrupt)
    }
}

/// Breaks the barrier when the action unwinds.
struct BreakOnDrop<'a> {
    barrier: &'a RawBarrier,
    cycle: u64,
}

impl Drop for BreakOnDrop<'_> {
    fn drop(&mut self) {
        self.barrier.end(self.cycle, Outcome::Broken, Phase::Broken);
    }
}

impl Watched for RawBarrier {
    fn look(barrier: MaybeGone<'_, Self>) -> Option<ObjectState> {
        let state = offset_of!(Self, state) + ListLock::<State>::DATA;
        Some(ObjectState::Parties {
            arrived: barrier.usize_at(state + offset_of!(State, arrived))?,
            parties: barrier.usize_at(state + offset_of!(State, parties))?,
        })
    }
}

impl std::fmt::Debug for RawBarrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawBarrier")
            .field("parties", &self.parties())
            .field("n_waiting", &self.n_waiting())
            .finish()
    }
}

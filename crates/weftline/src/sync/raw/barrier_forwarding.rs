//! Forwarding of a [`RawBarrier`]: its parties go on elsewhere.
//!
//! A binding forwards a barrier when the program reaches for its parts (`forwarding.rs`). No wakeup
//! is lost by that: a party waits for the end of its cycle, and learns from its outcome that the
//! barrier was forwarded. `arrived` tells the binding how many parties must report before the next
//! cycle begins. While an action runs, only the acting thread may forward the barrier; other
//! threads wait.
//!
//! `barrier.rs` has the phases and the linearisation points.

use super::RawBarrier;
use super::barrier::BarrierError;
use super::barrier_state::{Outcome, Phase, State, wake};
use super::forwarding::ForwardOutcome;
use crate::park::{Blocker, Deadline};

/// The state of a barrier at the time it was forwarded. While its action runs it is not broken, and
/// all parties have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardedBarrier {
    /// How many threads pass together.
    pub parties: usize,
    /// How many parties have arrived. [`BarrierError::Forwarded`] will tell them so.
    pub arrived: usize,
    /// Whether every wait fails.
    pub is_broken: bool,
}

impl State {
    fn look(&self) -> ForwardedBarrier {
        ForwardedBarrier {
            parties: self.parties,
            arrived: self.arrived,
            is_broken: self.phase == Phase::Broken,
        }
    }
}

impl RawBarrier {
    /// Forwards the barrier, for good; for bindings (the module's header has the purpose). While an
    /// action runs, parks with `blocker`, unless this thread `acts`: runs that action.
    ///
    /// `None` if the barrier was forwarded before. Afterwards every wait ends with
    /// [`BarrierError::Forwarded`], also those that have begun.
    ///
    /// # Errors
    /// The error of an interrupted blocker; then nothing changes.
    #[track_caller]
    pub fn forward_with<B: Blocker>(
        &self,
        blocker: &mut B,
        acts: bool,
    ) -> Result<Option<ForwardedBarrier>, B::Interrupt> {
        loop {
            self.prepare_forwarding(blocker, acts)?;
            match self.forward_if(acts, |_| true) {
                ForwardOutcome::Done(left) => return Ok(Some(left)),
                ForwardOutcome::Before => return Ok(None),
                // An action has begun since.
                ForwardOutcome::Refused => {}
            }
        }
    }

    /// Parks with `blocker` until no action runs, unless this thread `acts`.
    ///
    /// # Errors
    /// The error of an interrupted blocker.
    pub fn prepare_forwarding<B: Blocker>(
        &self,
        blocker: &mut B,
        acts: bool,
    ) -> Result<(), B::Interrupt> {
        if acts {
            return Ok(());
        }
        match self.wait_for_action(blocker, Deadline::NEVER) {
            Err(BarrierError::Interrupted(interrupt)) => Err(interrupt),
            _ => Ok(()),
        }
    }

    /// What [`Self::forward_if`] would pass on now.
    pub fn look(&self) -> ForwardedBarrier {
        self.state.lock().look()
    }

    /// As [`Self::forward_with`], without a wait, if `agrees` with the state. Refused while an
    /// action runs, unless this thread `acts`.
    pub fn forward_if(
        &self,
        acts: bool,
        agrees: impl FnOnce(ForwardedBarrier) -> bool,
    ) -> ForwardOutcome<ForwardedBarrier> {
        let (left, woken) = {
            let mut state = self.state.lock();
            match state.phase {
                Phase::Forwarded => return ForwardOutcome::Before,
                Phase::Acting if !acts => return ForwardOutcome::Refused,
                _ => {}
            }
            let left = state.look();
            if !agrees(left) {
                return ForwardOutcome::Refused;
            }
            // `cycle` stays as it is, so that the acting party recognises it.
            state.phase = Phase::Forwarded;
            state.arrived = 0;
            let woken = (
                state.arrivals.claim_all(|left| *left = Outcome::Forwarded),
                state.early.claim_all(|()| ()),
            );
            (left, woken)
        };
        wake(woken);
        ForwardOutcome::Done(left)
    }

    /// Whether [`Self::forward_with`] has forwarded the barrier.
    pub fn is_forwarded(&self) -> bool {
        self.state.lock().phase == Phase::Forwarded
    }
}

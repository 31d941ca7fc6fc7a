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
use super::barrier::{BarrierError, Outcome, Phase, wake};
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

impl RawBarrier {
    /// Forwards the barrier, for good; for bindings (the module's header has the purpose). While an
    /// action runs, sleeps through `blocker`, unless this thread `acts`: runs that action.
    ///
    /// `None` if the barrier was forwarded before. Afterwards every wait ends with
    /// [`BarrierError::Forwarded`], also those that have begun.
    ///
    /// # Errors
    /// The error of an interrupted blocker; then nothing changes.
    pub fn forward_with<B: Blocker>(
        &self,
        blocker: &mut B,
        acts: bool,
    ) -> Result<Option<ForwardedBarrier>, B::Interrupt> {
        loop {
            let (left, woken) = {
                let mut state = self.state.lock();
                match state.phase {
                    Phase::Forwarded => return Ok(None),
                    Phase::Acting if !acts => {
                        drop(state);
                        match self.wait_for_action(blocker, Deadline::NEVER) {
                            Err(BarrierError::Interrupted(interrupt)) => return Err(interrupt),
                            _ => continue,
                        }
                    }
                    _ => {}
                }
                let left = ForwardedBarrier {
                    parties: state.parties,
                    arrived: state.arrived,
                    is_broken: state.phase == Phase::Broken,
                };
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
            return Ok(Some(left));
        }
    }

    /// Whether [`Self::forward_with`] has forwarded the barrier.
    pub fn is_forwarded(&self) -> bool {
        self.state.lock().phase == Phase::Forwarded
    }
}

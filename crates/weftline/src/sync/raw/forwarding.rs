//! Forwarding: how an event, a semaphore or a barrier is replaced, for good, by parts that a
//! program can reach for.
//!
//! A binding whose language lets programs reach for such parts (a condition, and a value that
//! changes under its lock) forwards the raw object when that happens, and from then on does by
//! those parts what the program expects. The raw object hands over its value. An event and a
//! semaphore hand their waiters to the condition, their *target*; a barrier wakes its own and tells
//! them, since what they wait for cannot pass unnoticed (`barrier.rs`).
//!
//! # Implementation
//!
//! The waiters of an event or a semaphore ([`Waiting`]):
//!
//! | target | meaning | leaves by |
//! |---|---|---|
//! | none | in use | `forward`, under this list's lock and for a moment also the target's → forwarded |
//! | a condition | forwarded: the list is empty for good; who waited in it waits in the target's | (end) |
//!
//! Moving is one step for everybody: who looks at this list under its lock finds the waiters here,
//! or learns that they are there. A waiter is settled by whoever claims it, in whichever list that
//! is, so it notices nothing; only one that gives up asks where it has to sign off ([`leave`]). A
//! notification of the target reaches the moved waiters in the order in which they came, before all
//! that wait there later: what was asleep when the object was forwarded sleeps as if it had always
//! done so in the condition.
//!
//! A waiter's note says how its wait ended: `GRANTED` by the object itself, `LOOK_AGAIN` by
//! [`RawCondition::send_away`]; untouched, by a notification of the target.

use super::barrier::{BarrierError, Outcome, Phase, wake};
use super::condition::Note;
use super::semaphore::{ONE, WAITERS};
use super::{RawBarrier, RawCondition, RawSemaphore};
use crate::park::model::Ordering;
use crate::park::{Blocker, Deadline, ForgetWaiters, List, ListLock, Waiter};
use std::ptr::NonNull;

/// The note of a waiter that the object itself has given what it waited for.
pub(super) const GRANTED: Note = u64::MAX;

/// The waiters of an object, until it is forwarded.
pub(super) struct Waiting {
    pub(super) list: List<Note>,
    target: Option<NonNull<RawCondition>>,
}

// SAFETY: the target is shared (`RawCondition` is `Sync`), and alive by the promise that `forward`
// asks for.
unsafe impl Send for Waiting {}

impl ForgetWaiters for Waiting {
    fn forget_waiters(&mut self, torn: bool) {
        self.list.forget_waiters(torn);
    }
}

impl Waiting {
    pub(super) const fn new() -> Self {
        Self {
            list: List::new(),
            target: None,
        }
    }

    /// The condition that has the waiters now, if the object is forwarded.
    pub(super) fn target(&self) -> Option<&RawCondition> {
        // SAFETY: it lives as long as the object, by the promise that `forward` asks for.
        self.target.map(|target| unsafe { target.as_ref() })
    }

    pub(super) fn is_forwarded(&self) -> bool {
        self.target.is_some()
    }

    /// Hands the waiters to `target`.
    ///
    /// # Safety
    /// `target` lives, where it is, as long as the object whose waiters these are.
    pub(super) unsafe fn forward(&mut self, target: &RawCondition) {
        target.adopt(&mut self.list);
        self.target = Some(NonNull::from(target));
    }
}

/// Takes a waiter that has given up out of the list in which it is.
pub(super) fn leave(waiting: &ListLock<Waiting>, waiter: &Waiter<Note>) {
    let mut waiting = waiting.lock();
    match waiting.target() {
        Some(target) => target.leave(waiter),
        None => drop(waiting.list.remove(waiter)),
    }
}

/// Gives a notification on that reached a waiter through the target and is of no use to it.
pub(super) fn pass_on(waiting: &ListLock<Waiting>) {
    let chain = {
        let waiting = waiting.lock();
        waiting.target().map(|target| target.claim(1, |_| ()))
    };
    chain.map(crate::park::Chain::wake);
}

impl RawSemaphore {
    /// Hands the semaphore over to `target`, for good: whoever waits here waits there from now on,
    /// and for each free permit one of them is notified. For bindings (`forwarding.rs` says what
    /// for).
    ///
    /// Returns how many permits were free, and the bound; `None` if the semaphore was forwarded
    /// before. Afterwards there are none, [`Self::release`] and [`Self::reset`] are refused, and
    /// [`Self::acquire_with`] times out at once, also if it waited already and the target is
    /// notified.
    ///
    /// # Safety
    /// `target` lives, where it is, as long as this semaphore.
    pub unsafe fn forward(&self, target: &RawCondition) -> Option<(u64, u64)> {
        let permits = {
            let mut waiters = self.waiters.lock();
            if waiters.is_forwarded() {
                return None;
            }
            // SAFETY: by this function's own contract.
            unsafe { waiters.forward(target) };
            // Acquires what came before a `release`, for whoever takes the permit where it is now.
            self.word.swap(WAITERS, Ordering::AcqRel) / ONE
        };
        // Free while somebody waits: a front waiter was nudged for them and has not looked yet.
        target.notify(usize::try_from(permits).unwrap_or(usize::MAX));
        Some((permits, self.bound()))
    }

    /// Whether the semaphore was handed over by [`Self::forward`].
    pub fn is_forwarded(&self) -> bool {
        self.word.load(Ordering::Acquire) & WAITERS != 0 && self.waiters.lock().is_forwarded()
    }

    /// Takes the permits out of a forwarded semaphore that interrupted waits have given back since.
    pub fn take_late(&self) -> u64 {
        if self.is_forwarded() {
            self.word.swap(WAITERS, Ordering::AcqRel) / ONE
        } else {
            0
        }
    }

    /// Permits of a wait that was interrupted.
    pub(super) fn give_back(&self, n: u64) {
        // Cannot pass the bound unless others released what they did not have; then there is
        // nothing to give back.
        if self.release(n).is_err() {
            let waiters = self.waiters.lock();
            if waiters.is_forwarded() {
                self.word.fetch_add(n * ONE, Ordering::Release);
            }
        }
    }
}

/// What a forwarded barrier leaves. A barrier while it acts is not broken, and all have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForwardedBarrier {
    /// How many threads pass together.
    pub parties: usize,
    /// How many have arrived, and will be told so by [`BarrierError::Forwarded`].
    pub arrived: usize,
    /// Whether every wait fails.
    pub is_broken: bool,
}

impl RawBarrier {
    /// Hands the barrier over, for good; for bindings, see `barrier.rs`. Sleeps through `blocker`
    /// while an action runs, unless this thread `acts`: runs that action.
    ///
    /// `None` if the barrier was forwarded before. Afterwards every wait ends with
    /// [`BarrierError::Forwarded`], also those that have begun.
    ///
    /// # Errors
    /// That the blocker was interrupted; then nothing changes.
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
                // The cycle stays the one it is, for the acting party to recognise.
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

    /// Whether the barrier was handed over by [`Self::forward_with`].
    pub fn is_forwarded(&self) -> bool {
        self.state.lock().phase == Phase::Forwarded
    }
}

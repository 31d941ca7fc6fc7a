//! Forwarding: how an event, a semaphore or a barrier is replaced, for good, by parts that a
//! program can reach for.
//!
//! In some languages a program can reach for such parts: a condition, and a value that changes
//! under its lock. A binding forwards the raw object when that happens, and from then on works
//! with those parts. The raw object passes its value on. An event and a semaphore move their
//! waiters to the condition, their *forwarding target*. A barrier wakes its waiters and tells them,
//! since the end of their cycle cannot pass unnoticed (`barrier.rs`).
//!
//! # Implementation
//!
//! The waiters of an event or a semaphore ([`Waiting`]):
//!
//! | target | meaning | leaves by |
//! |---|---|---|
//! | none | in use | `forward`, under this list's lock and for a moment also the target's → forwarded |
//! | a condition | forwarded: the list is empty for good; its waiters are in the target's list | (end) |
//!
//! A waiter's note says how its wait ended:
//!
//! | note | meaning |
//! |---|---|
//! | `GRANTED` | the object itself granted it |
//! | `RETRY` | [`RawCondition::send_away`] woke it |
//! | unchanged | the target was notified |
//!
//! **Invariants.** A thread that holds this list's lock finds the waiters here, or learns that they
//! are in the target. The waker that claims a waiter settles it, in either list, so the move does
//! not affect the waiter. Only a waiter that gives up asks which list it must leave ([`leave`]). A
//! notification of the target reaches the moved waiters in the order in which they came, before all
//! later waiters. So a moved waiter sleeps as if it had always waited in the condition.
//!
//! **Linearisation point** of `forward`: the swap of the object's word, under this list's lock. For
//! a barrier it is the change of the phase, under the barrier's list lock.
//!
//! **Happens-before.** The swap acquires: a release or a `set` happens before `forward` returns the
//! value. The list's lock orders the move before every later look-up of the target.

use super::barrier::{BarrierError, Outcome, Phase, wake};
use super::condition::Note;
use super::semaphore::{ONE, WAITERS};
use super::{RawBarrier, RawCondition, RawSemaphore};
use crate::park::model::Ordering;
use crate::park::{Blocker, Deadline, ForgetWaiters, List, ListLock, Waiter};
use std::ptr::NonNull;

/// The note of a waiter that the object itself has granted.
pub(super) const GRANTED: Note = u64::MAX;

/// The waiters of an object, until the object is forwarded.
pub(super) struct Waiting {
    pub(super) list: List<Note>,
    target: Option<NonNull<RawCondition>>,
}

// SAFETY: the target is shared (`RawCondition` is `Sync`), and alive by the contract of `forward`.
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

    /// The condition that has the waiters, if the object is forwarded.
    pub(super) fn target(&self) -> Option<&RawCondition> {
        // SAFETY: it lives as long as the object, by the contract of `forward`.
        self.target.map(|target| unsafe { target.as_ref() })
    }

    pub(super) fn is_forwarded(&self) -> bool {
        self.target.is_some()
    }

    /// Moves the waiters to `target`.
    ///
    /// # Safety
    /// `target` lives, where it is, as long as the object whose waiters these are.
    pub(super) unsafe fn forward(&mut self, target: &RawCondition) {
        target.adopt(&mut self.list);
        self.target = Some(NonNull::from(target));
    }
}

/// Takes a waiter that has given up out of the list that holds it.
pub(super) fn leave(waiting: &ListLock<Waiting>, waiter: &Waiter<Note>) {
    let mut waiting = waiting.lock();
    match waiting.target() {
        Some(target) => target.leave(waiter),
        None => drop(waiting.list.remove(waiter)),
    }
}

/// Passes on a notification of the target that is of no use to the waiter that got it.
pub(super) fn pass_on(waiting: &ListLock<Waiting>) {
    let chain = {
        let waiting = waiting.lock();
        waiting.target().map(|target| target.claim(1, |_| ()))
    };
    chain.map(crate::park::Chain::wake);
}

impl RawSemaphore {
    /// Forwards the semaphore to `target`, for good: its waiters wait there from now on, and one of
    /// them is notified for each free permit. For bindings (the module's header has the purpose).
    ///
    /// Returns how many permits were free, and the bound; `None` if the semaphore was forwarded
    /// before. Afterwards no permits are free, and [`Self::release`] and [`Self::reset`] are
    /// refused. [`Self::acquire_with`] times out at once. A wait that began before times out when
    /// the target is notified.
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
            // Acquires what precedes a `release`, for a thread that takes the permit in its new
            // place.
            self.word.swap(WAITERS, Ordering::AcqRel) / ONE
        };
        // Permits are free while a thread waits: the front waiter was woken for them without
        // handoff and has not retried yet.
        target.notify(usize::try_from(permits).unwrap_or(usize::MAX));
        Some((permits, self.bound()))
    }

    /// Whether [`Self::forward`] has forwarded the semaphore.
    pub fn is_forwarded(&self) -> bool {
        self.word.load(Ordering::Acquire) & WAITERS != 0 && self.waiters.lock().is_forwarded()
    }

    /// Takes the permits that interrupted waits have given back since the semaphore was forwarded.
    pub fn take_late(&self) -> u64 {
        if self.is_forwarded() {
            self.word.swap(WAITERS, Ordering::AcqRel) / ONE
        } else {
            0
        }
    }

    /// Gives back the permits of an interrupted wait.
    pub(super) fn give_back(&self, n: u64) {
        // Exceeds the bound only if another thread has released permits that it did not have; then
        // there is nothing to give back.
        if self.release(n).is_err() {
            let waiters = self.waiters.lock();
            if waiters.is_forwarded() {
                self.word.fetch_add(n * ONE, Ordering::Release);
            }
        }
    }
}

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
    /// Forwards the barrier, for good; for bindings (`barrier.rs` has the purpose). While an action
    /// runs, sleeps through `blocker`, unless this thread `acts`: runs that action.
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

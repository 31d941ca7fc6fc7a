//! How a thread sleeps on its [`Waiter`] until that settles.
//!
//! `waiter.rs` has the states, and the orderings between the thread and its waker.

#[cfg(not(weftline_model))]
use super::ThreadRecord;
use super::blocked::Wait;
use super::blocked_on::{BlockedOn, Marks};
use super::model::Ordering;
#[cfg(not(weftline_model))]
use super::observer::{self, Outcome};
use super::waiter::{GRANTED, SPINNING, Waiter};
use super::{Blocker, Deadline, WaitError, Wake, relay};
use std::mem;

/// How a waiter's wait ended.
pub(crate) enum Ended<I> {
    /// What it waited for is its own.
    Granted,
    /// A signal handler of this thread forked, and this is the child: the list has forgotten the
    /// waiter. Start over.
    Forked,
    /// It timed out or was interrupted. It is in its list, unless a waker has unlinked it or a fork
    /// has emptied the list.
    Abandoned(WaitError<I>),
    /// Interrupted, but the grant came first: give it back, then report the interrupt.
    InterruptedAfterGrant(I),
}

impl<P> Waiter<P> {
    /// Sleeps until the waiter has settled or is forgotten. The caller unlinks an abandoned waiter.
    pub(crate) fn wait<B: Blocker>(
        &self,
        on: BlockedOn,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Ended<B::Interrupt> {
        self.wait_or_take(on, blocker, deadline, || false)
    }

    /// As [`Self::wait`], where wakers also wake without handoff. The woken thread then calls
    /// `take`, which takes what it waits for if that is still there, unlinks the waiter and returns
    /// `true`.
    pub(crate) fn wait_or_take<B: Blocker>(
        &self,
        on: BlockedOn,
        blocker: &mut B,
        deadline: Deadline,
        mut take: impl FnMut() -> bool,
    ) -> Ended<B::Interrupt> {
        let marks = const {
            Marks {
                answers: B::ANSWERS,
                ends: B::ENDS,
                signals: B::SIGNALS,
            }
        };
        let wait = Wait::new(on, self.place(), self.since(), deadline, marks);
        #[cfg(not(weftline_model))]
        let _begun = wait.begin(&self.record().parker.blocked);
        #[cfg(not(weftline_model))]
        let measured = Measured::new(&wait, on, self.record());
        loop {
            let slept = self.sleep(&wait, blocker, deadline);
            let ended = slept.or_else(|| take().then_some(Ended::Granted));
            // Also for a grant that was noticed without a sleep.
            self.record().parker.go_on();
            if let Some(ended) = ended {
                #[cfg(not(weftline_model))]
                measured.end(&ended);
                return ended;
            }
        }
    }

    /// The address of the state, for reports.
    fn place(&self) -> usize {
        std::ptr::from_ref(&self.state).expose_provenance()
    }

    /// Sleeps once. `None`: woken, but not settled.
    fn sleep<B: Blocker>(
        &self,
        wait: &Wait,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Option<Ended<B::Interrupt>> {
        if B::SPIN.is_on_waiter() {
            if self.spin() {
                return Some(Ended::Granted);
            }
            if self.is_forgotten() {
                // A signal handler forked meanwhile, and no waker is left.
                return Some(if self.is_granted() {
                    Ended::Granted
                } else {
                    Ended::Forked
                });
            }
        }
        relay::begins_to_sleep();
        wait.name_site(|site| blocker.site(site));
        let bomb = AbortOnUnwind;
        let woken = blocker.block(&self.record().parker, deadline);
        mem::forget(bomb);
        Some(match woken {
            Ok(_) if self.is_granted() => Ended::Granted,
            Ok(_) if self.is_forgotten() => Ended::Forked,
            Ok(Wake::TimedOut) if self.abandon() => Ended::Abandoned(WaitError::TimedOut),
            Ok(Wake::TimedOut) => Ended::Granted,
            Ok(Wake::Woken | Wake::Interrupted) => return None,
            Err(interrupt) if self.is_forgotten() && !self.is_granted() => {
                Ended::Abandoned(WaitError::Interrupted(interrupt))
            }
            Err(interrupt) if self.abandon() => Ended::Abandoned(WaitError::Interrupted(interrupt)),
            Err(interrupt) => Ended::InterruptedAfterGrant(interrupt),
        })
    }

    /// Spins on the waiter, if that has paid lately; returns whether it is granted. If it is not,
    /// a waker that grants it from now on unparks the thread.
    fn spin(&self) -> bool {
        let parker = &self.record().parker;
        if !parker.should_spin() {
            return false;
        }
        // A waiter that was granted before is unparked: the sleep takes that token.
        self.state.fetch_add(SPINNING, Ordering::Relaxed) != GRANTED
            && (parker.spin_until(|| self.is_granted()) || !self.stop_spinning())
    }

    /// Clears the mark. `true`: a waker that grants the waiter will unpark the thread. `false`: the
    /// waiter is granted.
    fn stop_spinning(&self) -> bool {
        // Pairs with the waker's release, as in `is_granted`.
        self.state.fetch_and(!SPINNING, Ordering::Acquire) & GRANTED == 0
    }
}

/// The time of a wait, if waits are measured.
#[cfg(not(weftline_model))]
struct Measured<'a> {
    wait: &'a Wait,
    on: BlockedOn,
    record: &'static ThreadRecord,
    begun: Option<u64>,
}

#[cfg(not(weftline_model))]
impl<'a> Measured<'a> {
    #[inline]
    fn new(wait: &'a Wait, on: BlockedOn, record: &'static ThreadRecord) -> Self {
        Self {
            wait,
            on,
            record,
            begun: observer::begun(&record.observed),
        }
    }

    #[inline]
    fn end<I>(self, ended: &Ended<I>) {
        let Some(begun) = self.begun else { return };
        let outcome = match ended {
            Ended::Granted => Outcome::Granted,
            Ended::Abandoned(WaitError::TimedOut) => Outcome::TimedOut,
            Ended::Abandoned(WaitError::Interrupted(_)) | Ended::InterruptedAfterGrant(_) => {
                Outcome::Interrupted
            }
            // The wait begins again in the child.
            Ended::Forked => return,
        };
        let times = (begun, self.wait.since());
        let BlockedOn { kind, object, .. } = self.on;
        observer::ended(&self.record.observed, times, kind, object, outcome);
    }
}

struct AbortOnUnwind;

impl Drop for AbortOnUnwind {
    fn drop(&mut self) {
        // A model checker reports what it found by unwinding.
        #[cfg(not(weftline_model))]
        std::process::abort();
    }
}

//! Forwarding: how an event, a semaphore or a barrier is replaced, for good, by parts that a
//! program can reach for.
//!
//! In some languages a program can reach for such parts: a condition, and a value that changes
//! under its lock. A binding forwards the raw object when that happens, and from then on works
//! with those parts. The raw object passes its value on. An event and a semaphore move their
//! waiters to the condition, their *forwarding target*. A barrier wakes its waiters and tells them,
//! since the end of their cycle cannot pass unnoticed.
//!
//! Here is the part that an event and a semaphore share: their waiters ([`Waiting`]). `event.rs`,
//! `semaphore_forwarding.rs` and `barrier_forwarding.rs` forward the objects.
//!
//! # Implementation
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
//! | `GRANTED_BY_OBJECT` | the object itself granted it |
//! | `RETRY` | [`RawCondition::send_away`] woke it |
//! | unchanged | the target was notified |
//!
//! **Invariants.** A thread that holds this list's lock finds the waiters here, or learns that they
//! are in the target. The waker that claims a waiter settles it, in either list, so the move does
//! not affect the waiter. Only a waiter that has abandoned asks which list it must leave
//! ([`leave_its_list`]). A notification of the target reaches the moved waiters in the order in
//! which they came, before all later waiters. So a moved waiter sleeps as if it had always waited
//! in the condition.
//!
//! **Linearisation point** of `forward` and `forward_if`: the compare-exchange of the object's
//! word, under this list's lock.
//!
//! **Happens-before.** The compare-exchange acquires: a release or a `set` happens before `forward`
//! returns the value. It releases: what the binding wrote before happens before the refusal of
//! every later call. The list's lock orders the move before every later look-up of the target.

use super::RawCondition;
use super::condition::Note;
use crate::park::{ForgetWaiters, List, ListLock, Waiter};
use std::ptr::NonNull;

/// The outcome of `forward_if`, by which a binding forwards an object only if the object still is
/// what the binding has prepared for. So no step after the forwarding needs memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardOutcome<T> {
    /// The object is forwarded, and has passed this on.
    Done(T),
    /// It was forwarded before.
    Before,
    /// It is as it was.
    Refused,
}

impl<T> ForwardOutcome<T> {
    /// What the object has passed on, for a caller that agrees with anything.
    pub(super) fn passed_on(self) -> Option<T> {
        match self {
            Self::Done(left) => Some(left),
            Self::Before => None,
            Self::Refused => unreachable!("the caller agrees with anything"),
        }
    }
}

/// The note of a waiter that the object itself has granted.
pub(super) const GRANTED_BY_OBJECT: Note = u64::MAX;

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

/// Unlinks an abandoned waiter from the list that has it.
pub(super) fn leave_its_list(waiting: &ListLock<Waiting>, waiter: &Waiter<Note>) {
    let mut waiting = waiting.lock();
    match waiting.target() {
        Some(target) => target.leave(waiter),
        None => drop(waiting.list.remove(waiter)),
    }
}

/// Passes on a notification of the target that is of no use to the waiter that got it.
pub(super) fn pass_on_notification(waiting: &ListLock<Waiting>) {
    let chain = {
        let waiting = waiting.lock();
        waiting.target().map(|target| target.claim(1, |_| ()))
    };
    chain.map(crate::park::Chain::wake);
}

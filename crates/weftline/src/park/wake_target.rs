//! [`WakeTarget`]: what a waiter wakes, a thread or a task. [`Wakeup`]: that wake, on its way.
//!
//! # Implementation
//!
//! A wake is *collected* under the list's lock and *delivered* after its release. A thread's is its
//! record. A task's is its [`Waker`], which belongs to the program: a call of it, its clone and its
//! drop run the program's code, and may use the very object that is locked.
//!
//! | step | under the list's lock | without it |
//! |---|---|---|
//! | a task enlists, or is polled again | moves its `Waker` into the [`WakerSlot`], and the old one out | clones the new one before, drops the old one after |
//! | a waker collects | moves the `Waker` out of the slot | calls it |
//! | a task leaves | moves its `Waker` out of the slot | drops it |
//!
//! **Invariants.** *The slot of a linked waiter is touched under its list's lock.* From the claim
//! to the grant it is the waker's, which may have released the lock: a task that finds itself
//! claimed waits for the grant. *An empty slot means a wake that the task has not answered yet.* So
//! a waker that finds it empty has nothing to deliver: the task is about to be polled, and looks at
//! the object then.
//!
//! Happens-before: the list's lock orders all accesses to a slot but those of a waker that has
//! claimed. The grant orders these (`waiter.rs`).

use super::model::UnsafeCell;
use super::relay::Turn;
use super::{Parker, ThreadRecord, relay};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::task::Waker;

/// What a waiter wakes.
#[derive(Clone, Copy)]
pub(super) enum WakeTarget {
    /// The thread on whose stack the waiter lies.
    Thread {
        record: &'static ThreadRecord,
        /// Whether it attaches to an interpreter when it is woken:
        /// [`Blocker::ATTACHES`](super::Blocker::ATTACHES).
        attaches: bool,
    },
    /// The task in whose future the waiter lies, beside its slot.
    Task(NonNull<WakerSlot>),
}

impl WakeTarget {
    /// Collects the wake.
    ///
    /// # Safety
    /// The waiter is alive: linked under its list's lock, or claimed and not granted.
    #[inline]
    pub(super) unsafe fn wakeup(self) -> Wakeup {
        Wakeup(match self {
            Self::Thread { record, .. } => Wakes::Thread(record),
            // SAFETY: the slot lives as long as the waiter, and is this waker's now.
            Self::Task(slot) => match unsafe { slot.as_ref().replace(None) } {
                Some(waker) => Wakes::Task(waker),
                None => Wakes::Nothing,
            },
        })
    }
}

/// The `Waker` of a task's waiter, unless a waker has collected it.
pub(super) struct WakerSlot(UnsafeCell<Option<Waker>>);

impl WakerSlot {
    pub(super) fn new() -> Self {
        Self(UnsafeCell::new(None))
    }

    /// Puts `waker` there, and returns what was there.
    ///
    /// # Safety
    /// The slot is the caller's: by the list's lock, by a claim, or because the waiter is in no
    /// list.
    pub(super) unsafe fn replace(&self, waker: Option<Waker>) -> Option<Waker> {
        // SAFETY: by the caller's promise.
        self.0
            .with_mut(|slot| unsafe { mem::replace(&mut *slot, waker) })
    }

    /// Whether the `Waker` that is there wakes the same task as `waker`. Compares addresses, and
    /// runs no code of the program.
    ///
    /// # Safety
    /// As [`Self::replace`].
    pub(super) unsafe fn wakes_as(&self, waker: &Waker) -> bool {
        // SAFETY: by the caller's promise.
        self.0.with(|slot| unsafe {
            (*slot)
                .as_ref()
                .is_some_and(|present| present.will_wake(waker))
        })
    }
}

/// The wake of one thread or task, if it needs one. Its waiter was granted, or is woken without
/// handoff. A waiter that spins, or that waits for its turn in the relay, needs none.
///
/// - It is called after the release of every list's lock: an unpark is a system call and may take
///   the relay's lock, and a task's `Waker` may do anything.
/// - It holds the thread's record or the task's `Waker`, and never the waiter: the grant lets the
///   waiter's memory end.
/// - It is not dropped without a call: the waiter would sleep on, and the relay might stop.
#[must_use = "a waiter sleeps until it is woken"]
pub(crate) struct Wakeup(Wakes);

enum Wakes {
    Nothing,
    Thread(&'static ThreadRecord),
    /// A thread that has a turn in the relay.
    InTurn(&'static Parker),
    Task(Waker),
}

impl Wakeup {
    /// That of a waiter that needs none.
    pub(super) fn none() -> Self {
        Self(Wakes::Nothing)
    }

    /// Whether there is a thread or a task to wake.
    #[inline]
    pub(crate) fn is_needed(&self) -> bool {
        !matches!(self.0, Wakes::Nothing)
    }

    /// The same thread, if it is unparked now; none otherwise. Tasks are not in the relay.
    pub(super) fn in_the_relay(self, turn: Turn) -> Self {
        Self(match (turn, self.0) {
            (Turn::Outside, wakes) => wakes,
            (Turn::Now, Wakes::Thread(record)) => Wakes::InTurn(&record.parker),
            _ => Wakes::Nothing,
        })
    }

    #[inline]
    pub(crate) fn call(self) {
        match self.0 {
            Wakes::Nothing => {}
            Wakes::Thread(record) => {
                record.parker.unpark();
            }
            Wakes::InTurn(parker) => relay::unpark(parker),
            Wakes::Task(waker) => wake(waker),
        }
    }
}

#[cold]
fn wake(waker: Waker) {
    contain(|| waker.wake());
}

/// Runs a task's `Waker`, or its destructor. A panic there has been reported by the panic hook, and
/// ends here: it must neither stop the wakes of other waiters nor lose what a task was granted.
pub(super) fn contain(run: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
        // Its destructor may panic, too.
        mem::forget(payload);
    }
}

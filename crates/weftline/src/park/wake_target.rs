//! [`WakeTarget`]: the thread or task that a waiter wakes. [`Wakeup`]: that wake, on its way.
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
//! | a task takes, or its wait is cancelled | moves its `Waker` out of the slot | drops it |
//!
//! **Invariants.** *The slot of a linked waiter is touched under its list's lock.* From the claim
//! to the grant it is the waker's, which may have released the lock: a task that finds itself
//! claimed waits for the grant. *An empty slot means a wake that the task has not answered yet.* So
//! a waker that finds it empty has nothing to deliver: the task is about to be polled, and reads
//! the object then.
//!
//! Happens-before: the list's lock orders all accesses to a slot but those of a waker that has
//! claimed. The grant orders these (`waiter.rs`).

use super::model::UnsafeCell;
#[cfg(not(weftline_model))]
use super::observer::is_observed;
use super::relay::Turn;
#[cfg(not(weftline_model))]
use super::try_current_record;
use super::{Parker, ThreadRecord, relay};
use std::mem::{self, ManuallyDrop};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::task::{RawWakerVTable, Waker};

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
        match self {
            Self::Thread { record, .. } => {
                #[cfg(not(weftline_model))]
                record.observed.note_waker();
                Wakeup::of_thread(record)
            }
            // SAFETY: the slot lives as long as the waiter, and is this waker's now.
            Self::Task(slot) => match unsafe { slot.as_ref().replace(None) } {
                Some(waker) => Wakeup::of_task(waker),
                None => Wakeup::NONE,
            },
        }
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
/// A wakeup may not:
///
/// - be called under any list's lock: an unpark is a system call and may take the relay's lock, and
///   a task's `Waker` is code of the program and may use the same object;
/// - refer to the waiter, whose memory may have ended (`waiter.rs`). So it holds the thread's
///   record or the task's `Waker`;
/// - be dropped without a call: the waiter would sleep on, the relay might stop, and a task's
///   `Waker` would leak. It has no `Drop` that calls it: drop glue would cost every fast path.
///
/// A thread's wakeup may be dropped where the thread needs none:
///
/// | dropped by | the thread |
/// |---|---|
/// | `Waiter::grant`, for a spinning waiter | sees the grant |
/// | `in_the_relay`, with `Turn::Later` | is unparked in its turn |
/// | a test in `queue/core/get.rs` | is the one that drops it |
///
/// Two words, which functions return in registers: the vtable of the task's `Waker` and its data.
/// For a thread, a mark stands in place of the vtable.
#[must_use = "a waiter sleeps until it is woken"]
pub(crate) struct Wakeup {
    vtable: NonNull<RawWakerVTable>,
    data: *const (),
}

// SAFETY: it holds a `Waker`, or a reference to a record or parker. These are `Send` and `Sync`.
unsafe impl Send for Wakeup {}
// SAFETY: as above.
unsafe impl Sync for Wakeup {}

/// An address at which no vtable is.
const fn mark(address: usize) -> NonNull<RawWakerVTable> {
    assert!(address != 0 && !address.is_multiple_of(align_of::<RawWakerVTable>()));
    // SAFETY: not null.
    unsafe { NonNull::new_unchecked(ptr::without_provenance_mut(address)) }
}

const NOTHING: NonNull<RawWakerVTable> = mark(1);
/// The data is a `&'static ThreadRecord`.
const THREAD: NonNull<RawWakerVTable> = mark(2);
/// The data is a `&'static Parker`, whose thread has a turn in the relay.
const IN_TURN: NonNull<RawWakerVTable> = mark(3);

impl Wakeup {
    /// That of a waiter that needs none.
    pub(super) const NONE: Self = Self {
        vtable: NOTHING,
        data: ptr::null(),
    };

    #[inline]
    fn of_thread(record: &'static ThreadRecord) -> Self {
        Self {
            vtable: THREAD,
            data: ptr::from_ref(record).cast(),
        }
    }

    fn of_task(waker: Waker) -> Self {
        let waker = ManuallyDrop::new(waker);
        Self {
            vtable: NonNull::from(waker.vtable()),
            data: waker.data(),
        }
    }

    /// Whether there is a thread or a task to wake.
    #[inline]
    pub(crate) fn is_needed(&self) -> bool {
        self.vtable != NOTHING
    }

    /// The same thread, if it is unparked now; none otherwise. Tasks are not in the relay.
    pub(super) fn in_the_relay(self, turn: Turn) -> Self {
        match turn {
            Turn::Outside => self,
            Turn::Now if self.vtable == THREAD => {
                // SAFETY: by the mark.
                let record: &'static ThreadRecord = unsafe { &*self.data.cast() };
                Self {
                    vtable: IN_TURN,
                    data: ptr::from_ref(&record.parker).cast(),
                }
            }
            Turn::Now | Turn::Later => Self::NONE,
        }
    }

    #[inline]
    pub(crate) fn call(self) {
        let Self { vtable, data } = self;
        if vtable == THREAD {
            // SAFETY: by the mark.
            let record: &'static ThreadRecord = unsafe { &*data.cast() };
            record.parker.unpark();
        } else if vtable == IN_TURN {
            // SAFETY: by the mark.
            let parker: &'static Parker = unsafe { &*data.cast() };
            relay::unpark(parker);
        } else if vtable != NOTHING {
            // SAFETY: the parts of a `Waker` that was not dropped, and is made again once. Vtables
            // are `'static`.
            wake(unsafe { Waker::new(data, vtable.as_ref()) });
        }
        #[cfg(not(weftline_model))]
        if is_observed() {
            // The waker is told of, so it has a record from now on. Without memory, later.
            let _ = try_current_record();
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

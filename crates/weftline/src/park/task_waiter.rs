//! [`TaskWaiter`]: a task's wait for an object, in whose list it stands among the threads.
//!
//! It lies pinned in the task's future, and has an owner number of its own from those of threads: a
//! lock's word names the task that took it. A future for an object is this and a `poll`.
//!
//! Dropping it cancels the wait. A grant that came first is passed on, as the object says: a lock
//! is released, a permit returned, an item put back in front, a notification given to the next
//! waiter.
//!
//! No object of the crate has a face for tasks yet. Models and unit tests use it, with the objects
//! of `trial.rs`; in other builds it is compiled and unused.
//!
//! # Implementation
//!
//! | waiter | meaning | leaves by |
//! |---|---|---|
//! | none | not enlisted | a poll that takes nothing → linked |
//! | linked (`WAITING`) | in the object's list | a waker's claim → claimed; a poll that takes, or the drop → none |
//! | claimed | a waker is about to grant it | that waker → granted |
//! | granted | has what it waited for | a poll, which returns it, or the drop, which passes it on → none |
//! | forgotten | of the process before a fork | the next poll or the drop → none |
//!
//! **Invariants.** Claims are made under the list's lock, and so is every step of the task but the
//! last. Under the lock a waiter is linked, or it is claimed or granted for good: a task needs no
//! `ABANDONED`. *A task that finds itself claimed waits for the grant*, a few instructions, and
//! leaves its [`WakerSlot`] to the waker. *Nothing of the program's runs under the lock*
//! (`wake_target.rs`).
//!
//! Linearisation points: of a grant, the waker's claim. Of a cancellation, and of a poll that
//! takes, the removal from the list. Happens-before: as in `waiter.rs`.
//!
//! **Aliasing.** Wakers reach the waiter by pointer while the task owns its future. So all of it is
//! reached through `&self`, also in `poll` and `drop`, and it is not `Unpin`.

use super::model::UnsafeCell;
use super::wake_target::{WakerSlot, contain};
use super::{ForgetWaiters, List, ListGuard, Waiter, Wakeup, Watched, reserve_number, spin_until};
use std::marker::PhantomPinned;
use std::mem;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

/// An object that tasks wait for, as their waiters see it.
pub(crate) trait Awaited: Watched {
    /// What the lock of its list guards.
    type Data: ForgetWaiters;
    /// What passes between a waker and a waiter.
    type Payload;

    fn lock(&self) -> ListGuard<'_, Self::Data>;

    fn waiters(data: &mut Self::Data) -> &mut List<Self::Payload>;

    /// The payload of a waiter that enlists, of the task with that `number`.
    fn payload(number: u64) -> Self::Payload;

    /// Takes what the task waits for, if it is there. Under the lock, with the task's waiter if
    /// that is enlisted. It has not been granted.
    fn take(
        &self,
        data: &mut Self::Data,
        number: u64,
        waiter: Option<&Waiter<Self::Payload>>,
    ) -> Option<Self::Payload>;

    /// Under the lock: a waiter has left the list without a grant. It may have been woken without
    /// handoff, and that wake goes to the next.
    fn left(&self, data: &mut Self::Data) -> Option<Wakeup>;

    /// Passes on what was granted to a waiter whose task is gone.
    fn pass_on(&self, granted: Self::Payload);
}

/// A task's wait for one object.
pub(crate) struct TaskWaiter<'a, O: Awaited> {
    object: &'a O,
    /// The task's number, by which it owns what it takes.
    number: u64,
    waker: WakerSlot,
    /// None, or not moved until it is in no list. Only the task changes which.
    waiter: UnsafeCell<Option<Waiter<O::Payload>>>,
    _pinned: PhantomPinned,
}

// SAFETY: a task moves between threads with its future. Wakers on other threads reach the waiter
// under the list's lock or by a claim, and payloads move through it.
unsafe impl<O: Awaited + Sync> Send for TaskWaiter<'_, O> where O::Payload: Send {}

impl<'a, O: Awaited> TaskWaiter<'a, O> {
    /// A wait that has not begun.
    pub(crate) fn new(object: &'a O) -> Self {
        Self {
            object,
            number: reserve_number(),
            waker: WakerSlot::new(),
            waiter: UnsafeCell::new(None),
            _pinned: PhantomPinned,
        }
    }

    /// Takes what the task waits for, or what it was granted. Otherwise it enlists, and `context`
    /// is woken when it is worth polling again.
    pub(crate) fn poll(self: Pin<&mut Self>, context: &Context<'_>) -> Poll<O::Payload> {
        let this = self.into_ref().get_ref();
        // Cloned without the lock. A waiter that is enlisted mostly has it already.
        let mut waker = this.waiter().is_none().then(|| context.waker().clone());
        loop {
            let mut data = this.object.lock();
            if this.waiter().is_some_and(Waiter::is_lost) {
                this.forget();
            }
            if this.waiter().is_some_and(Waiter::is_claimed) {
                drop(data);
                return Poll::Ready(this.take_grant());
            }
            let waiter = this.waiter();
            if let Some(taken) = this.object.take(&mut data, this.number, waiter) {
                let old = this.leave(&mut data);
                drop(data);
                contain(|| drop((old, waker)));
                return Poll::Ready(taken);
            }
            // SAFETY: under the lock, and not claimed.
            if waiter.is_some() && unsafe { this.waker.wakes_as(context.waker()) } {
                drop(data);
                return Poll::Pending;
            }
            if waker.is_none() {
                drop(data);
                waker = Some(context.waker().clone());
                continue;
            }
            // SAFETY: as above.
            let old = unsafe { this.waker.replace(waker.take()) };
            if waiter.is_none() {
                this.enlist(&mut data);
            }
            drop(data);
            contain(|| drop(old));
            return Poll::Pending;
        }
    }

    /// The waiter, if it is enlisted or granted.
    fn waiter(&self) -> Option<&Waiter<O::Payload>> {
        // SAFETY: only the task changes which there is, and it has no such reference then.
        self.waiter.with(|waiter| unsafe { (*waiter).as_ref() })
    }

    /// Under the lock, for a task without a waiter.
    fn enlist(&self, data: &mut O::Data) {
        let waiter = Waiter::of_task(O::payload(self.number), NonNull::from(&self.waker));
        // SAFETY: there is no waiter, so no reference to it.
        self.waiter
            .with_mut(|place| unsafe { *place = Some(waiter) });
        let waiter = self.waiter().expect("just made");
        // SAFETY: it is pinned, and stays until it is granted, removed (by `leave`, or by the drop)
        // or forgotten.
        unsafe { O::waiters(data).push_back(waiter) };
    }

    /// Under the lock: takes a waiter that is not claimed out of the list, if there is one. The
    /// `Waker` is dropped after the release.
    fn leave(&self, data: &mut O::Data) -> Option<Waker> {
        O::waiters(data).remove(self.waiter()?);
        drop(self.take_waiter());
        // SAFETY: under the lock, and not claimed.
        unsafe { self.waker.replace(None) }
    }

    /// What a waker grants, or has granted, to the waiter.
    fn take_grant(&self) -> O::Payload {
        spin_until(|| self.waiter().is_some_and(Waiter::is_granted));
        // SAFETY: since the grant the slot is the task's.
        let uncollected = unsafe { self.waker.replace(None) };
        debug_assert!(uncollected.is_none(), "a waker collects, then grants");
        let waiter = self.take_waiter().expect("it is granted");
        waiter.into_payload()
    }

    /// The waiter, which is in no list and not claimed.
    fn take_waiter(&self) -> Option<Waiter<O::Payload>> {
        // SAFETY: no waker has a pointer to it, and this thread no reference.
        self.waiter.with_mut(|waiter| unsafe { (*waiter).take() })
    }

    /// A fork has emptied the list. A waker that does not exist any more may have half taken the
    /// `Waker`, which is therefore not dropped.
    fn forget(&self) {
        drop(self.take_waiter());
        // SAFETY: the waiter is in no list, and no other thread exists that has claimed it.
        mem::forget(unsafe { self.waker.replace(None) });
    }

    /// Ends the wait. Returns what was granted before.
    fn cancel(&self) -> Option<O::Payload> {
        let (woken, waker) = {
            let mut data = self.object.lock();
            let waiter = self.waiter()?;
            if waiter.is_lost() {
                self.forget();
                return None;
            }
            if waiter.is_claimed() {
                drop(data);
                return Some(self.take_grant());
            }
            let waker = self.leave(&mut data);
            (self.object.left(&mut data), waker)
        };
        if let Some(next) = woken {
            next.call();
        }
        contain(|| drop(waker));
        None
    }
}

impl<O: Awaited> Drop for TaskWaiter<'_, O> {
    fn drop(&mut self) {
        let this = &*self;
        if this.waiter().is_some()
            && let Some(granted) = this.cancel()
        {
            this.object.pass_on(granted);
        }
    }
}

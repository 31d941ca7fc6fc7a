//! [`TaskWaiter`]: a task's wait for an object, in whose list it stands among the threads.
//!
//! It lies pinned in the task's future and has an owner number of its own, from the numbers of
//! threads: a lock's word names the task that took it. A future for an object is this and a `poll`.
//!
//! Dropping it cancels the wait. A grant that came first is passed on, as the object says: a lock is
//! released, a permit returned, an item put back in front, a notification given to the next waiter.
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
//! Linearisation points: of a grant, the waker's swap to `GRANTED`. Of a cancellation, and of a
//! poll that takes, the removal from the list. Happens-before: as in `waiter.rs`.
//!
//! **Aliasing.** Wakers reach the waiter by pointer while the task owns its future. So all of it is
//! reached through `&self`, also in `poll` and `drop`, and it is not `Unpin`.

use super::model::UnsafeCell;
use super::wake_target::{WakerSlot, contain};
use super::{ForgetWaiters, List, ListGuard, Waiter, Wakeup, reserve_number, spin_until};
use std::marker::PhantomPinned;
use std::mem;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

/// An object that tasks wait for, as their waiters see it.
pub(crate) trait Awaited {
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
        // SAFETY: it is pinned. Until it is claimed or removed, it stays: by `leave`, or by the
        // drop, which removes it.
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

#[cfg(all(test, not(weftline_model)))]
mod tests {
    use crate::park::trial::{Baton, Bell, Mailbox};
    use std::cell::Cell;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

    fn poll<F: Future>(future: std::pin::Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(waker))
    }

    type Mail = Mailbox<u32>;

    /// A `Waker` whose every operation uses the mailbox, which must not be locked then.
    fn meddler(mailbox: &'static Mail) -> Waker {
        fn uses(mailbox: *const ()) {
            // SAFETY: made of a static reference below.
            let mailbox: &'static Mail = unsafe { &*mailbox.cast() };
            assert!(mailbox.try_len().is_some(), "called under the lock");
            CALLS.set(CALLS.get() + 1);
        }
        fn cloned(mailbox: *const ()) -> RawWaker {
            uses(mailbox);
            RawWaker::new(mailbox, &TABLE)
        }
        static TABLE: RawWakerVTable = RawWakerVTable::new(cloned, uses, uses, uses);
        // SAFETY: the table does nothing that needs an invariant.
        unsafe { Waker::new(std::ptr::from_ref(mailbox).cast(), &TABLE) }
    }

    thread_local! {
        static CALLS: Cell<usize> = const { Cell::new(0) };
    }

    #[test]
    fn a_waker_is_cloned_called_and_dropped_without_the_lock() {
        let mailbox: &'static Mail = Box::leak(Box::new(Mailbox::new()));
        let (first, other) = (meddler(mailbox), meddler(mailbox));
        let mut woken = pin!(mailbox.get());
        {
            let mut dropped = pin!(mailbox.get());
            assert!(poll(dropped.as_mut(), &first).is_pending());
            assert!(poll(dropped.as_mut(), Waker::noop()).is_pending());
            assert!(poll(dropped.as_mut(), &other).is_pending());
            assert!(poll(woken.as_mut(), &first).is_pending());
        }
        let before = CALLS.get();
        mailbox.put(1);
        assert_eq!(CALLS.get(), before + 1, "the one task that waits is woken");
        assert_eq!(poll(woken.as_mut(), &first), Poll::Ready(Some(1)));
        drop((first, other));
        assert!(CALLS.get() >= 8);
    }

    #[test]
    fn a_poll_with_the_same_waker_clones_none() {
        struct Counts;
        impl Wake for Counts {
            fn wake(self: Arc<Self>) {}
        }
        let counts = Arc::new(Counts);
        let waker = Waker::from(Arc::clone(&counts));
        let mailbox = Mail::new();
        let mut get = pin!(mailbox.get());
        for _ in 0..3 {
            assert!(poll(get.as_mut(), &waker).is_pending());
            assert_eq!(Arc::strong_count(&counts), 3);
        }
    }

    #[test]
    fn a_task_that_is_woken_twice_before_its_poll_is_woken_once() {
        struct Wakes(AtomicUsize);
        impl Wake for Wakes {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let wakes = Arc::new(Wakes(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&wakes));
        let baton = Baton::new();
        let Poll::Ready(holder) = poll(pin!(baton.acquire()), Waker::noop()) else {
            panic!("it is free");
        };
        let mut acquire = pin!(baton.acquire());
        assert!(poll(acquire.as_mut(), &waker).is_pending());
        baton.release();
        baton.release();
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        let Poll::Ready(owner) = poll(acquire.as_mut(), &waker) else {
            panic!("it is free");
        };
        assert_eq!(baton.owner(), owner);
        assert_ne!(owner, holder, "each task has a number of its own");
    }

    #[test]
    fn a_waker_that_panics_stops_no_other_wake() {
        struct Panics;
        impl Wake for Panics {
            fn wake(self: Arc<Self>) {
                panic!("a waker of this test");
            }
        }
        let bell = Bell::new();
        let panics = Waker::from(Arc::new(Panics));
        let (mut first, mut second) = (pin!(bell.heard()), pin!(bell.heard()));
        assert!(poll(first.as_mut(), &panics).is_pending());
        assert!(poll(second.as_mut(), Waker::noop()).is_pending());
        assert_eq!(bell.ring(2), 2);
        assert!(poll(first.as_mut(), &panics).is_ready());
        assert!(poll(second.as_mut(), Waker::noop()).is_ready());
    }

    /// Tasks that give up at any moment, on several threads.
    #[test]
    fn every_item_is_taken_once_however_many_tasks_give_up() {
        const ITEMS: usize = if cfg!(miri) { 50 } else { 3_000 };
        let mailbox = Mailbox::new();
        let taken: Vec<AtomicUsize> = (0..ITEMS).map(|_| AtomicUsize::new(0)).collect();
        let left = AtomicUsize::new(ITEMS);
        std::thread::scope(|scope| {
            for taker in 0..3 {
                let (mailbox, taken, left) = (&mailbox, &taken, &left);
                scope.spawn(move || {
                    while left.load(Ordering::Relaxed) > 0 {
                        let mut get = pin!(mailbox.get());
                        for _ in 0..=taker {
                            let polled = poll(get.as_mut(), Waker::noop());
                            if let Poll::Ready(item) = polled {
                                let item: usize = item.expect("a grant carries an item");
                                taken[item].fetch_add(1, Ordering::Relaxed);
                                left.fetch_sub(1, Ordering::Relaxed);
                                break;
                            }
                        }
                        std::thread::yield_now();
                    }
                });
            }
            (0..ITEMS).for_each(|item| mailbox.put(item));
        });
        assert!(taken.iter().all(|count| count.load(Ordering::Relaxed) == 1));
    }

    #[cfg(unix)]
    #[test]
    fn a_task_of_the_parent_waits_anew_in_the_child_of_a_fork() {
        let mailbox = Mail::new();
        let (mut waits, mut dropped) = (pin!(mailbox.get()), Box::pin(mailbox.get()));
        assert!(poll(waits.as_mut(), Waker::noop()).is_pending());
        assert!(poll(dropped.as_mut(), Waker::noop()).is_pending());
        // SAFETY: the child uses the mailbox and leaves at once, past what belongs to the parent.
        match unsafe { libc::fork() } {
            0 => {
                mailbox.put(1);
                let is_forgotten = mailbox.try_len() == Some(1);
                drop(dropped);
                let takes = poll(waits.as_mut(), Waker::noop()) == Poll::Ready(Some(1));
                let mut next = pin!(mailbox.get());
                let enlists = poll(next.as_mut(), Waker::noop()).is_pending();
                mailbox.put(2);
                let is_granted = poll(next.as_mut(), Waker::noop()) == Poll::Ready(Some(2));
                let is_well = is_forgotten && takes && enlists && is_granted;
                // SAFETY: as above.
                unsafe { libc::_exit(i32::from(!is_well)) }
            }
            child => {
                let mut status = 0;
                // SAFETY: the status is a valid place.
                let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
                assert_eq!((waited, status), (child, 0));
            }
        }
        mailbox.put(3);
        assert_eq!(poll(waits.as_mut(), Waker::noop()), Poll::Ready(Some(3)));
    }
}

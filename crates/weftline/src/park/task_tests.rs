//! Unit tests of `task_waiter.rs`. Its models are in `tests/models/task.rs`.

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

//! A task's waiter: a grant that comes before the drop is passed on, never lost and never doubled.
//! A `Waker` that replaces another is woken, and no `Waker` is called or dropped under the lock.

use crate::support::*;
use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Wake, Waker};
use weftline::park::trial::{Baton, Bell, Mailbox};
use weftline::park::{self, Blocker, Deadline, Parker};

/// How a thread of these models sleeps: until it is granted.
struct Grant;

impl Blocker for Grant {
    type Interrupt = Infallible;

    fn block(
        &mut self,
        parker: &'static Parker,
        deadline: Deadline,
    ) -> Result<park::Wake, Infallible> {
        Ok(parker.park(deadline))
    }
}

/// Runs a future to its end. Each poll has a `Waker` of its own, and only that one's wake counts.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        let notice = Notice::new();
        let waker = Waker::from(Arc::clone(&notice));
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => notice.door.pass(),
        }
    }
}

/// What a `Waker` of a model leaves: a door that is open.
struct Notice {
    door: Arc<Door>,
}

impl Notice {
    fn new() -> Arc<Self> {
        Arc::new(Self { door: Door::new() })
    }
}

impl Wake for Notice {
    fn wake(self: Arc<Self>) {
        self.door.open();
    }
}

/// Polls a future once, with a `Waker` that does nothing, and drops it.
fn poll_and_drop<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Main releases a lock by `release` while one task gives up and another, or a thread, waits.
fn a_dropped_task_passes_the_lock_on(
    release: fn(&Baton),
    acquire: fn(&Baton) -> u64,
) -> impl Fn() + Send + Sync {
    move || {
        let baton = Arc::new(Baton::new());
        let value = Arc::new(Protected::default());
        baton.acquire_with(&mut Grant);
        let gives_up = {
            let (baton, value) = (Arc::clone(&baton), Arc::clone(&value));
            spawn(move || {
                let taken = poll_and_drop(baton.acquire());
                if let Some(number) = taken {
                    assert_eq!(baton.owner(), number);
                    value.add(1);
                    release(&baton);
                }
                u32::from(taken.is_some())
            })
        };
        let waits = {
            let (baton, value) = (Arc::clone(&baton), Arc::clone(&value));
            spawn(move || {
                let number = acquire(&baton);
                assert_eq!(baton.owner(), number);
                value.add(1);
                release(&baton);
            })
        };
        value.add(1);
        release(&baton);
        join(waits);
        let others = join(gives_up);
        assert_eq!(value.get(), 2 + others);
        assert_eq!(baton.owner(), 0);
    }
}

#[test]
fn a_task_that_is_dropped_passes_a_lock_that_was_handed_to_it_on() {
    let by_task = |baton: &Baton| block_on(baton.acquire());
    explore(
        2,
        a_dropped_task_passes_the_lock_on(Baton::hand_off, by_task),
    );
}

#[test]
fn a_task_that_is_dropped_passes_its_wake_on() {
    let by_task = |baton: &Baton| block_on(baton.acquire());
    explore(
        2,
        a_dropped_task_passes_the_lock_on(Baton::release, by_task),
    );
}

#[test]
fn a_task_that_is_dropped_passes_the_lock_on_to_a_thread() {
    let by_thread = |baton: &Baton| baton.acquire_with(&mut Grant);
    explore(
        2,
        a_dropped_task_passes_the_lock_on(Baton::hand_off, by_thread),
    );
    explore(
        2,
        a_dropped_task_passes_the_lock_on(Baton::release, by_thread),
    );
}

#[test]
fn a_task_that_is_dropped_passes_its_item_on() {
    explore(2, || {
        let mailbox = Arc::new(Mailbox::new());
        let gives_up = {
            let mailbox = Arc::clone(&mailbox);
            spawn(move || poll_and_drop(mailbox.get()).flatten())
        };
        let waits = {
            let mailbox = Arc::clone(&mailbox);
            spawn(move || block_on(mailbox.get()).unwrap())
        };
        mailbox.put(Box::new(1));
        mailbox.put(Box::new(2));
        let first = join(gives_up);
        let second = *join(waits);
        let left = poll_and_drop(mailbox.get()).flatten();
        let mut all: Vec<u32> = first.iter().chain(&left).map(|item| **item).collect();
        all.push(second);
        all.sort_unstable();
        assert_eq!(all, [1, 2], "each item is somewhere, once");
        assert_eq!(mailbox.try_len(), Some(0));
    });
}

#[test]
fn a_task_that_is_dropped_leaves_later_items_behind_its_own() {
    explore(3, || {
        let mailbox = Arc::new(Mailbox::new());
        let gives_up = {
            let mailbox = Arc::clone(&mailbox);
            spawn(move || poll_and_drop(mailbox.get()).flatten())
        };
        mailbox.put(1);
        let got = join(gives_up);
        mailbox.put(2);
        let next = mailbox.get_with(&mut Grant);
        assert_eq!(
            (got, next),
            if got.is_some() {
                (Some(1), Some(2))
            } else {
                (None, Some(1))
            }
        );
    });
}

/// The waker claims under the lock and grants after its release.
#[test]
fn a_task_that_is_dropped_while_it_is_claimed_passes_its_notification_on() {
    explore(2, || {
        let bell = Arc::new(Bell::new());
        let first_waits = Door::new();
        let gives_up = {
            let (bell, first_waits) = (Arc::clone(&bell), Arc::clone(&first_waits));
            spawn(move || {
                let mut heard = pin!(bell.heard());
                let mut context = Context::from_waker(Waker::noop());
                assert!(heard.as_mut().poll(&mut context).is_pending());
                first_waits.open();
            })
        };
        first_waits.pass();
        let mut second = pin!(bell.heard());
        let notice = Notice::new();
        let waker = Waker::from(Arc::clone(&notice));
        let mut context = Context::from_waker(&waker);
        assert!(second.as_mut().poll(&mut context).is_pending());
        // One notification: for the second, unless the first is there, which then passes it on.
        assert_eq!(bell.ring(1), 1);
        notice.door.pass();
        assert!(second.as_mut().poll(&mut context).is_ready());
        join(gives_up);
        assert!(!bell.has_waiters());
    });
}

#[test]
fn a_waker_that_is_replaced_while_it_is_woken_is_not_lost() {
    explore(3, || {
        let bell = Arc::new(Bell::new());
        let enlisted = Door::new();
        let task = {
            let (bell, enlisted) = (Arc::clone(&bell), Arc::clone(&enlisted));
            spawn(move || {
                let mut heard = pin!(bell.heard());
                let mut context = Context::from_waker(Waker::noop());
                assert!(heard.as_mut().poll(&mut context).is_pending());
                enlisted.open();
                block_on(heard);
            })
        };
        enlisted.pass();
        assert_eq!(bell.ring(1), 1);
        join(task);
    });
}

#[test]
fn a_waker_that_is_replaced_while_a_lock_is_released_is_not_lost() {
    explore(3, || {
        let baton = Arc::new(Baton::new());
        let enlisted = Door::new();
        baton.acquire_with(&mut Grant);
        let task = {
            let (baton, enlisted) = (Arc::clone(&baton), Arc::clone(&enlisted));
            spawn(move || {
                let mut acquired = pin!(baton.acquire());
                let mut context = Context::from_waker(Waker::noop());
                let first = acquired.as_mut().poll(&mut context);
                enlisted.open();
                if first.is_pending() {
                    block_on(acquired);
                }
                baton.release();
            })
        };
        enlisted.pass();
        baton.release();
        // Barges, or waits in its turn.
        baton.acquire_with(&mut Grant);
        baton.release();
        join(task);
        assert_eq!(baton.owner(), 0);
    });
}

/// A `Waker` that uses the object when it is called and when it is dropped.
struct Reenters {
    bell: Arc<Bell>,
    notice: Arc<Notice>,
}

impl Wake for Reenters {
    fn wake(self: Arc<Self>) {
        self.bell.has_waiters();
        self.notice.door.open();
    }
}

impl Drop for Reenters {
    fn drop(&mut self) {
        self.bell.has_waiters();
    }
}

#[test]
fn a_waker_uses_the_object_when_it_is_called_replaced_or_dropped() {
    explore(2, || {
        let bell = Arc::new(Bell::new());
        let enlisted = Door::new();
        let task = {
            let (bell, enlisted) = (Arc::clone(&bell), Arc::clone(&enlisted));
            spawn(move || {
                let notice = Notice::new();
                let waker = || {
                    Waker::from(Arc::new(Reenters {
                        bell: Arc::clone(&bell),
                        notice: Arc::clone(&notice),
                    }))
                };
                {
                    let mut dropped = pin!(bell.heard());
                    let mut context_waker = waker();
                    for _ in 0..2 {
                        let mut context = Context::from_waker(&context_waker);
                        assert!(dropped.as_mut().poll(&mut context).is_pending());
                        context_waker = waker();
                    }
                }
                let mut heard = pin!(bell.heard());
                let polled = heard.as_mut().poll(&mut Context::from_waker(&waker()));
                assert!(polled.is_pending());
                enlisted.open();
                notice.door.pass();
                block_on(heard);
            })
        };
        enlisted.pass();
        assert_eq!(bell.ring(usize::MAX), 1);
        join(task);
    });
}

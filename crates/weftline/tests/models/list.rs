//! The wait list: a waiter settles once, whichever thread settles it, and sees the writes of its
//! waker.
//!
//! The list is internal to the core. A condition is little more than a list and a queue little more
//! than two, so they stand for it here.

use crate::support::*;
use weftline::park::{Deadline, WaitError};
use weftline::queue::raw::{Fifo, GetFailure, RawQueue};
use weftline::sync::raw::{RawCondition, RawEvent};

type Queue = RawQueue<Box<u32>, Fifo<Box<u32>>, Sleeper>;

/// A waiter that enlists before it releases the lock that its waker needs, as the users of a list
/// do.
fn wait(
    list: &RawCondition,
    mut sleeper: Sleeper,
    deadline: Deadline,
) -> Result<(), WaitError<Signalled>> {
    list.wait_with(&mut sleeper, deadline, |_| Ok(()))
}

#[test]
fn a_waiter_is_granted_or_times_out_and_its_waker_knows_which() {
    explore(3, || {
        let list = Arc::new(RawCondition::new());
        let (alarm, enlisted) = (Alarm::leak(), Door::new());
        let waiter = {
            let (list, enlisted) = (Arc::clone(&list), Arc::clone(&enlisted));
            spawn(move || wait(&list, Sleeper::that_opens(&enlisted), Deadline::At(alarm)))
        };
        let clock = spawn(move || alarm.fire());
        enlisted.pass();
        let granted = list.notify(1);
        let ended = join(waiter);
        join(clock);
        assert_eq!(granted, usize::from(ended.is_ok()));
        assert_eq!(list.waiting(), 0);
    });
}

#[test]
fn of_two_wakers_one_settles_the_waiter() {
    explore(2, || {
        let list = Arc::new(RawCondition::new());
        let (alarm, enlisted) = (Alarm::leak(), Door::new());
        let waiter = {
            let (list, enlisted) = (Arc::clone(&list), Arc::clone(&enlisted));
            spawn(move || wait(&list, Sleeper::that_opens(&enlisted), Deadline::At(alarm)))
        };
        enlisted.pass();
        let other = {
            let list = Arc::clone(&list);
            spawn(move || list.notify(1))
        };
        let clock = spawn(move || alarm.fire());
        let granted = list.notify(1) + join(other);
        let ended = join(waiter);
        join(clock);
        assert_eq!(granted, usize::from(ended.is_ok()));
        assert_eq!(list.waiting(), 0);
    });
}

#[test]
fn the_waiter_owns_the_item_of_its_waker_also_after_a_concurrent_timeout() {
    explore(3, || {
        let queue = Arc::new(Queue::new(0));
        let alarm = Alarm::leak();
        let getter = {
            let queue = Arc::clone(&queue);
            spawn(move || queue.get_with(&mut Sleeper::new(), Deadline::At(alarm)))
        };
        let clock = spawn(move || alarm.fire());
        queue
            .put_with(Box::new(7), &mut Sleeper::new(), Deadline::NEVER)
            .unwrap();
        let got = match join(getter) {
            Ok(item) => Some(*item),
            Err(GetFailure::Empty) => None,
            Err(failure) => panic!("{failure:?}"),
        };
        join(clock);
        assert!(got.is_none_or(|item| item == 7));
        assert_eq!(queue.len(), usize::from(got.is_none()));
    });
}

#[test]
fn writes_before_the_grant_are_visible_after_it() {
    explore(3, || {
        let event = Arc::new(RawEvent::new());
        let value = Arc::new(Protected::default());
        let alarm = Alarm::leak();
        let waiter = {
            let (event, value) = (Arc::clone(&event), Arc::clone(&value));
            spawn(move || {
                if event
                    .wait_with(&mut Sleeper::new(), Deadline::At(alarm))
                    .is_ok()
                {
                    assert_eq!(value.get(), 1);
                }
            })
        };
        let clock = spawn(move || alarm.fire());
        value.add(1);
        event.set();
        join(waiter);
        join(clock);
    });
}

#[test]
fn waiters_leave_from_the_middle_and_the_back_while_the_front_is_granted() {
    explore(2, || {
        let list = Arc::new(RawCondition::new());
        let alarms = [Alarm::leak(), Alarm::leak(), Alarm::leak()];
        let [front, middle, back] = alarms.map(|alarm| {
            let (list, enlisted) = (Arc::clone(&list), Door::new());
            let told = Arc::clone(&enlisted);
            let waiter =
                spawn(move || wait(&list, Sleeper::that_opens(&told), Deadline::At(alarm)));
            enlisted.pass();
            waiter
        });
        alarms[1].fire();
        alarms[2].fire();
        assert_eq!(list.notify(1), 1);
        assert_eq!(join(front), Ok(()));
        assert_eq!(join(middle), Err(WaitError::TimedOut));
        assert_eq!(join(back), Err(WaitError::TimedOut));
        assert_eq!(list.waiting(), 0);
    });
}

#[test]
fn a_late_wake_does_not_end_the_next_wait() {
    explore(3, || {
        let list = Arc::new(RawCondition::new());
        let (alarm, enlisted, again) = (Alarm::leak(), Door::new(), Door::new());
        let waiter = {
            let (list, enlisted, again) =
                (Arc::clone(&list), Arc::clone(&enlisted), Arc::clone(&again));
            spawn(move || {
                // The token of this wait's waker may come when the next wait parks.
                let first = wait(&list, Sleeper::that_opens(&enlisted), Deadline::At(alarm));
                let second = wait(&list, Sleeper::that_opens(&again), Deadline::NEVER);
                (first.is_ok(), second.is_ok())
            })
        };
        let clock = spawn(move || alarm.fire());
        enlisted.pass();
        let mut granted = list.notify(1);
        again.pass();
        granted += list.notify(1);
        let (first, second) = join(waiter);
        join(clock);
        assert!(second);
        assert_eq!(granted, 1 + usize::from(first));
    });
}

//! Waits that spin before they sleep: a waker need not unpark a spinning waiter, and unparks a
//! waiter that has stopped spinning.

use crate::support::*;
use weftline::park::{Deadline, WaitError};
use weftline::queue::raw::{Fifo, GetFailure, RawQueue};
use weftline::sync::raw::{RawCondition, RawEvent};

type Queue = RawQueue<Box<u32>, Fifo<Box<u32>>, Spinner>;

fn spinner() -> Spinner {
    Spinner(Sleeper::new())
}

#[test]
fn a_waiter_is_granted_whether_it_spins_or_sleeps() {
    explore(3, || {
        let event = Arc::new(RawEvent::new());
        let value = Arc::new(Protected::default());
        let waiter = {
            let (event, value) = (Arc::clone(&event), Arc::clone(&value));
            spawn(move || {
                event.wait_with(&mut spinner(), Deadline::NEVER).unwrap();
                assert_eq!(value.get(), 1);
            })
        };
        value.add(1);
        event.set();
        join(waiter);
    });
}

#[test]
fn spinning_waiters_that_are_granted_together_all_go_on() {
    explore(2, || {
        let event = Arc::new(RawEvent::new());
        let waiters = [(); 2].map(|()| {
            let event = Arc::clone(&event);
            spawn(move || event.wait_with(&mut spinner(), Deadline::NEVER))
        });
        event.set();
        for waiter in waiters {
            assert_eq!(join(waiter), Ok(()));
        }
    });
}

#[test]
fn a_spinning_waiter_is_granted_or_times_out_and_its_waker_knows_which() {
    explore(3, || {
        let list = Arc::new(RawCondition::new());
        let alarm = Alarm::leak();
        let waiter = {
            let list = Arc::clone(&list);
            spawn(move || list.wait_with(&mut spinner(), Deadline::At(alarm), |_| Ok(())))
        };
        let clock = spawn(move || alarm.fire());
        let granted = list.notify(1);
        let ended = join(waiter);
        join(clock);
        if granted == 1 {
            assert_eq!(ended, Ok(()));
        } else {
            assert_eq!(ended, Err(WaitError::TimedOut));
        }
        assert_eq!(list.waiting(), 0);
    });
}

#[test]
fn a_thread_that_has_spun_in_one_wait_is_woken_in_the_next() {
    explore(2, || {
        let events = Arc::new([RawEvent::new(), RawEvent::new()]);
        let waiter = {
            let events = Arc::clone(&events);
            spawn(move || {
                for event in &*events {
                    event.wait_with(&mut spinner(), Deadline::NEVER).unwrap();
                }
            })
        };
        events.iter().for_each(|event| {
            event.set();
        });
        join(waiter);
    });
}

#[test]
fn an_item_goes_to_a_spinning_getter_or_stays_in_the_queue() {
    explore(3, || {
        let queue = Arc::new(Queue::new(0));
        let alarm = Alarm::leak();
        let getter = {
            let queue = Arc::clone(&queue);
            spawn(move || queue.get_with(&mut spinner(), Deadline::At(alarm)))
        };
        let clock = spawn(move || alarm.fire());
        let put = queue.put_with(Box::new(7), &mut spinner(), Deadline::NEVER);
        assert!(put.is_ok());
        let got = join(getter);
        join(clock);
        match got {
            Ok(item) => assert_eq!((*item, queue.len()), (7, 0)),
            Err(GetFailure::Empty) => assert_eq!(queue.len(), 1),
            Err(why) => panic!("{why:?}"),
        }
    });
}

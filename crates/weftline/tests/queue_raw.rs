//! `RawQueue`, as a binding uses it: interrupted waits, a changing capacity, the memory of items,
//! and forwarding, which takes the items along.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use support::{Interrupt, Script, blocked, count, limit, until};
use weftline::TooManyTasksDone;
use weftline::park::{Deadline, ThreadBlocker, WaitError};
use weftline::queue::raw::{Fifo, GetFailure, PutFailure, RawQueue};

type Raw = RawQueue<u32, Fifo<u32>, Script>;

#[test]
fn an_interrupted_wait_takes_nothing_and_loses_nothing() {
    let queue = Raw::new(1);
    let get = queue.get_with(&mut Script::interrupted(), Deadline::NEVER);
    assert!(matches!(get, Err(GetFailure::Interrupted(Interrupt))));
    let sleeps = || Script::sleeps();
    queue.put_with(1, &mut sleeps(), Deadline::NEVER).unwrap();
    let put = queue.put_with(2, &mut Script::interrupted(), Deadline::NEVER);
    assert!(matches!(put, Err(PutFailure::Interrupted(2, Interrupt))));
    let join = queue.join_with(&mut Script::interrupted(), Deadline::NEVER);
    assert_eq!(join, Err(WaitError::Interrupted(Interrupt)));
    assert_eq!(queue.len(), 1);
    assert_eq!(queue.get_with(&mut sleeps(), Deadline::NEVER).unwrap(), 1);
    queue.put_with(3, &mut sleeps(), Deadline::PASSED).unwrap();
}

#[test]
fn the_item_of_an_interrupted_getter_is_the_next_to_come_out() {
    let queue = Arc::new(Raw::new(0));
    let same = queue.clone();
    let mut interrupted = Script::interrupted_after(move || {
        for item in [1, 2] {
            same.put_with(item, &mut Script::sleeps(), Deadline::PASSED)
                .unwrap();
        }
        assert_eq!(same.len(), 1, "the getter has the other item");
    });
    let get = queue.get_with(&mut interrupted, Deadline::NEVER);
    assert!(matches!(get, Err(GetFailure::Interrupted(Interrupt))));
    for expected in [1, 2] {
        let got = queue.get_with(&mut Script::sleeps(), Deadline::PASSED);
        assert_eq!(got.unwrap(), expected);
    }
}

#[test]
fn the_item_of_an_interrupted_getter_goes_to_the_next_getter() {
    let _limit = limit();
    let queue = Arc::new(Raw::new(0));
    std::thread::scope(|scope| {
        let (enlisted, is_enlisted) = channel();
        let (go_on, may_go_on) = channel();
        let first = scope.spawn({
            let queue = queue.clone();
            move || {
                let mut interrupted = Script::interrupted_after(move || {
                    enlisted.send(()).unwrap();
                    may_go_on.recv().unwrap();
                });
                queue.get_with(&mut interrupted, Deadline::NEVER)
            }
        });
        is_enlisted.recv().unwrap();
        let second = blocked(scope, || {
            queue.get_with(&mut Script::sleeps(), Deadline::NEVER)
        });
        queue
            .put_with(7, &mut Script::sleeps(), Deadline::PASSED)
            .unwrap();
        go_on.send(()).unwrap();
        assert!(first.join().unwrap().is_err());
        assert_eq!(second.join().unwrap().unwrap(), 7);
    });
}

#[test]
fn the_slot_of_an_interrupted_putter_is_free_again() {
    let queue = Arc::new(Raw::new(1));
    queue
        .put_with(1, &mut Script::sleeps(), Deadline::PASSED)
        .unwrap();
    let same = queue.clone();
    let mut interrupted = Script::interrupted_after(move || {
        let got = same.get_with(&mut Script::sleeps(), Deadline::PASSED);
        assert_eq!(got.unwrap(), 1);
        let put = same.put_with(9, &mut Script::sleeps(), Deadline::PASSED);
        assert!(
            matches!(put, Err(PutFailure::Full(9))),
            "the slot is reserved"
        );
    });
    let put = queue.put_with(2, &mut interrupted, Deadline::NEVER);
    assert!(matches!(put, Err(PutFailure::Interrupted(2, Interrupt))));
    queue
        .put_with(3, &mut Script::sleeps(), Deadline::PASSED)
        .unwrap();
}

#[test]
fn a_larger_capacity_admits_waiting_putters() {
    let _limit = limit();
    let queue = Raw::new(1);
    let put = |item| queue.put_with(item, &mut Script::sleeps(), Deadline::NEVER);
    put(0).unwrap();
    std::thread::scope(|scope| {
        let puts = [blocked(scope, || put(1)), blocked(scope, || put(2))];
        queue.set_capacity(3);
        for put in puts {
            put.join().unwrap().unwrap();
        }
    });
    assert_eq!((queue.len(), queue.capacity()), (3, 3));
    queue.set_capacity(1);
    assert_eq!(queue.len(), 3, "items above the capacity stay");
    let refused = queue.put_with(4, &mut Script::sleeps(), Deadline::PASSED);
    assert!(matches!(refused, Err(PutFailure::Full(4))));
}

#[test]
fn a_forwarded_queue_returns_its_items_and_ends_every_wait() {
    let _limit = limit();
    let queue = Raw::new(2);
    let sleeps = || Script::sleeps();
    let put = |item| queue.put_with(item, &mut sleeps(), Deadline::NEVER);
    put(1).unwrap();
    put(2).unwrap();
    let sent_away = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        blocked(scope, || {
            assert!(matches!(put(3), Err(PutFailure::Forwarded(3))));
            sent_away.fetch_add(1, Ordering::Relaxed);
        });
        blocked(scope, || {
            assert_eq!(queue.join_with(&mut sleeps(), Deadline::NEVER), Ok(false));
            sent_away.fetch_add(1, Ordering::Relaxed);
        });
        let forwarded = queue.forward_with(&mut sleeps()).unwrap().unwrap();
        assert_eq!(forwarded.items, [1, 2]);
        assert_eq!((forwarded.unfinished, forwarded.is_shut_down), (2, false));
        until(|| sent_away.load(Ordering::Relaxed) == 2);
    });
    assert!(queue.forward_with(&mut sleeps()).unwrap().is_none());
    let get = queue.get_with(&mut sleeps(), Deadline::NEVER);
    assert!(matches!(get, Err(GetFailure::Forwarded)));
}

#[test]
fn the_number_of_unfinished_tasks_can_be_set() {
    let queue = Raw::new(0);
    queue.set_unfinished(1);
    assert_eq!(queue.unfinished(), 1);
    assert_eq!(queue.task_done(), Ok(()));
    assert_eq!(queue.task_done(), Err(TooManyTasksDone));
    queue.set_unfinished(usize::MAX);
    assert_eq!(queue.unfinished(), usize::MAX);
    assert!(format!("{queue:?}").contains("len: 0"));
    assert!(queue.is_empty() && !queue.is_shut_down());
}

#[test]
fn a_garbage_collector_takes_the_items_but_not_while_it_visits_them() {
    let queue = Raw::new(0);
    queue
        .put_with(5, &mut Script::sleeps(), Deadline::PASSED)
        .unwrap();
    queue.try_visit(|items| assert!(items.iter().eq(&[5])));
    let mut visits = 0;
    queue.try_visit(|_| {
        // Each time: an attempt that fails frees no lock.
        for _ in 0..2 {
            queue.try_visit(|_| visits += 1);
        }
        assert!(queue.try_drain().is_empty());
    });
    assert_eq!(visits, 0, "the items are being visited already");
    assert_eq!(queue.try_drain(), [5]);
    assert!(queue.is_empty());
}

#[test]
fn the_memory_of_a_burst_is_freed() {
    let queue = Raw::new(0);
    let put = |item| {
        queue
            .put_with(item, &mut Script::sleeps(), Deadline::NEVER)
            .unwrap();
    };
    let get = || {
        queue
            .get_with(&mut Script::sleeps(), Deadline::NEVER)
            .unwrap()
    };
    let mut kept = 0;
    let items = count(100_000) as u32;
    (0..items).for_each(put);
    queue.try_visit(|items| kept = items.capacity());
    assert!(kept >= items as usize);
    for expected in 0..items {
        assert_eq!(get(), expected);
    }
    queue.try_visit(|items| kept = items.capacity());
    assert!(kept <= 1024, "memory for {kept} items remains");
}

#[test]
fn a_report_hides_no_item_from_a_garbage_collector() {
    let queue: &RawQueue<u32, Fifo<u32>, ThreadBlocker> = Box::leak(Box::new(RawQueue::new(0)));
    queue
        .put_with(1, &mut ThreadBlocker, Deadline::NEVER)
        .unwrap();
    // SAFETY: leaked, so it does not move.
    assert!(unsafe { queue.follow(true) });
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let missed = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                let _ = weftline::watch::snapshot();
            }
        });
        let mut missed = 0;
        for _ in 0..3_000_000 {
            let mut seen = 0;
            queue.try_visit(|items| seen = items.iter().count());
            missed += usize::from(seen == 0);
        }
        is_done.store(true, std::sync::atomic::Ordering::Relaxed);
        missed
    });
    assert_eq!(missed, 0, "visits that saw no item");
}

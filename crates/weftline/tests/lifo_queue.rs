//! `LifoQueue`: its order, and the rest of the contract, which is that of `Queue`.

mod support;

use std::sync::Arc;
use support::{SHORT, Script, blocked, count, is_send_and_sync, limit, now};
use weftline::park::Deadline;
use weftline::queue::raw::{GetFailure, Lifo, RawQueue};
use weftline::{GetError, LifoQueue, PutError};

#[test]
fn the_item_that_went_in_last_comes_out_first() {
    let queue = LifoQueue::unbounded();
    queue.put(1).unwrap();
    queue.try_put(2).unwrap();
    queue.try_put_for(3, SHORT).unwrap();
    queue.try_put_until(4, now()).unwrap();
    assert_eq!(queue.get(), Ok(4));
    assert_eq!(queue.try_get(), Ok(3));
    assert_eq!(queue.try_get_for(SHORT), Ok(2));
    assert_eq!(queue.try_get_until(now()), Ok(1));
    assert_eq!(queue.try_get(), Err(GetError::Empty));
}

#[test]
fn a_full_queue_refuses_and_a_freed_slot_goes_to_the_next_putter() {
    let _limit = limit();
    let queue = LifoQueue::bounded(1);
    queue.put(1).unwrap();
    assert!(queue.is_full());
    assert_eq!(queue.try_put(2), Err(PutError::Full(2)));
    assert_eq!(queue.try_put_for(2, SHORT), Err(PutError::Full(2)));
    std::thread::scope(|scope| {
        let put = blocked(scope, || queue.put(3));
        assert_eq!(queue.get(), Ok(1));
        put.join().unwrap().unwrap();
    });
    assert_eq!(queue.get(), Ok(3));
}

#[test]
fn a_blocked_get_receives_the_item() {
    let _limit = limit();
    let queue = LifoQueue::unbounded();
    std::thread::scope(|scope| {
        let first = blocked(scope, || queue.get());
        let second = blocked(scope, || queue.get());
        queue.put(1).unwrap();
        queue.put(2).unwrap();
        assert_eq!(
            first.join().unwrap(),
            Ok(1),
            "getters are served in FIFO order"
        );
        assert_eq!(second.join().unwrap(), Ok(2));
    });
}

#[test]
fn tasks_shutdown_and_iteration_are_those_of_every_queue() {
    let queue = LifoQueue::unbounded();
    (1..=3).for_each(|item| queue.put(item).unwrap());
    assert_eq!((queue.unfinished(), queue.try_join().is_ok()), (3, false));
    queue.shutdown(false);
    assert_eq!(queue.put(4), Err(PutError::ShutDown(4)));
    assert_eq!(queue.iter().collect::<Vec<_>>(), [3, 2, 1]);
    (0..3).for_each(|_| queue.task_done().unwrap());
    queue.join();
    assert!(queue.is_shutdown() && queue.task_done().is_err());
    assert_eq!(queue.get(), Err(GetError::ShutDown));
}

#[test]
fn it_is_shared_between_threads_and_debug_does_not_block() {
    is_send_and_sync::<LifoQueue<std::cell::Cell<u8>>>();
    let queue: LifoQueue<u8> = LifoQueue::default();
    assert!(format!("{queue:?}").contains("LifoQueue"));
    assert_eq!((queue.len(), queue.capacity()), (0, None));
}

#[test]
fn the_item_of_an_interrupted_getter_is_the_next_to_come_out() {
    type Raw = RawQueue<u32, Lifo<u32>, Script>;
    let queue = Arc::new(Raw::new(0));
    let same = queue.clone();
    let mut interrupted = Script::interrupted_after(move || {
        for item in [1, 2] {
            same.put_with(item, &mut Script::sleeps(), Deadline::PASSED)
                .unwrap();
        }
    });
    let get = queue.get_with(&mut interrupted, Deadline::NEVER);
    assert!(matches!(get, Err(GetFailure::Interrupted(_))));
    let next = queue.get_with(&mut Script::sleeps(), Deadline::PASSED);
    assert_eq!(next.unwrap(), 1);
}

#[test]
fn the_memory_of_a_burst_is_freed() {
    let queue = RawQueue::<u32, Lifo<u32>, Script>::new(0);
    let items = count(100_000) as u32;
    for item in 0..items {
        queue
            .put_with(item, &mut Script::sleeps(), Deadline::NEVER)
            .unwrap();
    }
    for expected in (0..items).rev() {
        let got = queue.get_with(&mut Script::sleeps(), Deadline::NEVER);
        assert_eq!(got.unwrap(), expected);
    }
    let mut kept = usize::MAX;
    queue.try_visit(|items| kept = items.capacity());
    assert!(kept <= 1024, "memory for {kept} items remains");
}

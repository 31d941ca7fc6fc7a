//! `PriorityQueue`: the differences from `Queue`.

mod support;

use std::cmp::Reverse;
use support::{SHORT, blocked, count, is_send_and_sync, limit, now};
use weftline::{GetError, PriorityQueue, PutError};

#[test]
fn the_smallest_item_comes_out_first() {
    let queue = PriorityQueue::unbounded();
    queue.put(3).unwrap();
    queue.try_put(1).unwrap();
    queue.try_put_for(4, SHORT).unwrap();
    queue.try_put_until(2, now()).unwrap();
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(queue.try_get_for(SHORT), Ok(3));
    assert_eq!(queue.try_get_until(now()), Ok(4));
    assert_eq!(queue.try_get(), Err(GetError::Empty));
}

#[test]
fn items_come_out_sorted_in_any_mix_of_operations() {
    let queue = PriorityQueue::unbounded();
    let mut sorted = std::collections::BinaryHeap::new();
    let mut random = 1_u64;
    for _ in 0..count(5_000) {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let item = random >> 54;
        if random >> 63 == 0 || sorted.is_empty() {
            queue.put(item).unwrap();
            sorted.push(Reverse(item));
        } else {
            assert_eq!(queue.get(), Ok(sorted.pop().unwrap().0));
        }
    }
    while let Some(Reverse(expected)) = sorted.pop() {
        assert_eq!(queue.get(), Ok(expected));
    }
    assert!(queue.is_empty());
}

#[test]
fn a_full_queue_refuses_and_a_freed_slot_goes_to_the_next_putter() {
    let _limit = limit();
    let queue = PriorityQueue::bounded(2);
    queue.put(5).unwrap();
    queue.put(6).unwrap();
    assert_eq!(queue.try_put(1), Err(PutError::Full(1)));
    assert_eq!(queue.try_put_for(1, SHORT), Err(PutError::Full(1)));
    std::thread::scope(|scope| {
        let put = blocked(scope, || queue.put(1));
        assert_eq!(queue.get(), Ok(5));
        put.join().unwrap().unwrap();
    });
    assert_eq!(queue.get(), Ok(1));
}

#[test]
fn a_blocked_get_receives_the_item() {
    let _limit = limit();
    let queue = PriorityQueue::unbounded();
    std::thread::scope(|scope| {
        let get = blocked(scope, || queue.get());
        queue.put(9).unwrap();
        assert_eq!(get.join().unwrap(), Ok(9));
    });
}

#[test]
fn tasks_shutdown_and_iteration_are_those_of_every_queue() {
    let queue = PriorityQueue::unbounded();
    for item in [2, 3, 1] {
        queue.put(item).unwrap();
    }
    assert_eq!((queue.unfinished(), queue.try_join().is_ok()), (3, false));
    queue.shutdown(false);
    assert_eq!(queue.put(0), Err(PutError::ShutDown(0)));
    assert_eq!(queue.iter().collect::<Vec<_>>(), [1, 2, 3]);
    (0..3).for_each(|_| queue.task_done().unwrap());
    queue.join();
    let queue = PriorityQueue::unbounded();
    for item in [2, 3, 1] {
        queue.put(item).unwrap();
    }
    queue.shutdown(true);
    assert_eq!((queue.len(), queue.unfinished()), (0, 0));
}

#[test]
fn it_is_shared_between_threads_and_debug_does_not_block() {
    is_send_and_sync::<PriorityQueue<u8>>();
    let queue: PriorityQueue<u8> = PriorityQueue::default();
    assert!(format!("{queue:?}").contains("PriorityQueue"));
}

//! Queues: every item that is put is taken once, in order where the queue has one.

use crate::support::{count as share_of, now};
use crate::{Random, in_threads};
use std::sync::atomic::{AtomicUsize, Ordering};
use weftline::{GetError, LifoQueue, PriorityQueue, PutError, Queue, SimpleQueue};

/// How many items each producer puts.
fn items() -> usize {
    share_of(15_000)
}

/// Puts `producer`'s items by forms that may time out, until all are in.
fn put_all(queue: &Queue<(usize, usize)>, producer: usize, random: &mut Random) {
    for count in 0..items() {
        let mut item = (producer, count);
        loop {
            let put = match random.below(6) {
                0 => queue.try_put(item),
                1 => queue.try_put_for(item, random.timeout()),
                2 => queue.try_put_until(item, now() + random.timeout()),
                _ => queue.put(item),
            };
            match put {
                Ok(()) => break,
                Err(PutError::Full(back)) => item = back,
                Err(other) => panic!("shut down too early: {other:?}"),
            }
        }
    }
}

/// Takes items by forms that may time out, until the queue is shut down and empty.
fn get_all(queue: &Queue<(usize, usize)>, random: &mut Random) -> Vec<(usize, usize)> {
    let mut got = Vec::new();
    loop {
        let item = match random.below(6) {
            0 => queue.try_get(),
            1 => queue.try_get_for(random.timeout()),
            2 => queue.try_get_until(now() + random.timeout()),
            _ => queue.get(),
        };
        match item {
            Ok(item) => {
                got.push(item);
                queue.task_done().unwrap();
            }
            Err(GetError::Empty) => {}
            Err(GetError::ShutDown) => return got,
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn every_item_comes_out_once_and_in_its_producers_order(queue: &Queue<(usize, usize)>) {
    let producing = AtomicUsize::new(2);
    let got = in_threads(4, |number| {
        let mut random = Random::new(number);
        if number < 2 {
            put_all(queue, number, &mut random);
            if producing.fetch_sub(1, Ordering::AcqRel) == 1 {
                queue.join();
                queue.shutdown(false);
            }
            return Vec::new();
        }
        get_all(queue, &mut random)
    });
    assert_eq!(queue.unfinished(), 0);
    let mut all: Vec<_> = got.iter().flatten().copied().collect();
    all.sort_unstable();
    let expected = (0..2).flat_map(|producer| (0..items()).map(move |count| (producer, count)));
    assert!(all.into_iter().eq(expected));
    for of_consumer in got {
        for producer in 0..2 {
            let counts = of_consumer.iter().filter(|item| item.0 == producer);
            assert!(counts.map(|item| item.1).is_sorted());
        }
    }
}

#[test]
fn every_item_of_an_unbounded_queue_comes_out_once_and_in_order() {
    every_item_comes_out_once_and_in_its_producers_order(&Queue::unbounded());
}

#[test]
fn every_item_of_a_queue_for_one_comes_out_once_and_in_order() {
    every_item_comes_out_once_and_in_its_producers_order(&Queue::bounded(1));
}

#[test]
fn every_item_of_a_bounded_queue_comes_out_once_and_in_order() {
    every_item_comes_out_once_and_in_its_producers_order(&Queue::bounded(3));
}

#[test]
fn many_threads_on_a_queue_for_one_all_end() {
    // Putters and getters wait at the same time. Slots are handed off to putters, which hand off
    // their items.
    let queue = Queue::bounded(1);
    in_threads(12, |number| {
        for _ in 0..share_of(2_000) {
            if number % 2 == 0 {
                queue.put(number).unwrap();
            } else {
                queue.get().unwrap();
            }
        }
    });
    assert!(queue.is_empty());
}

#[test]
fn every_item_accepted_before_a_shutdown_comes_out() {
    for round in 1..=share_of(150) {
        let queue = Queue::bounded(4);
        let counts = in_threads(4, |number| {
            if number < 2 {
                let mut put = 0;
                while queue.put(()).is_ok() {
                    put += 1;
                    if number == 0 && put == round {
                        queue.shutdown(false);
                    }
                }
                put
            } else {
                queue.iter().count()
            }
        });
        assert_eq!(counts[0] + counts[1], counts[2] + counts[3]);
    }
}

#[test]
fn every_item_of_a_lifo_queue_comes_out_once() {
    let queue = LifoQueue::bounded(3);
    let sums = in_threads(4, |number| {
        if number < 2 {
            (1..=items()).for_each(|item| queue.put(item).unwrap());
            0
        } else {
            (0..items()).map(|_| queue.get().unwrap()).sum()
        }
    });
    assert_eq!(sums.into_iter().sum::<usize>(), items() * (items() + 1));
}

#[test]
fn every_item_of_a_priority_queue_comes_out_once() {
    let items = share_of(6_000);
    for queue in [PriorityQueue::unbounded(), PriorityQueue::bounded(5)] {
        let sums = in_threads(4, |number| {
            let mut random = Random::new(number);
            let mut sum = 0;
            for _ in 0..items {
                if number < 2 {
                    let item = random.below(100);
                    queue.put(item).unwrap();
                    sum += item;
                } else {
                    sum += queue.get().unwrap();
                }
            }
            sum
        });
        assert_eq!(sums[0] + sums[1], sums[2] + sums[3]);
    }
}

#[test]
fn every_item_of_a_simple_queue_comes_out_once() {
    let queue = SimpleQueue::new();
    let sums = in_threads(4, |number| {
        if number < 2 {
            (1..=items()).for_each(|item| queue.put(item));
            0
        } else {
            (0..items()).map(|_| queue.get()).sum()
        }
    });
    assert_eq!(sums.into_iter().sum::<usize>(), items() * (items() + 1));
}

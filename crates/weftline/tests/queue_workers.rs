//! A queue whose getters are interchangeable workers.

mod support;

use std::convert::Infallible;
use std::thread;
use support::{blocked, limit};
use weftline::park::{Blocker, Deadline, Parker, ThreadBlocker, Wake};
use weftline::queue::raw::{RawQueue, WorkerFifo};

struct Worker;

impl Blocker for Worker {
    type Interrupt = Infallible;

    fn may_yield(&mut self) -> bool {
        false
    }

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        ThreadBlocker.block(parker, deadline)
    }
}

type Queue = RawQueue<u32, WorkerFifo<u32>, Worker>;

fn put(queue: &Queue, item: u32) {
    let put = queue.put_with(item, &mut Worker, Deadline::NEVER);
    assert!(put.is_ok());
}

fn get(queue: &Queue) -> Option<u32> {
    queue.get_with(&mut Worker, Deadline::NEVER).ok()
}

#[test]
fn the_worker_that_came_last_is_served_first() {
    let _limit = limit();
    for _ in 0..20 {
        let queue = Queue::new(0);
        let put = |item| put(&queue, item);
        let get = || get(&queue);
        thread::scope(|scope| {
            let first = blocked(scope, get);
            let second = blocked(scope, get);
            let third = blocked(scope, get);
            put(1);
            assert_eq!(third.join().unwrap(), Some(1));
            // A worker that comes meanwhile is the last one.
            let fourth = blocked(scope, get);
            put(2);
            assert_eq!(fourth.join().unwrap(), Some(2));
            put(3);
            assert_eq!(second.join().unwrap(), Some(3));
            put(4);
            assert_eq!(first.join().unwrap(), Some(4));
        });
    }
}

#[test]
fn after_seven_wakes_of_one_worker_the_next_item_goes_to_another() {
    let _limit = limit();
    let queue = Queue::new(0);
    let put = |item| put(&queue, item);
    let get = || get(&queue);
    thread::scope(|scope| {
        let first = blocked(scope, get);
        let mut last = blocked(scope, get);
        for item in 1..8 {
            put(item);
            assert_eq!(last.join().unwrap(), Some(item));
            last = blocked(scope, get);
        }
        put(8);
        assert_eq!(first.join().unwrap(), Some(8));
        put(9);
        assert_eq!(last.join().unwrap(), Some(9));
    });
}

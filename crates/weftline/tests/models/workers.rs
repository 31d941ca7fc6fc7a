//! A queue whose getters are interchangeable workers: an item waits for a worker that is on its
//! way, and wakes a sleeping one only if none comes.

use crate::support::*;
use weftline::park::Deadline;
use weftline::queue::raw::{GetFailure, RawQueue, WorkerFifo};

type Queue = RawQueue<u32, WorkerFifo<u32>, Sleeper>;

fn worker() -> Sleeper {
    Sleeper::new()
}

fn put(queue: &Queue, item: u32) {
    let put = queue.put_with(item, &mut worker(), Deadline::NEVER);
    assert!(put.is_ok());
}

fn getter(queue: &Arc<Queue>, deadline: Deadline) -> JoinHandle<Option<u32>> {
    let queue = Arc::clone(queue);
    spawn(move || match queue.get_with(&mut worker(), deadline) {
        Ok(item) => Some(item),
        Err(GetFailure::Empty) => None,
        Err(why) => panic!("{why:?}"),
    })
}

#[test]
fn each_worker_gets_an_item_whether_it_waits_or_is_about_to() {
    explore(3, || {
        let queue = Arc::new(Queue::new(0));
        let getters = [(); 2].map(|()| getter(&queue, Deadline::NEVER));
        put(&queue, 1);
        put(&queue, 2);
        let mut got = getters.map(|getter| join(getter).unwrap());
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
    });
}

#[test]
fn an_item_does_not_wait_for_a_worker_that_gives_up() {
    explore(2, || {
        let queue = Arc::new(Queue::new(0));
        let alarm = Alarm::leak();
        let waiter = getter(&queue, Deadline::NEVER);
        let timed = getter(&queue, Deadline::At(alarm));
        let clock = spawn(move || alarm.fire());
        put(&queue, 1);
        put(&queue, 2);
        assert!(join(waiter).is_some());
        let left = usize::from(join(timed).is_none());
        join(clock);
        assert_eq!(queue.len(), left);
    });
}

#[test]
fn each_of_two_concurrent_items_reaches_a_worker() {
    explore(1, || {
        let queue = Arc::new(Queue::new(0));
        let others = [(); 2].map(|()| getter(&queue, Deadline::NEVER));
        let putter = {
            let queue = Arc::clone(&queue);
            spawn(move || {
                put(&queue, 1);
                let other = {
                    let queue = Arc::clone(&queue);
                    spawn(move || put(&queue, 2))
                };
                put(&queue, 3);
                join(other);
            })
        };
        let item = queue.get_with(&mut worker(), Deadline::NEVER);
        let others = others.map(|other| join(other).unwrap());
        join(putter);
        assert_eq!(item.unwrap() + others.iter().sum::<u32>(), 6);
    });
}

#[test]
fn a_shutdown_during_a_deferred_wake_loses_neither_item_nor_worker() {
    explore(1, || {
        let queue = Arc::new(Queue::new(0));
        let getters = [(); 2].map(|()| {
            let queue = Arc::clone(&queue);
            spawn(move || queue.get_with(&mut worker(), Deadline::NEVER).ok())
        });
        let closer = {
            let queue = Arc::clone(&queue);
            spawn(move || queue.shutdown_with(false, &mut worker()).is_ok())
        };
        let put = [1, 2].map(|item| queue.put_with(item, &mut worker(), Deadline::NEVER).is_ok());
        assert!(join(closer));
        let got = getters.map(|getter| join(getter));
        let count = |all: &[bool]| all.iter().filter(|&&is| is).count();
        assert_eq!(count(&got.map(|item| item.is_some())), count(&put));
    });
}

//! The queue: each item comes out once, in order, also when a thread gives up meanwhile. An item or
//! slot that its receiver cannot use goes to the next.

#[cfg(weftline_model = "shuttle")]
pub(crate) mod crowds;

use crate::support::*;
use weftline::park::{Deadline, WaitError};
use weftline::queue::raw::{Fifo, GetFailure, Order, PutFailure, RawQueue};

type Queue = RawQueue<u32, Fifo<u32>, Sleeper>;
pub(crate) type Got<T> = Result<T, GetFailure<T, Signalled>>;
pub(crate) type Put<T> = Result<(), PutFailure<T, Signalled>>;

pub(crate) fn of<T, O: Order<T, Sleeper>>(capacity: usize) -> Arc<RawQueue<T, O, Sleeper>> {
    Arc::new(RawQueue::new(capacity))
}

pub(crate) fn put<T, O: Order<T, Sleeper>>(queue: &RawQueue<T, O, Sleeper>, item: T) {
    let put = queue.put_with(item, &mut Sleeper::new(), Deadline::NEVER);
    assert!(put.is_ok());
}

pub(crate) fn get<T, O: Order<T, Sleeper>>(queue: &RawQueue<T, O, Sleeper>) -> T {
    match queue.get_with(&mut Sleeper::new(), Deadline::NEVER) {
        Ok(item) => item,
        Err(_) => panic!("nothing ends this wait but an item"),
    }
}

pub(crate) fn try_get<T, O: Order<T, Sleeper>>(queue: &RawQueue<T, O, Sleeper>) -> Option<T> {
    queue.get_with(&mut Sleeper::new(), Deadline::PASSED).ok()
}

/// The items that are left in a queue, in the order in which they come out.
pub(crate) fn rest<T, O: Order<T, Sleeper>>(queue: &RawQueue<T, O, Sleeper>) -> Vec<T> {
    std::iter::from_fn(|| try_get(queue)).collect()
}

fn getter(queue: &Arc<Queue>, mut sleeper: Sleeper, deadline: Deadline) -> JoinHandle<Got<u32>> {
    let queue = Arc::clone(queue);
    spawn(move || queue.get_with(&mut sleeper, deadline))
}

fn putter(
    queue: &Arc<Queue>,
    item: u32,
    mut sleeper: Sleeper,
    deadline: Deadline,
) -> JoinHandle<Put<u32>> {
    let queue = Arc::clone(queue);
    spawn(move || queue.put_with(item, &mut sleeper, deadline))
}

#[test]
fn items_come_out_in_the_order_in_which_they_went_in() {
    explore(3, || {
        let queue: Arc<Queue> = of(0);
        let producer = {
            let queue = Arc::clone(&queue);
            spawn(move || (1..=3).for_each(|item| put(&queue, item)))
        };
        assert_eq!([(); 3].map(|()| get(&queue)), [1, 2, 3]);
        join(producer);
    });
}

#[test]
fn a_slot_goes_to_the_putter_that_waits_for_it() {
    explore(3, || {
        let queue: Arc<Queue> = of(1);
        let producer = {
            let queue = Arc::clone(&queue);
            spawn(move || (1..=3).for_each(|item| put(&queue, item)))
        };
        let got = [(); 3].map(|()| {
            assert!(queue.len() <= 1);
            get(&queue)
        });
        assert_eq!(got, [1, 2, 3]);
        join(producer);
        assert!(queue.is_empty());
    });
}

#[test]
fn two_producers_and_two_consumers_share_one_slot() {
    explore(1, || {
        let queue: Arc<Queue> = of(1);
        let producers = [1, 2].map(|item| putter(&queue, item, Sleeper::new(), Deadline::NEVER));
        let other = getter(&queue, Sleeper::new(), Deadline::NEVER);
        let mut got = [get(&queue), join(other).unwrap()];
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        for producer in producers {
            assert!(join(producer).is_ok());
        }
    });
}

#[test]
fn a_getter_that_times_out_leaves_the_item_to_the_next() {
    explore(2, || {
        let queue: Arc<Queue> = of(0);
        let alarm = Alarm::leak();
        let timed = getter(&queue, Sleeper::new(), Deadline::At(alarm));
        let waiter = getter(&queue, Sleeper::new(), Deadline::NEVER);
        let clock = spawn(move || alarm.fire());
        put(&queue, 1);
        match join(timed) {
            Ok(item) => put(&queue, item),
            Err(failure) => assert!(matches!(failure, GetFailure::Empty)),
        }
        assert!(matches!(join(waiter), Ok(1)));
        join(clock);
        assert!(queue.is_empty());
    });
}

#[test]
fn a_putter_that_times_out_leaves_its_slot_to_the_next() {
    explore(2, || {
        let queue: Arc<Queue> = of(1);
        put(&queue, 0);
        let alarm = Alarm::leak();
        let timed = putter(&queue, 1, Sleeper::new(), Deadline::At(alarm));
        let waiter = putter(&queue, 2, Sleeper::new(), Deadline::NEVER);
        alarm.fire();
        assert_eq!(get(&queue), 0);
        let mut expected = vec![2];
        let mut got = vec![get(&queue)];
        match join(timed) {
            Ok(()) => {
                expected.insert(0, 1);
                got.push(get(&queue));
            }
            Err(failure) => assert!(matches!(failure, PutFailure::Full(1))),
        }
        assert!(join(waiter).is_ok());
        got.sort_unstable();
        assert_eq!(got, expected);
        let again = queue.put_with(3, &mut Sleeper::new(), Deadline::PASSED);
        assert!(again.is_ok(), "no slot stays reserved");
    });
}

#[test]
fn an_interrupted_getter_gives_its_item_to_the_next() {
    explore(2, || {
        let queue: Arc<Queue> = of(0);
        let signal = Signal::new();
        let interrupted = getter(&queue, Sleeper::that_hears(&signal), Deadline::NEVER);
        let waiter = getter(&queue, Sleeper::new(), Deadline::NEVER);
        let kernel = spawn(move || signal.raise());
        put(&queue, 1);
        match join(interrupted) {
            Ok(item) => put(&queue, item),
            Err(failure) => assert!(matches!(failure, GetFailure::Interrupted(Signalled))),
        }
        assert!(matches!(join(waiter), Ok(1)));
        join(kernel);
        assert!(queue.is_empty());
    });
}

#[test]
fn an_item_that_is_given_back_comes_out_before_later_items() {
    explore(3, || {
        let queue: Arc<Queue> = of(0);
        let signal = Signal::new();
        let interrupted = getter(&queue, Sleeper::that_hears(&signal), Deadline::NEVER);
        let kernel = spawn(move || signal.raise());
        put(&queue, 1);
        put(&queue, 2);
        let mut all: Vec<_> = join(interrupted).into_iter().collect();
        all.extend(rest(&queue));
        assert_eq!(all, [1, 2]);
        join(kernel);
    });
}

#[test]
fn an_interrupted_putter_gives_its_slot_to_the_next() {
    explore(2, || {
        let queue: Arc<Queue> = of(1);
        put(&queue, 0);
        let signal = Signal::new();
        let interrupted = putter(&queue, 1, Sleeper::that_hears(&signal), Deadline::NEVER);
        let waiter = putter(&queue, 2, Sleeper::new(), Deadline::NEVER);
        signal.raise();
        assert_eq!(get(&queue), 0);
        let mut got = vec![get(&queue)];
        match join(interrupted) {
            Ok(()) => got.push(get(&queue)),
            Err(failure) => assert!(matches!(failure, PutFailure::Interrupted(1, Signalled))),
        }
        assert!(join(waiter).is_ok());
        assert!(got.contains(&2));
        let again = queue.put_with(3, &mut Sleeper::new(), Deadline::PASSED);
        assert!(again.is_ok(), "no slot stays reserved");
    });
}

#[test]
fn a_shutdown_wakes_every_waiter_and_loses_no_item() {
    explore(2, || {
        let queue: Arc<Queue> = of(1);
        put(&queue, 1);
        let waiting = putter(&queue, 2, Sleeper::new(), Deadline::NEVER);
        let taking = {
            let queue = Arc::clone(&queue);
            spawn(move || {
                let get = || queue.get_with(&mut Sleeper::new(), Deadline::NEVER).ok();
                std::iter::from_fn(get).collect::<Vec<_>>()
            })
        };
        let dropped = queue.shutdown_with(true, &mut Sleeper::new()).unwrap();
        let mut seen = join(taking);
        seen.extend(dropped);
        match join(waiting) {
            Ok(()) => {}
            Err(PutFailure::ShutDown(item)) => seen.push(item),
            Err(failure) => panic!("{failure:?}"),
        }
        assert_eq!(seen, [1, 2]);
        assert!(queue.is_empty());
    });
}

#[test]
fn after_a_shutdown_that_is_not_immediate_the_items_still_come_out() {
    explore(3, || {
        let queue: Arc<Queue> = of(0);
        let consumer = {
            let queue = Arc::clone(&queue);
            spawn(move || {
                let get = || queue.get_with(&mut Sleeper::new(), Deadline::NEVER).ok();
                std::iter::from_fn(get).collect::<Vec<_>>()
            })
        };
        put(&queue, 1);
        put(&queue, 2);
        let dropped = queue.shutdown_with(false, &mut Sleeper::new()).unwrap();
        assert!(dropped.is_empty());
        assert_eq!(join(consumer), [1, 2]);
    });
}

#[test]
fn join_ends_when_the_last_task_is_done() {
    explore(3, || {
        let queue: Arc<Queue> = of(0);
        put(&queue, 1);
        put(&queue, 2);
        let workers = [(); 2].map(|()| {
            let queue = Arc::clone(&queue);
            spawn(move || {
                get(&queue);
                queue.task_done().unwrap();
            })
        });
        let joined = queue.join_with(&mut Sleeper::new(), Deadline::NEVER);
        assert_eq!(joined, Ok(true));
        assert_eq!(queue.unfinished(), 0);
        workers.into_iter().for_each(join);
        assert!(queue.task_done().is_err());
    });
}

#[test]
fn a_join_that_times_out_leaves_the_others_joined() {
    explore(2, || {
        let queue: Arc<Queue> = of(0);
        let alarm = Alarm::leak();
        put(&queue, 1);
        let joiner = |deadline| {
            let queue = Arc::clone(&queue);
            spawn(move || queue.join_with(&mut Sleeper::new(), deadline))
        };
        let (timed, waiter) = (joiner(Deadline::At(alarm)), joiner(Deadline::NEVER));
        let clock = spawn(move || alarm.fire());
        queue.task_done().unwrap();
        assert_eq!(join(waiter), Ok(true));
        assert!(matches!(join(timed), Ok(true) | Err(WaitError::TimedOut)));
        join(clock);
    });
}

#[test]
fn forwarding_a_queue_moves_every_item_and_ends_every_wait() {
    explore(2, || {
        let queue: Arc<Queue> = of(1);
        let signal = Signal::new();
        let interrupted = getter(&queue, Sleeper::that_hears(&signal), Deadline::NEVER);
        let putting = putter(&queue, 1, Sleeper::new(), Deadline::NEVER);
        let kernel = spawn(move || signal.raise());
        let forwarded = queue.forward_with(&mut Sleeper::new()).unwrap();
        let mut items = forwarded.expect("forwarded once").items;
        match join(interrupted) {
            Ok(item) | Err(GetFailure::Stranded(item, Signalled)) => items.push(item),
            Err(GetFailure::Forwarded | GetFailure::Interrupted(Signalled)) => {}
            Err(failure) => panic!("{failure:?}"),
        }
        match join(putting) {
            Ok(()) => {}
            Err(PutFailure::Forwarded(item)) => items.push(item),
            Err(failure) => panic!("{failure:?}"),
        }
        join(kernel);
        assert_eq!(items, [1]);
        assert!(queue.is_empty());
    });
}

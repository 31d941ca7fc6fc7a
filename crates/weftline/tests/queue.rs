//! The contract of `Queue`, and the parts of it that every queue shares.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use support::{LONG, SHORT, Script, blocked, is_send_and_sync, leak, limit, now, takes_at_least};
use weftline::park::Deadline;
use weftline::queue::raw::{Fifo, RawQueue};
use weftline::{GetError, PutError, Queue, TimedOut, TooManyTasksDone};

type Raw = RawQueue<u32, Fifo<u32>, Script>;
type Get = fn(&Queue<usize>) -> Result<usize, GetError>;
type Put = fn(&Queue<usize>, usize) -> Result<(), PutError<usize>>;
type Join = fn(&Queue<()>) -> Result<(), TimedOut>;

#[test]
fn items_come_out_in_the_order_in_which_they_went_in() {
    let queue = Queue::unbounded();
    queue.put(1).unwrap();
    queue.try_put(2).unwrap();
    queue.try_put_for(3, Duration::ZERO).unwrap();
    queue.try_put_until(4, now()).unwrap();
    assert_eq!((queue.len(), queue.capacity()), (4, None));
    assert!(!queue.is_full());
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(queue.try_get_for(Duration::ZERO), Ok(3));
    assert_eq!(queue.try_get_until(now()), Ok(4));
    assert!(queue.is_empty());
}

#[test]
fn an_empty_queue_is_reported_by_each_form_that_gives_up() {
    let queue = Queue::<u8>::unbounded();
    assert_eq!(queue.try_get(), Err(GetError::Empty));
    assert_eq!(
        takes_at_least(SHORT, || queue.try_get_for(SHORT)),
        Err(GetError::Empty)
    );
    assert_eq!(
        takes_at_least(SHORT, || queue.try_get_until(now() + SHORT)),
        Err(GetError::Empty)
    );
    assert_eq!(queue.try_get_until(now()), Err(GetError::Empty));
}

#[test]
fn a_full_queue_returns_the_item_from_each_form_that_gives_up() {
    let queue = Queue::bounded(1);
    assert_eq!(queue.capacity(), Some(1));
    queue.put("in").unwrap();
    assert!(queue.is_full());
    assert_eq!(queue.try_put("a"), Err(PutError::Full("a")));
    assert_eq!(
        takes_at_least(SHORT, || queue.try_put_for("b", SHORT)),
        Err(PutError::Full("b"))
    );
    assert_eq!(
        takes_at_least(SHORT, || queue.try_put_until("c", now() + SHORT)),
        Err(PutError::Full("c"))
    );
    assert_eq!(queue.try_put("d").unwrap_err().into_inner(), "d");
    assert_eq!(queue.len(), 1);
}

#[test]
fn a_capacity_of_zero_is_refused() {
    assert!(catch_unwind(|| Queue::<u8>::bounded(0)).is_err());
}

#[test]
fn a_blocked_get_of_each_form_receives_the_next_item() {
    let _limit = limit();
    let queue = Queue::unbounded();
    std::thread::scope(|scope| {
        let forms: [Get; 4] = [
            Queue::get,
            |queue| queue.try_get_for(LONG),
            |queue| queue.try_get_for(Duration::MAX),
            |queue| queue.try_get_until(now() + LONG),
        ];
        let shared = &queue;
        let gets = forms.map(|get| blocked(scope, move || get(shared)));
        (0..4).for_each(|item| queue.put(item).unwrap());
        let got = gets.map(|get| get.join().unwrap().unwrap());
        assert_eq!(
            got,
            [0, 1, 2, 3],
            "the getter that has waited longest is served first"
        );
    });
}

#[test]
fn a_blocked_put_of_each_form_receives_the_next_slot() {
    let _limit = limit();
    let queue = Queue::bounded(1);
    queue.put(0).unwrap();
    std::thread::scope(|scope| {
        let forms: [Put; 4] = [
            Queue::put,
            |queue, item| queue.try_put_for(item, LONG),
            |queue, item| queue.try_put_for(item, Duration::MAX),
            |queue, item| queue.try_put_until(item, now() + LONG),
        ];
        let shared = &queue;
        let mut item = 0;
        let puts = forms.map(|put| {
            item += 1;
            blocked(scope, move || put(shared, item))
        });
        let got: Vec<_> = (0..5).map(|_| queue.get().unwrap()).collect();
        assert_eq!(
            got,
            [0, 1, 2, 3, 4],
            "the putter that has waited longest goes first"
        );
        for put in puts {
            put.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_timed_out_waiter_leaves_the_queue() {
    let _limit = limit();
    let queue = &Raw::new(1);
    let get = |mut script: Script| move || queue.get_with(&mut script, Deadline::NEVER).ok();
    let put = |item, mut script: Script| {
        move || queue.put_with(item, &mut script, Deadline::NEVER).is_ok()
    };
    // The timeout passes when the test says so, while the other getter is behind it.
    let gives_up = || {
        let (give_up, told) = channel::<()>();
        let script = Script::times_out_after(move || told.recv().expect("the test goes on"));
        (give_up, script)
    };
    std::thread::scope(|scope| {
        let (give_up, script) = gives_up();
        let gave_up = blocked(scope, get(script));
        let stays = blocked(scope, get(Script::sleeps()));
        give_up.send(()).unwrap();
        assert_eq!(gave_up.join().unwrap(), None);
        assert!(put(1, Script::sleeps())());
        assert_eq!(stays.join().unwrap(), Some(1));

        assert!(put(2, Script::sleeps())());
        let (give_up, script) = gives_up();
        let gave_up = blocked(scope, put(3, script));
        let stays = blocked(scope, put(4, Script::sleeps()));
        give_up.send(()).unwrap();
        assert!(!gave_up.join().unwrap());
        assert_eq!(get(Script::sleeps())(), Some(2));
        assert!(stays.join().unwrap());
        assert_eq!(get(Script::sleeps())(), Some(4));
    });
}

#[test]
fn join_waits_until_every_item_is_done() {
    let _limit = limit();
    let queue = Queue::unbounded();
    assert_eq!(queue.task_done(), Err(TooManyTasksDone));
    assert_eq!(queue.try_join(), Ok(()));
    queue.join();
    queue.put(()).unwrap();
    queue.put(()).unwrap();
    assert_eq!(queue.unfinished(), 2);
    assert_eq!(queue.try_join(), Err(TimedOut));
    assert_eq!(
        takes_at_least(SHORT, || queue.try_join_for(SHORT)),
        Err(TimedOut)
    );
    assert_eq!(
        takes_at_least(SHORT, || queue.try_join_until(now() + SHORT)),
        Err(TimedOut)
    );
    std::thread::scope(|scope| {
        let forms: [Join; 4] = [
            |queue| {
                queue.join();
                Ok(())
            },
            |queue| queue.try_join_for(LONG),
            |queue| queue.try_join_for(Duration::MAX),
            |queue| queue.try_join_until(now() + LONG),
        ];
        let shared = &queue;
        let joins = forms.map(|join| blocked(scope, move || join(shared)));
        queue.get().unwrap();
        queue.task_done().unwrap();
        assert!(joins.iter().all(|join| !join.is_finished()));
        queue.get().unwrap();
        assert_eq!(queue.unfinished(), 1, "a taken item is not done");
        queue.task_done().unwrap();
        for join in joins {
            join.join().unwrap().unwrap();
        }
    });
    assert_eq!(queue.task_done(), Err(TooManyTasksDone));
}

#[test]
fn an_item_that_goes_straight_to_a_getter_counts_as_unfinished() {
    let _limit = limit();
    let queue = Queue::unbounded();
    std::thread::scope(|scope| {
        let get = blocked(scope, || queue.get());
        queue.put(1).unwrap();
        get.join().unwrap().unwrap();
    });
    assert_eq!(queue.unfinished(), 1);
    queue.task_done().unwrap();
}

#[test]
fn after_a_shutdown_items_are_refused_and_the_remaining_ones_can_be_taken() {
    let queue = Queue::unbounded();
    queue.put(1).unwrap();
    assert!(!queue.is_shutdown());
    queue.shutdown(false);
    queue.shutdown(false);
    assert!(queue.is_shutdown());
    assert_eq!(queue.put(2), Err(PutError::ShutDown(2)));
    assert_eq!(queue.try_put(3), Err(PutError::ShutDown(3)));
    assert_eq!(queue.try_put_for(4, LONG), Err(PutError::ShutDown(4)));
    assert_eq!(
        queue.try_put_until(5, now() + LONG),
        Err(PutError::ShutDown(5))
    );
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.get(), Err(GetError::ShutDown));
    assert_eq!(queue.try_get(), Err(GetError::ShutDown));
    assert_eq!(queue.try_get_for(LONG), Err(GetError::ShutDown));
    assert_eq!(queue.try_get_until(now() + LONG), Err(GetError::ShutDown));
    assert_eq!(queue.try_join(), Err(TimedOut), "the item is not done yet");
    queue.task_done().unwrap();
    queue.join();
}

#[test]
fn an_immediate_shutdown_drops_the_items_and_counts_them_as_done() {
    let queue = Queue::unbounded();
    let item = Arc::new(());
    queue.put(item.clone()).unwrap();
    queue.put(item.clone()).unwrap();
    drop(queue.get());
    queue.shutdown(true);
    assert_eq!(Arc::strong_count(&item), 1);
    assert!(queue.is_empty());
    assert_eq!(queue.unfinished(), 1, "the item that was taken");
    queue.task_done().unwrap();
    queue.join();
}

#[test]
fn a_shutdown_ends_every_wait() {
    let _limit = limit();
    for immediate in [false, true] {
        let (empty, full) = (Queue::<u8>::unbounded(), Queue::bounded(1));
        full.put(0).unwrap();
        std::thread::scope(|scope| {
            let gets = [
                blocked(scope, || empty.get()),
                blocked(scope, || empty.get()),
            ];
            let puts = [
                blocked(scope, || full.put(1)),
                blocked(scope, || full.put(2)),
            ];
            let join = blocked(scope, || full.join());
            empty.shutdown(immediate);
            full.shutdown(immediate);
            for get in gets {
                assert_eq!(get.join().unwrap(), Err(GetError::ShutDown));
            }
            for (put, item) in puts.into_iter().zip([1, 2]) {
                assert_eq!(put.join().unwrap(), Err(PutError::ShutDown(item)));
            }
            if !immediate {
                assert!(!join.is_finished(), "an item is left");
                full.get().unwrap();
                full.task_done().unwrap();
            }
            join.join().unwrap();
        });
    }
}

#[test]
fn iteration_takes_items_until_the_queue_is_shut_down_and_empty() {
    let _limit = limit();
    let queue = Queue::bounded(2);
    std::thread::scope(|scope| {
        let taken = scope.spawn(|| (&queue).into_iter().collect::<Vec<_>>());
        (0..10).for_each(|item| queue.put(item).unwrap());
        queue.shutdown(false);
        assert_eq!(taken.join().unwrap(), (0..10).collect::<Vec<_>>());
    });
    assert_eq!(queue.iter().next(), None);
}

/// Uses the queue that it is an item of, as it is dropped.
struct UsesItsQueue(&'static Queue<Option<UsesItsQueue>>);

impl Drop for UsesItsQueue {
    fn drop(&mut self) {
        let _ = self.0.try_put(None);
        assert!(self.0.len() <= 100);
        let _ = self.0.try_get();
        let _ = self.0.task_done();
    }
}

#[test]
fn the_destructor_of_an_item_may_use_the_queue() {
    let _limit = limit();
    let queue: &'static Queue<Option<UsesItsQueue>> = leak(Queue::bounded(4));
    let item = || Some(UsesItsQueue(queue));
    (0..4).for_each(|_| assert!(queue.put(item()).is_ok()));
    drop(queue.try_put(item()));
    drop(queue.get());
    drop(queue.try_put_for(item(), SHORT));
    queue.shutdown(true);
    drop(queue.put(item()));
    assert!(queue.is_empty());
}

#[test]
fn dropping_the_queue_drops_its_items() {
    let item = Arc::new(());
    let queue = Queue::unbounded();
    (0..3).for_each(|_| queue.put(item.clone()).unwrap());
    drop(queue);
    assert_eq!(Arc::strong_count(&item), 1);
}

#[test]
fn a_panic_of_the_caller_does_not_affect_the_queue() {
    let queue = Queue::bounded(2);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        queue.put(1).unwrap();
        panic!("after a put");
    }));
    assert!(panicked.is_err());
    assert_eq!(queue.get(), Ok(1));
}

#[test]
fn debug_does_not_block_and_does_not_show_the_items() {
    let queue = Queue::bounded(3);
    queue.put("secret").unwrap();
    let shown = format!("{queue:?} {:?}", queue.iter());
    assert!(shown.contains("len: 1") && !shown.contains("secret"));
    let refused = PutError::Full("secret");
    assert!(!format!("{refused:?} {refused}").contains("secret"));
}

#[test]
fn it_is_shared_between_threads_if_its_items_can_move_between_them() {
    is_send_and_sync::<Queue<std::cell::Cell<u8>>>();
    is_send_and_sync::<Raw>();
    let queue: Queue<u8> = Queue::default();
    assert_eq!(queue.capacity(), None);
}

#[test]
fn queues_can_be_statics() {
    static JOBS: Queue<u8> = Queue::bounded(2);
    static STACK: weftline::LifoQueue<String> = weftline::LifoQueue::unbounded();
    static NOTES: weftline::SimpleQueue<u8> = weftline::SimpleQueue::new();
    JOBS.put(1).unwrap();
    STACK.put("top".to_owned()).unwrap();
    NOTES.put(3);
    assert_eq!(JOBS.capacity(), Some(2));
    let all = (JOBS.get().unwrap(), STACK.get().unwrap(), NOTES.get());
    assert_eq!(all, (1, "top".to_owned(), 3));
}

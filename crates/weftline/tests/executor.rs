//! Thread pools, futures, `wait` and `as_completed`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at the clock, and one is an executor of asynchronous code"
)]

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use weftline::{
    AsCompleted, Barrier, Event, Executor, Future, Lock, MapError, MapOptions, Queue, ResultError,
    ReturnWhen, SubmitError, TaskError, ThreadPoolExecutor, as_completed, current, try_wait,
    try_wait_for, wait,
};

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(30);

/// A pool whose only worker is busy until the event is set.
fn busy_pool() -> (ThreadPoolExecutor, Arc<Event>, Future<()>) {
    let pool = ThreadPoolExecutor::new(1);
    let (go, begun) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let task = {
        let (go, begun) = (Arc::clone(&go), Arc::clone(&begun));
        pool.submit(move || {
            begun.set();
            go.wait();
        })
    };
    begun.wait();
    (pool, go, task.unwrap())
}

#[test]
fn a_result_is_what_the_task_returned() {
    let pool = ThreadPoolExecutor::new(2);
    let futures: Vec<_> = (0..100)
        .map(|n| pool.submit(move || n * n).unwrap())
        .collect();
    for (n, future) in futures.into_iter().enumerate() {
        assert_eq!(future.result().unwrap(), n * n);
    }
}

#[test]
fn a_result_that_is_not_there_gives_the_future_back() {
    let (pool, go, first) = busy_pool();
    let second = pool.submit(|| 2).unwrap();
    assert!(first.running() && !second.running() && !second.done());
    let Err(ResultError::NotYet(second)) = second.try_result() else {
        panic!("it has not begun");
    };
    let Err(ResultError::NotYet(second)) = second.try_result_for(SHORT) else {
        panic!("it has not begun");
    };
    assert!(second.try_exception().is_err());
    assert!(second.try_exception_for(SHORT).is_err());
    go.set();
    assert!(second.exception().is_none());
    assert!(second.done());
    assert_eq!(second.try_result().unwrap(), 2);
    assert_eq!(first.try_result_until(Instant::now() + LONG).unwrap(), ());
}

#[test]
fn a_task_that_panics_fails_its_future_and_not_its_worker() {
    let pool = ThreadPoolExecutor::new(1);
    let failed = pool
        .submit(|| -> u8 { panic!("no more {}", "paper") })
        .unwrap();
    match failed.exception() {
        Some(TaskError::Panicked(panic)) => {
            assert_eq!(panic.message(), "no more paper");
            assert!(panic.location().unwrap().contains("executor.rs"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(
        failed
            .result()
            .unwrap_err()
            .to_string()
            .lines()
            .next()
            .unwrap()
            .split(" panicked:")
            .next(),
        Some("the task")
    );
    assert_eq!(pool.submit(|| 1).unwrap().result().unwrap(), 1);
    assert_eq!(pool.threads().len(), 1);
}

#[test]
fn a_task_is_cancelled_until_a_worker_begins_with_it() {
    let (pool, go, running) = busy_pool();
    let canary = Arc::new(());
    let kept = Arc::clone(&canary);
    let waiting = pool.submit(move || drop(kept)).unwrap();
    assert!(!running.cancel());
    assert!(waiting.cancel() && waiting.cancel());
    assert!(waiting.cancelled() && waiting.done() && !waiting.running());
    assert_eq!(
        Arc::strong_count(&canary),
        1,
        "its function is gone already"
    );
    assert!(matches!(waiting.exception(), Some(TaskError::Cancelled)));
    assert!(matches!(waiting.result(), Err(TaskError::Cancelled)));
    go.set();
    running.result().unwrap();
}

#[test]
fn callbacks_come_in_order_before_the_result_and_late_ones_at_once() {
    let (pool, go, first) = busy_pool();
    let calls = Arc::new(Queue::unbounded());
    let answer = pool.submit(|| 42).unwrap();
    for name in ["one", "two"] {
        let calls = Arc::clone(&calls);
        answer.add_done_callback(move |outcome| calls.put((name, *outcome.unwrap())).unwrap());
    }
    let cancelled = pool.submit(|| ()).unwrap();
    {
        let calls = Arc::clone(&calls);
        cancelled.add_done_callback(move |outcome| {
            assert!(matches!(outcome, Err(TaskError::Cancelled)));
            calls.put(("cancelled", 0)).unwrap();
        });
    }
    assert!(cancelled.cancel());
    assert_eq!(calls.try_get(), Ok(("cancelled", 0)));
    go.set();
    assert!(answer.exception().is_none());
    assert_eq!(
        (calls.try_get(), calls.try_get()),
        (Ok(("one", 42)), Ok(("two", 42)))
    );
    let late = Arc::clone(&calls);
    answer.add_done_callback(move |outcome| late.put(("late", *outcome.unwrap())).unwrap());
    assert_eq!(calls.try_get(), Ok(("late", 42)));
    assert_eq!(answer.result().unwrap(), 42);
    first.result().unwrap();
}

#[test]
fn a_callback_may_submit_to_its_own_pool_and_wait() {
    let pool = Arc::new(ThreadPoolExecutor::new(2));
    let (go, sum) = (Arc::new(Event::new()), Arc::new(AtomicUsize::new(0)));
    let first = {
        let go = Arc::clone(&go);
        pool.submit(move || go.wait()).unwrap()
    };
    {
        let (pool, sum) = (Arc::clone(&pool), Arc::clone(&sum));
        first.add_done_callback(move |_| {
            let more = pool.submit(|| 5).unwrap().try_result_for(LONG).unwrap();
            sum.fetch_add(more, Ordering::Relaxed);
        });
    }
    go.set();
    first.result().unwrap();
    assert_eq!(sum.load(Ordering::Relaxed), 5);
}

#[test]
fn a_callback_that_panics_keeps_nobody_from_the_result() {
    let (pool, go, first) = busy_pool();
    let called = Arc::new(Event::new());
    let answer = pool.submit(|| 1).unwrap();
    answer.add_done_callback(|_| panic!("on purpose: this callback panics"));
    {
        let called = Arc::clone(&called);
        answer.add_done_callback(move |_| called.set());
    }
    go.set();
    assert_eq!(answer.result().unwrap(), 1);
    assert!(called.is_set());
    first.result().unwrap();
}

#[test]
fn idle_workers_are_used_before_new_ones_are_started() {
    let pool = ThreadPoolExecutor::builder()
        .max_workers(8)
        .thread_name_prefix("w")
        .build();
    for n in 0..1000 {
        assert_eq!(pool.submit(move || n).unwrap().result().unwrap(), n);
    }
    let names: Vec<_> = pool.threads().iter().map(|thread| thread.name()).collect();
    assert_eq!(names, ["w_0"]);
}

#[test]
fn as_many_tasks_run_at_once_as_there_are_workers() {
    let pool = ThreadPoolExecutor::new(4);
    for _ in 0..50 {
        // Each needs the other three.
        let barrier = Arc::new(Barrier::new(4));
        let futures: Vec<_> = (0..4)
            .map(|_| {
                let barrier = Arc::clone(&barrier);
                pool.submit(move || barrier.try_wait_for(LONG).is_ok())
                    .unwrap()
            })
            .collect();
        assert!(futures.into_iter().all(|future| future.result().unwrap()));
    }
    assert_eq!(pool.threads().len(), 4);
}

#[test]
fn a_task_may_wait_for_another_while_a_worker_is_free() {
    let pool = Arc::new(ThreadPoolExecutor::new(8));
    fn sum(pool: &Arc<ThreadPoolExecutor>, depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let inner = Arc::clone(pool);
        let below = pool.submit(move || sum(&inner, depth - 1)).unwrap();
        1 + below.try_result_for(LONG).unwrap()
    }
    assert_eq!(sum(&pool, 8), 9);
}

#[test]
fn many_threads_submit_at_once() {
    let pool = ThreadPoolExecutor::new(3);
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..2_000_usize {
                    done.fetch_add(
                        pool.submit(move || n % 2).unwrap().result().unwrap(),
                        Ordering::Relaxed,
                    );
                }
            });
        }
    });
    assert_eq!(done.load(Ordering::Relaxed), 4_000);
}

#[test]
fn shutting_down_runs_what_waits_and_takes_no_more() {
    let (pool, go, first) = busy_pool();
    let waiting = pool.submit(|| 3).unwrap();
    pool.shutdown(false, false);
    let refused = pool.submit(|| 4);
    assert!(matches!(refused, Err(SubmitError::ShutDown(_))));
    assert_eq!(
        refused.unwrap_err().into_inner()(),
        4,
        "the task comes back"
    );
    go.set();
    pool.shutdown(true, false);
    assert!(pool.threads().iter().all(|thread| !thread.is_alive()));
    assert_eq!(waiting.try_result().unwrap(), 3);
    first.try_result().unwrap();
}

#[test]
fn shutting_down_with_cancellation_ends_waits_for_what_had_not_begun() {
    let (pool, go, first) = busy_pool();
    let waiting: Vec<_> = (0..3).map(|n| pool.submit(move || n).unwrap()).collect();
    assert_eq!(pool.pending(), 3);
    pool.shutdown(false, true);
    let waited = wait(waiting, ReturnWhen::AllCompleted);
    assert!(waited.done.iter().all(Future::cancelled) && waited.done.len() == 3);
    go.set();
    first.result().unwrap();
}

#[test]
fn dropping_a_pool_waits_for_its_tasks_also_inside_one_of_them() {
    let done = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPoolExecutor::new(2);
    for _ in 0..10 {
        let done = Arc::clone(&done);
        drop(pool.submit(move || {
            std::thread::sleep(SHORT);
            done.fetch_add(1, Ordering::Relaxed);
        }));
    }
    drop(pool);
    assert_eq!(done.load(Ordering::Relaxed), 10);
    let pool = ThreadPoolExecutor::new(1);
    let (put, take) = (Arc::new(Queue::unbounded()), Arc::new(Queue::unbounded()));
    let task = {
        let (put, take) = (Arc::clone(&put), Arc::clone(&take));
        pool.submit(move || {
            let pool: ThreadPoolExecutor = put.get().unwrap();
            drop(pool);
            take.put(()).unwrap();
        })
    };
    put.put(pool).unwrap();
    assert_eq!(take.try_get_for(LONG), Ok(()));
    task.unwrap().result().unwrap();
}

#[test]
fn each_worker_runs_the_initialiser_first() {
    let made = Arc::new(Lock::new(HashSet::new()));
    let pool = {
        let made = Arc::clone(&made);
        ThreadPoolExecutor::builder()
            .max_workers(2)
            .initializer(move || {
                made.lock().insert(current().name());
            })
            .build()
    };
    let names: HashSet<_> = pool
        .map(0..50, |_| current().name())
        .map(Result::unwrap)
        .collect();
    assert!(names.is_subset(&made.lock()));
}

#[test]
fn an_initialiser_that_panics_breaks_the_pool() {
    let pool = ThreadPoolExecutor::builder()
        .max_workers(1)
        .initializer(|| panic!("on purpose: this initialiser panics"))
        .build();
    let first = pool.submit(|| 1).unwrap();
    assert!(matches!(first.result(), Err(TaskError::Broken)));
    assert!(matches!(pool.submit(|| 2), Err(SubmitError::Broken(_))));
}

#[test]
fn waiting_for_the_first_the_first_failure_and_all() {
    let (pool, go, busy) = busy_pool();
    let quick = ThreadPoolExecutor::new(1);
    let late = pool.submit(|| ()).unwrap();
    let first = wait(
        [quick.submit(|| ()).unwrap(), busy, late],
        ReturnWhen::FirstCompleted,
    );
    assert_eq!((first.done.len(), first.not_done.len()), (1, 2));
    let failing = quick
        .submit(|| panic!("on purpose: this task panics"))
        .unwrap();
    let failed = wait(
        first.not_done.into_iter().chain([failing]),
        ReturnWhen::FirstException,
    );
    assert_eq!((failed.done.len(), failed.not_done.len()), (1, 2));
    assert!(failed.done[0].exception().is_some());
    let none = try_wait(failed.not_done, ReturnWhen::AllCompleted);
    assert!(none.done.is_empty());
    let none = try_wait_for(none.not_done, ReturnWhen::FirstCompleted, SHORT);
    assert!(none.done.is_empty());
    go.set();
    let all = wait(none.not_done, ReturnWhen::AllCompleted);
    assert_eq!((all.done.len(), all.not_done.len()), (2, 0));
    let nothing: [Future<()>; 0] = [];
    assert!(wait(nothing, ReturnWhen::FirstCompleted).done.is_empty());
}

#[test]
fn futures_come_as_they_are_completed() {
    let pool = ThreadPoolExecutor::new(2);
    let gates: Vec<_> = (0..3).map(|_| Arc::new(Event::new())).collect();
    let mut completed: AsCompleted<_> = (0..2)
        .map(|n| {
            let gate = Arc::clone(&gates[n]);
            pool.submit(move || {
                gate.wait();
                n
            })
            .unwrap()
        })
        .collect();
    assert!(completed.try_next().is_err());
    assert!(completed.try_next_for(SHORT).is_err());
    gates[1].set();
    assert_eq!(completed.next().unwrap().result().unwrap(), 1);
    completed.push(pool.submit(|| 2).unwrap());
    assert_eq!(completed.next().unwrap().result().unwrap(), 2);
    assert_eq!(completed.len(), 1);
    gates[0].set();
    assert_eq!(completed.next().unwrap().result().unwrap(), 0);
    assert!(completed.next().is_none());
    assert!(matches!(completed.try_next(), Ok(None)));
}

#[test]
fn ten_thousand_futures_are_each_completed_once() {
    let pool = ThreadPoolExecutor::new(4);
    let futures = (0..10_000_u64).map(|n| pool.submit(move || n).unwrap());
    let sum: u64 = as_completed(futures)
        .map(|future| future.result().unwrap())
        .sum();
    assert_eq!(sum, 49_995_000);
}

#[test]
fn a_map_yields_in_order_whatever_the_chunks() {
    let pool = ThreadPoolExecutor::new(3);
    for chunk_size in [1, 7, 1000] {
        for buffer_size in [None, Some(1), Some(5)] {
            let mut options = MapOptions::new().chunk_size(chunk_size);
            if let Some(buffer_size) = buffer_size {
                options = options.buffer_size(buffer_size);
            }
            let squares = pool
                .map_with(options, 0..100_u32, |n| n * n)
                .map(Result::unwrap);
            assert!(squares.eq((0..100).map(|n| n * n)));
        }
    }
}

#[test]
fn a_map_submits_no_further_ahead_than_its_buffer() {
    let pool = ThreadPoolExecutor::new(1);
    let taken = Arc::new(AtomicUsize::new(0));
    let items = {
        let taken = Arc::clone(&taken);
        (0_u32..).inspect(move |_| {
            taken.fetch_add(1, Ordering::Relaxed);
        })
    };
    let mut map = pool.map_with(MapOptions::new().buffer_size(3), items, |n| n);
    assert_eq!(taken.load(Ordering::Relaxed), 3);
    assert_eq!(map.next().unwrap().unwrap(), 0);
    assert_eq!(taken.load(Ordering::Relaxed), 4);
    assert_eq!(map.nth(99).unwrap().unwrap(), 100);
}

#[test]
fn an_item_that_panics_fails_alone() {
    let pool = ThreadPoolExecutor::new(2);
    let results: Vec<_> = pool
        .map_with(MapOptions::new().chunk_size(4), 0..8, |n| {
            assert!(n != 5, "on purpose: item five panics");
            n
        })
        .collect();
    for (n, result) in results.iter().enumerate() {
        assert_eq!(result.is_err(), n == 5, "{result:?}");
    }
}

#[test]
fn a_map_that_is_late_ends_and_cancels_the_rest() {
    let (pool, go, busy) = busy_pool();
    let options = MapOptions::new().timeout(SHORT);
    let mut map = pool.map_with(options, 0..3, |n| n);
    assert!(matches!(map.next(), Some(Err(MapError::TimedOut))));
    assert!(map.next().is_none());
    go.set();
    busy.result().unwrap();
    pool.shutdown(true, false);
    let mut refused = pool.map(0..3, |n| n);
    assert!(matches!(refused.next(), Some(Err(MapError::NotSubmitted))));
    assert!(refused.next().is_none());
}

/// A million tasks are bounded by the buffer, not by their number.
#[test]
fn a_million_tasks_pass_in_constant_memory() {
    let pool = ThreadPoolExecutor::new(2);
    let options = MapOptions::new().buffer_size(1_000).chunk_size(10);
    let mut largest = 0;
    let mut count = 0_u64;
    for (n, result) in pool.map_with(options, 0..1_000_000_u64, |n| n).enumerate() {
        count += u64::from(result.unwrap() == n as u64);
        if n % 10_000 == 0 {
            largest = largest.max(pool.pending());
        }
    }
    assert_eq!(count, 1_000_000);
    assert!(largest <= 1_000, "{largest}");
}

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn a_future_can_be_awaited() {
    fn block_on<F: std::future::Future>(future: F) -> F::Output {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut future = std::pin::pin!(future);
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => std::thread::park(),
            }
        }
    }
    let pool = ThreadPoolExecutor::new(1);
    let sum = block_on(async {
        let slow = pool.submit(|| {
            std::thread::sleep(SHORT);
            40
        });
        slow.unwrap().await.unwrap() + pool.submit(|| 2).unwrap().await.unwrap()
    });
    assert_eq!(sum, 42);
    let (pool, go, busy) = busy_pool();
    let waiting = pool.submit(|| ()).unwrap();
    assert!(waiting.cancel());
    assert!(matches!(block_on(waiting), Err(TaskError::Cancelled)));
    go.set();
    block_on(busy).unwrap();
}

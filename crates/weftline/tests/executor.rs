//! Thread pools: their workers, their shutdown, their initialiser.

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{LONG, SHORT, busy_pool, limit};
use weftline::{
    Barrier, Event, Executor, Future, Lock, Queue, ReturnWhen, ShutdownOptions, SubmitError,
    TaskError, ThreadPoolExecutor, current, wait,
};

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
fn shutting_down_runs_the_waiting_tasks_and_takes_no_more() {
    let (pool, go, first) = busy_pool();
    let waiting = pool.submit(|| 3).unwrap();
    pool.shutdown_with(ShutdownOptions::new().wait(false));
    let refused = pool.submit(|| 4);
    assert!(matches!(refused, Err(SubmitError::ShutDown(_))));
    assert_eq!(
        refused.unwrap_err().into_inner()(),
        4,
        "the task is returned"
    );
    go.set();
    pool.shutdown();
    assert!(pool.threads().iter().all(|thread| !thread.is_alive()));
    assert_eq!(waiting.try_result().unwrap(), 3);
    first.try_result().unwrap();
}

#[test]
fn shutting_down_with_cancellation_ends_waits_for_tasks_that_have_not_begun() {
    let (pool, go, first) = busy_pool();
    let waiting: Vec<_> = (0..3).map(|n| pool.submit(move || n).unwrap()).collect();
    assert_eq!(pool.pending(), 3);
    pool.shutdown_with(ShutdownOptions::new().wait(false).cancel_futures(true));
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
fn a_pool_that_was_shut_down_is_freed_though_its_threads_are_remembered() {
    let captured = Arc::new(());
    let pool = {
        let captured = Arc::clone(&captured);
        let initializer = move || assert!(Arc::strong_count(&captured) > 1);
        ThreadPoolExecutor::builder()
            .max_workers(3)
            .initializer(initializer)
            .build()
    };
    pool.map(0..50, |_| ()).for_each(Result::unwrap);
    let threads = pool.threads();
    assert!(!threads.is_empty());
    drop(pool);
    assert!(threads.iter().all(|thread| !thread.is_alive()));
    assert_eq!(Arc::strong_count(&captured), 1);
}

#[test]
fn an_initialiser_that_panics_breaks_the_pool() {
    let pool = ThreadPoolExecutor::builder()
        .max_workers(1)
        .initializer(|| panic!("on purpose: this initialiser panics"))
        .build();
    // The submission starts the worker, which may break the pool before the task is queued.
    match pool.submit(|| 1) {
        Ok(first) => {
            assert!(matches!(first.result(), Err(TaskError::Broken)));
            assert!(matches!(pool.submit(|| 2), Err(SubmitError::Broken(_))));
        }
        Err(refused) => assert!(matches!(refused, SubmitError::Broken(_))),
    }
}

/// Its drop has the pool run another task, and waits for that.
struct NeedsAnother {
    pool: Arc<ThreadPoolExecutor>,
    is_served: Arc<Queue<bool>>,
}

impl Drop for NeedsAnother {
    fn drop(&mut self) {
        let other = self.pool.submit(|| ()).unwrap();
        let is_served = other.try_result_for(LONG / 4).is_ok();
        self.is_served.put(is_served).unwrap();
    }
}

/// A pool of two workers, one of which may wait for the other.
fn needs_another() -> (NeedsAnother, Arc<ThreadPoolExecutor>, Arc<Queue<bool>>) {
    let pool = Arc::new(ThreadPoolExecutor::new(2));
    let is_served = Arc::new(Queue::unbounded());
    let value = NeedsAnother {
        pool: Arc::clone(&pool),
        is_served: Arc::clone(&is_served),
    };
    (value, pool, is_served)
}

#[test]
fn the_destructor_of_an_unclaimed_result_may_wait_for_another_task() {
    let (value, pool, is_served) = needs_another();
    drop(pool.submit(move || value));
    assert_eq!(is_served.try_get_for(LONG), Ok(true));
}

#[test]
fn the_destructor_of_a_capture_or_a_payload_and_a_callback_may_wait_for_another_task() {
    let (value, pool, is_served) = needs_another();
    let first = pool.submit(move || drop(value)).unwrap();
    assert_eq!(is_served.try_get_for(LONG), Ok(true));
    first.result().unwrap();

    let (value, pool, is_served) = needs_another();
    drop(pool.submit(move || std::panic::panic_any(value)));
    assert_eq!(is_served.try_get_for(LONG), Ok(true));

    let (value, pool, is_served) = needs_another();
    let go = Arc::new(Event::new());
    let gate = Arc::clone(&go);
    let called = pool.submit(move || gate.wait()).unwrap();
    called.add_done_callback(move |_| drop(value));
    go.set();
    assert_eq!(is_served.try_get_for(LONG), Ok(true));
    called.result().unwrap();
}

#[test]
fn another_task_finds_a_worker_while_one_disposes_of_a_result() {
    struct Waits(Arc<Event>, Arc<Event>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.0.set();
            assert!(self.1.try_wait_for(LONG).is_ok());
        }
    }
    let pool = ThreadPoolExecutor::new(2);
    let (begun, go) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let value = Waits(Arc::clone(&begun), Arc::clone(&go));
    drop(pool.submit(move || value));
    begun.wait();
    let other = pool.submit(|| 1).unwrap();
    assert_eq!(other.try_result_for(LONG / 4).unwrap(), 1);
    go.set();
}

#[test]
fn no_worker_is_lost_to_a_future_that_is_dropped_as_its_task_ends() {
    let (_, pool, is_served) = needs_another();
    assert_eq!(is_served.try_get_for(LONG), Ok(true));
    for round in 0..3_000 {
        let value = NeedsAnother {
            pool: Arc::clone(&pool),
            is_served: Arc::clone(&is_served),
        };
        let future = pool.submit(move || value).unwrap();
        for _ in 0..round % 100 * 20 {
            std::hint::spin_loop();
        }
        drop(future);
        assert_eq!(is_served.try_get_for(LONG), Ok(true), "round {round}");
    }
    assert!(pool.threads().len() <= 2);
}

#[test]
fn a_drop_waits_unless_the_pool_was_shut_down_without_a_wait() {
    let _limit = limit();
    let (begun, go) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let pool = ThreadPoolExecutor::new(1);
    let task = {
        let (begun, go) = (begun.clone(), go.clone());
        pool.submit(move || {
            begun.set();
            go.wait();
        })
    };
    begun.wait();
    pool.shutdown_with(ShutdownOptions::new().wait(false));
    drop(pool);
    go.set();
    task.unwrap().result().unwrap();
    let done = Arc::new(Event::new());
    let pool = ThreadPoolExecutor::new(1);
    let task = pool.submit({
        let done = done.clone();
        move || {
            std::thread::yield_now();
            done.set();
        }
    });
    drop(pool);
    assert!(done.is_set());
    task.unwrap().result().unwrap();
}

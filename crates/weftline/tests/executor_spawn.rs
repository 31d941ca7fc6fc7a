//! Thread pools: tasks without a future.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{LONG, busy_pool, count};
use weftline::{
    Barrier, Event, Executor, Lock, Queue, ShutdownOptions, SubmitError, ThreadPoolExecutor,
    reset_except_hook, set_except_hook,
};

/// Counts how often it was dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn functions_run_in_the_order_of_their_spawns_and_among_tasks_that_have_futures() {
    let (pool, go, first) = busy_pool();
    let order = Arc::new(Queue::unbounded());
    for n in 0..100 {
        let order = Arc::clone(&order);
        let task = move || order.put(n).unwrap();
        if n % 3 == 0 {
            drop(pool.submit(task));
        } else {
            pool.spawn(task).unwrap();
        }
    }
    assert_eq!(pool.pending(), 100);
    go.set();
    first.result().unwrap();
    for n in 0..100 {
        assert_eq!(order.try_get_for(LONG), Ok(n));
    }
}

#[test]
fn as_many_run_at_once_as_there_are_workers() {
    let pool = ThreadPoolExecutor::new(4);
    for _ in 0..50 {
        // Each needs the other three, and this thread.
        let barrier = Arc::new(Barrier::new(5));
        for _ in 0..4 {
            let barrier = Arc::clone(&barrier);
            pool.spawn(move || assert!(barrier.try_wait_for(LONG).is_ok()))
                .unwrap();
        }
        assert!(barrier.try_wait_for(LONG).is_ok());
    }
    assert_eq!(pool.threads().len(), 4);
}

#[test]
fn a_function_may_wait_for_another_while_a_worker_is_free() {
    fn nest(pool: Arc<ThreadPoolExecutor>, depth: usize, done: Arc<Event>) {
        if depth > 0 {
            let (below, tell) = (Arc::new(Event::new()), Arc::clone(&pool));
            let seen = Arc::clone(&below);
            pool.spawn(move || nest(tell, depth - 1, seen)).unwrap();
            assert!(below.try_wait_for(LONG).is_ok());
        }
        done.set();
    }
    let pool = Arc::new(ThreadPoolExecutor::new(8));
    let done = Arc::new(Event::new());
    nest(Arc::clone(&pool), 8, Arc::clone(&done));
    assert!(done.is_set());
    assert_eq!(pool.threads().len(), 8);
}

#[test]
fn many_threads_spawn_at_once_and_shutting_down_waits_for_all() {
    let pool = ThreadPoolExecutor::new(3);
    let done = Arc::new(AtomicUsize::new(0));
    weftline::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..count(5_000) {
                    let done = Arc::clone(&done);
                    pool.spawn(move || {
                        done.fetch_add(1, Ordering::Relaxed);
                    })
                    .unwrap();
                }
            });
        }
    });
    pool.shutdown();
    assert_eq!(done.load(Ordering::Relaxed), 4 * count(5_000));
    assert_eq!(Arc::strong_count(&done), 1, "the captures are dropped");
}

#[test]
fn a_refused_function_is_returned_whole() {
    let pool = ThreadPoolExecutor::new(1);
    pool.shutdown();
    let dropped = Arc::new(AtomicUsize::new(0));
    let answer = Arc::new(AtomicUsize::new(0));
    let (captured, told) = (Counted(Arc::clone(&dropped)), Arc::clone(&answer));
    let refused = pool.spawn(move || {
        told.store(42, Ordering::Relaxed);
        drop(captured);
    });
    assert!(matches!(refused, Err(SubmitError::ShutDown(_))));
    assert_eq!(dropped.load(Ordering::Relaxed), 0);
    refused.unwrap_err().into_inner()();
    assert_eq!(answer.load(Ordering::Relaxed), 42);
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}

/// A capture that is larger, or more aligned, than a place in the queue of a pool.
#[derive(Clone, Copy, PartialEq, Debug)]
#[repr(align(64))]
struct Aligned(u8);

/// Has functions that capture `value` run, be returned, and be dropped.
fn spawn_all_ways<V: Copy + PartialEq + std::fmt::Debug + Send + Sync + 'static>(value: V) {
    let (pool, go, first) = busy_pool();
    let seen = Arc::new(Queue::unbounded());
    let dropped = Arc::new(AtomicUsize::new(0));
    let function = || {
        let (seen, counted) = (Arc::clone(&seen), Counted(Arc::clone(&dropped)));
        move || {
            let _counted = counted;
            seen.put((std::ptr::from_ref(&value).addr(), value))
                .unwrap();
        }
    };
    pool.spawn(function()).unwrap();
    go.set();
    let (address, got) = seen.try_get_for(LONG).unwrap();
    assert_eq!((address % align_of::<V>(), got), (0, value));
    first.result().unwrap();
    pool.shutdown();
    assert_eq!(dropped.load(Ordering::Relaxed), 1);

    let refused = pool.spawn(function()).unwrap_err();
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
    refused.into_inner()();
    assert_eq!(seen.try_get().unwrap().1, value);
    assert_eq!(dropped.load(Ordering::Relaxed), 2);

    let (pool, go, first) = busy_pool();
    pool.spawn(function()).unwrap();
    pool.shutdown_with(ShutdownOptions::new().wait(false).cancel_futures(true));
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
    go.set();
    first.result().unwrap();
    assert!(seen.is_empty());
}

#[test]
fn captures_may_be_of_any_size_and_alignment() {
    spawn_all_ways(());
    spawn_all_ways(7_u64);
    spawn_all_ways([7_u64; 2]);
    spawn_all_ways([7_u64; 3]);
    spawn_all_ways([7_u64; 500]);
    spawn_all_ways(7_u128);
    spawn_all_ways(Aligned(7));
}

#[test]
fn a_function_that_captures_nothing_is_run_too() {
    static DONE: Event = Event::new();
    let pool = ThreadPoolExecutor::new(1);
    pool.spawn(|| DONE.set()).unwrap();
    assert!(DONE.try_wait_for(LONG).is_ok());
}

#[test]
fn functions_that_have_not_begun_are_dropped_once_when_tasks_are_cancelled() {
    let (pool, go, first) = busy_pool();
    let (dropped, run) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for _ in 0..3 {
        let (captured, run) = (Counted(Arc::clone(&dropped)), Arc::clone(&run));
        pool.spawn(move || {
            run.fetch_add(1, Ordering::Relaxed);
            drop(captured);
        })
        .unwrap();
    }
    pool.shutdown_with(ShutdownOptions::new().wait(false).cancel_futures(true));
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
    go.set();
    first.result().unwrap();
    pool.shutdown();
    assert_eq!(run.load(Ordering::Relaxed), 0);
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
}

#[test]
fn a_pool_that_breaks_drops_the_waiting_functions() {
    let (may_break, dropped) = (Arc::new(Event::new()), Arc::new(AtomicUsize::new(0)));
    let gate = Arc::clone(&may_break);
    let pool = ThreadPoolExecutor::builder()
        .max_workers(1)
        .initializer(move || {
            gate.wait();
            panic!("on purpose: this initialiser panics");
        })
        .build();
    for _ in 0..3 {
        let captured = Counted(Arc::clone(&dropped));
        pool.spawn(move || drop(captured)).unwrap();
    }
    may_break.set();
    pool.shutdown();
    assert_eq!(dropped.load(Ordering::Relaxed), 3);
    assert!(matches!(pool.spawn(|| ()), Err(SubmitError::Broken(_))));
}

#[test]
fn a_panic_is_reported_and_the_worker_goes_on() {
    struct PanicsWhenDropped;
    impl Drop for PanicsWhenDropped {
        fn drop(&mut self) {
            panic!("reported: as it is dropped");
        }
    }
    let told = Arc::new(Lock::new(Vec::new()));
    let noted = Arc::clone(&told);
    set_except_hook(move |thread, panicked| {
        if panicked.message().starts_with("reported: ") {
            let message = panicked.message().trim_start_matches("reported: ");
            noted.lock().push((thread.name(), message.to_owned()));
        }
    });
    let pool = ThreadPoolExecutor::builder()
        .max_workers(1)
        .thread_name_prefix("w")
        .build();
    let captured = PanicsWhenDropped;
    pool.spawn(|| panic!("reported: in a task")).unwrap();
    pool.spawn(move || drop(captured)).unwrap();
    let (begun, go) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (tell, gate) = (Arc::clone(&begun), Arc::clone(&go));
    pool.spawn(move || {
        tell.set();
        gate.wait();
    })
    .unwrap();
    assert!(begun.try_wait_for(LONG).is_ok(), "the worker goes on");
    let captured = PanicsWhenDropped;
    pool.spawn(move || drop(captured)).unwrap();
    pool.shutdown_with(ShutdownOptions::new().wait(false).cancel_futures(true));
    go.set();
    pool.shutdown();
    reset_except_hook();
    let of = |name: &str, message: &str| (name.to_owned(), message.to_owned());
    assert_eq!(
        *told.lock(),
        [
            of("w_0", "in a task"),
            of("w_0", "as it is dropped"),
            of(&weftline::current().name(), "as it is dropped"),
        ]
    );
}

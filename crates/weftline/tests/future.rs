//! Futures: results, failures, cancellation, callbacks, and awaiting them.
#![allow(
    clippy::disallowed_methods,
    reason = "one test is an executor of asynchronous code, which sleeps in its own way"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use support::{LONG, SHORT, busy_pool, limit, now};
use weftline::{
    Event, Executor, Queue, ResultError, ShutdownOptions, TaskError, ThreadPoolExecutor,
};

#[test]
fn a_result_is_the_value_that_the_task_returned() {
    let pool = ThreadPoolExecutor::new(2);
    let futures: Vec<_> = (0..100)
        .map(|n| pool.submit(move || n * n).unwrap())
        .collect();
    for (n, future) in futures.into_iter().enumerate() {
        assert_eq!(future.result().unwrap(), n * n);
    }
}

#[test]
fn a_result_that_is_not_there_returns_the_future() {
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
    assert_eq!(first.try_result_until(now() + LONG).unwrap(), ());
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
            // No hook of this program notes places.
            assert_eq!(panic.location(), None);
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
fn callbacks_run_in_order_before_the_result_and_late_ones_in_their_registration() {
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
fn a_callback_that_panics_keeps_no_caller_from_the_result() {
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

#[test]
#[should_panic(expected = "an earlier poll took the result")]
fn a_result_is_taken_once() {
    let pool = ThreadPoolExecutor::new(1);
    let mut answer = pool.submit(|| 1).unwrap();
    assert!(answer.exception().is_none());
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    for _ in 0..2 {
        let polled = std::future::Future::poll(
            std::pin::Pin::new(&mut answer),
            &mut Context::from_waker(&waker),
        );
        assert!(matches!(polled, Poll::Ready(Ok(1))));
    }
}

struct PanicsWhenWoken;

impl Wake for PanicsWhenWoken {
    fn wake(self: Arc<Self>) {
        panic!("on purpose: this waker panics");
    }
}

#[test]
fn a_waker_that_panics_costs_no_worker() {
    let _limit = limit();
    let (pool, go, busy) = busy_pool();
    let mut awaited = pool.submit(|| 1).unwrap();
    let waker = Waker::from(Arc::new(PanicsWhenWoken));
    let polled = std::future::Future::poll(
        std::pin::Pin::new(&mut awaited),
        &mut Context::from_waker(&waker),
    );
    assert!(polled.is_pending());
    let next = pool.submit(|| 2).unwrap();
    go.set();
    busy.result().unwrap();
    assert_eq!(next.try_result_for(LONG).unwrap(), 2);
    assert_eq!(awaited.result().unwrap(), 1);
    assert_eq!(pool.threads().len(), 1);
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("on purpose: this destructor panics");
    }
}

#[test]
fn an_unclaimed_result_that_panics_when_it_is_dropped_costs_no_worker() {
    let _limit = limit();
    let (pool, go, busy) = busy_pool();
    drop(pool.submit(|| PanicsWhenDropped));
    let next = pool.submit(|| 2).unwrap();
    go.set();
    busy.result().unwrap();
    assert_eq!(next.try_result_for(LONG).unwrap(), 2);
}

#[test]
fn a_payload_that_panics_when_it_is_dropped_costs_no_worker() {
    let _limit = limit();
    let (pool, go, busy) = busy_pool();
    let answer = pool.submit(|| 1).unwrap();
    answer.add_done_callback(|_| std::panic::panic_any(PanicsWhenDropped));
    go.set();
    busy.result().unwrap();
    assert_eq!(answer.try_result_for(LONG).unwrap(), 1);
    assert_eq!(pool.submit(|| 2).unwrap().try_result_for(LONG).unwrap(), 2);
}

#[test]
fn a_cancelled_task_that_panics_when_it_is_dropped_still_wakes_all_waiters() {
    let _limit = limit();
    let (pool, go, busy) = busy_pool();
    let called = Arc::new(Event::new());
    let bomb = PanicsWhenDropped;
    let first = pool.submit(move || drop(bomb)).unwrap();
    {
        let called = Arc::clone(&called);
        first.add_done_callback(move |_| called.set());
    }
    let second = pool.submit(|| ()).unwrap();
    pool.shutdown_with(ShutdownOptions::new().wait(false).cancel_futures(true));
    assert!(first.cancelled() && called.is_set());
    assert!(second.cancelled(), "the next task is cancelled too");
    go.set();
    busy.result().unwrap();
}

#[test]
#[should_panic(expected = "an earlier poll took the result")]
fn a_result_that_was_taken_is_not_reported_as_a_cancellation() {
    let pool = ThreadPoolExecutor::new(1);
    let mut answer = pool.submit(|| 1).unwrap();
    assert!(answer.exception().is_none());
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let polled = std::future::Future::poll(
        std::pin::Pin::new(&mut answer),
        &mut Context::from_waker(&waker),
    );
    assert!(matches!(polled, Poll::Ready(Ok(1))));
    let _ = answer.exception();
}

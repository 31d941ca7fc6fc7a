//! `wait` and `as_completed`.

mod support;

use std::sync::Arc;
use support::{SHORT, busy_pool, count};
use weftline::{
    AsCompleted, Event, Executor, Future, ReturnWhen, ThreadPoolExecutor, as_completed, try_wait,
    try_wait_for, wait,
};

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
    let many = count(10_000) as u64;
    let pool = ThreadPoolExecutor::new(4);
    let futures = (0..many).map(|n| pool.submit(move || n).unwrap());
    let sum: u64 = as_completed(futures)
        .map(|future| future.result().unwrap())
        .sum();
    assert_eq!(sum, many * (many - 1) / 2);
}

//! Pools: a task that is not taken comes back, and the pool takes the next.

#![allow(
    clippy::result_large_err,
    reason = "a task that is not taken comes back"
)]

use super::failing::at_each_allocation;
use super::support::limit;
use std::hint::black_box;
use std::io::ErrorKind;
use std::sync::Arc;
use weftline::{Barrier, Executor, MapError, MapOptions, SubmitError, ThreadPoolExecutor};

/// A pool whose threads, which the standard library starts, are there.
fn pool() -> ThreadPoolExecutor {
    let pool = ThreadPoolExecutor::new(2);
    let both = Arc::new(Barrier::new(2));
    let meet = || {
        let both = Arc::clone(&both);
        pool.submit(move || both.wait().is_ok()).unwrap()
    };
    let (one, other) = (meet(), meet());
    assert!(one.result().unwrap() && other.result().unwrap());
    pool
}

fn is_no_memory<F>(refused: &SubmitError<F>) -> bool {
    matches!(refused, SubmitError::NoThread(_, why) if why.kind() == ErrorKind::OutOfMemory)
}

#[test]
fn a_task_without_memory_comes_back() {
    let _limit = limit();
    let pool = pool();
    let captured = Arc::new(());
    at_each_allocation(
        || Arc::clone(&captured),
        |kept| {
            let captured = Arc::clone(kept);
            let large = [1_u64; 16];
            pool.submit(move || black_box(&large).len() + Arc::strong_count(&captured))
        },
        |kept, submitted| {
            drop(kept);
            match submitted {
                Ok(future) => assert!(future.result().unwrap() > 16),
                Err(refused) => {
                    assert!(is_no_memory(&refused), "{refused}");
                    assert_eq!(refused.into_inner()(), 18);
                }
            }
            assert_eq!(Arc::strong_count(&captured), 1);
            assert_eq!(pool.submit(|| 7).unwrap().result().unwrap(), 7);
        },
    );
}

#[test]
fn a_task_without_a_future_and_without_memory_comes_back() {
    let _limit = limit();
    let pool = pool();
    let ran = Arc::new(Barrier::new(2));
    at_each_allocation(
        || Arc::clone(&ran),
        |ran| {
            let ran = Arc::clone(ran);
            let large = [1_u64; 16];
            pool.spawn(move || {
                black_box(large);
                ran.wait().unwrap();
            })
        },
        |ran, spawned| {
            if let Err(refused) = spawned {
                assert!(is_no_memory(&refused), "{refused}");
                let task = refused.into_inner();
                pool.spawn(task).unwrap();
            }
            ran.wait().unwrap();
        },
    );
}

#[test]
fn a_map_without_memory_gives_what_was_submitted_and_says_that_there_is_no_more() {
    let _limit = limit();
    let pool = pool();
    for size in [1, 3] {
        at_each_allocation(
            || (),
            |()| pool.map_with(0..20, |n| n + 1, MapOptions::new().chunk_size(size)),
            |(), mut results| {
                let mut expected = 1..=20;
                let end = results.by_ref().find(|result| match result {
                    Ok(n) => Some(*n) != expected.next(),
                    Err(_) => true,
                });
                match end {
                    None => assert_eq!(expected.next(), None),
                    Some(why) => assert!(matches!(why, Err(MapError::NotSubmitted)), "{why:?}"),
                }
                assert!(results.next().is_none());
            },
        );
    }
}

#[test]
fn a_map_that_runs_out_of_memory_on_the_way_says_that_there_is_no_more() {
    let _limit = limit();
    let pool = pool();
    let one_ahead = || MapOptions::new().buffer_size(1);
    at_each_allocation(
        || pool.map_with(0..20, |n| n + 1, one_ahead()),
        |results| {
            let mut sum = 0;
            for result in results.by_ref() {
                match result {
                    Ok(n) => sum += n,
                    Err(_) => return Err(sum),
                }
            }
            Ok(sum)
        },
        |mut results, sum| {
            match sum {
                Ok(sum) => assert_eq!(sum, 210),
                Err(sum) => assert!((1..=20).any(|last| sum == last * (last + 1) / 2), "{sum}"),
            }
            assert!(results.next().is_none());
        },
    );
}

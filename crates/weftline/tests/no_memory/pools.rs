//! Pools: a task that is not taken is returned, and the pool takes the next.

#![allow(
    clippy::result_large_err,
    reason = "a task that is not taken is returned"
)]

use super::failing::{at_each_allocation, at_each_allocation_alone, fail, stop_failing};
use super::support::limit;
use std::hint::black_box;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use weftline::{
    Barrier, Event, Executor, MapError, MapOptions, ReturnWhen, ShutdownOptions, SubmitError,
    ThreadPoolExecutor, as_completed, try_wait, wait,
};

/// A pool whose threads have been started by the standard library.
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
fn a_task_without_memory_is_returned() {
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
fn a_task_without_a_future_and_without_memory_is_returned() {
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
fn a_map_without_memory_yields_the_submitted_items_and_reports_the_end() {
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
fn a_map_that_runs_out_of_memory_midway_reports_the_end() {
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

#[test]
fn a_pool_without_memory_is_a_panic_that_drops_its_options() {
    let captured = Arc::new(());
    at_each_allocation_alone(
        || (),
        |()| {
            let captured = Arc::clone(&captured);
            catch_unwind(|| {
                let initializer = move || assert!(Arc::strong_count(&captured) > 1);
                ThreadPoolExecutor::builder()
                    .initializer(initializer)
                    .build()
            })
        },
        |(), made| {
            assert_eq!(Arc::strong_count(&captured), 1 + usize::from(made.is_ok()));
            if let Ok(pool) = made {
                assert_eq!(pool.submit(|| 7).unwrap().result().unwrap(), 7);
                pool.shutdown();
            }
        },
    );
}

#[test]
fn the_threads_of_a_pool_are_listed_or_it_is_a_panic() {
    let _limit = limit();
    let pool = pool();
    at_each_allocation_alone(
        || (),
        |()| catch_unwind(AssertUnwindSafe(|| pool.threads())),
        |(), listed| assert!(listed.is_err() || listed.unwrap().len() == 2),
    );
}

#[test]
fn a_pool_is_shut_down_without_memory() {
    let _limit = limit();
    for cancels in [false, true] {
        let pool = pool();
        let gate = Arc::new(Event::new());
        let wait = |_| {
            let gate = Arc::clone(&gate);
            pool.submit(move || gate.wait()).unwrap()
        };
        let tasks: Vec<_> = (0..50).map(wait).collect();
        let options = ShutdownOptions::new().cancel_futures(cancels).wait(false);
        fail(0, true);
        pool.shutdown_with(options);
        gate.set();
        pool.shutdown();
        stop_failing();
        let ended = tasks.into_iter().filter_map(|task| task.result().ok());
        assert!(if cancels {
            ended.count() <= 2
        } else {
            ended.count() == 50
        });
        assert!(pool.submit(|| ()).is_err());
    }
}

#[test]
fn waits_for_futures_return_all_of_them_or_panic() {
    let _limit = limit();
    let pool = pool();
    let submit = || -> Vec<_> { (0..5).map(|n| pool.submit(move || n).unwrap()).collect() };
    at_each_allocation_alone(
        || Some(submit()),
        |futures| {
            let futures = futures.take().unwrap();
            catch_unwind(AssertUnwindSafe(|| wait(futures, ReturnWhen::AllCompleted)))
        },
        |_, waited| {
            if let Ok(waited) = waited {
                assert_eq!((waited.done.len(), waited.not_done.len()), (5, 0));
            }
        },
    );
    at_each_allocation_alone(
        || Some(submit()),
        |futures| {
            let futures = futures.take().unwrap();
            catch_unwind(AssertUnwindSafe(|| {
                try_wait(futures, ReturnWhen::FirstCompleted)
            }))
        },
        |_, waited| {
            if let Ok(waited) = waited {
                assert_eq!(waited.done.len() + waited.not_done.len(), 5);
            }
        },
    );
    at_each_allocation_alone(
        || Some(submit()),
        |futures| {
            let futures = futures.take().unwrap();
            catch_unwind(AssertUnwindSafe(|| {
                as_completed(futures)
                    .map(|future| future.result().unwrap())
                    .sum::<i32>()
            }))
        },
        |_, sum| assert!(sum.is_err() || sum.unwrap() == 10),
    );
}

//! A pool's `map`: order, chunks, bounds and timeouts.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{SHORT, busy_pool, count, limit};
use weftline::{MapError, MapOptions, ShutdownOptions, ThreadPoolExecutor};

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
                .map_with(0..100_u32, |n| n * n, options)
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
    let mut map = pool.map_with(items, |n| n, MapOptions::new().buffer_size(3));
    assert_eq!(taken.load(Ordering::Relaxed), 3);
    assert_eq!(map.next().unwrap().unwrap(), 0);
    assert_eq!(taken.load(Ordering::Relaxed), 4);
    assert_eq!(map.nth(99).unwrap().unwrap(), 100);
}

#[test]
fn an_item_that_panics_fails_alone() {
    let pool = ThreadPoolExecutor::new(2);
    let results: Vec<_> = pool
        .map_with(
            0..8,
            |n| {
                assert!(n != 5, "on purpose: item five panics");
                n
            },
            MapOptions::new().chunk_size(4),
        )
        .collect();
    for (n, result) in results.iter().enumerate() {
        assert_eq!(result.is_err(), n == 5, "{result:?}");
    }
}

#[test]
fn a_map_that_is_late_ends_and_cancels_the_rest() {
    let (pool, go, busy) = busy_pool();
    let options = MapOptions::new().timeout(SHORT);
    let mut map = pool.map_with(0..3, |n| n, options);
    assert!(matches!(map.next(), Some(Err(MapError::TimedOut))));
    assert!(map.next().is_none());
    go.set();
    busy.result().unwrap();
    pool.shutdown();
    let mut refused = pool.map(0..3, |n| n);
    assert!(matches!(refused.next(), Some(Err(MapError::NotSubmitted))));
    assert!(refused.next().is_none());
}

/// The buffer, not the number of tasks, bounds the memory of a million tasks.
#[test]
fn a_million_tasks_pass_in_constant_memory() {
    let pool = ThreadPoolExecutor::new(2);
    let options = MapOptions::new().buffer_size(1_000).chunk_size(10);
    let tasks = count(1_000_000) as u64;
    let mut largest = 0;
    let mut passed = 0_u64;
    for (n, result) in pool.map_with(0..tasks, |n| n, options).enumerate() {
        passed += u64::from(result.unwrap() == n as u64);
        if n % 10_000 == 0 {
            largest = largest.max(pool.pending());
        }
    }
    assert_eq!(passed, tasks);
    assert!(largest <= 1_000, "{largest}");
}

#[test]
fn a_buffer_may_be_larger_than_there_are_items() {
    let _limit = limit();
    let pool = ThreadPoolExecutor::new(1);
    let options = MapOptions::new().buffer_size(usize::MAX);
    let doubled = pool.map_with(0..3, |n| 2 * n, options).map(Result::unwrap);
    assert!(doubled.eq([0, 2, 4]));
}

#[test]
fn no_result_follows_a_timeout_also_if_the_pool_takes_no_more() {
    let _limit = limit();
    let (pool, go, busy) = busy_pool();
    let options = MapOptions::new().timeout(SHORT).buffer_size(1);
    let mut map = pool.map_with(0..3, |n| n, options);
    pool.shutdown_with(ShutdownOptions::new().wait(false));
    assert!(matches!(map.next(), Some(Err(MapError::TimedOut))));
    assert!(map.next().is_none());
    go.set();
    busy.result().unwrap();
}

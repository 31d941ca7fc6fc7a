//! Locks, semaphores, barriers, conditions and pools between threads: their invariants hold in
//! every order in which the threads run.

use crate::program::runner;
use crate::support::limit;
use proptest::prelude::any;
use proptest::strategy::Strategy;
use proptest::test_runner::{TestCaseError, TestError};
use std::cell::Cell;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use weftline::{
    Barrier, BoundedSemaphore, Condition, Event, Executor, Lock, RLock, ThreadPoolExecutor,
    as_completed,
};

fn check<S: Strategy>(strategy: &S, property: impl Fn(S::Value) -> Result<(), TestCaseError>)
where
    S::Value: Debug,
{
    let property = |value| {
        let _limit = limit();
        property(value)
    };
    match runner(24).run(strategy, property) {
        Ok(()) => {}
        Err(TestError::Fail(why, value)) => panic!("{value:?}\n  {why}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

/// Runs `work` on `threads` threads, each with its number.
fn together(threads: usize, work: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for number in 0..threads {
            let work = &work;
            scope.spawn(move || work(number));
        }
    });
}

#[test]
fn no_increment_under_a_lock_is_lost() {
    check(
        &(1..5_usize, 1..200_usize, any::<bool>()),
        |(threads, each, tries)| {
            let (lock, rlock) = (Lock::new(0), RLock::new(Cell::new(0)));
            together(threads, |_| {
                for _ in 0..each {
                    let mut guard = loop {
                        let guard = if tries {
                            lock.try_lock_for(Duration::from_micros(20))
                        } else {
                            Some(lock.lock())
                        };
                        if let Some(guard) = guard {
                            break guard;
                        }
                    };
                    *guard += 1;
                    drop(guard);
                    let outer = rlock.lock();
                    let inner = rlock.lock();
                    inner.set(inner.get() + 1);
                    drop(outer);
                    inner.set(inner.get() + 1);
                }
            });
            let counts = (lock.into_inner(), rlock.into_inner().get());
            proptest::prop_assert_eq!(counts, (threads * each, 2 * threads * each));
            Ok(())
        },
    );
}

#[test]
fn no_more_permits_are_acquired_than_a_semaphore_has() {
    let cases = (1..6_usize, 1..5_usize, 1..100_usize, 0..50_u64);
    check(&cases, |(threads, permits, each, microseconds)| {
        let semaphore = BoundedSemaphore::new(permits);
        let (out, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        together(threads, |number| {
            let n = 1 + number % permits;
            for round in 0..each {
                let permit = if (number + round) % 2 == 0 {
                    Some(semaphore.acquire(n))
                } else {
                    semaphore.try_acquire_for(n, Duration::from_micros(microseconds))
                };
                if let Some(permit) = permit {
                    most.fetch_max(out.fetch_add(n, Ordering::SeqCst) + n, Ordering::SeqCst);
                    out.fetch_sub(n, Ordering::SeqCst);
                    drop(permit);
                }
            }
        });
        proptest::prop_assert!(most.into_inner() <= permits);
        proptest::prop_assert_eq!(semaphore.available(), permits);
        Ok(())
    });
}

#[test]
fn no_party_is_a_round_ahead_at_a_barrier_and_one_leads_each() {
    check(&(1..6_usize, 1..100_usize), |(parties, rounds)| {
        let barrier = Barrier::new(parties);
        let arrived: Vec<_> = (0..rounds).map(|_| AtomicUsize::new(0)).collect();
        let leaders: Vec<_> = (0..rounds).map(|_| AtomicUsize::new(0)).collect();
        let early = AtomicUsize::new(0);
        together(parties, |_| {
            for (arrived, leaders) in arrived.iter().zip(&leaders) {
                arrived.fetch_add(1, Ordering::SeqCst);
                let arrival = barrier.wait().expect("no thread breaks it");
                leaders.fetch_add(usize::from(arrival.is_leader()), Ordering::SeqCst);
                let missing = arrived.load(Ordering::SeqCst) != parties;
                early.fetch_add(usize::from(missing), Ordering::SeqCst);
            }
        });
        proptest::prop_assert_eq!(early.into_inner(), 0);
        proptest::prop_assert!(leaders.iter().all(|n| n.load(Ordering::SeqCst) == 1));
        Ok(())
    });
}

#[test]
fn a_store_with_a_condition_takes_and_gives_each_piece_once() {
    let cases = (1..4_usize, 1..4_usize, 1..100_usize, 1..4_usize);
    check(&cases, |(makers, takers, each, room)| {
        let store = Condition::new((0, 0));
        let all = makers * each;
        together(makers + takers, |number| {
            if number < makers {
                for _ in 0..each {
                    let mut guard = store.lock();
                    guard.wait_while(|(there, _)| *there == room);
                    guard.0 += 1;
                    guard.notify_all();
                }
                return;
            }
            loop {
                let mut guard = store.lock();
                guard.wait_while(|(there, taken)| *there == 0 && *taken < all);
                if guard.1 == all {
                    return;
                }
                guard.0 -= 1;
                guard.1 += 1;
                guard.notify_all();
            }
        });
        proptest::prop_assert_eq!(store.into_inner(), (0, all));
        Ok(())
    });
}

#[test]
fn an_event_publishes_the_writes_before_its_set() {
    check(&(1..5_usize, 1..50_usize), |(threads, rounds)| {
        let events: Vec<_> = (0..rounds).map(|_| Event::new()).collect();
        let done = AtomicUsize::new(0);
        let stale = AtomicUsize::new(0);
        together(threads + 1, |number| {
            for (round, event) in events.iter().enumerate() {
                if number == 0 {
                    done.store(round + 1, Ordering::Relaxed);
                    event.set();
                } else {
                    event.wait();
                    let is_stale = done.load(Ordering::Relaxed) <= round;
                    stale.fetch_add(usize::from(is_stale), Ordering::Relaxed);
                }
            }
        });
        proptest::prop_assert_eq!(stale.into_inner(), 0);
        Ok(())
    });
}

#[test]
fn each_task_of_a_pool_runs_or_is_cancelled_and_is_reported_once() {
    let cases = (1..4_usize, proptest::collection::vec(0..4_u8, 0..100));
    check(&cases, |(workers, tasks)| {
        let pool = ThreadPoolExecutor::new(workers);
        let (mut futures, mut cancelled) = (Vec::new(), 0);
        for &kind in &tasks {
            let future = pool.submit(move || {
                if kind == 0 {
                    std::panic::resume_unwind(Box::new("fails"));
                }
                usize::from(kind)
            });
            let future = future.map_err(|_| TestCaseError::fail("refused"))?;
            cancelled += usize::from(kind == 1 && future.cancel());
            futures.push(future);
        }
        let (mut sum, mut failed) = (0, 0);
        for future in as_completed(futures) {
            match future.result() {
                Ok(value) => sum += value,
                Err(_) => failed += 1,
            }
        }
        let wanted: usize = tasks.iter().map(|&kind| usize::from(kind)).sum();
        let fail = tasks.iter().filter(|&&kind| kind == 0).count();
        proptest::prop_assert_eq!((sum, failed), (wanted - cancelled, fail + cancelled));
        Ok(())
    });
}

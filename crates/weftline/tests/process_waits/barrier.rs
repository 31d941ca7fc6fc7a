//! `process::Barrier`: rounds, and what breaks them.

use crate::support::{SHORT, Sleeper, count, limit, until};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use weftline::process::{Barrier, BarrierError};

#[test]
fn a_barrier_lets_all_pass_together_again_and_again() {
    let _limit = limit();
    const PARTIES: usize = 4;
    let rounds = count(500) as u32;
    let barrier = Barrier::new(PARTIES).unwrap();
    let round = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..PARTIES {
            scope.spawn(|| {
                for n in 0..rounds {
                    assert_eq!(round.load(Ordering::Relaxed), n);
                    let arrival = barrier.wait().unwrap();
                    assert!(arrival.index() < PARTIES);
                    if arrival.is_leader() {
                        round.fetch_add(1, Ordering::Relaxed);
                    }
                    barrier.wait().unwrap();
                }
            });
        }
    });
    assert_eq!((barrier.n_waiting(), barrier.is_broken()), (0, false));
}

#[test]
fn a_timeout_breaks_a_barrier_until_it_is_reset() {
    let _limit = limit();
    let barrier = Barrier::new(3).unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait());
        until(|| barrier.n_waiting() == 1);
        assert_eq!(barrier.try_wait_for(SHORT), Err(BarrierError::Broken));
        assert_eq!(other.join().unwrap(), Err(BarrierError::Broken));
    });
    assert!(barrier.is_broken());
    assert_eq!(barrier.wait(), Err(BarrierError::Broken));
    barrier.reset();
    assert!(!barrier.is_broken());
    assert_eq!(barrier.try_wait(), Err(BarrierError::Broken));
    barrier.reset();
    thread::scope(|scope| {
        let waits: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| barrier.wait().unwrap()))
            .collect();
        let mut indexes: Vec<_> = waits
            .into_iter()
            .map(|wait| wait.join().unwrap().index())
            .collect();
        indexes.sort_unstable();
        assert_eq!(indexes, [0, 1, 2]);
    });
}

#[test]
fn an_abort_and_a_reset_end_the_waits() {
    let _limit = limit();
    let barrier = Barrier::new(2).unwrap();
    for end in [Barrier::abort, Barrier::reset] {
        thread::scope(|scope| {
            let wait = Sleeper::new(scope, || barrier.wait());
            end(&barrier);
            assert!(wait.is_woken());
            assert_eq!(wait.thread.join().unwrap(), Err(BarrierError::Broken));
        });
        barrier.reset();
    }
}

#[test]
fn more_threads_than_a_round_has_parties_take_turns() {
    let _limit = limit();
    let arrivals_in_all = count(1_800).next_multiple_of(6);
    let barrier = Barrier::new(2).unwrap();
    let arrivals = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while arrivals.fetch_add(1, Ordering::Relaxed) < arrivals_in_all {
                    barrier.wait().unwrap();
                }
            });
        }
    });
    assert_eq!(barrier.n_waiting(), 0);
}

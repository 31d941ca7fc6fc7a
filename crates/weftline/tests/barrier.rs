//! The contract of `Barrier`.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;
use support::{
    Interrupt, LONG, SHORT, Script, blocked, in_time, is_send_and_sync, limit, now, takes_at_least,
    until,
};
use weftline::park::Deadline;
use weftline::sync::raw::{BarrierError, RawBarrier};
use weftline::{Arrival, Barrier, Broken, ZeroParties};

/// A form of waiting.
type Form = fn(&Barrier) -> Result<Arrival, Broken>;

#[test]
fn all_pass_together_each_with_its_own_index_and_one_as_leader() {
    let _limit = limit();
    let barrier = Barrier::new(4);
    let passed = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let early: Vec<_> = (0..3)
            .map(|_| {
                blocked(scope, || {
                    let arrival = barrier.wait();
                    passed.fetch_add(1, Ordering::Relaxed);
                    arrival.unwrap()
                })
            })
            .collect();
        assert_eq!(barrier.n_waiting(), 3);
        assert_eq!(passed.load(Ordering::Relaxed), 0);
        let mut arrivals = vec![barrier.wait().unwrap()];
        arrivals.extend(early.into_iter().map(|party| party.join().unwrap()));
        let mut indices: Vec<_> = arrivals.iter().map(|arrival| arrival.index()).collect();
        indices.sort_unstable();
        assert_eq!(indices, [0, 1, 2, 3]);
        let leaders = arrivals.iter().filter(|arrival| arrival.is_leader());
        assert_eq!(leaders.count(), 1);
    });
    assert_eq!(barrier.n_waiting(), 0);
}

#[test]
fn each_form_of_waiting_passes() {
    let _limit = limit();
    let barrier = Barrier::new(2);
    let forms: [Form; 4] = [
        Barrier::wait,
        |barrier| barrier.try_wait_for(LONG),
        |barrier| barrier.try_wait_until(now() + LONG),
        |barrier| barrier.try_wait_for(Duration::MAX),
    ];
    for form in forms {
        std::thread::scope(|scope| {
            let first = blocked(scope, || form(&barrier));
            assert_eq!(barrier.try_wait().map(Arrival::index), Ok(1));
            assert_eq!(first.join().unwrap().map(Arrival::index), Ok(0));
        });
    }
}

#[test]
fn a_barrier_for_one_never_waits() {
    let barrier = Barrier::new(1);
    for _ in 0..3 {
        assert!(barrier.wait().unwrap().is_leader());
        assert!(barrier.try_wait().is_ok());
    }
}

#[test]
fn a_barrier_for_zero_parties_is_refused() {
    assert!(matches!(Barrier::try_new(0), Err(ZeroParties)));
    assert!(catch_unwind(|| Barrier::new(0)).is_err());
    assert!(catch_unwind(|| Barrier::with_action(0, || ())).is_err());
    assert!(RawBarrier::new(0).is_none());
    assert_eq!(Barrier::try_new(usize::MAX).unwrap().parties(), usize::MAX);
}

#[test]
fn a_timeout_breaks_the_barrier_for_all() {
    let _limit = limit();
    let forms: [Form; 3] = [
        Barrier::try_wait,
        |barrier| takes_at_least(SHORT, || barrier.try_wait_for(SHORT)),
        |barrier| takes_at_least(SHORT, || barrier.try_wait_until(now() + SHORT)),
    ];
    for form in forms {
        let barrier = Barrier::new(3);
        std::thread::scope(|scope| {
            let waits = blocked(scope, || barrier.wait());
            assert_eq!(form(&barrier), Err(Broken));
            assert_eq!(waits.join().unwrap(), Err(Broken));
        });
        assert!(barrier.is_broken());
        assert_eq!(barrier.n_waiting(), 0);
        assert_eq!(barrier.wait(), Err(Broken));
    }
}

#[test]
fn abort_breaks_it_and_reset_repairs_it() {
    let _limit = limit();
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let waits = blocked(scope, || barrier.wait());
        barrier.abort();
        assert_eq!(waits.join().unwrap(), Err(Broken));
        barrier.abort();
        assert!(barrier.is_broken());
        barrier.reset();
        assert!(!barrier.is_broken());
        let waits = blocked(scope, || barrier.wait());
        assert!(barrier.wait().is_ok());
        assert!(waits.join().unwrap().is_ok());
    });
}

#[test]
fn a_reset_ends_the_waits_of_this_cycle_only() {
    let _limit = limit();
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let sent_away = blocked(scope, || barrier.wait());
        barrier.reset();
        assert_eq!(sent_away.join().unwrap(), Err(Broken));
        assert!(!barrier.is_broken());
        let stays = blocked(scope, || barrier.wait());
        assert_eq!(barrier.n_waiting(), 1);
        assert!(barrier.wait().is_ok());
        assert!(stays.join().unwrap().is_ok());
    });
}

#[test]
fn the_action_runs_once_before_any_party_passes() {
    let _limit = limit();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let barrier = Barrier::with_action(3, move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for round in 1..=5 {
                    barrier.wait().unwrap();
                    assert!(runs.load(Ordering::Relaxed) >= round);
                }
            });
        }
    });
    assert_eq!(runs.load(Ordering::Relaxed), 5);
}

#[test]
fn a_panic_in_the_action_breaks_the_barrier_and_goes_on_in_the_last_party() {
    let _limit = limit();
    let barrier = Barrier::with_action(2, || panic!("in the action"));
    std::thread::scope(|scope| {
        let waits = blocked(scope, || barrier.wait());
        assert!(catch_unwind(AssertUnwindSafe(|| barrier.wait())).is_err());
        assert_eq!(waits.join().unwrap(), Err(Broken));
    });
    assert!(barrier.is_broken());
}

/// A barrier for two whose action reports that it runs, and ends when it is told to.
fn with_slow_action() -> (
    Arc<Barrier>,
    std::sync::mpsc::Receiver<()>,
    std::sync::mpsc::Sender<()>,
) {
    let (begins, has_begun) = channel();
    let (end, may_end) = channel();
    // `Receiver` is not `Sync`; the action runs in one thread at a time.
    let may_end = weftline::Lock::new(may_end);
    let begins = weftline::Lock::new(begins);
    let barrier = Barrier::with_action(2, move || {
        begins.lock().send(()).unwrap();
        may_end.lock().recv().unwrap();
    });
    (Arc::new(barrier), has_begun, end)
}

#[test]
fn an_action_that_does_not_end_can_be_aborted() {
    let _limit = limit();
    let (barrier, has_begun, end) = with_slow_action();
    std::thread::scope(|scope| {
        let parties = [
            scope.spawn(|| barrier.wait()),
            scope.spawn(|| barrier.wait()),
        ];
        has_begun.recv().unwrap();
        barrier.abort();
        until(|| parties.iter().any(|party| party.is_finished()));
        end.send(()).unwrap();
        for party in parties {
            assert_eq!(party.join().unwrap(), Err(Broken));
        }
    });
    assert!(barrier.is_broken());
}

#[test]
fn a_party_that_comes_while_the_action_runs_belongs_to_the_next_cycle() {
    let _limit = limit();
    let (barrier, has_begun, end) = with_slow_action();
    std::thread::scope(|scope| {
        let first_round = [
            scope.spawn(|| barrier.wait()),
            scope.spawn(|| barrier.wait()),
        ];
        has_begun.recv().unwrap();
        assert_eq!(barrier.n_waiting(), 2, "all have arrived");
        let early = blocked(scope, || barrier.wait());
        end.send(()).unwrap();
        for party in first_round {
            assert!(party.join().unwrap().is_ok());
        }
        until(|| barrier.n_waiting() == 1);
        end.send(()).unwrap();
        assert!(barrier.wait().is_ok());
        assert!(early.join().unwrap().is_ok());
    });
}

#[test]
fn a_party_that_times_out_while_the_action_runs_has_arrived() {
    let _limit = limit();
    in_time(|timeout| {
        let (barrier, has_begun, end) = with_slow_action();
        std::thread::scope(|scope| {
            let barrier = &barrier;
            let times_out = scope.spawn(move || barrier.try_wait_for(timeout));
            until(|| barrier.n_waiting() == 1 || times_out.is_finished());
            let last = scope.spawn(|| barrier.wait());
            let mut acts = false;
            until(|| {
                acts = has_begun.try_recv().is_ok();
                acts || last.is_finished()
            });
            if !acts {
                return false;
            }
            // The timeout passes while the action runs.
            std::thread::sleep(2 * timeout);
            assert!(!times_out.is_finished());
            end.send(()).unwrap();
            assert!(times_out.join().unwrap().is_ok());
            assert!(last.join().unwrap().is_ok());
            true
        })
    });
}

#[test]
fn an_early_party_that_times_out_breaks_the_barrier() {
    let _limit = limit();
    let (barrier, has_begun, end) = with_slow_action();
    std::thread::scope(|scope| {
        let parties = [
            scope.spawn(|| barrier.wait()),
            scope.spawn(|| barrier.wait()),
        ];
        has_begun.recv().unwrap();
        assert_eq!(barrier.try_wait_for(SHORT), Err(Broken));
        assert!(barrier.is_broken());
        end.send(()).unwrap();
        for party in parties {
            assert_eq!(party.join().unwrap(), Err(Broken));
        }
    });
}

#[test]
fn debug_does_not_block() {
    let _limit = limit();
    let (barrier, has_begun, end) = with_slow_action();
    std::thread::scope(|scope| {
        let parties = [
            scope.spawn(|| barrier.wait()),
            scope.spawn(|| barrier.wait()),
        ];
        has_begun.recv().unwrap();
        assert!(format!("{barrier:?}").contains("parties: 2"));
        end.send(()).unwrap();
        for party in parties {
            party.join().unwrap().unwrap();
        }
    });
}

#[test]
fn it_is_shared_between_threads() {
    is_send_and_sync::<Barrier>();
    is_send_and_sync::<RawBarrier>();
}

#[test]
fn an_interrupted_party_leaves_and_its_place_is_free_again() {
    let _limit = limit();
    let barrier = RawBarrier::new(2).unwrap();
    let wait = barrier.wait_with(&mut Script::interrupted(), Deadline::NEVER, |_| Ok(()));
    assert_eq!(wait, Err(BarrierError::Interrupted(Interrupt)));
    assert_eq!((barrier.n_waiting(), barrier.is_broken()), (0, false));
    std::thread::scope(|scope| {
        let first = blocked(scope, || {
            barrier.wait_with(&mut Script::sleeps(), Deadline::NEVER, |_| Ok(()))
        });
        let second = barrier.wait_with(&mut Script::sleeps(), Deadline::NEVER, |_| Ok(()));
        assert_eq!((first.join().unwrap(), second), (Ok(0), Ok(1)));
    });
}

#[test]
fn an_action_that_fails_breaks_the_barrier() {
    let _limit = limit();
    let barrier = RawBarrier::new(2).unwrap();
    std::thread::scope(|scope| {
        let first = blocked(scope, || {
            barrier.wait_with(&mut Script::sleeps(), Deadline::NEVER, |_| Ok(()))
        });
        let failed = barrier.wait_with(&mut Script::sleeps(), Deadline::NEVER, |_| Err(Interrupt));
        assert_eq!(failed, Err(BarrierError::Interrupted(Interrupt)));
        assert_eq!(first.join().unwrap(), Err(BarrierError::Broken));
    });
    assert!(barrier.is_broken());
}

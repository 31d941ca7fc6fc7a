//! The barrier: a cycle ends in the same way for all its parties, and the next may begin at once.

use crate::support::*;
use weftline::park::Deadline;
use weftline::sync::raw::{BarrierError, RawBarrier};

type Passed = Result<usize, BarrierError<Signalled>>;

fn of(parties: usize) -> Arc<RawBarrier> {
    Arc::new(RawBarrier::new(parties).unwrap())
}

fn wait_by(barrier: &RawBarrier, mut sleeper: Sleeper, deadline: Deadline) -> Passed {
    barrier.wait_with(&mut sleeper, deadline, |_| Ok(()))
}

fn wait(barrier: &RawBarrier) -> Passed {
    wait_by(barrier, Sleeper::new(), Deadline::NEVER)
}

fn party(barrier: &Arc<RawBarrier>) -> JoinHandle<Passed> {
    let barrier = Arc::clone(barrier);
    spawn(move || wait(&barrier))
}

#[test]
fn all_parties_pass_with_distinct_indices_and_see_earlier_writes() {
    explore(2, || {
        let barrier = of(3);
        let values = Arc::new([(); 3].map(|()| Protected::default()));
        let arrive = |mine: usize, barrier: &RawBarrier, values: &[Protected; 3]| {
            values[mine].add(1);
            let index = wait(barrier).unwrap();
            assert!(values.iter().all(|value| value.get() == 1));
            index
        };
        let [a, b] = [1, 2].map(|mine| {
            let (barrier, values) = (Arc::clone(&barrier), Arc::clone(&values));
            spawn(move || arrive(mine, &barrier, &values))
        });
        let mut indexes = [arrive(0, &barrier, &values), join(a), join(b)];
        indexes.sort_unstable();
        assert_eq!(indexes, [0, 1, 2]);
        assert_eq!(barrier.n_waiting(), 0);
    });
}

#[test]
fn the_action_runs_once_after_all_arrivals_and_before_any_party_passes() {
    explore(3, || {
        let barrier = of(2);
        let value = Arc::new(Protected::default());
        let arrive = |barrier: &RawBarrier, value: &Protected| {
            let passed = barrier.wait_with(&mut Sleeper::new(), Deadline::NEVER, |_| {
                value.add(1);
                Ok(())
            });
            assert_eq!(value.get(), 1);
            passed.unwrap()
        };
        let other = {
            let (barrier, value) = (Arc::clone(&barrier), Arc::clone(&value));
            spawn(move || arrive(&barrier, &value))
        };
        assert_eq!(arrive(&barrier, &value) + join(other), 1);
    });
}

#[test]
fn a_cycle_may_begin_while_parties_leave_the_last_one() {
    explore(3, || {
        let barrier = of(2);
        let other = {
            let barrier = Arc::clone(&barrier);
            spawn(move || (wait(&barrier).unwrap(), wait(&barrier).unwrap()))
        };
        let mine = (wait(&barrier).unwrap(), wait(&barrier).unwrap());
        let others = join(other);
        assert_eq!((mine.0 + others.0, mine.1 + others.1), (1, 1));
    });
}

#[test]
fn a_party_that_comes_during_an_action_belongs_to_the_next_cycle() {
    explore(1, || {
        let barrier = of(2);
        let parties = [(); 3].map(|()| party(&barrier));
        let mut passed = vec![wait(&barrier).unwrap()];
        passed.extend(parties.into_iter().map(|party| join(party).unwrap()));
        passed.sort_unstable();
        assert_eq!(passed, [0, 0, 1, 1]);
    });
}

#[test]
fn a_timeout_breaks_the_barrier_for_all_or_comes_too_late_for_all() {
    explore(3, || {
        let barrier = of(2);
        let alarm = Alarm::leak();
        let timed = {
            let barrier = Arc::clone(&barrier);
            spawn(move || wait_by(&barrier, Sleeper::new(), Deadline::At(alarm)))
        };
        let clock = spawn(move || alarm.fire());
        let mine = wait(&barrier);
        let others = join(timed);
        join(clock);
        assert_eq!(mine.is_ok(), others.is_ok());
        assert_eq!(barrier.is_broken(), mine.is_err());
    });
}

#[test]
fn an_abort_breaks_the_barrier_for_all_also_while_the_action_runs() {
    explore(3, || {
        let barrier = of(2);
        let in_action = Arc::new(Protected::default());
        let arrive = |barrier: &RawBarrier, in_action: &Protected| {
            barrier.wait_with(&mut Sleeper::new(), Deadline::NEVER, |_| {
                in_action.add(1);
                Ok(())
            })
        };
        let other = {
            let (barrier, in_action) = (Arc::clone(&barrier), Arc::clone(&in_action));
            spawn(move || arrive(&barrier, &in_action))
        };
        let aborter = {
            let barrier = Arc::clone(&barrier);
            spawn(move || barrier.abort())
        };
        let mine = arrive(&barrier, &in_action);
        assert_eq!(mine.is_ok(), join(other).is_ok());
        join(aborter);
        assert!(barrier.is_broken());
        assert_eq!(wait(&barrier), Err(BarrierError::Broken));
    });
}

#[test]
fn an_action_that_fails_breaks_the_barrier_for_the_others() {
    explore(3, || {
        let barrier = of(2);
        let arrive = |barrier: &RawBarrier| {
            barrier.wait_with(&mut Sleeper::new(), Deadline::NEVER, |_| Err(Signalled))
        };
        let other = {
            let barrier = Arc::clone(&barrier);
            spawn(move || arrive(&barrier))
        };
        let ends = [arrive(&barrier), join(other)];
        assert!(ends.contains(&Err(BarrierError::Interrupted(Signalled))));
        assert!(ends.contains(&Err(BarrierError::Broken)));
        assert!(barrier.is_broken());
    });
}

#[test]
fn a_reset_ends_every_wait_and_the_barrier_is_new() {
    explore(2, || {
        let barrier = of(2);
        // A party whose wait the reset ended waits again: then both pass.
        let come = |barrier: &RawBarrier| (0..2).find_map(|_| wait(barrier).ok());
        let parties = [(); 2].map(|()| {
            let barrier = Arc::clone(&barrier);
            spawn(move || come(&barrier))
        });
        barrier.reset();
        let passed = parties.map(|party| join(party).expect("the reset ends a wait once at most"));
        assert_eq!(passed.iter().sum::<usize>(), 1);
        assert!(!barrier.is_broken());
        assert_eq!(barrier.n_waiting(), 0);
    });
}

#[test]
fn an_interrupted_party_leaves_its_place_to_another() {
    explore(2, || {
        let barrier = of(2);
        let (signal, alarm) = (Signal::new(), Alarm::leak());
        let interrupted = {
            let (barrier, signal) = (Arc::clone(&barrier), Arc::clone(&signal));
            spawn(move || wait_by(&barrier, Sleeper::that_hears(&signal), Deadline::NEVER))
        };
        let waiter = {
            let barrier = Arc::clone(&barrier);
            spawn(move || {
                let passed = wait(&barrier);
                // If the place were still with the interrupted party, the substitute would wait for
                // ever.
                alarm.fire();
                passed.is_ok()
            })
        };
        signal.raise();
        if join(interrupted).is_err() {
            let substitute = wait_by(&barrier, Sleeper::new(), Deadline::At(alarm));
            assert!(join(waiter));
            assert_eq!(barrier.is_broken(), substitute.is_err());
        } else {
            assert!(join(waiter));
        }
        assert_eq!(barrier.n_waiting(), 0);
    });
}

#[cfg(weftline_model = "shuttle")]
#[test]
fn a_crowd_passes_cycle_after_cycle() {
    explore(0, || {
        const PARTIES: usize = 5;
        const CYCLES: u32 = 4;
        let barrier = of(PARTIES);
        let value = Arc::new(Protected::default());
        let parties = [(); PARTIES].map(|()| {
            let (barrier, value) = (Arc::clone(&barrier), Arc::clone(&value));
            spawn(move || {
                for cycle in 1..=CYCLES {
                    let action = |_: &mut Sleeper| {
                        value.add(1);
                        Ok(())
                    };
                    let passed = barrier.wait_with(&mut Sleeper::new(), Deadline::NEVER, action);
                    assert!(passed.unwrap() < PARTIES);
                    assert_eq!(value.get(), cycle);
                    // The next cycle's action must not run before every party has checked.
                    wait(&barrier).unwrap();
                }
            })
        });
        parties.into_iter().for_each(join);
        assert_eq!(value.get(), CYCLES);
    });
}

#[cfg(weftline_model = "shuttle")]
#[test]
fn a_crowd_survives_timeouts_aborts_and_resets() {
    explore(0, || {
        let barrier = of(3);
        let alarms = [(); 3].map(|()| Alarm::leak());
        let parties = alarms.map(|alarm| {
            let barrier = Arc::clone(&barrier);
            spawn(move || {
                let mut passed = 0;
                for _ in 0..3 {
                    passed +=
                        usize::from(wait_by(&barrier, Sleeper::new(), Deadline::At(alarm)).is_ok());
                }
                passed
            })
        });
        let others = [(); 2].map(|()| {
            let barrier = Arc::clone(&barrier);
            spawn(move || {
                barrier.abort();
                barrier.reset();
            })
        });
        alarms.iter().for_each(|alarm| alarm.fire());
        others.into_iter().for_each(join);
        let passed: usize = parties.into_iter().map(join).sum();
        assert_eq!(passed % 3, 0, "all parties pass a cycle, or none does");
        assert_eq!(barrier.n_waiting(), 0);
    });
}

fn party_by(barrier: &Arc<RawBarrier>, sleeper: Sleeper, deadline: Deadline) -> JoinHandle<Passed> {
    let barrier = Arc::clone(barrier);
    spawn(move || wait_by(&barrier, sleeper, deadline))
}

fn place(passed: Passed) -> Option<usize> {
    match passed {
        Err(BarrierError::Forwarded { index, .. }) => index,
        _ => None,
    }
}

#[test]
fn forwarding_the_barrier_tells_exactly_the_parties_that_have_arrived() {
    explore(2, || {
        let barrier = Arc::new(RawBarrier::new(3).unwrap());
        let (alarm, signal) = (Alarm::leak(), Signal::new());
        let parties = [
            party_by(&barrier, Sleeper::new(), Deadline::At(alarm)),
            party_by(&barrier, Sleeper::that_hears(&signal), Deadline::NEVER),
        ];
        let outside = spawn(move || {
            signal.raise();
            alarm.fire();
        });
        let left = barrier
            .forward_with(&mut Sleeper::new(), false)
            .unwrap()
            .unwrap();
        let mut places: Vec<_> = parties.into_iter().map(join).filter_map(place).collect();
        join(outside);
        places.sort_unstable();
        assert_eq!(places.len(), left.arrived, "{left:?}");
        assert!(!left.is_broken || left.arrived == 0);
        assert!(barrier.is_forwarded());
    });
}

#[test]
fn forwarding_waits_for_the_end_of_an_action() {
    explore(3, || {
        let barrier = Arc::new(RawBarrier::new(1).unwrap());
        let value = Arc::new(Protected::default());
        let actor = {
            let (barrier, value) = (Arc::clone(&barrier), Arc::clone(&value));
            spawn(move || {
                barrier.wait_with(&mut Sleeper::new(), Deadline::NEVER, |_| {
                    value.add(1);
                    Ok(())
                })
            })
        };
        let left = barrier
            .forward_with(&mut Sleeper::new(), false)
            .unwrap()
            .unwrap();
        assert_eq!(left.arrived, 0);
        match join(actor) {
            Ok(0) => assert_eq!(value.get(), 1),
            Err(BarrierError::Forwarded { index: None, .. }) => assert_eq!(value.get(), 0),
            other => panic!("{other:?}"),
        }
    });
}

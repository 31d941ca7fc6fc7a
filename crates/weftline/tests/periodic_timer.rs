//! `PeriodicTimer`.

mod support;

use std::time::Duration;
use support::{LONG, SHORT, blocked, is_send_and_sync, limit, now, takes_at_least};
use weftline::PeriodicTimer;
use weftline::thread::timer::{StartError, Stopped, TickError, ZeroPeriod};

/// A period that does not pass while a test runs.
const FAR: Duration = Duration::from_secs(3600);

fn started(period: Duration) -> PeriodicTimer {
    let timer = PeriodicTimer::new(period).unwrap();
    timer.start().unwrap();
    timer
}

#[test]
fn a_period_of_no_time_is_refused() {
    assert_eq!(PeriodicTimer::new(Duration::ZERO).unwrap_err(), ZeroPeriod);
    assert_eq!(
        PeriodicTimer::new(Duration::MAX).unwrap().period(),
        Duration::MAX
    );
}

#[test]
fn it_can_be_started_once() {
    let timer = started(FAR);
    assert!(matches!(timer.start(), Err(StartError::StartedBefore)));
}

#[test]
fn ticks_do_not_drift_however_long_the_waiter_takes() {
    let period = Duration::from_millis(4);
    let begun = now();
    let timer = started(period);
    let mut ticks = timer.ticks();
    let mut last = 0;
    while last < 20 {
        let tick = ticks.wait().unwrap();
        assert_eq!(tick.number, last + 1 + tick.missed);
        last = tick.number;
        assert!(begun.elapsed() >= period * tick.number as u32);
        std::thread::sleep(period / 3);
    }
}

#[test]
fn a_late_waiter_gets_the_number_of_missed_ticks() {
    let timer = started(Duration::from_millis(2));
    let mut ticks = timer.ticks();
    let first = ticks.wait().unwrap();
    std::thread::sleep(Duration::from_millis(20));
    let late = ticks.try_wait().unwrap();
    assert!(late.missed >= 8, "{late:?}");
    assert_eq!(late.number, first.number + 1 + late.missed);
}

#[test]
fn all_waiters_get_the_same_tick() {
    let _limit = limit();
    // A waiter that runs again only a period after the start waits for the second tick.
    let timer = PeriodicTimer::new(Duration::from_secs(1)).unwrap();
    std::thread::scope(|scope| {
        let waits: Vec<_> = (0..5)
            .map(|_| blocked(scope, || timer.wait_for_tick()))
            .collect();
        timer.start().unwrap();
        for wait in waits {
            assert_eq!(wait.join().unwrap(), Ok(1));
        }
    });
}

#[test]
fn each_form_that_times_out_says_so() {
    let timer = started(FAR);
    let mut ticks = timer.ticks();
    let late = Err(TickError::TimedOut);
    assert_eq!(timer.try_wait_for_tick(), late);
    let waited = takes_at_least(SHORT, || timer.try_wait_for_tick_for(SHORT));
    assert_eq!(waited, late);
    let waited = takes_at_least(SHORT, || timer.try_wait_for_tick_until(now() + SHORT));
    assert_eq!(waited, late);
    assert_eq!(ticks.try_wait(), Err(TickError::TimedOut));
    let waited = takes_at_least(SHORT, || ticks.try_wait_for(SHORT));
    assert_eq!(waited, Err(TickError::TimedOut));
    let waited = takes_at_least(SHORT, || ticks.try_wait_until(now() + SHORT));
    assert_eq!(waited, Err(TickError::TimedOut));
    let idle = PeriodicTimer::new(SHORT).unwrap();
    assert_eq!(idle.try_wait_for_tick_for(SHORT * 2), late);
}

#[test]
fn each_form_that_waits_long_enough_gets_its_tick() {
    let timer = started(SHORT);
    assert!(timer.wait_for_tick().unwrap() >= 1);
    assert!(timer.try_wait_for_tick_for(LONG).unwrap() >= 2);
    assert!(timer.try_wait_for_tick_until(now() + LONG).unwrap() >= 3);
    let mut ticks = timer.ticks();
    let first = ticks.try_wait_for(LONG).unwrap();
    let second = ticks.try_wait_until(now() + LONG).unwrap();
    assert!(second.number > first.number && first.number > 3);
}

#[test]
fn stopping_wakes_all_waiters_and_is_for_good() {
    let _limit = limit();
    for is_started in [true, false] {
        let timer = PeriodicTimer::new(FAR).unwrap();
        if is_started {
            timer.start().unwrap();
        }
        std::thread::scope(|scope| {
            let waits = [
                blocked(scope, || timer.wait_for_tick().map_err(TickError::from)),
                blocked(scope, || timer.try_wait_for_tick_for(LONG)),
            ];
            let counts = blocked(scope, || timer.ticks().wait());
            timer.stop();
            for wait in waits {
                assert_eq!(wait.join().unwrap(), Err(TickError::Stopped));
            }
            assert_eq!(counts.join().unwrap(), Err(Stopped));
        });
        assert!(timer.is_stopped());
        assert_eq!(timer.start().is_ok(), !is_started);
        assert_eq!(timer.try_wait_for_tick(), Err(TickError::Stopped));
        assert_eq!(timer.ticks().try_wait(), Err(TickError::Stopped));
    }
}

#[test]
fn later_handles_count_from_their_creation_on() {
    let timer = started(Duration::from_millis(2));
    let reached = timer.wait_for_tick().unwrap();
    let tick = timer.ticks().wait().unwrap();
    assert!(tick.number > reached);
    assert!(tick.missed < tick.number);
}

#[test]
fn it_is_shared_between_threads() {
    is_send_and_sync::<PeriodicTimer>();
}

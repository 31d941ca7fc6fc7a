//! `process::Condition`: the order of its wake-ups, and the lock after a wait.

use crate::support::{SHORT, count, in_a_process_that_dies, limit, now, until};
use std::thread;
use weftline::process::{Condition, WaitError};

#[test]
fn a_condition_wakes_those_that_have_waited_longest() {
    let _limit = limit();
    const WAITERS: usize = 6;
    // The waiters that have begun to wait, and those that have been woken.
    let condition = Condition::new([0_u32; 2]).unwrap();
    let order = weftline::Lock::new(Vec::new());
    thread::scope(|scope| {
        for n in 0..WAITERS {
            let (condition, order) = (&condition, &order);
            scope.spawn(move || {
                let mut guard = condition.lock().unwrap();
                guard[0] += 1;
                guard.wait().unwrap();
                order.lock().push(n);
                guard[1] += 1;
            });
            until(|| condition.lock().unwrap()[0] == n as u32 + 1);
        }
        for (wakes, woken) in [(0, 0), (1, 1), (2, 3), (100, 6)] {
            condition.lock().unwrap().notify(wakes);
            until(|| condition.lock().unwrap()[1] == woken);
            let mut woken_now = order.lock().clone();
            woken_now.sort_unstable();
            assert_eq!(woken_now, (0..woken as usize).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_wait_for_a_condition_times_out_with_the_lock() {
    let _limit = limit();
    let condition = Condition::new(0_u32).unwrap();
    let mut guard = condition.lock().unwrap();
    assert!(matches!(guard.try_wait(), Err(WaitError::TimedOut)));
    let before = now();
    assert!(matches!(
        guard.try_wait_for(SHORT),
        Err(WaitError::TimedOut)
    ));
    assert!(matches!(
        guard.try_wait_while_for(SHORT, |value| *value == 0),
        Err(WaitError::TimedOut)
    ));
    assert!(before.elapsed() >= 2 * SHORT);
    *guard = 1;
    guard.wait_while(|value| *value == 0).unwrap();
    guard.try_wait_while(|value| *value == 0).unwrap();
    assert!(condition.try_lock().is_err());
    drop(guard);
    assert!(condition.try_lock().is_ok());
}

#[test]
fn a_notification_skips_waiters_that_have_given_up() {
    let _limit = limit();
    let condition = Condition::new(0_u32).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut guard = condition.lock().unwrap();
            *guard += 1;
            guard.wait().unwrap();
        });
        until(|| *condition.lock().unwrap() == 1);
        let mut guard = condition.lock().unwrap();
        let _ = guard.try_wait_for(SHORT);
        drop(guard);
        condition.lock().unwrap().notify(1);
    });
}

#[test]
fn items_pass_through_a_condition() {
    let _limit = limit();
    let items = count(10_000) as u32;
    let slot = Condition::new(0_u32).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for item in 1..=items {
                let mut guard = slot.lock().unwrap();
                guard.wait_while(|slot| *slot != 0).unwrap();
                *guard = item;
                guard.notify_all();
            }
        });
        for item in 1..=items {
            let mut guard = slot.lock().unwrap();
            guard.wait_while(|slot| *slot == 0).unwrap();
            assert_eq!(*guard, item);
            *guard = 0;
            guard.notify_all();
        }
    });
}

#[test]
fn a_death_with_a_conditions_lock_reaches_the_waiters() {
    let _limit = limit();
    let condition = Condition::new(0_u32).unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut guard = condition.lock().unwrap();
            *guard = 1;
            let ended = guard.wait();
            guard.recover();
            ended
        });
        until(|| condition.try_lock().is_ok_and(|guard| *guard == 1));
        let died = in_a_process_that_dies(|| {
            let guard = condition.lock().unwrap();
            guard.notify(1);
            std::mem::forget(guard);
        });
        let ended = waiter.join().unwrap();
        assert!(
            matches!(ended, Err(WaitError::Abandoned(pid)) if pid == died),
            "{ended:?}"
        );
    });
    assert!(condition.lock().is_ok());
}

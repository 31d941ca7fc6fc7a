//! The contract of `Condition`.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;
use support::{
    Interrupt, LONG, SHORT, Script, blocked, in_time, is_send_and_sync, limit, now, takes_at_least,
    until,
};
use weftline::park::{Deadline, ThreadBlocker, WaitError};
use weftline::sync::raw::RawCondition;
use weftline::{Condition, TimedOut};

#[test]
fn it_is_a_lock_over_its_value_with_the_four_forms() {
    let mut condition = Condition::new(0);
    *condition.lock() += 1;
    *condition.try_lock().unwrap() += 1;
    *condition.try_lock_for(SHORT).unwrap() += 1;
    *condition.try_lock_until(now()).unwrap() += 1;
    let held = condition.lock();
    assert!(condition.try_lock().is_none());
    assert!(condition.try_lock_for(SHORT).is_none());
    assert!(condition.try_lock_until(now() + SHORT).is_none());
    assert_eq!(*held, 4);
    drop(held);
    *condition.get_mut() += 1;
    assert_eq!(condition.into_inner(), 5);
}

#[test]
fn a_notification_without_waiters_is_not_kept() {
    let condition = Condition::new(());
    let mut held = condition.lock();
    assert!(!held.notify_one());
    assert_eq!(held.notify(3), 0);
    assert_eq!(held.notify_all(), 0);
    assert_eq!(held.try_wait_for(SHORT), Err(TimedOut), "nor is it kept");
}

#[test]
fn a_wait_without_a_notification_times_out_and_holds_the_lock_again() {
    let condition = Condition::new(0);
    let mut held = condition.lock();
    assert_eq!(held.try_wait(), Err(TimedOut));
    assert_eq!(
        takes_at_least(SHORT, || held.try_wait_for(SHORT)),
        Err(TimedOut)
    );
    assert_eq!(
        takes_at_least(SHORT, || held.try_wait_until(now() + SHORT)),
        Err(TimedOut)
    );
    assert!(condition.try_lock().is_none());
    *held += 1;
}

#[test]
fn the_lock_is_free_during_a_wait() {
    let _limit = limit();
    let condition = Condition::new(0);
    std::thread::scope(|scope| {
        let wait = blocked(scope, || {
            let mut held = condition.lock();
            held.wait();
            *held
        });
        let mut held = condition.lock();
        *held = 7;
        assert!(held.notify_one());
        assert!(!held.notify_one(), "it has been notified already");
        drop(held);
        assert_eq!(wait.join().unwrap(), 7);
    });
}

#[test]
fn each_form_of_waiting_is_notified() {
    let _limit = limit();
    let condition = Condition::new(false);
    std::thread::scope(|scope| {
        let shared = &condition;
        let waits: Vec<_> = [
            (|condition: &Condition<bool>| {
                condition.lock().wait();
                Ok(())
            }) as fn(&Condition<bool>) -> Result<(), TimedOut>,
            |condition| condition.lock().try_wait_for(LONG),
            |condition| condition.lock().try_wait_for(Duration::MAX),
            |condition| condition.lock().try_wait_until(now() + LONG),
            |condition| {
                condition.lock().wait_while(|done| !*done);
                Ok(())
            },
            |condition| condition.lock().try_wait_while_for(LONG, |done| !*done),
            |condition| {
                condition
                    .lock()
                    .try_wait_while_until(now() + LONG, |done| !*done)
            },
        ]
        .into_iter()
        .map(|wait| blocked(scope, move || wait(shared)))
        .collect();
        let mut held = condition.lock();
        *held = true;
        assert_eq!(held.notify_all(), waits.len());
        drop(held);
        for wait in waits {
            assert_eq!(wait.join().unwrap(), Ok(()));
        }
    });
}

#[test]
fn notify_wakes_exactly_those_that_have_waited_longest() {
    let _limit = limit();
    let condition = Condition::new(());
    let (sender, woken) = channel();
    std::thread::scope(|scope| {
        for name in 0..6 {
            let sender = sender.clone();
            let condition = &condition;
            blocked(scope, move || {
                condition.lock().wait();
                sender.send(name).unwrap();
            });
        }
        for expected in [vec![0, 1], vec![2], vec![3, 4, 5]] {
            let notified = condition.lock().notify(expected.len());
            assert_eq!(notified, expected.len());
            let mut names: Vec<i32> = (0..notified)
                .map(|_| woken.recv_timeout(LONG).unwrap())
                .collect();
            names.sort_unstable();
            assert_eq!(names, expected);
            assert!(woken.try_recv().is_err());
        }
        assert_eq!(condition.lock().notify(1), 0);
    });
}

#[test]
fn a_thread_that_comes_after_the_notification_does_not_get_it() {
    let _limit = limit();
    let condition = Condition::new(());
    std::thread::scope(|scope| {
        let first = blocked(scope, || condition.lock().wait());
        let mut held = condition.lock();
        assert_eq!(held.notify(2), 1);
        // The notified thread cannot have the lock yet; this wait is the later one.
        assert_eq!(held.try_wait_for(SHORT), Err(TimedOut));
        drop(held);
        first.join().unwrap();
    });
}

#[test]
fn a_timed_out_waiter_leaves_the_queue() {
    let _limit = limit();
    let condition = RawCondition::new();
    let wait = |script: &mut Script| condition.wait_with(script, Deadline::NEVER, |_| Ok(()));
    let (give_up, told) = channel::<()>();
    std::thread::scope(|scope| {
        let wait = &wait;
        let gave_up = blocked(scope, move || {
            let waits = move || told.recv().expect("the test goes on");
            wait(&mut Script::times_out_after(waits)).is_err()
        });
        let stays = blocked(scope, || wait(&mut Script::sleeps()).is_ok());
        give_up.send(()).unwrap();
        assert!(gave_up.join().unwrap());
        assert_eq!(condition.notify(1), 1);
        assert!(stays.join().unwrap());
        assert_eq!(condition.notify(1), 0);
    });
}

#[test]
fn a_waiter_that_times_out_between_its_notification_and_the_release_of_the_lock_was_notified() {
    let _limit = limit();
    in_time(|timeout| {
        let condition = Condition::new(false);
        std::thread::scope(|scope| {
            let waits = &condition;
            let wait = scope.spawn(move || {
                let mut held = waits.lock();
                *held = true;
                held.try_wait_for(timeout)
            });
            // The waiter has released the lock, in its wait.
            until(|| *condition.lock() || wait.is_finished());
            let held = condition.lock();
            if !held.notify_one() {
                return false;
            }
            // The timeout passes while the lock is held.
            std::thread::sleep(timeout);
            drop(held);
            assert_eq!(wait.join().unwrap(), Ok(()));
            true
        })
    });
}

#[test]
fn a_notifier_that_waits_next_wakes_the_notified_thread() {
    let _limit = limit();
    let condition = Condition::new(0);
    std::thread::scope(|scope| {
        let answers = blocked(scope, || {
            let mut turn = condition.lock();
            turn.wait_while(|turn| *turn == 0);
            *turn = 2;
            turn.notify_one();
        });
        let mut turn = condition.lock();
        *turn = 1;
        assert!(turn.notify_one());
        turn.wait_while(|turn| *turn != 2);
        drop(turn);
        answers.join().unwrap();
    });
}

#[test]
fn wait_while_checks_before_it_waits_and_once_more_after_its_timeout() {
    let condition = Condition::new(0);
    let mut held = condition.lock();
    held.wait_while(|value| *value != 0);
    let mut calls = 0;
    let waited = held.try_wait_while_for(SHORT, |value| {
        calls += 1;
        *value == 0
    });
    assert_eq!((waited, calls), (Err(TimedOut), 2));
    let mut calls = 0;
    let waited = held.try_wait_while_until(now() + SHORT, |_| {
        calls += 1;
        calls < 2
    });
    assert_eq!(
        (waited, calls),
        (Ok(()), 2),
        "it came true at the last moment"
    );
    assert_eq!(
        held.try_wait_while_for(Duration::ZERO, |_| true),
        Err(TimedOut)
    );
}

#[test]
fn a_panic_in_the_condition_frees_the_lock() {
    let condition = Condition::new(0);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        condition
            .lock()
            .wait_while(|_| panic!("while it calls at the value"));
    }));
    assert!(panicked.is_err());
    assert!(condition.try_lock().is_some());
}

#[test]
fn a_panic_after_a_notification_wakes_the_notified_thread() {
    let _limit = limit();
    let condition = Condition::new(());
    std::thread::scope(|scope| {
        let wait = blocked(scope, || condition.lock().wait());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let held = condition.lock();
            held.notify_all();
            panic!("under the guard");
        }));
        assert!(panicked.is_err());
        wait.join().unwrap();
    });
}

#[test]
fn debug_does_not_block() {
    static CONDITION: Condition<u8> = Condition::new(5);
    let held = CONDITION.lock();
    assert!(format!("{CONDITION:?}").contains("locked"));
    assert!(format!("{held:?}").contains('5'));
}

#[test]
fn it_is_shared_between_threads_if_its_value_can_move_between_them() {
    is_send_and_sync::<Condition<std::cell::Cell<u8>>>();
    is_send_and_sync::<RawCondition>();
}

#[test]
fn the_raw_wait_enlists_before_it_releases() {
    let condition = RawCondition::new();
    let wait = condition.wait_with(&mut Script::sleeps(), Deadline::NEVER, |_| {
        assert_eq!(condition.waiting(), 1);
        assert_eq!(condition.notify(1), 1);
        Ok(())
    });
    assert_eq!(wait, Ok(()));
    assert_eq!(condition.waiting(), 0);
}

#[test]
fn a_refused_release_ends_the_raw_wait() {
    let condition = RawCondition::new();
    let wait = condition.wait_with(&mut Script::sleeps(), Deadline::NEVER, |_| Err(Interrupt));
    assert_eq!(wait, Err(WaitError::Interrupted(Interrupt)));
    assert_eq!(condition.waiting(), 0);
    assert!(format!("{condition:?}").contains('0'));
}

#[test]
fn a_thread_that_is_interrupted_as_it_is_notified_passes_the_notification_on() {
    let _limit = limit();
    let condition = Arc::new(RawCondition::new());
    std::thread::scope(|scope| {
        let (enlisted, is_enlisted) = channel();
        let (go_on, may_go_on) = channel();
        let first = scope.spawn({
            let condition = condition.clone();
            move || {
                let mut interrupted = Script::interrupted_after(move || {
                    enlisted.send(()).unwrap();
                    may_go_on.recv().unwrap();
                });
                condition.wait_with(&mut interrupted, Deadline::NEVER, |_| Ok(()))
            }
        });
        is_enlisted.recv().unwrap();
        let second = blocked(scope, || {
            condition.wait_with(&mut ThreadBlocker, Deadline::NEVER, |_| Ok(()))
        });
        assert_eq!(condition.notify(1), 1);
        go_on.send(()).unwrap();
        assert_eq!(
            first.join().unwrap(),
            Err(WaitError::Interrupted(Interrupt))
        );
        assert_eq!(second.join().unwrap(), Ok(()));
        assert_eq!(condition.waiting(), 0);
    });
}

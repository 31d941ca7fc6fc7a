//! The contract of `Event`.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{
    Interrupt, LONG, SHORT, Script, blocked, is_send_and_sync, limit, now, takes_at_least,
};
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::RawEvent;
use weftline::{Event, TimedOut};

#[test]
fn a_raised_flag_ends_each_form_of_waiting_at_once() {
    let event = Event::new();
    assert!(!event.is_set());
    event.set();
    event.set();
    assert!(event.is_set());
    event.wait();
    assert_eq!(event.try_wait(), Ok(()));
    assert_eq!(event.try_wait_for(Duration::ZERO), Ok(()));
    assert_eq!(event.try_wait_until(now()), Ok(()));
}

#[test]
fn a_lowered_flag_is_reported_by_each_form_that_gives_up() {
    let event = Event::new();
    event.set();
    event.clear();
    event.clear();
    assert_eq!(event.try_wait(), Err(TimedOut));
    assert_eq!(
        takes_at_least(SHORT, || event.try_wait_for(SHORT)),
        Err(TimedOut)
    );
    assert_eq!(
        takes_at_least(SHORT, || event.try_wait_until(now() + SHORT)),
        Err(TimedOut)
    );
    assert_eq!(event.try_wait_until(now()), Err(TimedOut));
}

#[test]
fn set_wakes_the_waiters_of_every_form() {
    let _limit = limit();
    let event = Event::new();
    std::thread::scope(|scope| {
        let shared = &event;
        let waits: Vec<_> = [
            (|event: &Event| {
                event.wait();
                Ok(())
            }) as fn(&Event) -> Result<(), TimedOut>,
            |event| event.try_wait_for(LONG),
            |event| event.try_wait_until(now() + LONG),
            |event| event.try_wait_for(Duration::MAX),
        ]
        .into_iter()
        .map(|wait| blocked(scope, move || wait(shared)))
        .collect();
        event.set();
        for wait in waits {
            assert_eq!(wait.join().unwrap(), Ok(()));
        }
    });
}

#[test]
fn set_wakes_every_waiter_also_if_clear_follows_at_once() {
    let _limit = limit();
    let event = Event::new();
    let woken = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..5 {
            blocked(scope, || {
                event.wait();
                woken.fetch_add(1, Ordering::Relaxed);
            });
        }
        event.set();
        event.clear();
    });
    assert_eq!(woken.into_inner(), 5);
    assert!(!event.is_set());
}

#[test]
fn a_wait_after_the_clear_lasts_until_the_next_set() {
    let _limit = limit();
    let event = Event::new();
    event.set();
    event.clear();
    std::thread::scope(|scope| {
        let wait = blocked(scope, || event.wait());
        assert!(!wait.is_finished());
        event.set();
    });
}

#[test]
fn a_timed_out_waiter_leaves_the_queue() {
    let _limit = limit();
    let event = Event::new();
    std::thread::scope(|scope| {
        let stays = blocked(scope, || event.wait());
        for _ in 0..20 {
            assert_eq!(
                event.try_wait_for(Duration::from_micros(100)),
                Err(TimedOut)
            );
        }
        event.set();
        stays.join().unwrap();
    });
    event.clear();
    assert_eq!(event.try_wait(), Err(TimedOut));
}

#[test]
fn writes_before_set_are_visible_after_wait() {
    let _limit = limit();
    for _ in 0..200 {
        let event = Event::new();
        let value = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                value.store(1, Ordering::Relaxed);
                event.set();
            });
            event.wait();
            assert_eq!(value.load(Ordering::Relaxed), 1);
        });
    }
}

#[test]
fn debug_does_not_block() {
    static EVENT: Event = Event::new();
    assert!(format!("{EVENT:?}").contains("false"));
    EVENT.set();
    assert!(format!("{EVENT:?}").contains("true"));
}

#[test]
fn it_is_shared_between_threads() {
    is_send_and_sync::<Event>();
    is_send_and_sync::<RawEvent>();
}

#[test]
fn an_interrupted_wait_leaves_no_trace() {
    let event = RawEvent::new();
    let wait = event.wait_with(&mut Script::interrupted(), Deadline::NEVER);
    assert_eq!(wait, Err(WaitError::Interrupted(Interrupt)));
    event.set();
    assert_eq!(
        event.wait_with(&mut Script::interrupted(), Deadline::NEVER),
        Ok(())
    );
}

#[test]
fn an_interrupt_is_reported_also_when_the_flag_is_raised_at_the_same_moment() {
    let event = std::sync::Arc::new(RawEvent::new());
    let same = event.clone();
    let mut interrupted = Script::interrupted_after(move || assert!(same.set()));
    let wait = event.wait_with(&mut interrupted, Deadline::NEVER);
    assert_eq!(wait, Err(WaitError::Interrupted(Interrupt)));
    assert!(event.is_set());
}

//! `process::Event`: a flag that all wait for.

use crate::support::{LONG, SHORT, blocked, limit, now};
use std::thread;
use weftline::process::Event;

#[test]
fn an_event_lets_all_go_on_until_it_is_cleared() {
    let _limit = limit();
    let event = Event::new().unwrap();
    assert!(event.try_wait().is_err());
    let before = now();
    assert!(event.try_wait_for(SHORT).is_err());
    assert!(event.try_wait_until(now() + SHORT).is_err());
    assert!(before.elapsed() >= 2 * SHORT);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| event.wait());
        }
        thread::sleep(SHORT);
        event.set();
    });
    assert!(event.is_set());
    event.wait();
    event.clear();
    assert!(!event.is_set() && event.try_wait().is_err());
}

#[test]
fn an_event_that_is_set_for_a_moment_ends_the_waits_that_had_begun() {
    let _limit = limit();
    let event = Event::new().unwrap();
    for _ in 0..200 {
        thread::scope(|scope| {
            let wait = blocked(scope, || event.try_wait_for(LONG));
            event.set();
            event.clear();
            wait.join().unwrap().unwrap();
        });
    }
}

//! `Timer::restart`.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{SHORT, count, limit};
use weftline::Timer;

#[test]
fn a_restarted_timer_fires_once_and_at_its_new_time() {
    let _limit = limit();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = || {
        let calls = Arc::clone(&calls);
        move || {
            calls.fetch_add(1, Ordering::Relaxed);
        }
    };
    let late = Timer::new(Duration::from_secs(3600), counted());
    assert!(!late.restart(SHORT).unwrap(), "it was not started");
    late.start().unwrap();
    assert!(late.restart(Duration::from_secs(7200)).unwrap());
    assert!(late.is_alive() && calls.load(Ordering::Relaxed) == 0);
    assert!(late.restart(Duration::ZERO).unwrap());
    late.join().unwrap();
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(!late.restart(SHORT).unwrap(), "it has fired");
    let cancelled = Timer::new(Duration::from_secs(3600), counted());
    cancelled.start().unwrap();
    assert!(cancelled.restart(Duration::from_secs(3600)).unwrap() && cancelled.cancel());
    assert!(!cancelled.restart(Duration::ZERO).unwrap());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn each_timer_fires_once_although_restarts_meet_its_end() {
    let _limit = limit();
    for _ in 0..count(200) {
        let calls = Arc::new(AtomicUsize::new(0));
        let same = Arc::clone(&calls);
        let timer = Timer::new(Duration::from_micros(50), move || {
            same.fetch_add(1, Ordering::Relaxed);
        });
        timer.start().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| while timer.restart(Duration::from_micros(20)).unwrap() {});
            }
        });
        timer.join().unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 1);
    }
}

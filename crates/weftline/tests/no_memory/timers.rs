//! Timers: one that is not made is dropped, one that does not start can be started again.

use super::failing::{at_each_allocation, at_each_allocation_alone};
use super::support::{LONG, limit};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use weftline::Timer;
use weftline::thread::timer::StartError;

/// The timer thread, which the standard library starts, is there for the whole test.
fn keeper() -> Timer {
    let far = Timer::new(10 * LONG, || ()).daemon(true);
    far.start().unwrap();
    far
}

fn timer(interval: Duration) -> (Timer, Receiver<()>) {
    let (sender, fired) = channel();
    let timer = Timer::new(interval, move || sender.send(()).unwrap());
    (timer, fired)
}

#[test]
fn a_timer_without_memory_is_a_panic_that_drops_the_function() {
    let captured = Arc::new(());
    at_each_allocation_alone(
        || (),
        |()| {
            let captured = Arc::clone(&captured);
            catch_unwind(|| Timer::new(LONG, move || drop(captured)))
        },
        |(), made| {
            assert_eq!(Arc::strong_count(&captured), 1 + usize::from(made.is_ok()));
        },
    );
}

#[test]
fn a_timer_that_does_not_start_without_memory_starts_later() {
    let _limit = limit();
    let keeper = keeper();
    at_each_allocation(
        || timer(Duration::ZERO),
        |(timer, _)| timer.start(),
        |(timer, fired), started| {
            if let Err(why) = started {
                assert!(is_no_memory(&why), "{why}");
                assert!(!timer.is_alive() && !timer.has_fired());
                timer.start().unwrap();
            }
            fired.recv_timeout(LONG).unwrap();
            timer.join().unwrap();
            assert!(timer.has_fired());
        },
    );
    assert!(keeper.cancel());
}

#[test]
fn a_timer_that_does_not_restart_without_memory_goes_on_as_before() {
    let _limit = limit();
    let keeper = keeper();
    at_each_allocation(
        || {
            let (timer, fired) = timer(10 * LONG);
            timer.start().unwrap();
            (timer, fired)
        },
        |(timer, _)| timer.restart(10 * LONG),
        |(timer, fired), restarted| {
            match restarted {
                Ok(in_time) => assert!(in_time),
                Err(why) => assert!(is_no_memory(&why), "{why}"),
            }
            assert!(timer.is_alive());
            assert_eq!(timer.restart(Duration::ZERO).ok(), Some(true));
            fired.recv_timeout(LONG).unwrap();
        },
    );
    assert!(keeper.cancel());
}

fn is_no_memory(why: &StartError) -> bool {
    matches!(why, StartError::NoThread(why) if why.kind() == std::io::ErrorKind::OutOfMemory)
}

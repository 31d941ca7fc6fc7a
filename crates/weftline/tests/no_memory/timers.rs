//! Timers: a timer that cannot be made drops its function; one that does not start can be started
//! again.

use super::failing::{
    alone, at_each_allocation, at_each_allocation_alone, fail, stop_failing, told,
};
use super::support::{LONG, limit};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use weftline::thread::timer::{JoinError, StartError};
use weftline::{Lock, Timer};

/// One test at a time, because they share the timers' threads.
static TURN: Lock<()> = Lock::new(());

/// The timer thread, which the standard library starts, is there for the whole test.
fn far_timer() -> Timer {
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
    let (_limit, _turn) = (limit(), TURN.lock());
    let far = far_timer();
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
    assert!(far.cancel());
}

#[test]
fn a_timer_that_does_not_restart_without_memory_goes_on_as_before() {
    let (_limit, _turn) = (limit(), TURN.lock());
    let far = far_timer();
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
    assert!(far.cancel());
}

fn is_no_memory(why: &StartError) -> bool {
    matches!(why, StartError::NoThread(why) if why.kind() == std::io::ErrorKind::OutOfMemory)
}

#[test]
fn a_timer_that_comes_due_without_memory_fires() {
    // A timer thread without memory would serve the timers of other tests.
    if told().is_none() {
        let this = "timers::a_timer_that_comes_due_without_memory_fires";
        assert_eq!(alone(this, ""), Some(0));
        return;
    }
    let _limit = limit();
    let (sender, fired) = channel();
    for name in ["first", "second", "third"] {
        let sender = sender.clone();
        let timer = Timer::new(Duration::ZERO, move || {
            stop_failing();
            sender.send(weftline::current().name()).unwrap();
            // The worker, which serves the next timer, has no memory from here on.
            fail(0, true);
        });
        timer.name(name).start().unwrap();
        let told = fired.recv_timeout(LONG).unwrap();
        assert!(told == name || told.starts_with("Dummy-"), "{told}");
    }
}

#[test]
fn a_timer_that_panics_without_memory_can_be_joined() {
    let (_limit, _turn) = (limit(), TURN.lock());
    for before in 0..4 {
        let payload = Box::new("overdue".to_owned());
        let timer = Timer::new(Duration::ZERO, move || {
            struct FailsNow(isize);
            impl Drop for FailsNow {
                fn drop(&mut self) {
                    fail(self.0, false);
                }
            }
            stop_failing();
            let _fails = FailsNow(before);
            std::panic::resume_unwind(payload);
        });
        timer.start().unwrap();
        let Err(JoinError::Panicked(message)) = timer.join() else {
            panic!("it has panicked");
        };
        assert!(
            message == "overdue" || message.contains("no memory"),
            "{message}"
        );
    }
    // For the later tests.
    let last = Timer::new(Duration::ZERO, || {
        stop_failing();
    });
    last.start().unwrap();
    last.join().unwrap();
}

//! The event: a thread that waits when the flag is raised is woken, also if the flag is lowered at
//! once, and sees earlier writes.

use crate::support::*;
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::RawEvent;

type Waited = Result<(), WaitError<Signalled>>;

fn wait(event: &RawEvent, mut sleeper: Sleeper, deadline: Deadline) -> Waited {
    event.wait_with(&mut sleeper, deadline)
}

#[test]
fn set_wakes_every_waiter_and_publishes_earlier_writes() {
    explore(3, || {
        let event = Arc::new(RawEvent::new());
        let value = Arc::new(Protected::default());
        let waiters = [(); 2].map(|()| {
            let (event, value) = (Arc::clone(&event), Arc::clone(&value));
            spawn(move || {
                wait(&event, Sleeper::new(), Deadline::NEVER).unwrap();
                assert_eq!(value.get(), 1);
            })
        });
        value.add(1);
        event.set();
        waiters.into_iter().for_each(join);
        assert!(event.is_set());
    });
}

#[test]
fn two_setters_are_as_good_as_one() {
    explore(3, || {
        let event = Arc::new(RawEvent::new());
        let waiter = {
            let event = Arc::clone(&event);
            spawn(move || wait(&event, Sleeper::new(), Deadline::NEVER))
        };
        let other = {
            let event = Arc::clone(&event);
            spawn(move || event.set())
        };
        event.set();
        join(other);
        assert_eq!(join(waiter), Ok(()));
        assert!(event.is_set());
    });
}

#[test]
fn set_wakes_earlier_waiters_also_if_clear_follows_at_once() {
    explore(3, || {
        let event = Arc::new(RawEvent::new());
        let enlisted = Door::new();
        let early = {
            let (event, enlisted) = (Arc::clone(&event), Arc::clone(&enlisted));
            spawn(move || wait(&event, Sleeper::that_opens(&enlisted), Deadline::NEVER))
        };
        enlisted.pass();
        event.set();
        event.clear();
        assert_eq!(join(early), Ok(()));
        assert!(!event.is_set());
    });
}

#[test]
fn a_wait_after_the_clear_is_not_woken_by_the_earlier_set() {
    explore(3, || {
        let event = Arc::new(RawEvent::new());
        let (alarm, enlisted) = (Alarm::leak(), Door::new());
        let early = {
            let (event, enlisted) = (Arc::clone(&event), Arc::clone(&enlisted));
            spawn(move || wait(&event, Sleeper::that_opens(&enlisted), Deadline::NEVER))
        };
        enlisted.pass();
        event.set();
        event.clear();
        let late = {
            let event = Arc::clone(&event);
            spawn(move || wait(&event, Sleeper::new(), Deadline::At(alarm)))
        };
        alarm.fire();
        assert_eq!(join(late), Err(WaitError::TimedOut));
        assert_eq!(join(early), Ok(()));
    });
}

#[test]
fn a_wait_after_another_threads_clear_is_not_woken_by_the_earlier_set() {
    explore(3, || {
        let event = Arc::new(RawEvent::new());
        let (alarm, enlisted) = (Alarm::leak(), Door::new());
        let early = {
            let (event, enlisted) = (Arc::clone(&event), Arc::clone(&enlisted));
            spawn(move || wait(&event, Sleeper::that_opens(&enlisted), Deadline::NEVER))
        };
        enlisted.pass();
        let late = {
            let event = Arc::clone(&event);
            spawn(move || {
                if event.is_set() {
                    event.clear();
                    alarm.fire();
                    let late = wait(&event, Sleeper::new(), Deadline::At(alarm));
                    assert_eq!(late, Err(WaitError::TimedOut));
                }
            })
        };
        event.set();
        join(late);
        assert_eq!(join(early), Ok(()));
    });
}

#[test]
fn a_concurrent_clear_loses_no_waiter() {
    explore(4, || {
        let event = Arc::new(RawEvent::new());
        let waiter = {
            let event = Arc::clone(&event);
            spawn(move || wait(&event, Sleeper::new(), Deadline::NEVER))
        };
        let other = {
            let event = Arc::clone(&event);
            spawn(move || event.clear())
        };
        event.set();
        join(other);
        event.set();
        assert_eq!(join(waiter), Ok(()));
    });
}

#[test]
fn a_timeout_that_races_the_setter_leaves_the_others_woken() {
    explore(2, || {
        let event = Arc::new(RawEvent::new());
        let alarm = Alarm::leak();
        let timed = {
            let event = Arc::clone(&event);
            spawn(move || wait(&event, Sleeper::new(), Deadline::At(alarm)))
        };
        let waiter = {
            let event = Arc::clone(&event);
            spawn(move || wait(&event, Sleeper::new(), Deadline::NEVER))
        };
        let clock = spawn(move || alarm.fire());
        event.set();
        assert_eq!(join(waiter), Ok(()));
        assert!(matches!(join(timed), Ok(()) | Err(WaitError::TimedOut)));
        join(clock);
        assert_eq!(wait(&event, Sleeper::new(), Deadline::PASSED), Ok(()));
    });
}

#[test]
fn an_interrupt_that_races_the_setter_leaves_the_others_woken() {
    explore(2, || {
        let event = Arc::new(RawEvent::new());
        let signal = Signal::new();
        let interrupted = {
            let (event, signal) = (Arc::clone(&event), Arc::clone(&signal));
            spawn(move || wait(&event, Sleeper::that_hears(&signal), Deadline::NEVER))
        };
        let waiter = {
            let event = Arc::clone(&event);
            spawn(move || wait(&event, Sleeper::new(), Deadline::NEVER))
        };
        let kernel = spawn(move || signal.raise());
        event.set();
        assert_eq!(join(waiter), Ok(()));
        let ended = join(interrupted);
        assert!(matches!(
            ended,
            Ok(()) | Err(WaitError::Interrupted(Signalled))
        ));
        join(kernel);
    });
}

#[cfg(weftline_model = "shuttle")]
#[test]
fn a_crowd_passes_a_flag_that_goes_up_and_down() {
    explore(0, || {
        let event = Arc::new(RawEvent::new());
        let value = Arc::new(Protected::default());
        let enlisted = [(); 6].map(|()| Door::new());
        let waiters = enlisted.clone().map(|enlisted| {
            let (event, value) = (Arc::clone(&event), Arc::clone(&value));
            spawn(move || {
                wait(&event, Sleeper::that_opens(&enlisted), Deadline::NEVER).unwrap();
                assert_eq!(value.get(), 1);
            })
        });
        let toggler = {
            let event = Arc::clone(&event);
            spawn(move || {
                for _ in 0..4 {
                    event.clear();
                }
            })
        };
        enlisted.iter().for_each(|enlisted| enlisted.pass());
        value.add(1);
        event.set();
        waiters.into_iter().for_each(join);
        join(toggler);
    });
}

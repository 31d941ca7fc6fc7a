//! `Timer`.

use crate::play::{Model, Object, Told, User};
use crate::program::{Kind, check};
use crate::support::{LONG, SHORT, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use weftline::Timer;

struct Counting {
    timer: Timer,
    calls: Arc<AtomicUsize>,
    is_due_at_once: bool,
}

impl Counting {
    fn new(is_due_at_once: bool) -> Self {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&calls);
        let interval = if is_due_at_once {
            Duration::ZERO
        } else {
            10 * LONG
        };
        let timer = Timer::new(interval, move || {
            counted.fetch_add(1, Ordering::Relaxed);
        });
        Self {
            timer,
            calls,
            is_due_at_once,
        }
    }

    /// A timer that is due calls its function before the next step.
    fn has_come_due(&self) {
        until(|| !self.timer.is_alive());
    }
}

impl Object for Counting {
    fn user(&self, _: usize) -> User<'_> {
        let timer = &self.timer;
        Box::new(move |verb, _| match verb {
            "start" => {
                let is_started = timer.start().is_ok();
                if self.is_due_at_once {
                    self.has_come_due();
                }
                is_started.to_string()
            }
            "restart" => timer
                .restart(5 * LONG)
                .is_ok_and(|in_time| in_time)
                .to_string(),
            "restart-now" => {
                let in_time = timer.restart(Duration::ZERO);
                if in_time.is_ok_and(|in_time| in_time) {
                    self.has_come_due();
                    "true".into()
                } else {
                    "false".into()
                }
            }
            "cancel" => timer.cancel().to_string(),
            "join" => match timer.try_join() {
                Err(weftline::thread::timer::JoinError::NotStarted) => "not started".into(),
                // Its function would be called minutes later.
                _ if timer.is_alive() => timer.try_join_for(SHORT).is_ok().to_string(),
                _ => timer.join().is_ok().to_string(),
            },
            _ => format!(
                "{} {} {} {}",
                timer.is_alive(),
                timer.has_fired(),
                timer.is_cancelled(),
                self.calls.load(Ordering::Relaxed)
            ),
        })
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.timer.cancel();
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Timers {
    New,
    Pending,
    Fired,
    /// With whether it was started.
    Cancelled(bool),
}

/// The states of one timer, which may be due at once.
struct Life {
    is_due_at_once: bool,
    state: Timers,
}

impl Model for Life {
    fn step(&mut self, user: usize, verb: &str, _: u8) -> Told {
        use Timers::{Cancelled, Fired, New, Pending};
        let (told, next) = match (verb, self.state) {
            ("start", New) if self.is_due_at_once => (true, Fired),
            ("start", New) => (true, Pending),
            ("start", Cancelled(false)) => (true, Cancelled(true)),
            ("cancel", New) => (true, Cancelled(false)),
            ("cancel", Pending) => (true, Cancelled(true)),
            ("restart", Pending) => (true, Pending),
            ("restart-now", Pending) => (true, Fired),
            ("join", New) => return vec![(user, "not started".into())],
            ("join", state) => (state != Pending, state),
            ("state", state) => {
                let told = format!(
                    "{} {} {} {}",
                    state == Pending,
                    state == Fired,
                    matches!(state, Cancelled(_)),
                    u8::from(state == Fired)
                );
                return vec![(user, told)];
            }
            (_, state) => (false, state),
        };
        self.state = next;
        vec![(user, told.to_string())]
    }
}

const TIMER: Kind = Kind {
    name: "timer",
    users: 2,
    parameter: 0..=1,
    verbs: &[
        "start",
        "cancel",
        "restart",
        "restart-now",
        "join",
        "state",
        "state",
    ],
    numbers: 1,
    object: |parameter| Box::new(Counting::new(parameter == 1)),
    model: |parameter| {
        Box::new(Life {
            is_due_at_once: parameter == 1,
            state: Timers::New,
        })
    },
};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![TIMER]
}

#[test]
fn a_timer_calls_its_function_once_unless_it_is_cancelled_in_time() {
    check(&TIMER);
}

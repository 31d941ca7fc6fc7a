//! `Event`.

use crate::play::{Model, Told};
use crate::program::{Kind, check};
use weftline::Event;

/// Implements [`Object`] for an event, of threads or of processes.
macro_rules! event {
    ($type:ty) => {
        impl $crate::play::Object for $type {
            fn user(&self, _: usize) -> $crate::play::User<'_> {
                Box::new(move |verb, _| match verb {
                    "set" => {
                        self.set();
                        "set".into()
                    }
                    "clear" => {
                        self.clear();
                        "cleared".into()
                    }
                    "is-set" => self.is_set().to_string(),
                    "try-wait" => self.try_wait().is_ok().to_string(),
                    "wait-for" => self
                        .try_wait_for($crate::support::SHORT)
                        .is_ok()
                        .to_string(),
                    _ => {
                        self.wait();
                        "true".into()
                    }
                })
            }

            fn unblock(&self) {
                self.set();
            }
        }
    };
}
#[cfg_attr(
    not(feature = "process"),
    allow(unused_imports, reason = "the objects that processes share use it")
)]
pub(crate) use event;

event!(Event);

/// A flag, and its waiters.
#[derive(Default)]
pub(crate) struct Events {
    is_set: bool,
    waiting: Vec<usize>,
}

impl Model for Events {
    fn step(&mut self, user: usize, verb: &str, _: u8) -> Told {
        let told = |text: &str| vec![(user, text.to_owned())];
        match verb {
            "set" => {
                self.is_set = true;
                let ended = self.waiting.drain(..).map(|user| (user, "true".into()));
                ended.chain(told("set")).collect()
            }
            "clear" => {
                self.is_set = false;
                told("cleared")
            }
            "wait" if !self.is_set => {
                self.waiting.push(user);
                Told::new()
            }
            _ => told(&self.is_set.to_string()),
        }
    }
}

pub(crate) const EVENT: Kind = Kind {
    name: "event",
    users: 4,
    parameter: 0..=0,
    verbs: &[
        "set", "clear", "is-set", "try-wait", "wait-for", "wait", "wait",
    ],
    numbers: 1,
    object: |_| Box::new(Event::new()),
    model: |_| Box::new(Events::default()),
};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![EVENT]
}

#[test]
fn a_set_event_ends_every_wait() {
    check(&EVENT);
}

//! `Condition`.

use crate::play::{Model, Object, Told, User};
use crate::program::{Kind, check};
use crate::support::SHORT;
use std::collections::VecDeque;
use weftline::Condition;

/// A waiter releases the lock as soon as its wait has ended: the order in which threads that were
/// notified together take it is unspecified. It is also unspecified whether they take it while the
/// notifier releases it for a moment, so a notifier does not release it.
impl Object for Condition<u64> {
    fn user(&self, _: usize) -> User<'_> {
        let (mut held, mut has_notified) = (None, false);
        Box::new(move |verb, number| {
            if verb == "lock" {
                if held.is_some() {
                    return "held".into();
                }
                held = self.try_lock();
                return if held.is_some() { "locked" } else { "taken" }.into();
            }
            let Some(guard) = &mut held else {
                return "not held".into();
            };
            let value = u64::from(number);
            if has_notified && matches!(verb, "try-wait" | "wait-for" | "wait-while") {
                return "has notified".into();
            }
            has_notified |= verb.starts_with("notify");
            match verb {
                "unlock" => {
                    (held, has_notified) = (None, false);
                    "unlocked".into()
                }
                "notify" => guard.notify(number.into()).to_string(),
                "notify-all" => guard.notify_all().to_string(),
                "set" => {
                    **guard = value;
                    "set".into()
                }
                "wait-while" => {
                    let waited = guard.try_wait_while_for(SHORT, |now| *now < value);
                    format!("{} {}", waited.is_ok(), **guard)
                }
                "try-wait" => guard.try_wait().is_ok().to_string(),
                "wait-for" => guard.try_wait_for(SHORT).is_ok().to_string(),
                _ => {
                    guard.wait();
                    (held, has_notified) = (None, false);
                    "notified".into()
                }
            }
        })
    }

    fn unblock(&self) {
        if let Some(guard) = self.try_lock() {
            guard.notify_all();
        }
    }
}

/// One owner, the waiters in the order in which they came, and the users whose waits end when the
/// owner releases the lock.
#[derive(Default)]
pub(crate) struct Conditions {
    value: u8,
    /// Whether a notification returns how many waiters it has reached.
    pub(crate) counts: bool,
    owner: Option<usize>,
    waiting: VecDeque<usize>,
    notified: Vec<usize>,
    has_notified: bool,
}

impl Conditions {
    fn gives_up(&mut self) -> Told {
        self.has_notified = false;
        let notified = self.notified.drain(..);
        notified.map(|user| (user, "notified".into())).collect()
    }

    fn notify(&mut self, n: usize) -> String {
        self.has_notified = true;
        let n = n.min(self.waiting.len());
        self.notified.extend(self.waiting.drain(..n));
        if self.counts {
            n.to_string()
        } else {
            "ok".into()
        }
    }
}

impl Model for Conditions {
    fn step(&mut self, user: usize, verb: &str, number: u8) -> Told {
        let is_owner = self.owner == Some(user);
        let mut others = Told::new();
        let own = match verb {
            "lock" if is_owner => "held".into(),
            "lock" if self.owner.is_some() => "taken".into(),
            "lock" => {
                self.owner = Some(user);
                "locked".into()
            }
            _ if !is_owner => "not held".into(),
            "try-wait" | "wait-for" | "wait-while" if self.has_notified => "has notified".into(),
            "unlock" => {
                self.owner = None;
                others = self.gives_up();
                "unlocked".into()
            }
            "notify" => self.notify(number.into()),
            "notify-all" => self.notify(usize::MAX),
            "set" => {
                self.value = number;
                "set".into()
            }
            "wait-while" if self.value >= number => format!("true {}", self.value),
            // No thread notifies meanwhile.
            "wait-while" => format!("false {}", self.value),
            "try-wait" | "wait-for" => "false".into(),
            _ => {
                self.owner = None;
                let ended = self.gives_up();
                self.waiting.push_back(user);
                return ended;
            }
        };
        others.push((user, own));
        others
    }
}

pub(crate) const CONDITION: Kind = Kind {
    name: "condition",
    users: 4,
    parameter: 0..=0,
    verbs: &[
        "lock",
        "lock",
        "lock",
        "unlock",
        "wait",
        "wait",
        "try-wait",
        "wait-for",
        "wait-while",
        "set",
        "notify",
        "notify",
        "notify-all",
    ],
    numbers: 4,
    object: |_| Box::new(Condition::new(0_u64)),
    model: |_| {
        Box::new(Conditions {
            counts: true,
            ..Conditions::default()
        })
    },
};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![CONDITION]
}

#[test]
fn a_notification_ends_the_waits_that_began_first() {
    check(&CONDITION);
}

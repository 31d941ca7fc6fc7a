//! `Lock` and `RLock`.

use crate::play::{Model, Object, Told, User};
use crate::program::{Kind, check};
use crate::support::SHORT;
use std::cell::Cell;
use std::collections::VecDeque;
use weftline::{Lock, RLock};

const VERBS: &[&str] = &[
    "lock",
    "try-lock",
    "lock-for",
    "unlock",
    "unlock",
    "unlock",
    "is-locked",
];

/// An owner gets the number of acquisitions, which is the value under the lock.
impl Object for Lock<u64> {
    fn user(&self, _: usize) -> User<'_> {
        let mut held = None;
        Box::new(move |verb, _| {
            let guard = match verb {
                "unlock" => return held.take().map_or("not held", |_| "unlocked").into(),
                "is-locked" => return self.is_locked().to_string(),
                // It would wait for itself.
                _ if held.is_some() => return "held".into(),
                "lock" => Some(self.lock()),
                "try-lock" => self.try_lock(),
                _ => self.try_lock_for(SHORT),
            };
            held = guard;
            match &mut held {
                Some(guard) => {
                    **guard += 1;
                    guard.to_string()
                }
                None => "timed out".into(),
            }
        })
    }
}

impl Object for RLock<Cell<u64>> {
    fn user(&self, _: usize) -> User<'_> {
        let mut held = Vec::new();
        Box::new(move |verb, _| {
            let guard = match verb {
                "unlock" => return held.pop().map_or("not held", |_| "unlocked").into(),
                "is-locked" => return self.is_locked().to_string(),
                "is-owned" => return self.is_owned().to_string(),
                "lock" => Some(self.lock()),
                "try-lock" => self.try_lock(),
                _ => self.try_lock_for(SHORT),
            };
            let Some(guard) = guard else {
                return "timed out".into();
            };
            guard.set(guard.get() + 1);
            let taken = guard.get().to_string();
            held.push(guard);
            taken
        })
    }
}

/// One owner, and the waiters in the order in which they came.
#[derive(Default)]
struct Locks {
    is_recursive: bool,
    /// Whether an owner gets the number of acquisitions.
    is_counted: bool,
    owner: Option<usize>,
    depth: u32,
    waiting: VecDeque<usize>,
    taken: u64,
}

impl Locks {
    fn take(&mut self, user: usize) -> Told {
        self.owner = Some(user);
        self.depth += 1;
        self.taken += 1;
        let told = if self.is_counted {
            self.taken.to_string()
        } else {
            "locked".into()
        };
        vec![(user, told)]
    }
}

impl Model for Locks {
    fn step(&mut self, user: usize, verb: &str, _: u8) -> Told {
        let is_owner = self.owner == Some(user);
        let told = |text: &str| vec![(user, text.to_owned())];
        match verb {
            "is-locked" => told(&self.owner.is_some().to_string()),
            "is-owned" => told(&is_owner.to_string()),
            "unlock" if !is_owner => told("not held"),
            "unlock" => {
                let mut told = told("unlocked");
                self.depth -= 1;
                if self.depth == 0 {
                    self.owner = None;
                    let next = self.waiting.pop_front();
                    told.extend(next.map(|next| self.take(next)).unwrap_or_default());
                }
                told
            }
            _ if is_owner && !self.is_recursive => told("held"),
            _ if is_owner || self.owner.is_none() => self.take(user),
            "lock" => {
                self.waiting.push_back(user);
                Told::new()
            }
            _ => told("timed out"),
        }
    }
}

fn model(is_recursive: bool) -> Box<dyn Model> {
    Box::new(Locks {
        is_recursive,
        is_counted: true,
        ..Locks::default()
    })
}

/// For a re-entrant lock whose owners cannot change the value.
#[cfg_attr(
    not(feature = "process"),
    allow(dead_code, reason = "the objects that processes share use it")
)]
pub(crate) fn uncounted() -> Box<dyn Model> {
    Box::new(Locks {
        is_recursive: true,
        ..Locks::default()
    })
}

pub(crate) const LOCK: Kind = Kind {
    name: "lock",
    users: 4,
    parameter: 0..=0,
    verbs: VERBS,
    numbers: 1,
    object: |_| Box::new(Lock::new(0)),
    model: |_| model(false),
};

pub(crate) const RLOCK: Kind = Kind {
    name: "rlock",
    verbs: &[
        "lock",
        "try-lock",
        "lock-for",
        "unlock",
        "unlock",
        "unlock",
        "is-locked",
        "is-owned",
    ],
    object: |_| Box::new(RLock::new(Cell::new(0))),
    model: |_| model(true),
    ..LOCK
};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![LOCK, RLOCK]
}

#[test]
fn a_lock_has_one_owner_and_goes_to_the_next_in_line() {
    check(&LOCK);
}

#[test]
fn an_rlock_is_taken_again_by_its_owner_and_goes_to_the_next_in_line_after_the_last_guard() {
    check(&RLOCK);
}

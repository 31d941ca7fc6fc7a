//! `Value` and `Array`.

use crate::play::{Model, Object, Told, User};
use crate::program::{Kind, check};
use crate::support::SHORT;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use weftline::process::{Array, Value};

impl Object for Value<u64> {
    fn user(&self, _: usize) -> User<'_> {
        let mut held = None;
        Box::new(move |verb, number| {
            let number = u64::from(number);
            match verb {
                "lock" if held.is_some() => return "held".into(),
                "lock" => {
                    held = self.try_lock();
                    return held
                        .as_ref()
                        .map_or("taken".into(), |guard| guard.to_string());
                }
                "unlock" => return held.take().map_or("not held", |_| "unlocked").into(),
                _ => {}
            }
            if let Some(guard) = &mut held {
                match verb {
                    "set" => **guard = number,
                    "add" => **guard += number,
                    _ => {}
                }
                return guard.to_string();
            }
            // An operation that locks by itself would wait for the other user.
            if self.try_lock_for(SHORT).is_none() {
                return "taken".into();
            }
            match verb {
                "set" => self.set(number),
                "add" => self.update(|value| *value += number),
                "add-and-panic" => {
                    let updated = catch_unwind(AssertUnwindSafe(|| {
                        self.update(|value| {
                            *value += number;
                            resume_unwind(Box::new("in the middle"))
                        })
                    }));
                    assert!(updated.map(|(): ()| ()).is_err());
                }
                _ => {}
            }
            self.get().to_string()
        })
    }
}

const LEN: usize = 3;

/// The elements of an array, as one number in base 100.
fn as_number(values: &[u64]) -> String {
    values
        .iter()
        .rev()
        .fold(0, |number, value| 100 * number + value)
        .to_string()
}

impl Object for Array<u64> {
    fn user(&self, _: usize) -> User<'_> {
        let mut held = None;
        Box::new(move |verb, number| {
            match verb {
                "lock" if held.is_some() => return "held".into(),
                "unlock" => return held.take().map_or("not held", |_| "unlocked").into(),
                _ => {}
            }
            let was_held = held.is_some();
            if !was_held {
                held = self.try_lock_for(SHORT).ok();
            }
            let Some(guard) = &mut held else {
                return "taken".into();
            };
            let (first, number) = (&mut guard[0], u64::from(number));
            match verb {
                "set" => *first = number,
                "add" => *first += number,
                _ => {}
            }
            let told = as_number(guard);
            if !was_held && verb != "lock" {
                held = None;
            }
            told
        })
    }
}

/// A number, and the user that has locked it.
#[derive(Default)]
struct Number {
    value: u64,
    owner: Option<usize>,
}

impl Model for Number {
    fn step(&mut self, user: usize, verb: &str, number: u8) -> Told {
        let is_owner = self.owner == Some(user);
        let told = match verb {
            "lock" if is_owner => "held".into(),
            "unlock" if is_owner => {
                self.owner = None;
                "unlocked".into()
            }
            "unlock" => "not held".into(),
            _ if self.owner.is_some() && !is_owner => "taken".into(),
            _ => {
                match verb {
                    "lock" => self.owner = Some(user),
                    "set" => self.value = number.into(),
                    "add" => self.value += u64::from(number),
                    _ => {}
                }
                self.value.to_string()
            }
        };
        vec![(user, told)]
    }
}

const VALUE: Kind = Kind {
    name: "process-value",
    users: 2,
    parameter: 0..=0,
    verbs: &[
        "get",
        "set",
        "add",
        "add-and-panic",
        "lock",
        "unlock",
        "unlock",
    ],
    // So small that a number stays below 100 in the longest program.
    numbers: 3,
    object: |_| Box::new(Value::new(0_u64).expect("something to share")),
    model: |_| Box::new(Number::default()),
};

const ARRAY: Kind = Kind {
    name: "process-array",
    verbs: &["get", "set", "add", "lock", "unlock", "unlock"],
    object: |_| Box::new(Array::new(&[0_u64; LEN]).expect("something to share")),
    ..VALUE
};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![VALUE, ARRAY]
}

#[test]
fn a_value_changes_as_a_whole_or_not_at_all() {
    check(&VALUE);
}

#[test]
fn an_array_changes_only_in_the_written_places() {
    check(&ARRAY);
}

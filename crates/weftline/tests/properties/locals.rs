//! `Local`.

use crate::play::{Model, Object, Told, User};
use crate::program::{Kind, check};
use weftline::Local;

impl Object for Local<u8> {
    fn user(&self, _: usize) -> User<'_> {
        Box::new(move |verb, number| match verb {
            "set" => {
                self.set(number);
                "set".into()
            }
            "get" => self.get().to_string(),
            "take" => self.take().map_or("none".into(), |value| value.to_string()),
            // A value set meanwhile stays afterwards.
            _ => self.with(|value| {
                self.set(number);
                value.to_string()
            }),
        })
    }
}

/// A value for each user that has one.
impl Model for [Option<u8>; 3] {
    fn step(&mut self, user: usize, verb: &str, number: u8) -> Told {
        let own = &mut self[user];
        let told = match verb {
            "set" => {
                *own = Some(number);
                "set".into()
            }
            "get" => own.get_or_insert(100).to_string(),
            "take" => own.take().map_or("none".into(), |value| value.to_string()),
            _ => own.replace(number).unwrap_or(100).to_string(),
        };
        vec![(user, told)]
    }
}

const LOCAL: Kind = Kind {
    name: "local",
    users: 3,
    parameter: 0..=0,
    verbs: &["set", "get", "take", "with"],
    numbers: 8,
    object: |_| Box::new(Local::<u8>::new(|| 100)),
    model: |_| Box::new([None; 3]),
};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![LOCAL]
}

#[test]
fn each_thread_has_its_own_value() {
    check(&LOCAL);
}

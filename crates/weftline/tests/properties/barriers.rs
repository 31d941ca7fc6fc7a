//! `Barrier`.

use crate::play::{Model, Told};
use crate::program::{Kind, check};
use weftline::Barrier;

/// Implements [`Object`] for a barrier, of threads or of processes.
macro_rules! barrier {
    ($type:ty) => {
        impl $crate::play::Object for $type {
            fn user(&self, _: usize) -> $crate::play::User<'_> {
                Box::new(move |verb, _| {
                    let passed = match verb {
                        "abort" => {
                            self.abort();
                            return "aborted".into();
                        }
                        "reset" => {
                            self.reset();
                            return "reset".into();
                        }
                        "n-waiting" => return self.n_waiting().to_string(),
                        "is-broken" => return self.is_broken().to_string(),
                        "try-wait" => self.try_wait(),
                        "wait-for" => self.try_wait_for($crate::support::SHORT),
                        _ => self.wait(),
                    };
                    passed.map_or("broken".into(), |arrival| arrival.index().to_string())
                })
            }

            fn unblock(&self) {
                self.abort();
            }
        }
    };
}
#[cfg_attr(
    not(feature = "process"),
    allow(unused_imports, reason = "the objects that processes share use it")
)]
pub(crate) use barrier;

barrier!(Barrier);

/// The parties that have arrived, in their order.
#[derive(Default)]
pub(crate) struct Barriers {
    parties: usize,
    is_broken: bool,
    arrived: Vec<usize>,
}

impl Barriers {
    fn send_off(&mut self) -> Told {
        let arrived = self.arrived.drain(..);
        arrived.map(|user| (user, "broken".into())).collect()
    }
}

impl Model for Barriers {
    fn step(&mut self, user: usize, verb: &str, _: u8) -> Told {
        let mut others = Told::new();
        let own = match verb {
            "n-waiting" => self.arrived.len().to_string(),
            "is-broken" => self.is_broken.to_string(),
            "abort" => {
                self.is_broken = true;
                others = self.send_off();
                "aborted".into()
            }
            "reset" => {
                self.is_broken = false;
                others = self.send_off();
                "reset".into()
            }
            _ if self.is_broken => "broken".into(),
            _ if self.arrived.len() + 1 == self.parties => {
                let passed = self.arrived.drain(..).enumerate();
                others = passed
                    .map(|(index, user)| (user, index.to_string()))
                    .collect();
                (self.parties - 1).to_string()
            }
            "wait" => {
                self.arrived.push(user);
                return Told::new();
            }
            // A timeout breaks it.
            _ => {
                self.is_broken = true;
                others = self.send_off();
                "broken".into()
            }
        };
        others.push((user, own));
        others
    }
}

pub(crate) fn model(parties: u8) -> Box<dyn Model> {
    Box::new(Barriers {
        parties: parties.into(),
        ..Barriers::default()
    })
}

pub(crate) const BARRIER: Kind = Kind {
    name: "barrier",
    users: 4,
    parameter: 1..=4,
    verbs: &[
        "wait",
        "wait",
        "wait",
        "wait",
        "wait",
        "wait",
        "try-wait",
        "wait-for",
        "abort",
        "reset",
        "reset",
        "n-waiting",
        "is-broken",
    ],
    numbers: 1,
    object: |parties| Box::new(Barrier::new(parties.into())),
    model,
};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![BARRIER]
}

#[test]
fn parties_pass_together_or_not_at_all() {
    check(&BARRIER);
}

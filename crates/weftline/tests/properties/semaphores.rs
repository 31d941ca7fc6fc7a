//! `Semaphore` and `BoundedSemaphore`.

use crate::play::{Model, Told};
use crate::program::{Kind, check};
use std::collections::VecDeque;
use weftline::{BoundedSemaphore, Permit, Semaphore};

/// Implements [`Object`] for a semaphore, of threads or of processes. `$taken` converts the result
/// of a form of acquiring into an option.
macro_rules! semaphore {
    ($type:ty, $permit:ty, $taken:expr) => {
        impl $crate::play::Object for $type {
            fn user(&self, _: usize) -> $crate::play::User<'_> {
                let mut held: Vec<$permit> = Vec::new();
                Box::new(move |verb, number| {
                    let permit = match verb {
                        "release" => {
                            let released = self.release(number.into());
                            return released.map_or("too many", |()| "released").into();
                        }
                        "available" => return self.available().to_string(),
                        "return" => return held.pop().map_or("none", |_| "returned").into(),
                        "forget" => {
                            let Some(permit) = held.pop() else {
                                return "none".into();
                            };
                            let count = permit.count();
                            permit.forget();
                            return format!("forgotten {count}");
                        }
                        "try-acquire" => $taken(self.try_acquire(number.into())),
                        "acquire-for" => {
                            $taken(self.try_acquire_for(number.into(), $crate::support::SHORT))
                        }
                        // It might wait for itself.
                        _ if !held.is_empty() => return "holds some".into(),
                        // The order in which waiters for different numbers are served is
                        // unspecified.
                        _ => $taken(self.try_acquire_for(1, std::time::Duration::MAX)),
                    };
                    let told = permit.as_ref().map_or("timed out".into(), |permit| {
                        format!("acquired {}", permit.count())
                    });
                    held.extend(permit);
                    told
                })
            }

            fn unblock(&self) {
                let _ = self.release(1);
            }
        }
    };
}
#[cfg_attr(
    not(feature = "process"),
    allow(unused_imports, reason = "the objects that processes share use it")
)]
pub(crate) use semaphore;

semaphore!(Semaphore, Permit<'_>, std::convert::identity);
semaphore!(BoundedSemaphore, Permit<'_>, std::convert::identity);

/// A number of permits, the permits of each user, and the waiters for one.
#[derive(Default)]
pub(crate) struct Semaphores {
    free: usize,
    bound: Option<usize>,
    /// Whether the bound counts the acquired permits, because the semaphore knows their owners.
    knows_held: bool,
    held: [Vec<usize>; 4],
    waiting: VecDeque<usize>,
}

impl Semaphores {
    fn is_too_many(&self, n: usize) -> bool {
        let held: usize = self.held.iter().flatten().sum();
        let there = self.free + if self.knows_held { held } else { 0 };
        self.bound.is_some_and(|bound| there + n > bound)
    }

    fn add(&mut self, n: usize) -> Told {
        self.free += n;
        let served = self.free.min(self.waiting.len());
        self.free -= served;
        let served = self.waiting.drain(..served).map(|user| {
            self.held[user].push(1);
            (user, "acquired 1".into())
        });
        served.collect()
    }
}

impl Model for Semaphores {
    fn step(&mut self, user: usize, verb: &str, number: u8) -> Told {
        let n = usize::from(number);
        let mut others = Told::new();
        let own = match verb {
            "available" => self.free.to_string(),
            "release" if self.is_too_many(n) => "too many".into(),
            "release" => {
                others = self.add(n);
                "released".into()
            }
            "return" => match self.held[user].pop() {
                Some(n) => {
                    // A return beyond the bound is dropped: a release may have filled the place of
                    // a forgotten permit.
                    let n = self.bound.map_or(n, |bound| n.min(bound - self.free));
                    others = self.add(n);
                    "returned".into()
                }
                None => "none".into(),
            },
            "forget" => match self.held[user].pop() {
                Some(n) => format!("forgotten {n}"),
                None => "none".into(),
            },
            "acquire" if !self.held[user].is_empty() => "holds some".into(),
            "acquire" if self.free == 0 => {
                self.waiting.push_back(user);
                return Told::new();
            }
            _ => {
                let n = if verb == "acquire" { 1 } else { n };
                if self.free >= n {
                    self.free -= n;
                    self.held[user].push(n);
                    format!("acquired {n}")
                } else {
                    "timed out".into()
                }
            }
        };
        others.push((user, own));
        others
    }
}

pub(crate) fn model(permits: u8, is_bounded: bool, knows_held: bool) -> Box<dyn Model> {
    let permits = permits.into();
    Box::new(Semaphores {
        free: permits,
        bound: is_bounded.then_some(permits),
        knows_held,
        ..Semaphores::default()
    })
}

pub(crate) const SEMAPHORE: Kind = Kind {
    name: "semaphore",
    users: 4,
    parameter: 0..=3,
    verbs: &[
        "acquire",
        "acquire",
        "try-acquire",
        "acquire-for",
        "release",
        "return",
        "return",
        "forget",
        "available",
    ],
    numbers: 4,
    object: |permits| Box::new(Semaphore::new(permits.into())),
    model: |permits| model(permits, false, false),
};

pub(crate) const BOUNDED_SEMAPHORE: Kind = Kind {
    name: "bounded-semaphore",
    // Refuses more permits than its bound by a panic.
    parameter: 3..=3,
    object: |permits| Box::new(BoundedSemaphore::new(permits.into())),
    model: |permits| model(permits, true, false),
    ..SEMAPHORE
};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![SEMAPHORE, BOUNDED_SEMAPHORE]
}

#[test]
fn a_permit_goes_to_the_next_in_line() {
    check(&SEMAPHORE);
}

#[test]
fn a_bounded_semaphore_refuses_more_permits_than_it_had() {
    check(&BOUNDED_SEMAPHORE);
}

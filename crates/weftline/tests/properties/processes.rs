//! The objects that processes share, within one process. Objects with counterparts between threads
//! follow the same models.
//!
//! Between processes the order is unspecified in which two waiters for one lock, permit or item are
//! served. So such objects have two users.

use crate::barriers::{self, BARRIER, barrier};
use crate::conditions::{CONDITION, Conditions};
use crate::events::{EVENT, event};
use crate::locks::{self, LOCK, RLOCK};
use crate::play::{Object, User};
use crate::program::{Kind, check};
use crate::queues::{self, Order};
use crate::semaphores::{self, SEMAPHORE, semaphore};
use crate::support::SHORT;

use weftline::process::{
    Barrier, BoundedSemaphore, Condition, Event, GetError, Lock, Permit, PutError, Queue, RLock,
    Semaphore,
};

event!(Event);
barrier!(Barrier);
semaphore!(Semaphore, Permit<'_>, Result::ok);
semaphore!(BoundedSemaphore, Permit<'_>, Result::ok);

impl Object for Lock<u64> {
    fn user(&self, _: usize) -> User<'_> {
        let mut held = None;
        Box::new(move |verb, _| {
            held = match verb {
                "unlock" => return held.take().map_or("not held", |_| "unlocked").into(),
                "is-locked" => return self.is_locked().to_string(),
                _ if held.is_some() => return "held".into(),
                "lock" => self.lock().ok(),
                "try-lock" => self.try_lock().ok(),
                _ => self.try_lock_for(SHORT).ok(),
            };
            held.as_mut().map_or("timed out".into(), |guard| {
                **guard += 1;
                guard.to_string()
            })
        })
    }
}

/// The guard of an `RLock` gives shared access, so the value does not count the acquisitions.
impl Object for RLock<u64> {
    fn user(&self, _: usize) -> User<'_> {
        let mut held = Vec::new();
        Box::new(move |verb, _| {
            let guard = match verb {
                "unlock" => return held.pop().map_or("not held", |_| "unlocked").into(),
                "is-locked" => return self.is_locked().to_string(),
                "lock" => self.lock().ok(),
                "try-lock" => self.try_lock().ok(),
                _ => self.try_lock_for(SHORT).ok(),
            };
            let told = guard.as_ref().map_or("timed out", |_| "locked");
            held.extend(guard);
            told.into()
        })
    }
}

impl Object for Condition<u64> {
    fn user(&self, _: usize) -> User<'_> {
        let (mut held, mut has_notified) = (None, false);
        Box::new(move |verb, number| {
            if verb == "lock" {
                if held.is_some() {
                    return "held".into();
                }
                held = self.try_lock().ok();
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
                "notify" => {
                    guard.notify(number.into());
                    "ok".into()
                }
                "notify-all" => {
                    guard.notify_all();
                    "ok".into()
                }
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
                    let waited = guard.wait();
                    (held, has_notified) = (None, false);
                    waited.map_or_else(|why| why.to_string(), |()| "notified".into())
                }
            }
        })
    }

    fn unblock(&self) {
        if let Ok(guard) = self.try_lock() {
            guard.notify_all();
        }
    }
}

fn of_put(put: Result<(), PutError<u8>>, item: u8) -> String {
    match put {
        Ok(()) => "put".into(),
        Err(PutError::Full(back)) if back == item => "full".into(),
        Err(PutError::ShutDown(back)) if back == item => "shut down".into(),
        Err(other) => other.to_string(),
    }
}

fn of_get(got: Result<u8, GetError>) -> String {
    match got {
        Ok(item) => item.to_string(),
        Err(GetError::Empty) => "empty".into(),
        Err(GetError::ShutDown) => "shut down".into(),
        Err(other) => other.to_string(),
    }
}

impl Object for Queue<u8> {
    fn user(&self, _: usize) -> User<'_> {
        Box::new(move |verb, number| match verb {
            "put" => of_put(self.put(number), number),
            "try-put" => of_put(self.try_put(number), number),
            "put-for" => of_put(self.try_put_for(number, SHORT), number),
            "get" => of_get(self.get()),
            "try-get" => of_get(self.try_get()),
            "get-for" => of_get(self.try_get_for(SHORT)),
            "sizes" => {
                let is_full = self
                    .capacity()
                    .is_some_and(|capacity| self.len() >= capacity);
                format!("{} 0 {is_full}", self.len())
            }
            _ => {
                self.shutdown(verb == "shutdown-now");
                "true".into()
            }
        })
    }

    fn unblock(&self) {
        self.shutdown(true);
    }
}

fn create<T: Object + 'static, E: std::fmt::Debug>(object: Result<T, E>) -> Box<dyn Object> {
    Box::new(object.expect("something to share"))
}

pub(crate) fn kinds() -> Vec<Kind> {
    vec![
        Kind {
            name: "process-lock",
            users: 2,
            object: |_| create(Lock::new(0_u64)),
            ..LOCK
        },
        Kind {
            name: "process-rlock",
            users: 2,
            verbs: &[
                "lock",
                "try-lock",
                "lock-for",
                "unlock",
                "unlock",
                "is-locked",
            ],
            object: |_| create(RLock::new(0_u64)),
            model: |_| locks::uncounted(),
            ..RLOCK
        },
        Kind {
            name: "process-condition",
            object: |_| create(Condition::new(0_u64)),
            model: |_| Box::new(Conditions::default()),
            ..CONDITION
        },
        Kind {
            name: "process-event",
            object: |_| create(Event::new()),
            ..EVENT
        },
        Kind {
            name: "process-semaphore",
            users: 2,
            object: |permits| create(Semaphore::new(permits.into())),
            ..SEMAPHORE
        },
        Kind {
            name: "process-bounded-semaphore",
            users: 2,
            parameter: 3..=3,
            object: |permits| create(BoundedSemaphore::new(permits.into())),
            model: |permits| semaphores::model(permits, true, true),
            ..SEMAPHORE
        },
        Kind {
            name: "process-barrier",
            object: |parties| create(Barrier::new(parties.into())),
            model: barriers::model,
            ..BARRIER
        },
        Kind {
            name: "process-queue",
            users: 2,
            parameter: 0..=3,
            verbs: &[
                "put",
                "put",
                "try-put",
                "put-for",
                "get",
                "get",
                "try-get",
                "get-for",
                "sizes",
                "shutdown",
                "shutdown-now",
            ],
            numbers: 8,
            object: |capacity| match capacity.into() {
                0 => create(Queue::<u8>::unbounded()),
                capacity => create(Queue::<u8>::bounded(capacity)),
            },
            model: |capacity| queues::model(Order::Fifo, capacity, false),
        },
    ]
}

#[test]
fn processes_objects_follow_the_models_of_their_counterparts() {
    for kind in kinds() {
        check(&kind);
    }
}

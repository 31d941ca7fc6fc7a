//! The objects of the library behind the verbs of the table of cases.

#![allow(
    clippy::unit_arg,
    reason = "a step without a result is reported as a step with one"
)]

use crate::support::leak;
use crate::{Call, Within};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use weftline::{
    Barrier, BoundedSemaphore, Broken, Condition, ConditionGuard, Event, GetError, LifoQueue, Lock,
    LockGuard, PriorityQueue, PutError, Queue, RLock, RLockGuard, Semaphore, SimpleQueue, TimedOut,
};

/// Chooses the form of a wait by the step's limit.
macro_rules! wait {
    ($call:expr, $forever:expr, $at_once:expr, |$limit:ident| $timed:expr) => {
        match $call.within() {
            Within::Forever => $forever,
            Within::AtOnce => $at_once,
            Within::Limit($limit) => $timed,
        }
    };
}

/// An object behind the verbs of the table. It lives as long as the test program, so that threads
/// may keep its guards.
pub(crate) trait Subject: Sync {
    /// Answers the calls of one thread.
    fn user(&'static self) -> Box<dyn FnMut(&Call) -> String>;
}

impl Subject for Lock<()> {
    fn user(&'static self) -> Box<dyn FnMut(&Call) -> String> {
        let mut held: Vec<LockGuard<'static, ()>> = Vec::new();
        Box::new(move |call| match call.verb.as_str() {
            "acquire" => keep(
                &mut held,
                wait!(call, Some(self.lock()), self.try_lock(), |limit| self
                    .try_lock_for(limit)),
            ),
            "release" => done(drop(held.pop().expect("a guard"))),
            "is-locked" => self.is_locked().to_string(),
            _ => unknown(call),
        })
    }
}

impl Subject for RLock<()> {
    fn user(&'static self) -> Box<dyn FnMut(&Call) -> String> {
        let mut held: Vec<RLockGuard<'static, ()>> = Vec::new();
        Box::new(move |call| match call.verb.as_str() {
            "acquire" => keep(
                &mut held,
                wait!(call, Some(self.lock()), self.try_lock(), |limit| self
                    .try_lock_for(limit)),
            ),
            "release" => done(drop(held.pop().expect("a guard"))),
            "is-locked" => self.is_locked().to_string(),
            "is-owned" => self.is_owned().to_string(),
            _ => unknown(call),
        })
    }
}

impl Subject for Condition<i64> {
    fn user(&'static self) -> Box<dyn FnMut(&Call) -> String> {
        let mut held: Vec<ConditionGuard<'static, i64>> = Vec::new();
        Box::new(move |call| {
            match call.verb.as_str() {
                "acquire" => {
                    return keep(
                        &mut held,
                        wait!(call, Some(self.lock()), self.try_lock(), |limit| {
                            self.try_lock_for(limit)
                        }),
                    );
                }
                "release" => return done(drop(held.pop().expect("a guard"))),
                "pass" => return done(self.lock().wait()),
                _ => {}
            }
            let guard = held.last_mut().expect("a guard");
            match call.verb.as_str() {
                "wait" => in_time(wait!(call, Ok(guard.wait()), guard.try_wait(), |limit| {
                    guard.try_wait_for(limit)
                })),
                "wait-for" => {
                    let wanted = call.number("value");
                    let missing = |value: &mut i64| *value < wanted;
                    in_time(match call.within() {
                        Within::Forever => Ok(guard.wait_while(missing)),
                        Within::AtOnce => guard.try_wait_while_for(Duration::ZERO, missing),
                        Within::Limit(limit) => guard.try_wait_while_for(limit, missing),
                    })
                }
                "notify" => {
                    let n = call.count("n");
                    assert!(guard.notify(n) <= n);
                    "ok".into()
                }
                "notify-all" => {
                    guard.notify_all();
                    "ok".into()
                }
                "set" => done(**guard = call.number("value")),
                "value" => guard.to_string(),
                _ => unknown(call),
            }
        })
    }
}

impl Subject for Event {
    fn user(&'static self) -> Box<dyn FnMut(&Call) -> String> {
        Box::new(move |call| match call.verb.as_str() {
            "wait" => in_time(wait!(call, Ok(self.wait()), self.try_wait(), |limit| {
                self.try_wait_for(limit)
            })),
            "set" => done(self.set()),
            "clear" => done(self.clear()),
            "is-set" => self.is_set().to_string(),
            _ => unknown(call),
        })
    }
}

macro_rules! semaphores {
    ($($name:ident),*) => {$(
        impl Subject for $name {
            fn user(&'static self) -> Box<dyn FnMut(&Call) -> String> {
                Box::new(move |call| match call.verb.as_str() {
                    // As in Python, a call releases a permit, on any thread.
                    "acquire" => {
                        let permit = wait!(call, Some(self.acquire(1)), self.try_acquire(1), |limit| {
                            self.try_acquire_for(1, limit)
                        });
                        permit.map_or("no".into(), |permit| done(permit.forget()))
                    }
                    "release" => match self.release(call.count("n")) {
                        Ok(()) => "ok".into(),
                        Err(_) => "refused".into(),
                    },
                    "available" => self.available().to_string(),
                    _ => unknown(call),
                })
            }
        }
    )*};
}

semaphores!(Semaphore, BoundedSemaphore);

/// A barrier and how often its action ran.
struct Counted {
    barrier: Barrier,
    actions: Arc<AtomicUsize>,
}

impl Counted {
    fn new(parties: usize, action: bool) -> Self {
        let actions = Arc::new(AtomicUsize::new(0));
        let barrier = if action {
            let actions = Arc::clone(&actions);
            Barrier::with_action(parties, move || {
                actions.fetch_add(1, Ordering::Relaxed);
            })
        } else {
            Barrier::new(parties)
        };
        Self { barrier, actions }
    }
}

impl Subject for Counted {
    fn user(&'static self) -> Box<dyn FnMut(&Call) -> String> {
        let barrier = &self.barrier;
        Box::new(move |call| match call.verb.as_str() {
            "wait" => {
                match wait!(call, barrier.wait(), barrier.try_wait(), |limit| {
                    barrier.try_wait_for(limit)
                }) {
                    Ok(arrival) => arrival.index().to_string(),
                    Err(Broken) => "broken".into(),
                }
            }
            "abort" => done(barrier.abort()),
            "reset" => done(barrier.reset()),
            "parties" => barrier.parties().to_string(),
            "n-waiting" => barrier.n_waiting().to_string(),
            "is-broken" => barrier.is_broken().to_string(),
            "actions" => self.actions.load(Ordering::Relaxed).to_string(),
            _ => unknown(call),
        })
    }
}

macro_rules! queues {
    ($($name:ident),*) => {$(
        impl Subject for $name<i64> {
            fn user(&'static self) -> Box<dyn FnMut(&Call) -> String> {
                Box::new(move |call| match call.verb.as_str() {
                    "put" => {
                        let item = call.number("item");
                        match wait!(call, self.put(item), self.try_put(item), |limit| {
                            self.try_put_for(item, limit)
                        }) {
                            Ok(()) => "ok".into(),
                            Err(PutError::Full(back)) => refused_with(item, back, "full"),
                            Err(PutError::ShutDown(back)) => refused_with(item, back, "shut-down"),
                            Err(other) => other.to_string(),
                        }
                    }
                    "get" => match wait!(call, self.get(), self.try_get(), |limit| self.try_get_for(limit)) {
                        Ok(item) => item.to_string(),
                        Err(GetError::Empty) => "empty".into(),
                        Err(GetError::ShutDown) => "shut-down".into(),
                        Err(other) => other.to_string(),
                    },
                    "drain" => std::iter::from_fn(|| self.try_get().ok()).count().to_string(),
                    "len" => self.len().to_string(),
                    "is-empty" => self.is_empty().to_string(),
                    "is-full" => self.is_full().to_string(),
                    "task-done" => match self.task_done() {
                        Ok(()) => "ok".into(),
                        Err(_) => "refused".into(),
                    },
                    "unfinished" => self.unfinished().to_string(),
                    "join" => done(self.join()),
                    "shutdown" => done(self.shutdown(call.is("immediate"))),
                    "is-shut-down" => self.is_shutdown().to_string(),
                    _ => unknown(call),
                })
            }
        }
    )*};
}

queues!(Queue, LifoQueue, PriorityQueue);

impl Subject for SimpleQueue<i64> {
    fn user(&'static self) -> Box<dyn FnMut(&Call) -> String> {
        Box::new(move |call| match call.verb.as_str() {
            "put" => done(self.put(call.number("item"))),
            "get" => wait!(call, Ok(self.get()), self.try_get(), |limit| self
                .try_get_for(limit))
            .map_or("empty".into(), |item| item.to_string()),
            "len" => self.len().to_string(),
            "is-empty" => self.is_empty().to_string(),
            _ => unknown(call),
        })
    }
}

fn keep<G>(held: &mut Vec<G>, guard: Option<G>) -> String {
    match guard {
        Some(guard) => done(held.push(guard)),
        None => "no".into(),
    }
}

fn done((): ()) -> String {
    "ok".into()
}

fn in_time(result: Result<(), TimedOut>) -> String {
    result.map_or("no".into(), done)
}

fn refused_with(item: i64, back: i64, why: &str) -> String {
    assert_eq!(item, back, "the item is returned");
    why.into()
}

fn unknown(call: &Call) -> String {
    panic!("the table has an unknown verb: {}", call.verb)
}

/// Creates the object of a case. It is leaked, because the threads of a case that ends in a wait
/// stay in it.
pub(crate) fn create(object: &str, with: &toml::Table) -> &'static dyn Subject {
    let count = |key: &str| {
        with.get(key)
            .map(|value| usize::try_from(value.as_integer().expect("a number")).expect("a count"))
    };
    macro_rules! queue {
        ($name:ident) => {
            leak(match count("bound") {
                Some(bound) => $name::<i64>::bounded(bound),
                None => $name::<i64>::unbounded(),
            })
        };
    }
    let action = with
        .get("action")
        .is_some_and(|action| action.as_bool() == Some(true));
    match object {
        "Lock" => leak(Lock::new(())),
        "RLock" => leak(RLock::new(())),
        "Condition" => leak(Condition::new(0)),
        "Event" => leak(Event::new()),
        "Semaphore" => leak(Semaphore::new(count("permits").expect("permits"))),
        "BoundedSemaphore" => leak(BoundedSemaphore::new(count("permits").expect("permits"))),
        "Barrier" => leak(Counted::new(count("parties").expect("parties"), action)),
        "Queue" => queue!(Queue),
        "LifoQueue" => queue!(LifoQueue),
        "PriorityQueue" => queue!(PriorityQueue),
        "SimpleQueue" => leak(SimpleQueue::<i64>::new()),
        _ => panic!("the table has an unknown object: {object}"),
    }
}

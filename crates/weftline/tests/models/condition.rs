//! The condition: a notification reaches exactly as many waiters as it returns, those that have
//! waited longest, and none is lost.

use crate::support::*;
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::{RawCondition, RawLock};

type Waited = Result<(), WaitError<Signalled>>;

#[derive(Default)]
struct Shared {
    lock: RawLock,
    condition: RawCondition,
    ready: Protected,
}

impl Shared {
    fn lock(&self) {
        self.lock
            .lock_with(&mut Sleeper::new(), Deadline::NEVER)
            .unwrap();
    }

    fn unlock(&self) {
        self.lock.unlock().unwrap();
    }

    /// The caller holds the lock, before and after.
    fn wait_locked(&self, mut sleeper: Sleeper, deadline: Deadline) -> Waited {
        let ended = self.condition.wait_with(&mut sleeper, deadline, |_| {
            self.unlock();
            Ok(())
        });
        self.lock();
        ended
    }

    fn wait(&self, sleeper: Sleeper, deadline: Deadline) -> Waited {
        self.lock();
        let ended = self.wait_locked(sleeper, deadline);
        self.unlock();
        ended
    }

    fn notify(&self, n: usize) -> usize {
        self.lock();
        let notified = self.condition.notify(n);
        self.unlock();
        notified
    }
}

/// A waiting thread that is known to have enlisted.
fn enlist(
    shared: &Arc<Shared>,
    deadline: Deadline,
    signal: Option<&Arc<Signal>>,
) -> JoinHandle<Waited> {
    let (shared, enlisted) = (Arc::clone(shared), Door::new());
    let sleeper = match signal {
        Some(signal) => Sleeper::that_opens_and_hears(&enlisted, signal),
        None => Sleeper::that_opens(&enlisted),
    };
    let waiter = spawn(move || shared.wait(sleeper, deadline));
    enlisted.pass();
    waiter
}

#[test]
fn a_change_made_under_the_lock_and_notified_is_seen() {
    explore_both(3, || {
        let shared = Arc::new(Shared::default());
        let waiter = {
            let shared = Arc::clone(&shared);
            spawn(move || {
                shared.lock();
                while shared.ready.get() == 0 {
                    shared.wait_locked(Sleeper::new(), Deadline::NEVER).unwrap();
                }
                shared.unlock();
            })
        };
        shared.lock();
        shared.ready.add(1);
        shared.condition.notify(1);
        shared.unlock();
        join(waiter);
        assert_eq!(shared.condition.waiting(), 0);
    });
}

#[test]
fn two_waiters_are_both_woken_by_notify_all() {
    explore(2, || {
        let shared = Arc::new(Shared::default());
        let waiters = [(); 2].map(|()| {
            let shared = Arc::clone(&shared);
            spawn(move || {
                shared.lock();
                while shared.ready.get() == 0 {
                    shared.wait_locked(Sleeper::new(), Deadline::NEVER).unwrap();
                }
                shared.unlock();
            })
        });
        shared.lock();
        shared.ready.add(1);
        shared.condition.notify(usize::MAX);
        shared.unlock();
        waiters.into_iter().for_each(join);
        assert_eq!(shared.condition.waiting(), 0);
    });
}

#[test]
fn one_notification_wakes_the_waiter_that_has_waited_longest() {
    explore(2, || {
        let shared = Arc::new(Shared::default());
        let first = enlist(&shared, Deadline::NEVER, None);
        let second = enlist(&shared, Deadline::NEVER, None);
        assert_eq!(shared.notify(1), 1);
        assert_eq!(join(first), Ok(()));
        assert_eq!(shared.condition.waiting(), 1);
        assert_eq!(shared.notify(1), 1);
        assert_eq!(join(second), Ok(()));
    });
}

#[test]
fn notify_wakes_as_many_as_it_returns_and_no_later_waiter() {
    explore(2, || {
        let shared = Arc::new(Shared::default());
        let alarms = [(); 2].map(|()| Alarm::leak());
        let waiters = alarms.map(|alarm| {
            let shared = Arc::clone(&shared);
            spawn(move || shared.wait(Sleeper::new(), Deadline::At(alarm)))
        });
        let notified = shared.notify(2);
        alarms.iter().for_each(|alarm| alarm.fire());
        let woken = waiters.map(|waiter| usize::from(join(waiter).is_ok()));
        assert_eq!(notified, woken.iter().sum());
        assert_eq!(shared.condition.waiting(), 0);
    });
}

#[test]
fn a_timeout_that_races_the_notification_does_not_swallow_it() {
    explore(2, || {
        let shared = Arc::new(Shared::default());
        let alarm = Alarm::leak();
        let timed = enlist(&shared, Deadline::At(alarm), None);
        let waiter = enlist(&shared, Deadline::NEVER, None);
        let clock = spawn(move || alarm.fire());
        assert_eq!(shared.notify(1), 1);
        if join(timed).is_ok() {
            assert_eq!(shared.notify(1), 1);
        }
        assert_eq!(join(waiter), Ok(()));
        join(clock);
        assert_eq!(shared.condition.waiting(), 0);
    });
}

#[test]
fn an_interrupted_waiter_passes_its_notification_on() {
    explore(2, || {
        let shared = Arc::new(Shared::default());
        let signal = Signal::new();
        let interrupted = enlist(&shared, Deadline::NEVER, Some(&signal));
        let waiter = enlist(&shared, Deadline::NEVER, None);
        let kernel = spawn(move || signal.raise());
        assert_eq!(shared.notify(1), 1);
        if join(interrupted).is_ok() {
            assert_eq!(shared.notify(1), 1);
        }
        assert_eq!(join(waiter), Ok(()));
        join(kernel);
        assert_eq!(shared.condition.waiting(), 0);
    });
}

#[test]
fn a_release_that_fails_leaves_no_waiter_behind() {
    explore(3, || {
        let shared = Arc::new(Shared::default());
        let alarm = Alarm::leak();
        let waiter = enlist(&shared, Deadline::At(alarm), None);
        let refused = {
            let shared = Arc::clone(&shared);
            spawn(move || {
                shared
                    .condition
                    .wait_with(&mut Sleeper::new(), Deadline::NEVER, |_| Err(Signalled))
            })
        };
        let notified = shared.notify(1);
        assert_eq!(notified, 1);
        assert_eq!(join(refused), Err(WaitError::Interrupted(Signalled)));
        assert_eq!(join(waiter), Ok(()));
        assert_eq!(shared.condition.waiting(), 0);
    });
}

#[cfg(weftline_model = "shuttle")]
#[test]
fn in_a_crowd_every_notification_wakes_exactly_one() {
    explore_both(0, || {
        let shared = Arc::new(Shared::default());
        let alarms = [(); 5].map(|()| Alarm::leak());
        let waiters = alarms.map(|alarm| {
            let shared = Arc::clone(&shared);
            spawn(move || shared.wait(Sleeper::new(), Deadline::At(alarm)).is_ok())
        });
        let notifiers = [(); 2].map(|()| {
            let shared = Arc::clone(&shared);
            spawn(move || shared.notify(1) + shared.notify(2))
        });
        let mut notified: usize = notifiers.into_iter().map(join).sum();
        notified += shared.notify(1);
        alarms.iter().for_each(|alarm| alarm.fire());
        let woken = waiters.into_iter().map(join).filter(|&woken| woken).count();
        assert_eq!(woken, notified);
        assert_eq!(shared.condition.waiting(), 0);
    });
}

//! The re-entrant lock: its owner takes it again and again; other threads get it whole or not at
//! all.

use crate::support::*;
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::{RLockError, RawRLock};

#[derive(Default)]
struct Shared {
    lock: RawRLock,
    value: Protected,
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

    fn use_twice_nested(&self) {
        self.lock();
        self.value.add(1);
        self.lock();
        assert_eq!(self.lock.count(), 2);
        self.unlock();
        // Still held.
        self.value.add(1);
        self.unlock();
        assert!(!self.lock.is_owned());
    }
}

#[test]
fn the_lock_is_free_after_as_many_releases_as_acquires() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let threads = [(); 2].map(|()| {
            let shared = Arc::clone(&shared);
            spawn(move || shared.use_twice_nested())
        });
        shared.use_twice_nested();
        threads.into_iter().for_each(join);
        assert_eq!(shared.value.get(), 6);
        assert!(!shared.lock.is_locked());
    });
}

#[test]
fn only_the_owner_can_release() {
    explore_both(4, || {
        let shared = Arc::new(Shared::default());
        let other = Arc::clone(&shared);
        let thread = spawn(move || {
            assert!(other.lock.unlock().is_err());
            if other.lock.try_lock().unwrap() {
                other.value.add(1);
                assert_eq!(other.lock.count(), 1);
                other.unlock();
            }
        });
        shared.use_twice_nested();
        join(thread);
        assert!(shared.value.get() >= 2);
        assert!(!shared.lock.is_locked());
    });
}

#[test]
fn a_condition_wait_releases_every_level_and_restores_it() {
    explore_both(4, || {
        let shared = Arc::new(Shared::default());
        let other = Arc::clone(&shared);
        let thread = spawn(move || other.use_twice_nested());
        shared.lock();
        shared.lock();
        shared.value.add(1);
        let levels = shared.lock.release_save().unwrap();
        assert_eq!(levels, 2);
        shared
            .lock
            .acquire_restore(levels, &mut Sleeper::new(), Deadline::NEVER)
            .unwrap();
        assert_eq!(shared.lock.count(), 2);
        shared.value.add(1);
        shared.unlock();
        shared.unlock();
        join(thread);
        assert_eq!(shared.value.get(), 4);
        assert!(!shared.lock.is_locked());
    });
}

#[test]
fn a_wait_that_ends_without_the_lock_leaves_it_to_the_others() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let (alarm, signal) = (Alarm::leak(), Signal::new());
        shared.lock();
        let timed = {
            let (shared, signal) = (Arc::clone(&shared), Arc::clone(&signal));
            spawn(move || {
                let mut sleeper = Sleeper::that_hears(&signal);
                let taken = shared.lock.lock_with(&mut sleeper, Deadline::At(alarm));
                match taken {
                    Ok(()) => {
                        assert_eq!(shared.lock.count(), 1);
                        shared.value.add(1);
                        shared.unlock();
                    }
                    Err(ended) => {
                        assert!(matches!(
                            ended,
                            RLockError::Wait(
                                WaitError::TimedOut | WaitError::Interrupted(Signalled)
                            )
                        ));
                        assert!(!shared.lock.is_owned());
                    }
                }
                u32::from(taken.is_ok())
            })
        };
        let waiter = {
            let shared = Arc::clone(&shared);
            spawn(move || shared.use_twice_nested())
        };
        let clock = spawn(move || {
            alarm.fire();
            signal.raise();
        });
        shared.unlock();
        join(waiter);
        let taken = join(timed);
        join(clock);
        assert_eq!(shared.value.get(), 2 + taken);
        assert!(!shared.lock.is_locked());
    });
}

#[cfg(weftline_model = "shuttle")]
#[test]
fn a_crowd_takes_the_lock_twice_each() {
    explore_both(0, || {
        let shared = Arc::new(Shared::default());
        let threads = [(); 6].map(|()| {
            let shared = Arc::clone(&shared);
            spawn(move || {
                shared.use_twice_nested();
                shared.use_twice_nested();
            })
        });
        threads.into_iter().for_each(join);
        assert_eq!(shared.value.get(), 24);
    });
}

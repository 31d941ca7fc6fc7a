//! The lock: mutual exclusion. No wakeup is lost when a waiter times out or is interrupted, or when
//! another thread barges.

use crate::support::*;
use weftline::park::{Deadline, LockClass, WaitError};
use weftline::sync::raw::RawLock;

#[derive(Default)]
struct Shared {
    lock: RawLock,
    value: Protected,
}

impl Shared {
    fn watched() -> Self {
        Self {
            lock: RawLock::watched(LockClass::FIRST),
            ..Self::default()
        }
    }

    fn lock(&self) {
        self.lock_by(&mut Sleeper::new(), Deadline::NEVER).unwrap();
    }

    fn lock_by(
        &self,
        sleeper: &mut Sleeper,
        deadline: Deadline,
    ) -> Result<(), WaitError<Signalled>> {
        self.lock.lock_with(sleeper, deadline)
    }

    fn unlock(&self) {
        self.lock.unlock().unwrap();
    }

    /// Takes the lock, uses the protected value, and frees the lock.
    fn use_once(&self) {
        self.lock();
        self.value.add(1);
        self.unlock();
    }

    /// As `use_once`, unless the wait ends without the lock.
    fn use_if_taken(&self, taken: &Result<(), WaitError<Signalled>>) {
        if taken.is_ok() {
            self.value.add(1);
            self.unlock();
        }
    }
}

#[test]
fn two_threads_exclude_each_other() {
    explore_both(3, || {
        let shared = Arc::new(Shared::default());
        let other = Arc::clone(&shared);
        let thread = spawn(move || {
            other.use_once();
            other.use_once();
        });
        shared.use_once();
        shared.use_once();
        join(thread);
        assert_eq!(shared.value.get(), 4);
        assert!(!shared.lock.is_locked());
    });
}

/// Three threads use a lock once each, which is free then. Returns it.
fn used_by_three(shared: Shared) -> Arc<Shared> {
    let shared = Arc::new(shared);
    let threads = [(); 2].map(|()| {
        let shared = Arc::clone(&shared);
        spawn(move || shared.use_once())
    });
    shared.use_once();
    threads.into_iter().for_each(join);
    assert_eq!(shared.value.get(), 3);
    assert!(!shared.lock.is_locked());
    shared
}

#[test]
fn three_threads_exclude_each_other() {
    explore_both(2, || {
        used_by_three(Shared::default());
    });
}

#[test]
fn watched_locks_exclude_threads_and_stay_watched() {
    explore_both(2, || {
        let shared = used_by_three(Shared::watched());
        assert!(shared.lock.is_watched());
    });
}

#[test]
fn a_try_takes_a_watched_lock_or_leaves_it() {
    explore_both(3, || {
        let shared = Arc::new(Shared::watched());
        let other = Arc::clone(&shared);
        let thread = spawn(move || {
            let taken = other.lock.try_lock();
            other.use_if_taken(&if taken {
                Ok(())
            } else {
                Err(WaitError::TimedOut)
            });
            u32::from(taken)
        });
        shared.use_once();
        let others = join(thread);
        assert_eq!(shared.value.get(), 1 + others);
        assert!(!shared.lock.is_locked() && shared.lock.is_watched());
    });
}

#[test]
fn a_try_takes_the_lock_or_leaves_it() {
    explore_both(3, || {
        let shared = Arc::new(Shared::default());
        let other = Arc::clone(&shared);
        let thread = spawn(move || {
            let taken = other.lock.try_lock();
            if taken {
                other.value.add(1);
                other.unlock();
            }
            u32::from(taken)
        });
        shared.use_once();
        let others = join(thread);
        assert_eq!(shared.value.get(), 1 + others);
        assert!(!shared.lock.is_locked());
    });
}

#[test]
fn a_waiter_that_times_out_passes_its_wakeup_on() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let alarm = Alarm::leak();
        shared.lock();
        let timed = {
            let shared = Arc::clone(&shared);
            spawn(move || {
                let taken = shared.lock_by(&mut Sleeper::new(), Deadline::At(alarm));
                shared.use_if_taken(&taken);
                taken
            })
        };
        let waiter = {
            let shared = Arc::clone(&shared);
            spawn(move || shared.use_once())
        };
        let clock = spawn(move || alarm.fire());
        shared.unlock();
        join(waiter);
        let taken = join(timed);
        join(clock);
        assert_eq!(shared.value.get(), 1 + u32::from(taken.is_ok()));
        assert!(!shared.lock.is_locked());
    });
}

#[test]
fn an_interrupted_waiter_gives_the_lock_back() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let signal = Signal::new();
        shared.lock();
        let interrupted = {
            let (shared, signal) = (Arc::clone(&shared), Arc::clone(&signal));
            spawn(move || {
                let taken = shared.lock_by(&mut Sleeper::that_hears(&signal), Deadline::NEVER);
                shared.use_if_taken(&taken);
                taken
            })
        };
        let waiter = {
            let shared = Arc::clone(&shared);
            spawn(move || shared.use_once())
        };
        let kernel = spawn(move || signal.raise());
        shared.unlock();
        join(waiter);
        let taken = join(interrupted);
        join(kernel);
        assert_eq!(shared.value.get(), 1 + u32::from(taken.is_ok()));
        assert!(!shared.lock.is_locked());
    });
}

#[test]
fn an_interrupted_waiter_can_wait_again() {
    explore_both(3, || {
        let shared = Arc::new(Shared::default());
        let signal = Signal::new();
        shared.lock();
        let thread = {
            let (shared, signal) = (Arc::clone(&shared), Arc::clone(&signal));
            spawn(move || {
                let taken = shared.lock_by(&mut Sleeper::that_hears(&signal), Deadline::NEVER);
                // A late wake of a grant that was given back must not pass for another grant.
                if taken.is_err() {
                    shared.lock();
                }
                shared.value.add(1);
                shared.unlock();
            })
        };
        signal.raise();
        shared.value.add(1);
        shared.unlock();
        join(thread);
        assert_eq!(shared.value.get(), 2);
        assert!(!shared.lock.is_locked());
    });
}

#[test]
fn a_woken_waiter_that_finds_the_lock_taken_is_woken_again() {
    explore_both(3, || {
        let shared = Arc::new(Shared::default());
        let enlisted = Door::new();
        shared.lock();
        let thread = {
            let (shared, enlisted) = (Arc::clone(&shared), Arc::clone(&enlisted));
            spawn(move || {
                shared
                    .lock_by(&mut Sleeper::that_opens(&enlisted), Deadline::NEVER)
                    .unwrap();
                shared.value.add(1);
                shared.unlock();
            })
        };
        enlisted.pass();
        shared.unlock();
        shared.use_once();
        join(thread);
        assert_eq!(shared.value.get(), 2);
    });
}

#[test]
fn a_starved_waiter_gets_the_lock_before_any_later_thread() {
    explore_starved(3, || {
        let shared = Arc::new(Shared::default());
        let enlisted = Door::new();
        shared.lock();
        let thread = {
            let (shared, enlisted) = (Arc::clone(&shared), Arc::clone(&enlisted));
            spawn(move || {
                shared
                    .lock_by(&mut Sleeper::that_opens(&enlisted), Deadline::NEVER)
                    .unwrap();
                shared.value.add(1);
                shared.unlock();
            })
        };
        enlisted.pass();
        shared.unlock();
        if shared.lock.try_lock() {
            assert_eq!(shared.value.get(), 1, "overtook the waiter");
            shared.unlock();
        }
        join(thread);
    });
}

#[test]
fn of_two_releases_of_one_lock_one_is_refused() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        shared.lock();
        let waiter = {
            let shared = Arc::clone(&shared);
            spawn(move || shared.lock())
        };
        let foreigner = {
            let shared = Arc::clone(&shared);
            spawn(move || shared.lock.unlock().is_ok())
        };
        let mine = shared.lock.unlock().is_ok();
        let foreign = join(foreigner);
        join(waiter);
        assert!(mine || foreign);
        // Both succeeded only if the second released the lock that the first gave to the waiter.
        assert_eq!(shared.lock.is_locked(), !(mine && foreign));
    });
}

#[cfg(weftline_model = "shuttle")]
#[test]
fn a_crowd_with_timeouts_and_interrupts_leaves_the_lock_free() {
    explore_both(0, || {
        let shared = Arc::new(Shared::default());
        let alarms = [(); 2].map(|()| Alarm::leak());
        let signals = [(); 2].map(|()| Signal::new());
        let timed = alarms.map(|alarm| {
            let shared = Arc::clone(&shared);
            spawn(move || {
                let taken = shared.lock_by(&mut Sleeper::new(), Deadline::At(alarm));
                shared.use_if_taken(&taken);
                u32::from(taken.is_ok())
            })
        });
        let interrupted = signals.clone().map(|signal| {
            let shared = Arc::clone(&shared);
            spawn(move || {
                let taken = shared.lock_by(&mut Sleeper::that_hears(&signal), Deadline::NEVER);
                shared.use_if_taken(&taken);
                u32::from(taken.is_ok())
            })
        });
        let waiter = [(); 3].map(|()| {
            let shared = Arc::clone(&shared);
            spawn(move || (0..3).for_each(|_| shared.use_once()))
        });
        alarms.iter().for_each(|alarm| alarm.fire());
        signals.iter().for_each(|signal| signal.raise());
        let others = timed.into_iter().chain(interrupted).map(join);
        let taken = 9 + others.sum::<u32>();
        waiter.into_iter().for_each(join);
        assert_eq!(shared.value.get(), taken);
        assert!(!shared.lock.is_locked());
    });
}

//! The read-write lock: readers share it, a writer has it alone. No wakeup is lost when a waiter
//! times out or is interrupted, or when another thread barges, upgrades or downgrades.

#[path = "rwlock/upgrades.rs"]
mod upgrades;
#[path = "rwlock/watched.rs"]
mod watched;

use crate::support::*;
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::{RawRwLock, RwLockError};

type Taken = Result<(), RwLockError<Signalled>>;

#[derive(Default)]
struct Shared {
    lock: RawRwLock,
    value: Protected,
}

impl Shared {
    fn read(&self, sleeper: &mut Sleeper, deadline: Deadline) -> Taken {
        self.lock.read_with(sleeper, deadline)
    }

    fn write(&self, sleeper: &mut Sleeper, deadline: Deadline) -> Taken {
        self.lock.write_with(sleeper, deadline)
    }

    fn read_now(&self) {
        self.read(&mut Sleeper::new(), Deadline::NEVER).unwrap();
    }

    fn write_now(&self) {
        self.write(&mut Sleeper::new(), Deadline::NEVER).unwrap();
    }

    fn upgradable_now(&self) {
        self.lock
            .upgradable_with(&mut Sleeper::new(), Deadline::NEVER)
            .unwrap();
    }

    /// Reads the protected value.
    fn read_once(&self) -> u32 {
        self.read_now();
        let value = self.value.get();
        self.lock.unlock_read().unwrap();
        value
    }

    /// Changes the protected value.
    fn write_once(&self) {
        self.write_now();
        self.value.add(1);
        self.lock.unlock_write().unwrap();
    }

    /// Changes the protected value if the wait got the lock; returns by how much.
    fn write_if(&self, taken: &Taken) -> u32 {
        if taken.is_ok() {
            self.value.add(1);
            self.lock.unlock_write().unwrap();
        }
        u32::from(taken.is_ok())
    }

    fn unlock_read_if(&self, taken: &Taken) {
        if taken.is_ok() {
            self.lock.unlock_read().unwrap();
        }
    }

    /// Becomes a writer, without a limit of time.
    fn upgrade_now(&self) {
        let sleeper = &mut Sleeper::new();
        self.lock.upgrade_with(sleeper, Deadline::NEVER).unwrap();
    }

    fn is_free(&self) -> bool {
        !self.lock.is_locked() && self.lock.waiting() == (0, 0)
    }
}

/// Runs `body` in another thread, which shares the lock.
fn in_thread<T: Send + 'static>(
    shared: &Arc<Shared>,
    body: impl FnOnce(&Shared) -> T + Send + 'static,
) -> JoinHandle<T> {
    let shared = Arc::clone(shared);
    spawn(move || body(&shared))
}

fn has_ended(taken: &Taken) -> bool {
    let ended = [WaitError::TimedOut, WaitError::Interrupted(Signalled)];
    taken.is_ok() || ended.map(|why| Err(RwLockError::Wait(why))).contains(taken)
}

#[test]
fn two_writers_exclude_each_other() {
    explore_both(3, || {
        let shared = Arc::new(Shared::default());
        let thread = in_thread(&shared, |shared| {
            shared.write_once();
            shared.write_once();
        });
        shared.write_once();
        shared.write_once();
        join(thread);
        assert_eq!(shared.value.get(), 4);
        assert!(shared.is_free());
    });
}

#[test]
fn a_writer_excludes_a_reader() {
    explore_both(3, || {
        let shared = Arc::new(Shared::default());
        let reader = in_thread(&shared, Shared::read_once);
        shared.write_once();
        assert!(join(reader) <= 1);
        assert_eq!(shared.value.get(), 1);
        assert!(shared.is_free());
    });
}

/// Both have enlisted when the writer releases the lock.
#[test]
fn readers_that_get_the_lock_together_all_release_it() {
    explore_starved(2, || {
        let shared = Arc::new(Shared::default());
        shared.write_now();
        let readers = [(); 2].map(|()| {
            let enlisted = Door::new();
            let door = Arc::clone(&enlisted);
            let reader = in_thread(&shared, move |shared| {
                shared
                    .read(&mut Sleeper::that_opens(&door), Deadline::NEVER)
                    .unwrap();
                assert!(shared.lock.readers() <= 2);
                shared.lock.unlock_read().unwrap();
            });
            enlisted.pass();
            reader
        });
        shared.lock.unlock_write().unwrap();
        readers.into_iter().for_each(join);
        assert!(shared.is_free());
    });
}

#[test]
fn a_reader_that_is_granted_and_interrupted_leaves_the_lock_free() {
    explore_both(3, || {
        let shared = Arc::new(Shared::default());
        let signal = Signal::new();
        shared.write_now();
        let heard = Arc::clone(&signal);
        let reader = in_thread(&shared, move |shared| {
            let taken = shared.read(&mut Sleeper::that_hears(&heard), Deadline::NEVER);
            assert!(has_ended(&taken));
            shared.unlock_read_if(&taken);
        });
        shared.lock.unlock_write().unwrap();
        signal.raise();
        join(reader);
        assert!(shared.is_free());
    });
}

#[test]
fn a_writer_excludes_two_readers() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let readers = [(); 2].map(|()| in_thread(&shared, Shared::read_once));
        shared.write_once();
        for reader in readers {
            assert!(join(reader) <= 1);
        }
        assert_eq!(shared.value.get(), 1);
        assert!(shared.is_free());
    });
}

#[test]
fn two_writers_exclude_a_reader() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let writer = in_thread(&shared, Shared::write_once);
        let reader = in_thread(&shared, Shared::read_once);
        shared.write_once();
        join(writer);
        assert!(join(reader) <= 2);
        assert_eq!(shared.value.get(), 2);
        assert!(shared.is_free());
    });
}

/// A writer, then a reader, wait for a reader. They get the lock in this order.
#[test]
fn a_waiting_writer_stops_a_later_reader() {
    explore_starved(3, || {
        let shared = Arc::new(Shared::default());
        let enlisted = Door::new();
        shared.read_now();
        let door = Arc::clone(&enlisted);
        let writer = in_thread(&shared, move |shared| {
            shared
                .write(&mut Sleeper::that_opens(&door), Deadline::NEVER)
                .unwrap();
            shared.value.add(1);
            shared.lock.unlock_write().unwrap();
        });
        enlisted.pass();
        let reader = in_thread(&shared, Shared::read_once);
        shared.lock.unlock_read().unwrap();
        assert_eq!(join(reader), 1, "overtook the writer");
        join(writer);
        assert!(shared.is_free());
    });
}

#[test]
fn a_thread_that_reads_reads_again_while_a_writer_waits() {
    explore_both(3, || {
        let shared = Arc::new(Shared::default());
        let writer = in_thread(&shared, Shared::write_once);
        shared.read_now();
        let seen = shared.value.get();
        assert_eq!(shared.read_once(), seen);
        shared.lock.unlock_read().unwrap();
        join(writer);
        assert!(shared.is_free());
    });
}

#[test]
fn readers_behind_a_writer_that_gives_up_read() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let alarm = Alarm::leak();
        shared.read_now();
        let writer = in_thread(&shared, move |shared| {
            let taken = shared.write(&mut Sleeper::new(), Deadline::At(alarm));
            shared.write_if(&taken)
        });
        let reader = in_thread(&shared, Shared::read_once);
        alarm.fire();
        // This reader stays until the other has read: the writer gives up, or never came.
        assert_eq!(join(reader), 0);
        shared.lock.unlock_read().unwrap();
        let written = join(writer);
        assert_eq!(shared.value.get(), written);
        assert!(shared.is_free());
    });
}

#[test]
fn a_waiter_that_times_out_passes_its_wakeup_on() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let alarm = Alarm::leak();
        shared.write_now();
        let timed = in_thread(&shared, move |shared| {
            let taken = shared.read(&mut Sleeper::new(), Deadline::At(alarm));
            assert!(has_ended(&taken));
            shared.unlock_read_if(&taken);
        });
        let waiter = in_thread(&shared, Shared::write_once);
        let clock = spawn(move || alarm.fire());
        shared.lock.unlock_write().unwrap();
        join(waiter);
        join(timed);
        join(clock);
        assert_eq!(shared.value.get(), 1);
        assert!(shared.is_free());
    });
}

#[test]
fn an_interrupted_writer_gives_the_lock_back() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let signal = Signal::new();
        shared.read_now();
        let heard = Arc::clone(&signal);
        let interrupted = in_thread(&shared, move |shared| {
            let taken = shared.write(&mut Sleeper::that_hears(&heard), Deadline::NEVER);
            assert!(has_ended(&taken));
            shared.write_if(&taken)
        });
        let reader = in_thread(&shared, Shared::read_once);
        let kernel = spawn(move || signal.raise());
        shared.lock.unlock_read().unwrap();
        join(reader);
        let written = join(interrupted);
        join(kernel);
        assert_eq!(shared.value.get(), written);
        assert!(shared.is_free());
    });
}

#[test]
fn an_interrupted_reader_gives_the_lock_back() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let signal = Signal::new();
        shared.write_now();
        let heard = Arc::clone(&signal);
        let interrupted = in_thread(&shared, move |shared| {
            let taken = shared.read(&mut Sleeper::that_hears(&heard), Deadline::NEVER);
            assert!(has_ended(&taken));
            shared.unlock_read_if(&taken);
        });
        let writer = in_thread(&shared, Shared::write_once);
        let kernel = spawn(move || signal.raise());
        shared.lock.unlock_write().unwrap();
        join(writer);
        join(interrupted);
        join(kernel);
        assert!(shared.is_free());
    });
}

#[test]
fn a_try_takes_the_lock_or_leaves_it() {
    explore_both(3, || {
        let shared = Arc::new(Shared::default());
        let thread = in_thread(&shared, |shared| {
            if shared.lock.try_read() {
                let _ = shared.value.get();
                shared.lock.unlock_read().unwrap();
            }
            let taken = shared.lock.try_write();
            if taken {
                shared.value.add(1);
                shared.lock.unlock_write().unwrap();
            }
            u32::from(taken)
        });
        shared.write_once();
        let others = join(thread);
        assert_eq!(shared.value.get(), 1 + others);
        assert!(shared.is_free());
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
            in_thread(&shared, move |shared| {
                let taken = shared.write(&mut Sleeper::new(), Deadline::At(alarm));
                shared.write_if(&taken)
            })
        });
        let interrupted = signals.clone().map(|signal| {
            in_thread(&shared, move |shared| {
                if shared
                    .read(&mut Sleeper::that_hears(&signal), Deadline::NEVER)
                    .is_ok()
                {
                    let seen = shared.value.get();
                    assert_eq!(shared.read_once(), seen);
                    shared.lock.unlock_read().unwrap();
                }
            })
        });
        let writers =
            [(); 2].map(|()| in_thread(&shared, |shared| (0..2).for_each(|_| shared.write_once())));
        let readers = [(); 2].map(|()| {
            in_thread(&shared, move |shared| {
                (0..3).for_each(|_| {
                    shared.read_once();
                })
            })
        });
        let upgrader = in_thread(&shared, move |shared| {
            shared.upgradable_now();
            shared.upgrade_now();
            shared.value.add(1);
            shared.lock.downgrade().unwrap();
            shared.lock.unlock_read().unwrap();
        });
        alarms.iter().for_each(|alarm| alarm.fire());
        signals.iter().for_each(|signal| signal.raise());
        let written = 5 + timed.into_iter().map(join).sum::<u32>();
        interrupted.into_iter().for_each(join);
        writers.into_iter().chain(readers).for_each(join);
        join(upgrader);
        assert_eq!(shared.value.get(), written);
        assert!(shared.is_free());
    });
}

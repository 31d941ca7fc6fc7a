//! Read-write locks take part in the order: by how threads hold them.

use crate::watched_locks::{new, new_rwlock, take, watched};
use std::sync::Arc;
use weftline::park::{Access, Deadline, ThreadBlocker};
use weftline::sync::raw::{RawLock, RawRwLock, RwLockError};
use weftline::watch::Inversion;

/// What a thread does with locks, in order. It has released them at its end.
#[derive(Clone)]
enum Step {
    Lock(Arc<RawLock>),
    Read(Arc<RawRwLock>),
    Upgradable(Arc<RawRwLock>),
    Upgrade(Arc<RawRwLock>),
    Write(Arc<RawRwLock>),
    Downgrade(Arc<RawRwLock>),
}

use Step::{Downgrade, Lock, Read, Upgradable, Upgrade, Write};

impl Step {
    fn take(&self) {
        let blocker = &mut ThreadBlocker;
        match self {
            Lock(lock) => take(lock),
            Read(lock) => lock.read_with(blocker, Deadline::NEVER).unwrap(),
            Upgradable(lock) => lock.upgradable_with(blocker, Deadline::NEVER).unwrap(),
            Upgrade(lock) => lock.upgrade_with(blocker, Deadline::NEVER).unwrap(),
            Write(lock) => lock.write_with(blocker, Deadline::NEVER).unwrap(),
            Downgrade(lock) => lock.downgrade().unwrap(),
        }
    }

    fn release(&self) {
        match self {
            Lock(lock) => lock.unlock().unwrap(),
            Read(lock) | Upgradable(lock) | Upgrade(lock) | Write(lock) | Downgrade(lock) => {
                // By one of these: other steps of the thread have changed how it holds the lock.
                let _ = lock
                    .unlock_write()
                    .or_else(|_| lock.unlock_upgradable())
                    .or_else(|_| lock.unlock_read());
            }
        }
    }
}

fn in_thread(name: &str, steps: &[Step]) {
    let steps = steps.to_vec();
    let body = move || {
        steps.iter().for_each(Step::take);
        steps.iter().for_each(Step::release);
    };
    let thread = weftline::Builder::new().name(name).spawn(body).unwrap();
    thread.join().unwrap();
}

fn accesses(found: &[Arc<Inversion>]) -> Vec<(Access, Access)> {
    let links = found.iter().flat_map(|it| &it.links);
    links.map(|link| (link.held_to, link.wanted_to)).collect()
}

#[test]
fn a_reader_and_a_writer_in_two_orders_are_an_inversion() {
    let (shared, lock) = (new_rwlock(), new());
    let (read, write) = (Read(Arc::clone(&shared)), Write(shared));
    let lock = Lock(lock);
    let found = watched(|| {
        in_thread("reader", &[read.clone(), lock.clone()]);
        in_thread("other reader", &[lock.clone(), read.clone()]);
        in_thread("writer", &[lock, write]);
    });
    assert_eq!(
        accesses(&found),
        [
            (Access::Exclusive, Access::Write),
            (Access::Read, Access::Exclusive)
        ]
    );
    let text = &found[0].text;
    assert!(
        text.contains(" to write\n") && text.contains(" to read\n"),
        "{text}"
    );
}

#[test]
fn readers_in_two_orders_need_writers_beside_them() {
    let (left, right) = (new_rwlock(), new_rwlock());
    let reads = [Read(Arc::clone(&left)), Read(Arc::clone(&right))];
    let [read_left, read_right] = reads.clone();
    let readers = || {
        in_thread("1", &reads);
        in_thread("2", &[read_right.clone(), read_left.clone()]);
    };
    assert!(watched(readers).is_empty());
    let found = watched(|| {
        readers();
        in_thread("writer of left", &[Write(Arc::clone(&left))]);
        in_thread("writer of right", &[Write(Arc::clone(&right))]);
    });
    assert_eq!(found.len(), 1);
    let text = &found[0].text;
    for writer in ["writer of left", "writer of right"] {
        let line = format!("    behind a thread that waits to write, as {writer:?} did at ");
        assert!(text.contains(&line), "{text}");
    }
}

#[test]
fn a_thread_that_reads_waits_for_no_writer() {
    let (shared, lock) = (new_rwlock(), new());
    let read = Read(Arc::clone(&shared));
    let lock = Lock(lock);
    let found = watched(|| {
        // It has the lock already when it takes it again.
        in_thread("1", &[read.clone(), lock.clone(), read.clone()]);
        in_thread("2", &[read, lock]);
        in_thread("3", &[Write(shared)]);
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn an_upgrade_under_a_lock_that_readers_take_is_an_inversion() {
    let (shared, lock) = (new_rwlock(), Lock(new()));
    let found = watched(|| {
        in_thread("reader", &[Read(Arc::clone(&shared)), lock.clone()]);
        let upgrades = [
            Upgradable(Arc::clone(&shared)),
            lock.clone(),
            Upgrade(Arc::clone(&shared)),
        ];
        in_thread("upgrades", &upgrades);
    });
    assert_eq!(
        accesses(&found),
        [
            (Access::Exclusive, Access::Write),
            (Access::Read, Access::Exclusive)
        ]
    );
}

#[test]
fn a_writer_that_goes_on_reading_stops_no_reader() {
    let (shared, lock) = (new_rwlock(), Lock(new()));
    let found = watched(|| {
        let downgrades = [
            Write(Arc::clone(&shared)),
            Downgrade(Arc::clone(&shared)),
            lock.clone(),
        ];
        in_thread("1", &downgrades);
        in_thread("2", &[lock.clone(), Read(Arc::clone(&shared))]);
    });
    // The first is the lock's only writer, and one of the two.
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_is_released_and_not_taken_orders_nothing() {
    let (shared, lock) = (new_rwlock(), Lock(new()));
    let found = watched(|| {
        let blocker = &mut ThreadBlocker;
        std::thread::scope(|scope| {
            let released = || {
                shared.read_with(blocker, Deadline::NEVER).unwrap();
                shared.unlock_read().unwrap();
                assert!(shared.try_write());
                assert!(!shared.try_read());
                let again = shared.write_with(&mut ThreadBlocker, Deadline::NEVER);
                assert_eq!(again, Err(RwLockError::WouldDeadlock));
                shared.unlock_write().unwrap();
                assert!(shared.try_read());
                shared.unlock_read().unwrap();
                lock.take();
                lock.release();
            };
            scope.spawn(released).join().unwrap();
        });
        in_thread("2", &[lock.clone(), Write(Arc::clone(&shared))]);
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_lock_that_is_gone_while_a_thread_reads_it_is_held_by_none() {
    let (gone, left, right) = (new_rwlock(), Lock(new()), Lock(new()));
    let found = watched(|| {
        std::thread::scope(|scope| {
            let leaks = || {
                gone.read_with(&mut ThreadBlocker, Deadline::NEVER).unwrap();
                drop(gone);
                left.take();
                left.release();
                right.take();
                right.release();
            };
            scope.spawn(leaks).join().unwrap();
        });
        in_thread("2", &[left.clone(), right.clone()]);
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn an_unwatched_read_write_lock_becomes_ordinary() {
    let lock = new_rwlock();
    let steps = [Read(Arc::clone(&lock)), Write(Arc::clone(&lock))];
    watched(|| {
        for step in &steps {
            step.take();
            step.release();
            assert!(lock.is_watched());
        }
    });
    let _turn = crate::watched_locks::TURN.lock();
    steps[0].take();
    steps[0].release();
    assert!(!lock.is_watched() && !lock.is_locked());
}

#[cfg(feature = "lock-order")]
#[test]
fn guards_are_told() {
    use weftline::{RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};
    let (left, right) = (RwLock::new(()), RwLock::new(()));
    let in_thread = |f: &(dyn Fn() + Sync)| {
        std::thread::scope(|scope| {
            scope.spawn(f).join().unwrap();
        });
    };
    let found = watched(|| {
        in_thread(&|| {
            let upgradable = left.upgradable_read();
            let written = RwLockUpgradableReadGuard::upgrade(upgradable);
            let _read = RwLockWriteGuard::downgrade(written);
            let _other = right.write();
        });
        // Nothing is held any more.
        in_thread(&|| {
            drop(right.read());
            drop(left.write());
        });
        in_thread(&|| {
            let _right = right.read();
            let _left = left.write();
        });
    });
    assert_eq!(
        accesses(&found),
        [(Access::Read, Access::Write), (Access::Read, Access::Write)]
    );
    assert!(found[0].text.contains("rwlocks.rs"), "{}", found[0].text);
}

#[test]
fn an_upgrade_under_a_later_lock_is_no_inversion_of_writers_that_take_them_in_this_order() {
    let (data, log) = (new_rwlock(), new());
    let found = watched(|| {
        let upgrades = [
            Upgradable(data.clone()),
            Lock(log.clone()),
            Upgrade(data.clone()),
        ];
        in_thread("upgrades", &upgrades);
        in_thread("writes", &[Write(data.clone()), Lock(log.clone())]);
    });
    // The second thread cannot hold the first lock while the first one does.
    assert!(found.is_empty(), "{}", found[0]);
}

#[test]
fn a_reader_that_becomes_upgradable_waits_for_the_upgradable_one() {
    let (data, log) = (new_rwlock(), new());
    let found = watched(|| {
        let reads = [
            Read(data.clone()),
            Lock(log.clone()),
            Upgradable(data.clone()),
        ];
        in_thread("reads", &reads);
        in_thread("upgradable", &[Upgradable(data.clone()), Lock(log.clone())]);
    });
    assert_eq!(found.len(), 1);
}

#[test]
fn a_lock_that_is_gone_while_another_thread_writes_orders_nothing() {
    let (log, class) = (new(), weftline::watch::lock_class(None, "gone.rs", 1));
    let of_class = || Arc::new(RawRwLock::watched(class));
    let found = watched(|| {
        let data = of_class();
        let (to_drop, dropped) = (weftline::Queue::unbounded(), weftline::Queue::unbounded());
        weftline::scope(|scope| {
            scope.spawn(|| {
                data.write_with(&mut ThreadBlocker, Deadline::NEVER)
                    .unwrap();
                to_drop.put(data).unwrap();
                dropped.get().unwrap();
                take(&log);
                log.unlock().unwrap();
            });
            drop(to_drop.get().unwrap());
            dropped.put(()).unwrap();
        });
        in_thread("other", &[Lock(log.clone()), Write(of_class())]);
    });
    assert!(found.is_empty(), "{}", found[0]);
}

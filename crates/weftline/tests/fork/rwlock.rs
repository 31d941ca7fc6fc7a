//! The read-write lock: the holds of vanished threads are released, those of the forking thread
//! stay.

use crate::child::{blocked, in_child, while_hammered};
use crate::support::{LONG, SHORT};
use crate::waits::forking_in_a_wait;
use std::cell::Cell;
use std::sync::Arc;
use weftline::park::{Deadline, ThreadBlocker};
use weftline::sync::raw::RawRwLock;
use weftline::{Event, RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};

pub(crate) fn hammered() {
    let lock = RwLock::new(0_u64);
    let hammer = || {
        *lock.write() += 1;
        let (outer, inner) = (lock.read(), lock.read());
        assert_eq!(*outer, *inner);
        drop((outer, inner));
        let upgradable = lock.upgradable_read();
        *RwLockUpgradableReadGuard::upgrade(upgradable) += 1;
    };
    while_hammered(
        hammer,
        &[],
        || {
            // The holders do not exist in this process.
            let read = lock.read();
            assert_eq!(lock.readers(), 1);
            drop(read);
            *lock.write() += 1;
            assert!(lock.try_write().is_some() && lock.try_upgradable_read().is_some());
            assert!(!lock.is_locked());
            weftline::scope(|scope| {
                scope.spawn(|| (0..100).for_each(|_| hammer()));
                (0..100).for_each(|_| hammer());
            });
        },
        || (),
    );
}

pub(crate) fn in_use() {
    let [read, upgradable, written, others] = std::array::from_fn(|_| RwLock::new(0));
    let also_read: Vec<_> = (0..20).map(RwLock::new).collect();
    let end = Event::new();
    weftline::scope(|scope| {
        let (outer, inner) = (read.read(), read.read());
        let many: Vec<_> = also_read.iter().map(RwLock::read).collect();
        let upgradable_guard = upgradable.upgradable_read();
        let write = written.write();
        blocked(scope, || {
            let _read = (read.read(), upgradable.read(), also_read[9].read());
            let _write = others.write();
            end.wait();
        });
        blocked(scope, || drop(read.write()));
        blocked(scope, || drop(written.read()));
        in_child(|| {
            assert!(others.try_write().is_some(), "its writer is gone");
            // Whichever thread asks first.
            weftline::scope(|scope| {
                scope.spawn(|| {
                    assert!(read.try_write_for(SHORT).is_none());
                    assert!(upgradable.try_write().is_none());
                    assert!(upgradable.try_upgradable_read().is_none());
                    assert!(written.try_read_for(SHORT).is_none());
                    assert!(also_read.iter().all(|lock| lock.try_write().is_none()));
                    drop((read.read(), upgradable.read()));
                });
            });
            let counts = [read.readers(), upgradable.readers(), also_read[9].readers()];
            assert_eq!(counts, [2, 1, 1]);
            drop(inner);
            assert_eq!(read.readers(), 1);
            drop(outer);
            *read.try_write().unwrap() += 1;
            *RwLockUpgradableReadGuard::try_upgrade(upgradable_guard).unwrap() += 1;
            drop(RwLockWriteGuard::downgrade(write));
            drop(many);
            assert!(also_read.iter().all(|lock| lock.try_write().is_some()));
            weftline::scope(|scope| {
                scope.spawn(|| {
                    drop((read.write(), upgradable.write(), written.write()));
                });
            });
        });
        end.set();
    });
}

/// Both children fork while they read, and neither has asked for the lock before it releases it.
pub(crate) fn child_of_a_child() {
    let lock = RwLock::new(0);
    let end = Event::new();
    weftline::scope(|scope| {
        // Each process drops its own copy of a guard.
        let read = Cell::new(Some(lock.read()));
        blocked(scope, || {
            let _read = lock.read();
            end.wait();
        });
        in_child(|| {
            in_child(|| {
                drop(read.take());
                assert!(lock.try_write().is_some());
            });
            let upgradable = Cell::new(Some(lock.upgradable_read()));
            in_child(|| {
                assert_eq!(lock.readers(), 2);
                assert!(lock.try_write().is_none());
                drop(upgradable.take());
                assert_eq!(lock.readers(), 1);
            });
            weftline::scope(|scope| {
                // The other thread of this process is the one that survives.
                scope.spawn(|| {
                    let _read = lock.read();
                    in_child(|| {
                        assert_eq!(lock.readers(), 1);
                        assert!(lock.try_upgradable_read().is_some());
                    });
                });
            });
            assert_eq!(lock.readers(), 2);
        });
        end.set();
    });
}

/// A reader receives the lock by handoff and forks before it has noticed, as in a signal handler.
/// In the child it reads, too.
pub(crate) fn received_lock() {
    let lock = Arc::new(RawRwLock::new());
    let (same, go) = (Arc::clone(&lock), Arc::new(Event::new()));
    let may_release = Arc::clone(&go);
    let (written, is_written) = std::sync::mpsc::channel();
    let writer = weftline::spawn(move || {
        same.write_with(&mut ThreadBlocker, Deadline::NEVER)
            .unwrap();
        written.send(()).unwrap();
        may_release.wait();
        // The reader is older than the starvation bound.
        std::thread::sleep(SHORT);
        same.unlock_write().unwrap();
    });
    is_written.recv().unwrap();
    let same = Arc::clone(&lock);
    let hands_the_lock_over = move || {
        go.set();
        while same.is_written() {
            std::thread::yield_now();
        }
    };
    forking_in_a_wait(hands_the_lock_over, |forks| {
        lock.read_with(forks, Deadline::NEVER).unwrap();
        assert_eq!((lock.readers(), lock.own_reads()), (1, 1));
        lock.unlock_read().unwrap();
        assert!(lock.try_write());
        lock.unlock_write().unwrap();
    });
    assert!(writer.try_join_for(LONG).is_ok());
}

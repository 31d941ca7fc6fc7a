//! The contract of `RawRwLock`, for bindings: its owner, and waits that are interrupted.

mod support;

use std::sync::Arc;
use support::{Interrupt, SHORT, Script, limit};
use weftline::NotOwner;
use weftline::park::{Deadline, ThreadBlocker, WaitError, current_number};
use weftline::sync::raw::{DowngradeError, RawRwLock, RwLockError};

#[test]
fn the_raw_lock_names_its_writer_and_only_its_holder_releases_it() {
    let lock = RawRwLock::new();
    assert_eq!((lock.owner(), lock.readers()), (None, 0));
    assert!(lock.try_write());
    assert_eq!(lock.owner(), Some(current_number()));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert!(!lock.try_read() && !lock.try_write() && !lock.is_owned());
            assert_eq!(lock.unlock_write(), Err(NotOwner));
            assert_eq!(lock.unlock_read(), Err(NotOwner));
            assert_eq!(lock.downgrade(), Err(DowngradeError::NotOwner));
        });
    });
    assert_eq!(lock.unlock_read(), Err(NotOwner));
    assert_eq!(lock.downgrade(), Ok(()));
    assert_eq!(
        (lock.owner(), lock.readers(), lock.own_reads()),
        (None, 1, 1)
    );
    assert!(lock.try_read());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(lock.own_reads(), 0);
            assert_eq!(lock.unlock_read(), Err(NotOwner));
            assert_eq!(lock.unlock_upgradable(), Err(NotOwner));
            assert_eq!(lock.downgrade_upgradable(), Err(NotOwner));
        });
    });
    assert_eq!(lock.unlock_read(), Ok(()));
    assert_eq!(lock.unlock_read(), Ok(()));
    assert_eq!(lock.unlock_read(), Err(NotOwner));
    assert_eq!(lock.unlock_write(), Err(NotOwner));
    assert!(format!("{lock:?}").contains("owner"));
}

#[test]
fn an_interrupted_wait_leaves_no_trace() {
    let lock = RawRwLock::new();
    let interrupted = Err(RwLockError::Wait(WaitError::Interrupted(Interrupt)));
    std::thread::scope(|scope| {
        assert!(lock.try_write());
        scope.spawn(|| {
            let wait = lock.read_with(&mut Script::interrupted(), Deadline::NEVER);
            assert_eq!(wait, interrupted);
            let wait = lock.write_with(&mut Script::interrupted(), Deadline::NEVER);
            assert_eq!(wait, interrupted);
            let wait = lock.upgradable_with(&mut Script::interrupted(), Deadline::NEVER);
            assert_eq!(wait, interrupted);
            assert_eq!(lock.waiting(), (0, 0));
        });
    });
    assert_eq!(lock.unlock_write(), Ok(()));
    assert!(lock.try_write());
}

#[test]
fn a_lock_that_was_handed_off_to_an_interrupted_thread_is_free_again() {
    let _limit = limit();
    type Wait = fn(&RawRwLock, &mut Script) -> Result<(), RwLockError<Interrupt>>;
    let waits: [Wait; 3] = [
        |lock, script| lock.read_with(script, Deadline::NEVER),
        |lock, script| lock.write_with(script, Deadline::NEVER),
        |lock, script| lock.upgradable_with(script, Deadline::NEVER),
    ];
    for wait in waits {
        let lock = Arc::new(RawRwLock::new());
        let (enlisted, is_enlisted) = std::sync::mpsc::channel();
        let (go_on, may_go_on) = std::sync::mpsc::channel();
        assert!(lock.try_write());
        let same = Arc::clone(&lock);
        let waiter = std::thread::spawn(move || {
            let mut script = Script::interrupted_after(move || {
                enlisted.send(()).unwrap();
                may_go_on.recv().unwrap();
            });
            wait(&same, &mut script)
        });
        is_enlisted.recv().unwrap();
        // The waiter is older than the starvation bound: the release hands it the lock.
        std::thread::sleep(SHORT);
        lock.unlock_write().unwrap();
        assert!(lock.is_locked());
        go_on.send(()).unwrap();
        assert_eq!(
            waiter.join().unwrap(),
            Err(RwLockError::Wait(WaitError::Interrupted(Interrupt)))
        );
        assert!(lock.try_write());
    }
}

#[test]
fn an_upgrade_that_was_handed_off_to_an_interrupted_thread_is_an_upgradable_reader_again() {
    let _limit = limit();
    let lock = Arc::new(RawRwLock::new());
    assert!(lock.try_read());
    let (enlisted, is_enlisted) = std::sync::mpsc::channel();
    let (go_on, may_go_on) = std::sync::mpsc::channel();
    let same = Arc::clone(&lock);
    let waiter = std::thread::spawn(move || {
        same.upgradable_with(&mut ThreadBlocker, Deadline::NEVER)
            .unwrap();
        let mut script = Script::interrupted_after(move || {
            enlisted.send(()).unwrap();
            may_go_on.recv().unwrap();
        });
        let upgraded = same.upgrade_with(&mut script, Deadline::NEVER);
        assert!(upgraded.is_err());
        assert_eq!((same.readers(), same.own_reads()), (1, 1));
        same.unlock_upgradable().unwrap();
    });
    is_enlisted.recv().unwrap();
    std::thread::sleep(SHORT);
    lock.unlock_read().unwrap();
    assert!(lock.is_written());
    go_on.send(()).unwrap();
    waiter.join().unwrap();
    assert!(lock.try_write());
}

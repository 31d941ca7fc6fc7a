//! The contract of `RLock`.

mod support;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use support::{Interrupt, LONG, SHORT, Script, blocked, is_send_and_sync, limit, now};
use weftline::park::{Deadline, ThreadBlocker, WaitError, current_number};
use weftline::sync::raw::{RLockError, RawRLock};
use weftline::{NotOwner, RLock, RLockGuard, TooManyRecursions};

#[test]
fn its_owner_takes_it_again_by_each_of_the_four_forms() {
    let lock = RLock::new(Cell::new(0));
    let first = lock.lock();
    let again = [
        lock.lock(),
        lock.try_lock().unwrap(),
        lock.try_lock_for(Duration::ZERO).unwrap(),
        lock.try_lock_until(now()).unwrap(),
    ];
    again.iter().for_each(|held| held.set(held.get() + 1));
    assert!(lock.is_owned());
    drop(first);
    assert!(lock.is_owned(), "the order of release does not matter");
    drop(again);
    assert!(!lock.is_locked());
    assert_eq!(lock.into_inner().get(), 4);
}

#[test]
fn another_thread_is_refused_until_the_last_guard_is_gone() {
    let _limit = limit();
    let lock = RLock::new(());
    std::thread::scope(|scope| {
        let outer = lock.lock();
        let inner = lock.lock();
        scope
            .spawn(|| {
                assert!(lock.is_locked());
                assert!(!lock.is_owned());
                assert!(lock.try_lock().is_none());
                assert!(lock.try_lock_for(SHORT).is_none());
                assert!(lock.try_lock_until(now() + SHORT).is_none());
            })
            .join()
            .unwrap();
        let shared = &lock;
        let waits: Vec<_> = [
            (|lock: &RLock<()>| drop(lock.lock())) as fn(&RLock<()>),
            |lock| drop(lock.try_lock_for(LONG).unwrap()),
            |lock| drop(lock.try_lock_until(now() + LONG).unwrap()),
            |lock| drop(lock.try_lock_for(Duration::MAX).unwrap()),
        ]
        .into_iter()
        .map(|wait| blocked(scope, move || wait(shared)))
        .collect();
        drop(outer);
        assert!(waits.iter().all(|wait| !wait.is_finished()));
        drop(inner);
        for wait in waits {
            wait.join().unwrap();
        }
    });
}

#[test]
fn a_panic_under_guards_frees_the_lock() {
    let lock = RLock::new(());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _outer = lock.lock();
        let _inner = lock.lock();
        panic!("under the guards");
    }));
    assert!(panicked.is_err());
    assert!(!lock.is_locked());
}

#[test]
fn the_value_is_reached_without_locking_where_no_other_thread_can() {
    static LOCK: RLock<u8> = RLock::new(7);
    assert_eq!(*LOCK.lock(), 7);
    let mut lock: RLock<String> = RLock::default();
    lock.get_mut().push('x');
    assert_eq!(lock.into_inner(), "x");
}

#[test]
fn debug_does_not_block() {
    let lock = RLock::new(());
    let _held = lock.lock();
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(format!("{lock:?}").contains("RLock")));
    });
}

#[test]
fn it_is_shared_between_threads_if_its_value_can_move_between_them() {
    is_send_and_sync::<RLock<Cell<u8>>>();
    is_send_and_sync::<RawRLock>();
    fn is_sync<T: Sync>() {}
    is_sync::<RLockGuard<'static, u8>>();
}

#[test]
fn only_the_owner_frees_the_raw_lock() {
    let lock = RawRLock::new();
    assert_eq!(lock.unlock(), Err(NotOwner));
    assert_eq!(lock.release_save(), Err(NotOwner));
    assert_eq!(lock.try_lock(), Ok(true));
    assert_eq!(lock.owner(), Some(current_number()));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(lock.unlock(), Err(NotOwner));
            assert_eq!(lock.release_save(), Err(NotOwner));
            assert_eq!(lock.try_lock(), Ok(false));
            assert_eq!(lock.count(), 0);
        });
    });
    assert_eq!(lock.unlock(), Ok(()));
    assert_eq!(lock.unlock(), Err(NotOwner));
    assert_eq!(lock.owner(), None);
}

#[test]
fn all_recursions_are_saved_and_restored() {
    let lock = RawRLock::new();
    for _ in 0..3 {
        lock.lock_with(&mut ThreadBlocker, Deadline::NEVER).unwrap();
    }
    assert_eq!(lock.count(), 3);
    assert_eq!(lock.release_save(), Ok(3));
    assert!(!lock.is_locked());
    lock.acquire_restore(3, &mut ThreadBlocker, Deadline::NEVER)
        .unwrap();
    assert_eq!(lock.count(), 3);
    lock.reset();
    assert!(!lock.is_locked());
    assert_eq!(lock.try_lock(), Ok(true));
    assert_eq!(lock.count(), 1, "a reset forgets the recursions");
}

#[test]
fn more_than_2_to_the_32_recursions_are_an_error_and_change_nothing() {
    const MOST: u64 = 1 << 32;
    let lock = RawRLock::new();
    for count in [0, MOST + 1, u64::MAX] {
        assert_eq!(
            lock.acquire_restore(count, &mut ThreadBlocker, Deadline::NEVER),
            Err(RLockError::TooManyRecursions)
        );
        assert!(!lock.is_locked());
    }
    lock.acquire_restore(MOST, &mut ThreadBlocker, Deadline::NEVER)
        .unwrap();
    assert_eq!(lock.count(), MOST);
    assert_eq!(lock.try_lock(), Err(TooManyRecursions));
    assert_eq!(
        lock.lock_with(&mut ThreadBlocker, Deadline::NEVER),
        Err(RLockError::TooManyRecursions)
    );
    assert_eq!(lock.count(), MOST);
    assert_eq!(lock.release_save(), Ok(MOST));
}

#[test]
fn an_interrupted_wait_leaves_no_trace() {
    let lock = RawRLock::new();
    std::thread::scope(|scope| {
        assert_eq!(lock.try_lock(), Ok(true));
        scope
            .spawn(|| {
                let wait = lock.lock_with(&mut Script::interrupted(), Deadline::NEVER);
                assert_eq!(
                    wait,
                    Err(RLockError::Wait(WaitError::Interrupted(Interrupt)))
                );
                let wait = lock.acquire_restore(2, &mut Script::interrupted(), Deadline::NEVER);
                assert_eq!(
                    wait,
                    Err(RLockError::Wait(WaitError::Interrupted(Interrupt)))
                );
            })
            .join()
            .unwrap();
        assert_eq!(lock.count(), 1);
        assert_eq!(lock.unlock(), Ok(()));
    });
    assert!(!lock.is_locked());
}

#[test]
fn debug_shows_the_value_only_to_a_thread_that_may_read_it() {
    let lock = RLock::new(Cell::new(7));
    assert!(format!("{lock:?}").contains('7'));
    let held = lock.lock();
    assert!(format!("{lock:?} {held:?}").contains('7'));
    std::thread::scope(|scope| {
        // The owner may be changing the `Cell` now.
        let seen = scope.spawn(|| format!("{lock:?}")).join().unwrap();
        assert!(!seen.contains('7'), "{seen}");
    });
    drop(held);
}

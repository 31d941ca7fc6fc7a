//! The contract of `RwLock`.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use support::{LONG, SHORT, blocked, is_send_and_sync, limit, now, takes_at_least};
use weftline::sync::raw::RawRwLock;
use weftline::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard,
};

#[test]
fn a_free_lock_is_taken_by_each_form() {
    let lock = RwLock::new(0);
    *lock.write() += 1;
    *lock.try_write().unwrap() += 1;
    *lock.try_write_for(SHORT).unwrap() += 1;
    *lock.try_write_until(now()).unwrap() += 1;
    assert_eq!(*lock.read(), 4);
    assert_eq!(*lock.try_read().unwrap(), 4);
    assert_eq!(*lock.try_read_for(SHORT).unwrap(), 4);
    assert_eq!(*lock.try_read_until(now()).unwrap(), 4);
    assert_eq!(*lock.upgradable_read(), 4);
    assert_eq!(*lock.try_upgradable_read().unwrap(), 4);
    assert_eq!(*lock.try_upgradable_read_for(SHORT).unwrap(), 4);
    assert_eq!(*lock.try_upgradable_read_until(now()).unwrap(), 4);
    assert!(!lock.is_locked());
    assert_eq!(lock.into_inner(), 4);
}

#[test]
fn a_written_lock_is_refused_by_each_form_that_gives_up() {
    let lock = RwLock::new(());
    std::thread::scope(|scope| {
        let held = lock.write();
        assert!(lock.is_locked() && lock.is_written() && lock.readers() == 0);
        let refused = || {
            assert!(lock.try_read().is_none() && lock.try_write().is_none());
            assert!(lock.try_upgradable_read().is_none());
            assert!(takes_at_least(SHORT, || lock.try_read_for(SHORT)).is_none());
            assert!(takes_at_least(SHORT, || lock.try_write_for(SHORT)).is_none());
            assert!(takes_at_least(SHORT, || lock.try_upgradable_read_for(SHORT)).is_none());
            assert!(takes_at_least(SHORT, || lock.try_read_until(now() + SHORT)).is_none());
            assert!(takes_at_least(SHORT, || lock.try_write_until(now() + SHORT)).is_none());
            assert!(lock.try_upgradable_read_until(now()).is_none());
        };
        // The writer itself, and another thread.
        refused();
        scope.spawn(refused).join().unwrap();
        drop(held);
    });
    assert!(lock.try_write().is_some());
}

#[test]
fn readers_share_the_lock_and_keep_writers_out() {
    let lock = RwLock::new(7);
    std::thread::scope(|scope| {
        let read = lock.read();
        scope
            .spawn(|| {
                let also = lock.read();
                assert_eq!((*also, lock.readers()), (7, 2));
                assert!(lock.try_write().is_none());
                assert!(lock.try_write_for(SHORT).is_none());
                assert_eq!(*lock.try_upgradable_read().unwrap(), 7);
            })
            .join()
            .unwrap();
        drop(read);
    });
    assert_eq!(lock.readers(), 0);
    assert!(lock.try_write().is_some());
}

#[test]
fn blocked_threads_get_the_lock_when_it_is_freed() {
    let _limit = limit();
    let lock = RwLock::new(1);
    std::thread::scope(|scope| {
        let mut held = lock.write();
        let shared = &lock;
        let waits: Vec<_> = [
            (|lock: &RwLock<i32>| *lock.read()) as fn(&RwLock<i32>) -> i32,
            |lock| *lock.write(),
            |lock| *lock.upgradable_read(),
            |lock| *lock.try_read_for(LONG).unwrap(),
            |lock| *lock.try_write_for(Duration::MAX).unwrap(),
            |lock| *lock.try_upgradable_read_until(now() + LONG).unwrap(),
            |lock| *lock.try_read_for(Duration::MAX).unwrap(),
            |lock| *lock.try_write_until(now() + LONG).unwrap(),
        ]
        .into_iter()
        .map(|wait| blocked(scope, move || wait(shared)))
        .collect();
        *held = 2;
        drop(held);
        for wait in waits {
            assert_eq!(wait.join().unwrap(), 2);
        }
    });
    assert!(!lock.is_locked());
}

#[test]
fn the_upgradable_reader_is_alone_among_readers_and_writes_without_a_gap() {
    let _limit = limit();
    let lock = RwLock::new(1);
    std::thread::scope(|scope| {
        let upgradable = lock.upgradable_read();
        let reader = lock.read();
        scope
            .spawn(|| {
                assert!(lock.try_upgradable_read().is_none());
                assert!(lock.try_write().is_none());
                assert_eq!(*lock.try_read().unwrap(), 1);
            })
            .join()
            .unwrap();
        let upgradable = RwLockUpgradableReadGuard::try_upgrade(upgradable).unwrap_err();
        let upgradable = RwLockUpgradableReadGuard::try_upgrade_for(upgradable, SHORT).unwrap_err();
        let upgradable =
            RwLockUpgradableReadGuard::try_upgrade_until(upgradable, now() + SHORT).unwrap_err();
        let others = [
            blocked(scope, || *lock.write() *= 10),
            blocked(scope, || drop(lock.upgradable_read())),
        ];
        drop(reader);
        let mut write = RwLockUpgradableReadGuard::upgrade(upgradable);
        *write += 1;
        assert!(lock.is_written());
        drop(write);
        others.into_iter().for_each(|it| it.join().unwrap());
    });
    assert_eq!(
        lock.into_inner(),
        20,
        "another thread wrote before the upgrade"
    );
}

#[test]
fn an_upgrade_waits_for_the_readers_that_are_there_and_stops_new_ones() {
    let _limit = limit();
    let lock = RwLock::new(0);
    std::thread::scope(|scope| {
        let read = lock.read();
        let upgrade = blocked(scope, || {
            *RwLockUpgradableReadGuard::upgrade(lock.upgradable_read()) += 1;
        });
        scope
            .spawn(|| assert!(lock.try_read().is_none()))
            .join()
            .unwrap();
        drop(read);
        upgrade.join().unwrap();
    });
    assert_eq!(lock.into_inner(), 1);
}

#[test]
fn a_downgrade_lets_readers_in_and_no_writer() {
    let _limit = limit();
    let lock = RwLock::new(0);
    std::thread::scope(|scope| {
        let mut write = lock.write();
        let writer = blocked(scope, || *lock.write() += 1);
        let reader = blocked(scope, || *lock.read());
        *write = 5;
        let read = RwLockWriteGuard::downgrade(write);
        assert_eq!(reader.join().unwrap(), 5);
        assert_eq!((*read, lock.readers()), (5, 1));
        assert!(!writer.is_finished());
        drop(read);
        writer.join().unwrap();
    });
    let upgradable = lock.upgradable_read();
    let read = RwLockUpgradableReadGuard::downgrade(upgradable);
    assert_eq!(*lock.try_upgradable_read().unwrap(), *read);
    drop(read);
    assert_eq!(lock.into_inner(), 6);
}

#[test]
fn guards_are_narrowed_to_parts() {
    let lock = RwLock::new((vec![1, 2], "x".to_owned()));
    let first = RwLockReadGuard::map(lock.read(), |it| &it.0);
    let first = MappedRwLockReadGuard::map(first, |it| &it[0]);
    assert_eq!(*first, 1);
    let first = MappedRwLockReadGuard::try_map(first, |_| None::<&u8>).unwrap_err();
    let read = RwLockReadGuard::try_map(lock.read(), |it| it.0.get(9)).unwrap_err();
    drop(RwLockReadGuard::try_map(read, |it| it.0.get(1)).unwrap());
    assert_eq!(lock.readers(), 1);
    drop(first);
    let name = RwLockWriteGuard::map(lock.write(), |it| &mut it.1);
    let mut name = MappedRwLockWriteGuard::map(name, |it| it.as_mut_str());
    name.make_ascii_uppercase();
    let name = MappedRwLockWriteGuard::try_map(name, |_| None::<&mut u8>).unwrap_err();
    assert!(lock.is_written());
    drop(name);
    let write = RwLockWriteGuard::try_map(lock.write(), |it| it.0.get_mut(9)).unwrap_err();
    *RwLockWriteGuard::try_map(write, |it| it.0.get_mut(1)).unwrap() = 9;
    assert_eq!(lock.into_inner(), (vec![1, 9], "X".to_owned()));
}

#[test]
fn a_panic_under_a_guard_frees_the_lock_and_poisons_nothing() {
    let lock = RwLock::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _outer = lock.read();
        let _inner = lock.upgradable_read();
        panic!("under the guards");
    }));
    assert!(panicked.is_err());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        *lock.write() = 2;
        let _write = lock.write();
        panic!("under the guard");
    }));
    assert!(panicked.is_err());
    assert_eq!(*lock.try_write().unwrap(), 2);
}

#[test]
fn a_thread_that_waits_for_itself_panics_and_keeps_what_it_holds() {
    let lock = RwLock::new(0);
    let panics = |wait: &dyn Fn()| {
        let payload = catch_unwind(AssertUnwindSafe(wait)).unwrap_err();
        let message = payload.downcast_ref::<&str>().unwrap();
        assert!(message.contains("would wait for itself"), "{message}");
    };
    let write = lock.write();
    panics(&|| drop(lock.read()));
    panics(&|| drop(lock.write()));
    panics(&|| drop(lock.upgradable_read()));
    drop(write);
    let read = lock.read();
    panics(&|| drop(lock.write()));
    panics(&|| drop(RwLockUpgradableReadGuard::upgrade(lock.upgradable_read())));
    assert_eq!(lock.readers(), 1);
    drop(read);
    let upgradable = lock.upgradable_read();
    panics(&|| drop(lock.upgradable_read()));
    panics(&|| drop(lock.write()));
    drop(upgradable);
    assert!(lock.try_write().is_some());
}

#[test]
fn the_value_is_reached_without_locking_where_no_other_thread_can() {
    static LOCK: RwLock<u8> = RwLock::new(7);
    assert_eq!(*LOCK.read(), 7);
    let mut lock: RwLock<String> = RwLock::default();
    lock.get_mut().push('x');
    assert_eq!(lock.into_inner(), "x");
    assert_eq!(RwLock::from(3).into_inner(), 3);
    let slice: &RwLock<[i32]> = &RwLock::new([1, 2]);
    slice.write()[0] = 2;
    assert_eq!(*slice.read(), [2, 2]);
}

#[test]
fn debug_does_not_block() {
    let lock = RwLock::new(5);
    assert!(format!("{lock:?}").contains('5'));
    let read = lock.read();
    assert!(format!("{lock:?} {read:?} {read}").contains("5 5"));
    drop(read);
    let write = lock.write();
    assert!(format!("{lock:?}").contains("locked"));
    assert!(format!("{write:?}").contains('5'));
}

#[test]
fn a_lock_is_shared_between_threads_if_its_value_can_be_sent_and_shared() {
    is_send_and_sync::<RwLock<AtomicUsize>>();
    is_send_and_sync::<Arc<RawRwLock>>();
    fn is_sync<T: Sync>() {}
    is_sync::<RwLockReadGuard<'static, u8>>();
}

#[test]
fn a_thread_holds_any_number_of_locks_and_releases_them_in_any_order() {
    let locks: Vec<_> = (0..100).map(RwLock::new).collect();
    let mut guards: Vec<_> = locks.iter().flat_map(|it| [it.read(), it.read()]).collect();
    for step in [7, 3, 11] {
        for place in (0..guards.len()).rev().step_by(step) {
            drop(guards.remove(place));
        }
    }
    let readers: usize = locks.iter().map(RwLock::readers).sum();
    assert_eq!(readers, guards.len());
    drop(guards);
    assert!(locks.iter().all(|lock| lock.try_write().is_some()));
}

#[test]
fn a_leaked_guard_holds_its_lock_for_ever_and_no_other_lock() {
    let mut lock = Box::new(RwLock::new(1));
    for _ in 0..10 {
        std::mem::forget(lock.read());
        assert!(lock.try_write().is_none());
        assert_eq!(*lock.try_read().unwrap(), 1);
        // The next lock lies where this one did.
        *lock = RwLock::new(1);
        assert!(lock.try_write().is_some());
        assert_eq!(lock.readers(), 0);
    }
    let leak = || {
        std::mem::forget(lock.read());
        std::mem::forget(lock.try_upgradable_read());
    };
    leak();
    std::thread::scope(|scope| drop(scope.spawn(leak)));
    assert!(lock.try_write().is_none());
    *lock = RwLock::new(2);
    std::thread::scope(|scope| {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (announce, reads) = std::sync::mpsc::channel();
        let lock = &lock;
        scope.spawn(move || {
            let _read = lock.read();
            announce.send(()).unwrap();
            released.recv().unwrap_err();
        });
        reads.recv().unwrap();
        blocked(scope, || drop(lock.write()));
        // The leaked guard's record does not make this thread a reader of the new lock.
        assert!(lock.try_read().is_none());
        drop(release);
    });
}

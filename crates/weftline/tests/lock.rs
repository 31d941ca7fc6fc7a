//! The contract of `Lock`.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use support::{
    Interrupt, LONG, SHORT, Script, blocked, is_send_and_sync, limit, now, takes_at_least,
};
use weftline::park::{Deadline, ThreadBlocker, WaitError, current_number, os_ident_of};
use weftline::sync::raw::RawLock;
use weftline::{Lock, LockGuard, NotLocked};

#[test]
fn a_free_lock_is_taken_by_each_of_the_four_forms() {
    let lock = Lock::new(0);
    *lock.lock() += 1;
    *lock.try_lock().unwrap() += 1;
    *lock.try_lock_for(SHORT).unwrap() += 1;
    *lock.try_lock_until(now()).unwrap() += 1;
    assert!(!lock.is_locked());
    assert_eq!(lock.into_inner(), 4);
}

#[test]
fn a_held_lock_is_refused_by_each_form_that_gives_up() {
    let lock = Lock::new(());
    let held = lock.lock();
    assert!(lock.is_locked());
    assert!(lock.try_lock().is_none());
    assert!(takes_at_least(SHORT, || lock.try_lock_for(SHORT)).is_none());
    assert!(takes_at_least(SHORT, || lock.try_lock_until(now() + SHORT)).is_none());
    assert!(lock.try_lock_until(now()).is_none());
    assert!(lock.try_lock_for(Duration::ZERO).is_none());
    drop(held);
    assert!(lock.try_lock().is_some());
}

#[test]
fn a_blocked_thread_gets_the_lock_when_it_is_freed() {
    let _limit = limit();
    let lock = Lock::new(1);
    std::thread::scope(|scope| {
        let mut held = lock.lock();
        let shared = &lock;
        let waits: Vec<_> = [
            (|lock: &Lock<i32>| *lock.lock()) as fn(&Lock<i32>) -> i32,
            |lock| *lock.try_lock_for(LONG).unwrap(),
            |lock| *lock.try_lock_until(now() + LONG).unwrap(),
            |lock| *lock.try_lock_for(Duration::MAX).unwrap(),
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
}

#[test]
fn a_timed_out_waiter_leaves_the_queue() {
    let _limit = limit();
    let lock = Lock::new(());
    std::thread::scope(|scope| {
        let held = lock.lock();
        let gave_up = scope.spawn(|| lock.try_lock_for(SHORT).is_none());
        let stays = blocked(scope, || drop(lock.lock()));
        assert!(gave_up.join().unwrap());
        drop(held);
        stays.join().unwrap();
    });
    assert!(lock.try_lock().is_some());
}

#[test]
fn a_panic_under_the_guard_frees_the_lock_and_poisons_nothing() {
    let lock = Lock::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut held = lock.lock();
        *held = 2;
        panic!("under the guard");
    }));
    assert!(panicked.is_err());
    assert_eq!(*lock.try_lock().unwrap(), 2);
}

#[test]
fn a_waiter_gets_the_lock_while_other_threads_hammer_it() {
    let _limit = limit();
    let lock = Lock::new(0_u64);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut value = lock.lock();
                    // So long that a thread could hardly ever take the lock by barging alone.
                    (0..200).for_each(|_| *value = std::hint::black_box(*value + 1));
                }
            });
        }
        for _ in 0..50 {
            let start = now();
            drop(lock.lock());
            assert!(start.elapsed() < Duration::from_secs(5), "starved");
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn the_value_is_reached_without_locking_where_no_other_thread_can() {
    static LOCK: Lock<u8> = Lock::new(7);
    assert_eq!(*LOCK.lock(), 7);
    let mut lock: Lock<String> = Lock::default();
    lock.get_mut().push('x');
    assert_eq!(lock.into_inner(), "x");
}

#[test]
fn debug_does_not_block() {
    let lock = Lock::new(5);
    assert!(format!("{lock:?}").contains('5'));
    let held = lock.lock();
    assert!(format!("{lock:?}").contains("locked"));
    assert!(format!("{held:?}").contains('5'));
}

#[test]
fn locks_are_shared_between_threads_if_their_values_can_move_between_them() {
    is_send_and_sync::<Lock<std::cell::Cell<u8>>>();
    is_send_and_sync::<Arc<RawLock>>();
    fn is_sync<T: Sync>() {}
    is_sync::<LockGuard<'static, u8>>();
}

#[test]
fn the_raw_lock_names_its_owner_and_any_thread_frees_it() {
    let lock = RawLock::new();
    assert_eq!(lock.owner(), None);
    assert!(lock.try_lock());
    assert!(!lock.try_lock());
    assert_eq!(lock.owner(), Some(current_number()));
    assert!(os_ident_of(current_number()).is_some());
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(lock.unlock(), Ok(())));
    });
    assert_eq!(lock.unlock(), Err(NotLocked));
    assert!(lock.lock_with(&mut ThreadBlocker, Deadline::PASSED).is_ok());
    assert!(format!("{lock:?}").contains("owner"));
    lock.reset();
    assert!(!lock.is_locked());
    lock.reset();
    assert!(lock.try_lock());
}

#[test]
fn an_interrupted_wait_leaves_no_trace() {
    let lock = RawLock::new();
    assert!(lock.try_lock());
    let wait = lock.lock_with(&mut Script::interrupted(), Deadline::NEVER);
    assert_eq!(wait, Err(WaitError::Interrupted(Interrupt)));
    assert_eq!(lock.unlock(), Ok(()));
    assert!(lock.try_lock());
}

#[test]
fn a_lock_that_was_handed_off_to_an_interrupted_thread_is_free_again() {
    let _limit = limit();
    let lock = Arc::new(RawLock::new());
    assert!(lock.try_lock());
    let same = lock.clone();
    let mut interrupted = Script::interrupted_after(move || {
        // The waiter is older than the starvation bound: the release hands it the lock.
        std::thread::sleep(Duration::from_millis(5));
        same.unlock().unwrap();
        assert!(same.is_locked());
    });
    let wait = lock.lock_with(&mut interrupted, Deadline::NEVER);
    assert_eq!(wait, Err(WaitError::Interrupted(Interrupt)));
    assert!(lock.try_lock());
}

#[test]
fn an_interrupted_waiter_passes_its_wakeup_on() {
    let _limit = limit();
    let lock = Arc::new(RawLock::new());
    let taken = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        assert!(lock.try_lock());
        let same = lock.clone();
        let (enlisted, is_enlisted) = std::sync::mpsc::channel();
        let (go_on, may_go_on) = std::sync::mpsc::channel();
        let first = scope.spawn({
            let lock = lock.clone();
            move || {
                let mut interrupted = Script::interrupted_after(move || {
                    enlisted.send(()).unwrap();
                    may_go_on.recv().unwrap();
                });
                lock.lock_with(&mut interrupted, Deadline::NEVER)
            }
        });
        is_enlisted.recv().unwrap();
        let second = blocked(scope, || {
            lock.lock_with(&mut ThreadBlocker, Deadline::NEVER).unwrap();
            taken.fetch_add(1, Ordering::Relaxed);
        });
        same.unlock().unwrap();
        go_on.send(()).unwrap();
        assert!(first.join().unwrap().is_err());
        second.join().unwrap();
    });
    assert_eq!(taken.into_inner(), 1);
}

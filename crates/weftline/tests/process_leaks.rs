//! Guards that safe code leaks: there is never a second reference to the value under a guard.
//! `process_deaths/leaks.rs` tests how other processes see that.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod support;

use std::cell::RefCell;
use std::thread;
use support::{SHORT, leak, limit};
use weftline::process::{
    Array, Barrier, Condition, Lock, LockError, LockGuard, RLock, Semaphore, Value,
};

#[test]
fn a_leaked_guard_of_a_thread_that_has_ended_gives_the_only_reference() {
    let _limit = limit();
    let lock = &*leak(Lock::new(0_u64).unwrap());
    let value = &*leak(Value::new(0_u64).unwrap());
    let array = &*leak(Array::new(&[0_u64; 2]).unwrap());
    let condition = &*leak(Condition::new(0_u64).unwrap());
    let references: [&'static mut u64; 4] = thread::spawn(move || -> [&'static mut u64; 4] {
        [
            &mut **leak(lock.lock().unwrap()),
            &mut **leak(value.lock()),
            &mut leak(array.lock().unwrap())[0],
            &mut **leak(condition.lock().unwrap()),
        ]
    })
    .join()
    .unwrap();
    for reference in references {
        *reference += 1;
        assert!(matches!(lock.try_lock_for(SHORT), Err(LockError::TimedOut)));
        assert!(value.try_lock_for(SHORT).is_none());
        assert!(matches!(
            array.try_lock_for(SHORT),
            Err(LockError::TimedOut)
        ));
        assert!(matches!(
            condition.try_lock_for(SHORT),
            Err(LockError::TimedOut)
        ));
        assert_eq!(*reference, 1);
    }
}

#[test]
fn a_leaked_guard_that_other_threads_read_through_keeps_its_lock() {
    let _limit = limit();
    let lock = &*leak(Lock::new(7_u64).unwrap());
    let guard: &'static LockGuard<'static, u64> = {
        thread::spawn(move || {
            let (give, take) = std::sync::mpsc::channel();
            let guard: &'static LockGuard<'static, u64> = leak(lock.lock().unwrap());
            thread::spawn(move || give.send(guard))
                .join()
                .unwrap()
                .unwrap();
            take.recv().unwrap()
        })
        .join()
        .unwrap()
    };
    assert!(matches!(lock.try_lock_for(SHORT), Err(LockError::TimedOut)));
    assert_eq!(**guard, 7);
}

#[test]
fn an_rlock_that_was_leaked_is_no_other_threads() {
    let _limit = limit();
    let lock = RLock::new(0_u64).unwrap();
    thread::scope(|scope| {
        let leaks = scope.spawn(|| {
            let guards = [lock.lock().unwrap(), lock.lock().unwrap()];
            std::mem::forget(guards);
        });
        leaks.join().unwrap();
    });
    // Some of these threads may have the number of the thread that has ended.
    for _ in 0..4 {
        thread::scope(|scope| {
            scope.spawn(|| assert!(matches!(lock.try_lock(), Err(LockError::TimedOut))));
        });
    }
}

/// Two generations of threads leak: each leaked lock stays held.
#[test]
fn any_number_of_threads_may_leak_guards() {
    let _limit = limit();
    let locks: Vec<_> = (0..40).map(|n| Lock::new(n).unwrap()).collect();
    thread::scope(|scope| {
        for some in locks.chunks(8) {
            let leak = move || some.iter().for_each(|lock| std::mem::forget(lock.lock()));
            scope.spawn(leak).join().unwrap();
        }
    });
    for lock in &locks {
        assert!(matches!(lock.try_lock(), Err(LockError::TimedOut)));
    }
}

#[test]
fn a_guard_in_a_thread_local_is_dropped_at_the_threads_end() {
    thread_local! {
        static KEPT: RefCell<Vec<LockGuard<'static, u64>>> = const { RefCell::new(Vec::new()) };
        static BEGINS_LATE: RefCell<Option<TakesAtTheEnd>> = const { RefCell::new(None) };
    }
    struct TakesAtTheEnd(&'static Lock<u64>);
    impl Drop for TakesAtTheEnd {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }
    let _limit = limit();
    let lock = &*leak(Lock::new(0_u64).unwrap());
    let other = &*leak(Lock::new(0_u64).unwrap());
    thread::spawn(move || {
        BEGINS_LATE.set(Some(TakesAtTheEnd(other)));
        KEPT.with_borrow_mut(|kept| kept.push(lock.lock().unwrap()));
    })
    .join()
    .unwrap();
    assert!(lock.try_lock().is_ok());
    assert_eq!(*other.try_lock().unwrap(), 1);
}

/// A leaked permit is no reference to a value, so it returns at its thread's end, as at a
/// process's.
#[test]
fn leaked_permits_come_back_when_their_thread_ends() {
    let _limit = limit();
    let seats = Semaphore::new(3).unwrap();
    let lock = Lock::new(0_u32).unwrap();
    thread::scope(|scope| {
        let leaks = scope.spawn(|| {
            let first = seats.acquire(1).unwrap();
            std::mem::forget(lock.lock());
            std::mem::forget(seats.acquire(2).unwrap());
            drop(first);
        });
        // A scope waits for the closures of its threads; a join waits for their end.
        leaks.join().unwrap();
    });
    let all = seats.try_acquire(3);
    assert!(matches!(all, Err(LockError::Abandoned(_))), "{all:?}");
    assert!(matches!(lock.try_lock(), Err(LockError::TimedOut)));
}

#[test]
fn a_thread_that_waits_at_a_barrier_leaves_nothing_to_its_end() {
    let _limit = limit();
    let barrier = Barrier::new(2).unwrap();
    for _ in 0..50 {
        thread::scope(|scope| {
            let other = scope.spawn(|| barrier.wait().unwrap());
            barrier.wait().unwrap();
            other.join().unwrap();
        });
    }
    assert_eq!(barrier.n_waiting(), 0);
}

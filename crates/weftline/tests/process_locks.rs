//! `process::{Lock, RLock, Value, Array}` between threads of one process; `process_deaths.rs` tests
//! other processes.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use support::{LONG, SHORT, count, in_a_process_that_dies, now};
use weftline::process::{Array, Lock, LockError, RLock, Semaphore, Value};

#[test]
fn a_lock_excludes_the_other_handles_of_it() {
    let lock = Lock::new(7_u32).unwrap();
    let other = lock.clone();
    let held = lock.lock().unwrap();
    assert!(lock.is_locked());
    thread::spawn(move || {
        assert!(matches!(other.try_lock(), Err(LockError::TimedOut)));
        let before = now();
        assert!(matches!(
            other.try_lock_for(SHORT),
            Err(LockError::TimedOut)
        ));
        assert!(before.elapsed() >= SHORT);
        let deadline = now() + SHORT;
        assert!(matches!(
            other.try_lock_until(deadline),
            Err(LockError::TimedOut)
        ));
    })
    .join()
    .unwrap();
    assert_eq!(*held, 7);
    drop(held);
    assert!(!lock.is_locked());
    assert!(lock.try_lock().is_ok());
}

#[test]
fn additions_of_many_threads_under_a_lock_are_all_kept() {
    const THREADS: usize = 8;
    let times = count(20_000) as u64;
    let lock = Lock::new(0_u64).unwrap();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..times {
                    *lock.lock().unwrap() += 1;
                }
            });
        }
    });
    assert_eq!(*lock.lock().unwrap(), THREADS as u64 * times);
}

#[test]
fn locks_may_be_freed_in_any_order() {
    let locks: Vec<_> = (0..5_u32).map(|n| Lock::new(n).unwrap()).collect();
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 4, 1, 3]] {
        let mut guards: Vec<_> = locks.iter().map(|lock| lock.lock().ok()).collect();
        for n in order {
            assert_eq!(guards[n].take().map(|guard| *guard), Some(n as u32));
            assert!(!locks[n].is_locked());
        }
    }
}

#[test]
fn the_c_librarys_own_robust_locks_live_in_the_same_list() {
    let mut mutexes = [libc::PTHREAD_MUTEX_INITIALIZER; 3];
    // SAFETY: initialised before they are used, by this thread alone.
    let code = unsafe {
        let mut attributes = std::mem::zeroed();
        libc::pthread_mutexattr_init(&mut attributes);
        libc::pthread_mutexattr_setrobust(&mut attributes, libc::PTHREAD_MUTEX_ROBUST);
        mutexes
            .iter_mut()
            .map(|mutex| libc::pthread_mutex_init(mutex, &attributes))
            .sum::<i32>()
    };
    assert_eq!(code, 0);
    let [first, second, third] = mutexes.each_mut().map(std::ptr::from_mut);
    let lock = Lock::new(0_u32).unwrap();
    let other = Lock::new(0_u32).unwrap();
    for _ in 0..3 {
        // SAFETY: each is initialised, taken and freed by this thread.
        unsafe {
            assert_eq!(libc::pthread_mutex_lock(first), 0);
            let guard = lock.lock().unwrap();
            assert_eq!(libc::pthread_mutex_lock(second), 0);
            let other_guard = other.lock().unwrap();
            assert_eq!(libc::pthread_mutex_lock(third), 0);
            assert_eq!(libc::pthread_mutex_unlock(second), 0);
            drop(guard);
            assert_eq!(libc::pthread_mutex_unlock(first), 0);
            drop(other_guard);
            assert_eq!(libc::pthread_mutex_unlock(third), 0);
        }
    }
    assert!(!lock.is_locked() && !other.is_locked());
}

#[test]
fn a_process_that_dies_with_a_lock_abandons_it() {
    let lock = Lock::new(1_u32).unwrap();
    let died = in_a_process_that_dies(|| {
        let mut guard = lock.lock().unwrap();
        *guard = 2;
        std::mem::forget(guard);
    });
    let abandoned = lock.lock().unwrap_err();
    assert_eq!(abandoned.pid(), died);
    // Until a thread recovers it, each thread that takes the lock gets the error.
    drop(abandoned);
    let Err(LockError::Abandoned(abandoned)) = lock.try_lock() else {
        panic!("no thread has recovered it")
    };
    assert!(abandoned.to_string().contains("died while it held this"));
    let guard = abandoned.recover();
    assert_eq!(*guard, 2);
    drop(guard);
    assert!(lock.try_lock().is_ok());
}

/// The system checks 2,048 words of a dead thread, and no more.
#[test]
fn a_thread_holds_no_more_locks_than_the_kernel_checks() {
    const MOST: usize = 2_000;
    let lock = Lock::new(0_u32).unwrap();
    let other = Lock::new(0_u32).unwrap();
    let value = Value::new(0_u32).unwrap();
    let seats = Semaphore::new(10_000).unwrap();
    in_a_process_that_dies(|| {
        // The system would come last to the lock that the thread took first.
        std::mem::forget(lock.lock().unwrap());
        for _ in 1..MOST {
            std::mem::forget(seats.acquire(1).unwrap());
        }
        let one_more: [&dyn Fn(); 3] =
            [&|| drop(seats.acquire(1)), &|| drop(other.lock()), &|| {
                value.set(1)
            }];
        for one_more in one_more {
            catch_unwind(AssertUnwindSafe(one_more)).unwrap_err();
        }
        // It can still use the locks and permits that it has.
        seats.release(1).unwrap();
    });
    let late = lock.try_lock_for(LONG);
    assert!(matches!(late, Err(LockError::Abandoned(_))), "{late:?}");
    let all = seats.try_acquire_for(10_001, LONG);
    assert!(matches!(all, Err(LockError::Abandoned(_))), "{all:?}");
    assert!(other.try_lock().is_ok() && value.get() == 0);
    // The limit is on locks held at one time: a thread may take any number one after the other.
    for _ in 0..2 * MOST {
        drop(other.lock().unwrap());
    }
}

#[test]
fn a_leaked_guard_keeps_its_memory() {
    for _ in 0..3 {
        let lock = Lock::new(0_u64).unwrap();
        std::mem::forget(lock.lock().unwrap());
    }
    // The list of this thread goes through the memory of the leaked locks.
    let lock = Lock::new(0_u64).unwrap();
    drop(lock.lock().unwrap());
}

#[test]
fn a_panic_under_a_guard_frees_the_lock() {
    let lock = Lock::new(0_u32).unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = lock.lock().unwrap();
        panic!("inside");
    }));
    assert!(panicked.is_err());
    assert!(lock.try_lock().is_ok());
}

#[test]
fn an_rlock_is_taken_again_by_its_thread_alone() {
    let lock = RLock::new(0_u32).unwrap();
    let other = lock.clone();
    let outer = lock.lock().unwrap();
    let inner = lock.try_lock().unwrap();
    inner.set(5);
    drop(outer);
    let is_free = |lock: RLock<u32>| {
        thread::spawn(move || lock.try_lock().is_ok())
            .join()
            .unwrap()
    };
    assert!(!is_free(other.clone()));
    drop(inner);
    assert!(is_free(other));
    assert_eq!(lock.lock().unwrap().get(), 5);
}

#[test]
fn an_abandoned_rlock_starts_anew() {
    let lock = RLock::new(0_u32).unwrap();
    in_a_process_that_dies(|| {
        std::mem::forget(lock.lock());
        std::mem::forget(lock.lock());
    });
    let guard = lock.lock().unwrap_err().recover();
    drop(guard);
    assert!(!lock.is_locked());
}

#[test]
fn a_value_changes_as_a_whole_or_not() {
    let value = Value::new([1_u64, 1]).unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        value.update(|pair| {
            pair[0] = 2;
            panic!("in between");
        });
    }));
    assert!(panicked.is_err());
    assert_eq!(value.get(), [1, 1]);
    value.update(|pair| *pair = [2, 2]);
    assert_eq!(value.get(), [2, 2]);
    let mut guard = value.lock();
    guard[0] = 3;
    assert_eq!(*guard, [3, 2]);
    let there = value.clone();
    thread::spawn(move || assert!(there.try_lock_for(SHORT).is_none()))
        .join()
        .unwrap();
    drop(guard);
    assert_eq!(value.get(), [3, 2]);
}

/// Runs a function while its thread unwinds.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn while_unwinding(f: impl FnMut()) {
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _on_drop = OnDrop(f);
        panic!("something else");
    }));
    assert!(unwound.is_err());
}

#[test]
fn a_destructor_changes_a_value_while_another_panic_unwinds() {
    let value = Value::new(0_u32).unwrap();
    while_unwinding(|| value.update(|n| *n += 1));
    assert_eq!(value.get(), 1, "update");
    while_unwinding(|| value.set(2));
    assert_eq!(value.get(), 2, "set");
    while_unwinding(|| *value.lock() += 1);
    assert_eq!(value.get(), 3, "a guard of the destructor's own");
}

#[test]
fn a_panic_takes_a_change_back_also_while_another_one_unwinds() {
    let value = Value::new(0_u32).unwrap();
    while_unwinding(|| {
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            value.update(|n| {
                *n += 1;
                panic!("in between");
            });
        }));
        assert!(panicked.is_err());
    });
    assert_eq!(value.get(), 0, "update");
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut guard = value.lock();
        *guard = 5;
        panic!("in between");
    }));
    assert!(panicked.is_err());
    assert_eq!(value.get(), 0, "a guard");
}

#[test]
fn a_value_that_many_change_is_never_torn() {
    let value = Value::new([0_u64; 16]).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..count(5_000) {
                    value.update(|all| all.iter_mut().for_each(|one| *one += 1));
                    let all = value.get();
                    assert!(all.iter().all(|one| *one == all[0]));
                }
            });
        }
    });
    assert_eq!(value.get(), [4 * count(5_000) as u64; 16]);
}

#[test]
fn an_array_has_its_values_in_a_row() {
    let array = Array::new(&[1_u16, 2, 3]).unwrap();
    assert_eq!(array.len(), 3);
    array.lock().unwrap().reverse();
    assert_eq!(*array.try_lock().unwrap(), [3, 2, 1]);
    let empty = Array::<u64>::new(&[]).unwrap();
    assert!(empty.is_empty() && empty.lock().unwrap().is_empty());
    let large = Array::new(&vec![1_u8; 100_000]).unwrap();
    assert_eq!(
        large
            .lock()
            .unwrap()
            .iter()
            .map(|one| u32::from(*one))
            .sum::<u32>(),
        100_000
    );
}

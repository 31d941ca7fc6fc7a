//! `process::{Lock, RLock, Value, Array}` as threads of one process see them; `process_deaths.rs` has the other processes.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use support::{LONG, SHORT, now};
use weftline::process::{Array, Lock, LockError, RLock, Semaphore, SharedError, Value, unlink};

/// A name that no other test, nor another run, has.
fn name(of: &str) -> String {
    format!("weftline-test-{}-{of}", std::process::id())
}

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
fn what_many_threads_add_under_a_lock_is_all_there() {
    const THREADS: usize = 8;
    const TIMES: u64 = 20_000;
    let lock = Lock::new(0_u64).unwrap();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..TIMES {
                    *lock.lock().unwrap() += 1;
                }
            });
        }
    });
    assert_eq!(*lock.lock().unwrap(), THREADS as u64 * TIMES);
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
fn a_thread_that_ends_with_a_lock_abandons_it() {
    let lock = Lock::new(1_u32).unwrap();
    let there = lock.clone();
    thread::spawn(move || {
        let mut guard = there.lock().unwrap();
        *guard = 2;
        std::mem::forget(guard);
    })
    .join()
    .unwrap();
    let abandoned = lock.lock().unwrap_err();
    assert_eq!(abandoned.pid(), std::process::id());
    // Until it is recovered, everybody is told.
    drop(abandoned);
    let Err(LockError::Abandoned(abandoned)) = lock.try_lock() else {
        panic!("nobody has recovered it")
    };
    assert!(abandoned.to_string().contains("died while it held this"));
    let guard = abandoned.recover();
    assert_eq!(*guard, 2);
    drop(guard);
    assert!(lock.try_lock().is_ok());
}

/// The system looks at 2,048 of what a thread held, and no more.
#[test]
fn a_thread_holds_no_more_than_what_it_can_be_survived_with() {
    const MOST: usize = 2_000;
    let lock = Lock::new(0_u32).unwrap();
    let other = Lock::new(0_u32).unwrap();
    let value = Value::new(0_u32).unwrap();
    let seats = Semaphore::new(10_000).unwrap();
    thread::scope(|scope| {
        let held = scope.spawn(|| {
            // What it took first is what the system would come to last.
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
            // What it has it can still use.
            seats.release(1).unwrap();
        });
        held.join().unwrap();
    });
    let late = lock.try_lock_for(LONG);
    assert!(matches!(late, Err(LockError::Abandoned(_))), "{late:?}");
    let all = seats.try_acquire_for(10_001, LONG);
    assert!(matches!(all, Err(LockError::Abandoned(_))), "{all:?}");
    assert!(other.try_lock().is_ok() && value.get() == 0);
    // As often as one likes one after the other, and in as many threads as one likes.
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
    // The list of this thread goes through their memory.
    let lock = Lock::new(0_u64).unwrap();
    drop(lock.lock().unwrap());
}

#[test]
fn a_file_that_was_cut_off_is_no_object() {
    let name = name("cut");
    let path = format!("/dev/shm/{name}");
    drop(Array::create(&name, &[1_u64; 10_000]).unwrap());
    let whole = std::fs::read(&path).unwrap();
    unlink(&name).unwrap();
    // And one that says that it has more than its file holds.
    let mut boasts = whole.clone();
    let length = boasts
        .windows(8)
        .position(|it| it == 10_000_u64.to_le_bytes());
    boasts[length.unwrap()..][..8].copy_from_slice(&u64::MAX.to_le_bytes());
    for bytes in [&[], &whole[..20], &whole[..100], &whole[..4096], &boasts] {
        std::fs::write(&path, bytes).unwrap();
        let opened = Array::<u64>::open(&name);
        unlink(&name).unwrap();
        assert!(
            matches!(opened, Err(SharedError::Mismatch(_))),
            "{} bytes: {opened:?}",
            bytes.len()
        );
    }
    std::fs::write(&path, &whole).unwrap();
    let array = Array::<u64>::open(&name).unwrap();
    unlink(&name).unwrap();
    assert_eq!(*array.lock().unwrap(), [1; 10_000]);
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
fn a_name_finds_the_same_object() {
    let name = name("lock");
    let lock = Lock::create(&name, [1_u8, 2]).unwrap();
    let other = Lock::<[u8; 2]>::open(&name).unwrap();
    lock.lock().unwrap()[0] = 9;
    assert_eq!(*other.lock().unwrap(), [9, 2]);
    assert!(matches!(
        Lock::create(&name, 0_u8),
        Err(SharedError::Exists(_))
    ));
    let error = Lock::<u32>::open(&name).unwrap_err();
    assert!(error.to_string().contains("values of 2 bytes"), "{error}");
    let error = Value::<[u8; 2]>::open(&name).unwrap_err();
    assert!(error.to_string().contains("is a Lock"), "{error}");
    unlink(&name).unwrap();
    assert!(matches!(unlink(&name), Err(SharedError::NotFound(_))));
    assert!(matches!(
        Lock::<[u8; 2]>::open(&name),
        Err(SharedError::NotFound(_))
    ));
    // Who has it keeps it.
    assert_eq!(*other.lock().unwrap(), [9, 2]);
}

#[test]
fn what_cannot_be_a_name_is_refused() {
    for bad in ["", ".", "..", "a/b", "nul\0", &"x".repeat(256)] {
        assert!(matches!(
            Lock::create(bad, 0_u8),
            Err(SharedError::BadName(_))
        ));
    }
}

#[test]
fn what_is_no_object_is_refused() {
    let name = name("text");
    std::fs::write(
        format!("/dev/shm/{name}"),
        "not an object of this library, but long enough",
    )
    .unwrap();
    let error = Lock::<u8>::open(&name).unwrap_err();
    unlink(&name).unwrap();
    assert!(error.to_string().contains("no object"), "{error}");
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
    let there = lock.clone();
    thread::spawn(move || {
        std::mem::forget(there.lock());
        std::mem::forget(there.lock());
    })
    .join()
    .unwrap();
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

#[test]
fn a_value_that_many_change_is_never_torn() {
    let value = Value::new([0_u64; 16]).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    value.update(|all| all.iter_mut().for_each(|one| *one += 1));
                    let all = value.get();
                    assert!(all.iter().all(|one| *one == all[0]));
                }
            });
        }
    });
    assert_eq!(value.get(), [20_000; 16]);
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

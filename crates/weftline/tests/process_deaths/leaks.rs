//! Leaked guards: the lock stays held while the process lives, and is abandoned when it dies.

use crate::herd::{Child, Counters};
use crate::support::{LONG, SHORT, now};
use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;
use weftline::process::{Array, Condition, Lock, LockError, RLock, Value};

/// The objects whose guards each case leaks in a thread that ends.
struct Locks {
    lock: Lock<u32>,
    rlock: RLock<u32>,
    array: Array<u32>,
    condition: Condition<u32>,
    value: Value<u32>,
}

impl Locks {
    fn new() -> Self {
        Self {
            lock: Lock::new(1).unwrap(),
            rlock: RLock::new(1).unwrap(),
            array: Array::new(&[1; 4]).unwrap(),
            condition: Condition::new(1).unwrap(),
            value: Value::new(1).unwrap(),
        }
    }

    fn leak(&self) {
        std::mem::forget(self.lock.lock());
        std::mem::forget(self.rlock.lock());
        std::mem::forget(self.rlock.lock());
        std::mem::forget(self.array.lock());
        std::mem::forget(self.condition.lock());
        std::mem::forget(self.value.lock());
    }

    fn are_held(&self) -> bool {
        matches!(self.lock.try_lock(), Err(LockError::TimedOut))
            && matches!(self.rlock.try_lock_for(SHORT), Err(LockError::TimedOut))
            && matches!(self.array.try_lock_for(SHORT), Err(LockError::TimedOut))
            && matches!(self.condition.try_lock(), Err(LockError::TimedOut))
            && self.value.try_lock_for(SHORT).is_none()
    }

    fn are_abandoned(&self) -> bool {
        matches!(self.lock.try_lock_for(LONG), Err(LockError::Abandoned(_)))
            && matches!(self.rlock.try_lock_for(LONG), Err(LockError::Abandoned(_)))
            && matches!(self.array.try_lock_for(LONG), Err(LockError::Abandoned(_)))
            && matches!(
                self.condition.try_lock_for(LONG),
                Err(LockError::Abandoned(_))
            )
            && self.value.try_lock_for(LONG).is_some()
    }
}

/// Has a child run `leak`, which returns while its process goes on.
fn check(leak: impl FnOnce(&Locks)) {
    let locks = Locks::new();
    let leaked = Counters::new(1);
    let child = Child::that(|| {
        leak(&locks);
        assert!(locks.are_held(), "held for the process itself");
        leaked[0].store(1, Ordering::Release);
        loop {
            thread::sleep(Duration::from_secs(1));
        }
    });
    let deadline = now() + LONG;
    while leaked[0].load(Ordering::Acquire) == 0 {
        assert!(now() < deadline, "the child does not progress");
        thread::sleep(Duration::from_micros(200));
    }
    assert!(locks.are_held(), "held for other processes");
    child.kill();
    assert!(locks.are_abandoned(), "its process has died");
}

pub(crate) fn leaked_guard() {
    check(|locks| {
        thread::scope(|scope| scope.spawn(|| locks.leak()).join()).expect("it only leaks");
        // Another thread leaks a guard of its own.
        thread::scope(|scope| {
            let more = Lock::new(0_u32).unwrap();
            let also = more.clone();
            scope
                .spawn(move || std::mem::forget(also.lock()))
                .join()
                .expect("it only leaks");
            assert!(more.try_lock().is_err());
        });
    });
}

/// The system has no memory for a lock holder thread: the lock stays held for good.
pub(crate) fn no_lock_holder() {
    let locks = Locks::new();
    Child::that(|| {
        let (go, wait) = channel::<()>();
        let (is_there, there) = channel::<()>();
        thread::scope(|scope| {
            let locks = &locks;
            let leaks = scope.spawn(move || {
                // Allocates the memory that a first lock needs.
                drop(locks.lock.lock());
                is_there.send(()).unwrap();
                wait.recv().unwrap();
                locks.leak();
            });
            there.recv().unwrap();
            let status = std::fs::read_to_string("/proc/self/statm").unwrap();
            let pages: u64 = status.split(' ').next().unwrap().parse().unwrap();
            let limit = libc::rlimit {
                rlim_cur: pages * 4096,
                rlim_max: libc::RLIM_INFINITY,
            };
            // SAFETY: plain call of the system.
            assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
            go.send(()).unwrap();
            leaks.join().unwrap();
        });
        assert!(locks.are_held());
    })
    .join();
}

/// The main thread's end is the process's.
pub(crate) fn main_thread() {
    let locks = Locks::new();
    Child::that(|| locks.leak()).join();
    assert!(locks.are_abandoned());
}

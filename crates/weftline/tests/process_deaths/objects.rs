//! Kills at one object after the other.

use crate::herd::{Child, Counters, Random, cull, kills};
use crate::support::{LONG, now};
use std::sync::atomic::Ordering;
use std::time::Duration;
use weftline::process::{
    Array, Barrier, BarrierError, BoundedSemaphore, Condition, Event, Lock, LockError, RLock,
    Semaphore, Value, WaitError,
};

/// Spends time under the lock, without a call of the system.
fn dwell(n: u64) {
    for _ in 0..n % 500 {
        std::hint::spin_loop();
    }
}

pub(crate) fn lock() {
    let lock = Lock::new([0_u64; 2]).unwrap();
    cull(4, |_, done| {
        let mut guard = match lock.lock() {
            Ok(guard) => {
                assert_eq!(guard[0], guard[1], "half done, without an error");
                guard
            }
            Err(abandoned) => {
                assert_ne!(abandoned.pid(), 0);
                let mut guard = abandoned.recover();
                guard[1] = guard[0];
                guard
            }
        };
        guard[0] += 1;
        dwell(guard[0]);
        guard[1] += 1;
        drop(guard);
        done.fetch_add(1, Ordering::Relaxed);
    });
    let _ = lock.lock().map_err(|abandoned| abandoned.recover());
    assert!(lock.try_lock().is_ok());
}

pub(crate) fn rlock() {
    let lock = RLock::new([0_u64; 2]).unwrap();
    cull(4, |_, done| {
        let outer = lock.lock().unwrap_or_else(|abandoned| {
            let guard = abandoned.recover();
            guard.set([guard.get()[0]; 2]);
            guard
        });
        let inner = lock.try_lock().unwrap();
        let [a, b] = inner.get();
        assert_eq!(a, b, "half done, without an error");
        inner.set([a + 1, b]);
        drop(inner);
        dwell(a);
        outer.set([a + 1, b + 1]);
        drop(outer);
        done.fetch_add(1, Ordering::Relaxed);
    });
}

pub(crate) fn value() {
    let value = Value::new([0_u64; 32]).unwrap();
    cull(4, |_, done| {
        value.update(|all| {
            for one in all.iter_mut() {
                *one += 1;
            }
            dwell(all[0]);
        });
        let all = value.get();
        assert!(all.iter().all(|one| *one == all[0]), "torn: {all:?}");
        done.fetch_add(1, Ordering::Relaxed);
    });
}

pub(crate) fn array() {
    let array = Array::new(&[0_u32; 100]).unwrap();
    cull(3, |n, done| {
        let mut guard = array.lock().unwrap_or_else(|abandoned| {
            let mut guard = abandoned.recover();
            guard.fill(0);
            guard
        });
        let first = guard[0];
        assert!(
            guard.iter().all(|one| *one == first),
            "half done, without an error"
        );
        guard.fill(n as u32);
        drop(guard);
        done.fetch_add(1, Ordering::Relaxed);
    });
}

macro_rules! semaphore {
    ($name:ident, $type:ident) => {
        pub(crate) fn $name() {
            let seats = $type::new(2).unwrap();
            let inside = Counters::new(4);
            cull(4, |n, done| {
                inside[n].store(0, Ordering::Relaxed);
                let wants = 1 + u64::from(n == 3);
                let permit = match seats.acquire(wants) {
                    Ok(permit) => permit,
                    Err(abandoned) => {
                        assert_ne!(abandoned.pid(), 0);
                        abandoned.recover()
                    }
                };
                assert!(seats.available() <= 2 - wants);
                dwell(done.load(Ordering::Relaxed));
                drop(permit);
                done.fetch_add(1, Ordering::Relaxed);
            });
            // All permits come back, those of the dead as well.
            let all = seats.try_acquire_for(2, LONG);
            assert!(
                !matches!(all, Err(LockError::TimedOut)),
                "permits were lost"
            );
            drop(all);
            assert_eq!(seats.available(), 2);
        }
    };
}

semaphore!(semaphore, Semaphore);
semaphore!(bounded_semaphore, BoundedSemaphore);

pub(crate) fn event() {
    let event = Event::new().unwrap();
    cull(4, |_, done| {
        event.set();
        // Another child may clear it, and die.
        let _ = event.try_wait_for(Duration::from_millis(20));
        event.clear();
        done.fetch_add(1, Ordering::Relaxed);
    });
    event.set();
    event.wait();
}

/// The turn goes round; the next child takes over the turn of a child that died.
pub(crate) fn condition() {
    let turns = Condition::new([0_u64; 2]).unwrap();
    cull(4, |n, done| {
        let mut guard = turns.lock().unwrap_or_else(|abandoned| {
            let mut guard = abandoned.recover();
            guard[1] = guard[0];
            guard
        });
        assert_eq!(guard[0], guard[1], "half done, without an error");
        guard[0] += 1;
        dwell(guard[0] + n as u64);
        guard[1] += 1;
        guard.notify(1 + n % 2);
        match guard.try_wait_for(Duration::from_millis(5)) {
            Err(WaitError::Abandoned(pid)) => {
                assert_ne!(pid, 0);
                guard[1] = guard[0];
                guard.recover();
            }
            ended => assert!(
                matches!(ended, Ok(()) | Err(WaitError::TimedOut)),
                "{ended:?}"
            ),
        }
        drop(guard);
        done.fetch_add(1, Ordering::Relaxed);
    });
}

/// Two children wait; the child that has waited longer is notified and killed. The other has to get
/// the notification, unless the first has come back from its wait.
pub(crate) fn notification_of_the_dead() {
    // Counts the waits that have begun.
    let condition = Condition::new(0_u64).unwrap();
    let acted = Counters::new(1);
    let mut random = Random::new();
    // Each round takes half a second: the waiters find a death after that time.
    for _ in 0..kills() / 8 {
        let began = *condition.lock().unwrap();
        let waiter = || {
            Child::that(|| {
                let mut guard = condition.lock().unwrap();
                loop {
                    *guard += 1;
                    match guard.wait() {
                        Ok(()) => acted[0].fetch_add(1, Ordering::Relaxed),
                        Err(WaitError::Abandoned(_)) => return,
                        Err(why) => panic!("{why}"),
                    };
                }
            })
        };
        let deadline = now() + LONG;
        let wait_for_waiters = |n| {
            while *condition.lock().unwrap() < began + n {
                assert!(now() < deadline, "no child waits");
                std::thread::sleep(Duration::from_micros(100));
            }
        };
        let first = waiter();
        wait_for_waiters(1);
        let second = waiter();
        wait_for_waiters(2);
        let before = acted[0].load(Ordering::Relaxed);
        condition.lock().unwrap().notify(1);
        dwell(random.below(500));
        first.kill();
        while acted[0].load(Ordering::Relaxed) == before {
            // The first had come back from its wait, and died with the lock before it counted.
            if let Err(abandoned) = condition.lock() {
                drop(abandoned.recover());
                break;
            }
            assert!(now() < deadline, "a notification was lost with the dead");
            std::thread::sleep(Duration::from_micros(100));
        }
        second.kill();
        drop(condition.lock().map_err(|abandoned| abandoned.recover()));
    }
}

pub(crate) fn barrier() {
    let barrier = Barrier::new(3).unwrap();
    cull(3, |_, done| {
        match barrier.wait() {
            Ok(arrival) => assert!(arrival.index() < 3),
            Err(BarrierError::Abandoned(pid)) => {
                assert_ne!(pid, 0);
                barrier.reset();
            }
            // Another child reset it first.
            Err(BarrierError::Broken) => {}
            Err(other) => panic!("{other:?}"),
        }
        done.fetch_add(1, Ordering::Relaxed);
    });
}

/// The child of a fork has a copy of a guard, and not the lock.
pub(crate) fn fork_with_a_guard() {
    let lock = Lock::new(0_u32).unwrap();
    let seats = Semaphore::new(1).unwrap();
    let value = Value::new(1_u32).unwrap();
    let guard = lock.lock().unwrap();
    let permit = seats.acquire(1).unwrap();
    let locked = value.lock();
    let child = Child::that(|| {
        // SAFETY: copies, whose originals are dropped in the parent.
        unsafe {
            drop(std::ptr::read(&guard));
            drop(std::ptr::read(&permit));
            drop(std::ptr::read(&locked));
        }
        assert!(matches!(lock.try_lock(), Err(LockError::TimedOut)));
        assert!(matches!(seats.try_acquire(1), Err(LockError::TimedOut)));
        assert!(value.try_lock().is_none());
    });
    child.join();
    drop((guard, permit, locked));
    assert!(lock.try_lock().is_ok() && seats.try_acquire(1).is_ok() && value.try_lock().is_some());
}

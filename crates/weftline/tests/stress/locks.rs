//! Mutual exclusion under every form of locking, with timeouts that expire.

use crate::support::{count, now};
use crate::{Random, in_threads};
use std::cell::Cell;
use weftline::{Lock, RLock};

#[test]
fn no_increment_under_a_lock_is_lost() {
    let lock = Lock::new(0_usize);
    let done: usize = in_threads(4, |number| {
        let mut random = Random::new(number);
        let mut done = 0;
        for _ in 0..count(30_000) {
            let held = match random.below(8) {
                0 => lock.try_lock(),
                1 => lock.try_lock_for(random.timeout()),
                2 => lock.try_lock_until(now() + random.timeout()),
                _ => Some(lock.lock()),
            };
            if let Some(mut held) = held {
                // More than one instruction, so that another thread in here would be seen.
                let value = std::hint::black_box(*held);
                *held = value + 1;
                done += 1;
                if random.below(1_000) == 0 {
                    std::thread::yield_now();
                }
            }
        }
        done
    })
    .into_iter()
    .sum();
    assert_eq!(lock.into_inner(), done);
}

#[test]
fn no_increment_under_a_lock_that_is_held_for_long_is_lost() {
    // Every wait is longer than the starvation bound: handoffs, and timeouts that race with them.
    let lock = Lock::new(0_usize);
    let done: usize = in_threads(4, |number| {
        let mut random = Random::new(number);
        let mut done = 0;
        for _ in 0..count(60) {
            let timeout = std::time::Duration::from_micros(random.below(4_000));
            if let Some(mut held) = lock.try_lock_for(timeout) {
                *held += 1;
                done += 1;
                std::thread::sleep(std::time::Duration::from_micros(random.below(1_500)));
            }
        }
        done
    })
    .into_iter()
    .sum();
    assert_eq!(lock.into_inner(), done);
}

#[test]
fn no_increment_under_a_re_entrant_lock_is_lost() {
    let lock = RLock::new(Cell::new(0_usize));
    let done: usize = in_threads(4, |number| {
        let mut random = Random::new(number);
        let mut done = 0;
        for _ in 0..count(20_000) {
            let outer = match random.below(4) {
                0 => lock.try_lock(),
                1 => lock.try_lock_for(random.timeout()),
                _ => Some(lock.lock()),
            };
            if let Some(outer) = outer {
                let inner = lock.try_lock().expect("this thread holds it");
                drop(outer);
                inner.set(inner.get() + 1);
                done += 1;
            }
        }
        done
    })
    .into_iter()
    .sum();
    assert!(!lock.is_locked());
    assert_eq!(lock.into_inner().get(), done);
}

//! Exclusion under every form of locking, with timeouts that expire.

use crate::support::{count, now};
use crate::{Random, in_threads};
use std::cell::Cell;
use weftline::{Lock, RLock, RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};

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

#[test]
fn no_increment_under_a_read_write_lock_is_lost_and_no_reader_sees_half_of_one() {
    // Two numbers that are equal except while a thread writes.
    let lock = RwLock::new((0_usize, 0_usize));
    let add = |pair: &mut (usize, usize)| {
        pair.0 = std::hint::black_box(pair.0) + 1;
        pair.1 = std::hint::black_box(pair.1) + 1;
    };
    let check = |pair: &(usize, usize)| assert_eq!(pair.0, std::hint::black_box(pair.1));
    let done: usize = in_threads(4, |number| {
        let mut random = Random::new(number);
        let mut done = 0;
        for _ in 0..count(30_000) {
            match random.below(12) {
                0 => {
                    if let Some(mut write) = lock.try_write_for(random.timeout()) {
                        add(&mut write);
                        done += 1;
                    }
                }
                1 => {
                    let mut write = lock.write();
                    add(&mut write);
                    done += 1;
                    let read = RwLockWriteGuard::downgrade(write);
                    check(&read);
                    check(&lock.read());
                }
                2 => {
                    let upgradable = lock.upgradable_read();
                    let before = *upgradable;
                    let mut write = RwLockUpgradableReadGuard::upgrade(upgradable);
                    assert_eq!(*write, before);
                    add(&mut write);
                    done += 1;
                }
                3 => {
                    if let Some(upgradable) = lock.try_upgradable_read_for(random.timeout()) {
                        let timeout = random.timeout();
                        match RwLockUpgradableReadGuard::try_upgrade_for(upgradable, timeout) {
                            Ok(mut write) => {
                                add(&mut write);
                                done += 1;
                            }
                            Err(read) => check(&RwLockUpgradableReadGuard::downgrade(read)),
                        }
                    }
                }
                4 => drop(lock.try_read_for(random.timeout()).map(|read| check(&read))),
                5 => drop(lock.try_read().map(|read| check(&read))),
                6 => {
                    add(&mut lock.write());
                    done += 1;
                }
                _ => {
                    let outer = lock.read();
                    if random.below(100) == 0 {
                        std::thread::yield_now();
                    }
                    check(&lock.read());
                    check(&outer);
                }
            }
        }
        done
    })
    .into_iter()
    .sum();
    assert!(!lock.is_locked());
    assert_eq!(lock.into_inner(), (done, done));
}

#[test]
fn no_increment_under_a_read_write_lock_that_is_held_for_long_is_lost() {
    // Every wait is longer than the starvation bound: handoffs, and timeouts that race with them.
    let lock = RwLock::new(0_usize);
    let done: usize = in_threads(4, |number| {
        let mut random = Random::new(number);
        let mut done = 0;
        for _ in 0..count(80) {
            let timeout = std::time::Duration::from_micros(random.below(4_000));
            let held = std::time::Duration::from_micros(random.below(1_500));
            if random.below(2) == 0 {
                if let Some(mut write) = lock.try_write_for(timeout) {
                    *write += 1;
                    done += 1;
                    std::thread::sleep(held);
                }
            } else if let Some(read) = lock.try_read_for(timeout) {
                let before = *read;
                std::thread::sleep(held);
                assert_eq!(*read, before);
            }
        }
        done
    })
    .into_iter()
    .sum();
    assert!(!lock.is_locked());
    assert_eq!(lock.into_inner(), done);
}

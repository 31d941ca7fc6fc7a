//! Waits that are interrupted at any moment: grants that they do not use go to others.

use crate::support::{Interrupt, count, limit};
use crate::{Random, in_threads};
use std::sync::atomic::{AtomicUsize, Ordering};
use weftline::park::{Blocker, Deadline, Parker, ThreadBlocker, WaitError, Wake};
use weftline::queue::raw::{Fifo, GetFailure, PutFailure, RawQueue};
use weftline::sync::raw::{RawCondition, RawLock, RawRwLock, RawSemaphore};

/// Sleeps, and is sometimes interrupted before or after the sleep.
struct OftenInterrupted(Random);

impl Blocker for OftenInterrupted {
    type Interrupt = Interrupt;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Interrupt> {
        match self.0.below(4) {
            0 => Err(Interrupt),
            1 => {
                std::thread::yield_now();
                Err(Interrupt)
            }
            2 => {
                let Ok(_) = ThreadBlocker.block(parker, Deadline::after(self.0.timeout()));
                // As a signal would: the wait checks its state and goes on.
                if deadline.has_passed() {
                    Ok(Wake::TimedOut)
                } else {
                    Ok(Wake::Interrupted)
                }
            }
            _ => {
                let Ok(wake) = ThreadBlocker.block(parker, deadline);
                if self.0.below(2) == 0 {
                    Err(Interrupt)
                } else {
                    Ok(wake)
                }
            }
        }
    }
}

fn deadline(random: &mut Random) -> Deadline {
    if random.below(2) == 0 {
        Deadline::NEVER
    } else {
        Deadline::after(random.timeout())
    }
}

#[test]
fn a_lock_stays_a_lock() {
    let lock = RawLock::new();
    let inside = AtomicUsize::new(0);
    in_threads(4, |number| {
        let mut random = Random::new(number);
        let mut blocker = OftenInterrupted(Random::new(number + 100));
        for _ in 0..count(10_000) {
            if lock.lock_with(&mut blocker, deadline(&mut random)).is_ok() {
                assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
                if random.below(50) == 0 {
                    std::thread::yield_now();
                }
                inside.fetch_sub(1, Ordering::Relaxed);
                lock.unlock().unwrap();
            }
        }
    });
    assert!(lock.try_lock());
}

#[test]
fn a_read_write_lock_stays_one() {
    const WRITER: usize = 1 << 32;
    let lock = RawRwLock::new();
    let inside = AtomicUsize::new(0);
    let goes_in = |as_what: usize, seen: usize| {
        let before = inside.fetch_add(as_what, Ordering::Relaxed);
        assert!(before < seen, "{before:#x}");
    };
    let goes_out = |as_what: usize| {
        inside.fetch_sub(as_what, Ordering::Relaxed);
    };
    in_threads(4, |number| {
        let mut random = Random::new(number);
        let mut blocker = OftenInterrupted(Random::new(number + 100));
        for _ in 0..count(10_000) {
            let deadline = deadline(&mut random);
            match random.below(4) {
                0 if lock.write_with(&mut blocker, deadline).is_ok() => {
                    goes_in(WRITER, 1);
                    goes_out(WRITER);
                    lock.unlock_write().unwrap();
                }
                1 if lock.upgradable_with(&mut blocker, deadline).is_ok() => {
                    goes_in(1, WRITER);
                    if lock.upgrade_with(&mut blocker, deadline).is_ok() {
                        goes_in(WRITER, 2);
                        goes_out(WRITER);
                        lock.downgrade().unwrap();
                        goes_out(1);
                        lock.unlock_read().unwrap();
                    } else {
                        goes_out(1);
                        lock.unlock_upgradable().unwrap();
                    }
                }
                2 | 3 if lock.read_with(&mut blocker, deadline).is_ok() => {
                    goes_in(1, WRITER);
                    if random.below(50) == 0 {
                        std::thread::yield_now();
                    }
                    goes_out(1);
                    lock.unlock_read().unwrap();
                }
                _ => {}
            }
        }
    });
    assert!(lock.try_write());
    assert_eq!(lock.waiting(), (0, 0));
}

#[test]
fn no_permit_is_lost_or_found() {
    let semaphore = RawSemaphore::new(3, 3).unwrap();
    in_threads(4, |number| {
        let mut random = Random::new(number);
        let mut blocker = OftenInterrupted(Random::new(number + 100));
        for _ in 0..count(10_000) {
            let n = 1 + random.below(3);
            if semaphore
                .acquire_with(n, &mut blocker, deadline(&mut random))
                .is_ok()
            {
                if random.below(50) == 0 {
                    std::thread::yield_now();
                }
                semaphore.release(n).unwrap();
            }
        }
    });
    assert_eq!(semaphore.permits(), 3);
}

#[test]
fn no_notification_is_lost() {
    // One thread waits and is never interrupted. Each notification is for that thread, or is passed
    // on to it.
    let (lock, condition) = (RawLock::new(), RawCondition::new());
    let left = AtomicUsize::new(count(2_000));
    in_threads(3, |number| {
        let mut blocker = OftenInterrupted(Random::new(number));
        let take = || lock.lock_with(&mut ThreadBlocker, Deadline::NEVER).unwrap();
        loop {
            take();
            // Under the lock: a thread that finds something left is enlisted when the last
            // notification comes.
            if left.load(Ordering::Relaxed) == 0 {
                condition.notify(usize::MAX);
                lock.unlock().unwrap();
                break;
            }
            let released = match number {
                0 => {
                    condition.notify(1);
                    lock.unlock().unwrap();
                    std::thread::yield_now();
                    continue;
                }
                1 => {
                    let waited = condition.wait_with(&mut ThreadBlocker, Deadline::NEVER, |_| {
                        lock.unlock().unwrap();
                        Ok(())
                    });
                    assert_eq!(waited, Ok(()));
                    Ok(())
                }
                _ => condition.wait_with(&mut blocker, Deadline::NEVER, |_| {
                    lock.unlock().unwrap();
                    Ok(())
                }),
            };
            if number == 1 {
                left.fetch_sub(1, Ordering::Relaxed);
            }
            assert!(matches!(
                released,
                Ok(()) | Err(WaitError::Interrupted(Interrupt))
            ));
        }
    });
}

#[test]
fn no_item_is_lost_or_doubled() {
    let _limit = limit();
    let queue = RawQueue::<usize, Fifo<usize>, OftenInterrupted>::new(2);
    let sums = in_threads(4, |number| {
        let mut random = Random::new(number);
        let mut blocker = OftenInterrupted(Random::new(number + 100));
        let mut sum = 0;
        let mut left = count(6_000);
        while left > 0 {
            let deadline = deadline(&mut random);
            if number < 2 {
                match queue.put_with(left, &mut blocker, deadline) {
                    Ok(()) => sum += left,
                    Err(PutFailure::Full(_) | PutFailure::Interrupted(..)) => continue,
                    Err(other) => panic!("{other:?}"),
                }
            } else {
                match queue.get_with(&mut blocker, deadline) {
                    Ok(item) => sum += item,
                    Err(GetFailure::Empty | GetFailure::Interrupted(_)) => continue,
                    Err(other) => panic!("{other:?}"),
                }
            }
            left -= 1;
        }
        sum
    });
    assert_eq!(sums[0] + sums[1], sums[2] + sums[3]);
    assert!(queue.is_empty());
}

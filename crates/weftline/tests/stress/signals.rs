//! Conditions, events, semaphores and barriers: every signal arrives, and none arrives that was not
//! sent.

use crate::support::{count, now};
use crate::{Random, in_threads};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use weftline::{Barrier, BoundedSemaphore, Condition, Event, Semaphore};

#[test]
fn as_many_waits_end_well_as_were_notified() {
    let condition = Condition::new(0_usize);
    let running = AtomicUsize::new(3);
    let counts = in_threads(4, |number| {
        let mut random = Random::new(number);
        if number == 0 {
            let mut notified = 0;
            while running.load(Ordering::Relaxed) > 0 {
                let held = condition.lock();
                notified += held.notify(random.below(4) as usize);
                drop(held);
                std::thread::yield_now();
            }
            return (notified, 0);
        }
        let mut woken = 0;
        for _ in 0..count(3_000) {
            let mut held = condition.lock();
            woken += usize::from(held.try_wait_for(random.timeout()).is_ok());
            *held += 1;
        }
        running.fetch_sub(1, Ordering::Relaxed);
        (0, woken)
    });
    let woken: usize = counts.iter().map(|(_, woken)| woken).sum();
    assert_eq!(counts[0].0, woken);
    assert_eq!(condition.into_inner(), 3 * count(3_000));
}

#[test]
fn threads_that_take_turns_through_a_condition_all_get_theirs() {
    const THREADS: usize = 4;
    let turn = Condition::new(0_usize);
    in_threads(THREADS, |number| {
        for _ in 0..count(1_500) {
            let mut held = turn.lock();
            held.wait_while(|turn| *turn % THREADS != number);
            *held += 1;
            held.notify_all();
        }
    });
    assert_eq!(turn.into_inner(), THREADS * count(1_500));
}

#[test]
fn every_waiter_of_an_event_is_woken_by_the_next_set() {
    let event = Event::new();
    let running = AtomicUsize::new(3);
    in_threads(4, |number| {
        let mut random = Random::new(number);
        if number == 0 {
            while running.load(Ordering::Relaxed) > 0 {
                event.set();
                event.clear();
                if random.below(4) == 0 {
                    std::thread::yield_now();
                }
            }
            return;
        }
        for _ in 0..count(3_000) {
            match random.below(3) {
                // Without a deadline, so that a lost wakeup is a test that never ends.
                0 => event.wait(),
                1 => drop(event.try_wait_for(random.timeout())),
                _ => drop(event.try_wait_until(now() + random.timeout())),
            }
        }
        running.fetch_sub(1, Ordering::Relaxed);
    });
}

#[test]
fn there_are_never_more_permits_acquired_than_exist() {
    const PERMITS: usize = 5;
    let semaphore = BoundedSemaphore::new(PERMITS);
    let out = AtomicUsize::new(0);
    in_threads(4, |number| {
        let mut random = Random::new(number);
        for _ in 0..count(15_000) {
            let n = 1 + random.below(PERMITS as u64) as usize;
            let permit = match random.below(4) {
                0 => semaphore.try_acquire(n),
                1 => semaphore.try_acquire_for(n, random.timeout()),
                _ => Some(semaphore.acquire(n)),
            };
            if let Some(permit) = permit {
                assert!(out.fetch_add(n, Ordering::Relaxed) + n <= PERMITS);
                out.fetch_sub(n, Ordering::Relaxed);
                drop(permit);
            }
        }
    });
    assert_eq!(semaphore.available(), PERMITS);
}

#[test]
fn every_permit_that_is_released_is_taken_once() {
    let semaphore = Semaphore::new(0);
    in_threads(4, |number| {
        let mut random = Random::new(number);
        let mut left = count(12_000) as u64;
        while left > 0 {
            let n = (1 + random.below(3)).min(left) as usize;
            if number < 2 {
                semaphore.release(n).unwrap();
            } else if random.below(3) == 0 {
                match semaphore.try_acquire_for(n, random.timeout()) {
                    Some(permit) => permit.forget(),
                    None => continue,
                }
            } else {
                // One at a time, because two threads that both wanted the last two of three would
                // wait for ever.
                semaphore.acquire(1).forget();
                left -= 1;
                continue;
            }
            left -= n as u64;
        }
    });
    assert_eq!(semaphore.available(), 0);
}

#[test]
fn all_parties_pass_every_round_together() {
    let rounds = count(1_500);
    let barrier = Barrier::new(4);
    let arrived = AtomicUsize::new(0);
    let led: usize = in_threads(4, |_| {
        let mut led = 0;
        for round in 1..=rounds {
            arrived.fetch_add(1, Ordering::Relaxed);
            led += usize::from(barrier.wait().unwrap().is_leader());
            assert!(arrived.load(Ordering::Relaxed) >= 4 * round);
        }
        led
    })
    .into_iter()
    .sum();
    assert_eq!(led, rounds);
}

#[test]
fn a_barrier_that_keeps_breaking_and_being_reset_keeps_no_thread() {
    let barrier = Barrier::with_action(3, std::thread::yield_now);
    let passed = AtomicUsize::new(0);
    in_threads(4, |number| {
        let mut random = Random::new(number);
        for _ in 0..count(1_000) {
            let waited = match random.below(8) {
                0 => {
                    barrier.abort();
                    continue;
                }
                1 => {
                    barrier.reset();
                    continue;
                }
                _ => barrier.try_wait_for(Duration::from_micros(50) + random.timeout()),
            };
            match waited {
                Ok(_) => drop(passed.fetch_add(1, Ordering::Relaxed)),
                Err(_) => barrier.reset(),
            }
        }
    });
    assert_eq!(barrier.n_waiting(), 0);
    assert_eq!(passed.into_inner() % 3, 0, "three parties pass or none");
}

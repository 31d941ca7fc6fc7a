//! `process::{Semaphore, BoundedSemaphore}`: permits, wake-ups for them, and the permits of threads
//! that have ended.

use crate::support::{LONG, SHORT, Sleeper, count, limit, now};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use weftline::process::{BoundedSemaphore, LockError, Permit, Semaphore};

#[test]
fn permits_return_when_they_are_dropped() {
    let _limit = limit();
    let seats = Semaphore::new(3).unwrap();
    let two = seats.acquire(2).unwrap();
    assert_eq!((two.count(), seats.available()), (2, 1));
    assert!(matches!(seats.try_acquire(2), Err(LockError::TimedOut)));
    let before = now();
    assert!(matches!(
        seats.try_acquire_for(2, SHORT),
        Err(LockError::TimedOut)
    ));
    assert!(before.elapsed() >= SHORT);
    let one = seats.try_acquire(1).unwrap();
    drop(two);
    assert_eq!(seats.available(), 2);
    one.forget();
    assert_eq!(seats.available(), 2);
    seats.release(4).unwrap();
    assert_eq!(seats.available(), 6);
    drop(seats.try_acquire_until(6, now() + LONG).unwrap());
}

#[test]
fn a_bounded_semaphore_refuses_permits_beyond_its_bound() {
    let _limit = limit();
    let seats = BoundedSemaphore::new(2).unwrap();
    assert!(seats.release(1).is_err());
    seats.acquire(1).unwrap().forget();
    seats.release(1).unwrap();
    assert_eq!(seats.available(), 2);
    let other = seats.clone();
    let refused = thread::spawn(move || drop(other.acquire(3))).join();
    assert!(refused.is_err());
    assert_eq!(seats.available(), 2);
}

#[test]
fn no_more_are_inside_than_there_are_permits() {
    let _limit = limit();
    let seats = Semaphore::new(3).unwrap();
    let (inside, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for n in 0..8 {
            let (seats, inside, most) = (&seats, &inside, &most);
            scope.spawn(move || {
                for _ in 0..2_000 {
                    let wants = 1 + u64::from(n % 3 == 0);
                    let permit = seats.acquire(wants).unwrap();
                    let now = inside.fetch_add(wants as usize, Ordering::Relaxed) + wants as usize;
                    most.fetch_max(now, Ordering::Relaxed);
                    if n == 1 {
                        thread::yield_now();
                    }
                    inside.fetch_sub(wants as usize, Ordering::Relaxed);
                    drop(permit);
                }
            });
        }
    });
    assert!((1..=3).contains(&most.load(Ordering::Relaxed)));
    assert_eq!(seats.available(), 3);
}

#[test]
fn permits_of_a_thread_that_ended_go_to_a_waiter_with_an_error() {
    let _limit = limit();
    let seats = Semaphore::new(2).unwrap();
    let there = seats.clone();
    thread::spawn(move || std::mem::forget(there.acquire(2).unwrap()))
        .join()
        .unwrap();
    let Err(LockError::Abandoned(abandoned)) = seats.try_acquire_for(1, LONG) else {
        panic!("the permits were another's")
    };
    assert_eq!(abandoned.pid(), std::process::id());
    let permit = abandoned.recover();
    assert_eq!(permit.count(), 1);
    // Only the first acquire gets the error.
    drop(seats.acquire(1).unwrap());
    drop(permit);
    assert_eq!(seats.available(), 2);
}

/// There are enough permits without those of the ended threads, so no acquire lacks permits.
#[test]
fn permits_of_threads_that_ended_leave_room_for_others() {
    let _limit = limit();
    let seats = Semaphore::new(100_000).unwrap();
    for _ in 0..4 {
        let there = seats.clone();
        let take_and_die = move || {
            for _ in 0..1_500 {
                let permit = there.acquire(1).or_else(|abandoned| {
                    assert_eq!(abandoned.pid(), std::process::id());
                    Ok::<_, ()>(abandoned.recover())
                });
                std::mem::forget(permit.unwrap());
            }
        };
        thread::spawn(take_and_die).join().unwrap();
    }
    assert!(seats.available() < 100_000);
    let all = seats.try_acquire_for(100_000, LONG);
    assert!(matches!(all, Err(LockError::Abandoned(_))), "{all:?}");
}

#[test]
fn a_release_of_many_wakes_as_many() {
    let _limit = limit();
    // A waiter that is not woken checks again half a second after it fell asleep. On a busy machine
    // a woken waiter may be as late, but not each time.
    let is_quick = || {
        let gate = Semaphore::new(0).unwrap();
        thread::scope(|scope| {
            let waiters: Vec<_> = (0..6)
                .map(|_| Sleeper::new(scope, || gate.acquire(1).unwrap().forget()))
                .collect();
            let before = now();
            gate.release(6).unwrap();
            waiters
                .into_iter()
                .for_each(|waiter| waiter.thread.join().unwrap());
            before.elapsed() < Duration::from_millis(250)
        })
    };
    assert!((0..30).any(|_| is_quick()));
}

/// Another thread takes the waiter's permit before the waiter runs again, and then the deadline
/// passes.
#[test]
fn a_waiter_that_gives_up_leaves_the_others_to_be_woken() {
    let _limit = limit();
    let gate = Semaphore::new(0).unwrap();
    for round in 0..count(30) as u32 {
        let deadline = now() + Duration::from_millis(100);
        thread::scope(|scope| {
            let first = Sleeper::new(scope, || {
                gate.try_acquire_until(1, deadline)
                    .map(Permit::forget)
                    .is_ok()
            });
            // Behind the first waiter in the kernel's order.
            let second = Sleeper::new(scope, || gate.acquire(1).unwrap().forget());
            let just_before = Duration::from_micros(u64::from(round) * 10);
            thread::sleep((deadline - just_before).saturating_duration_since(now()));
            gate.release(1).unwrap();
            let stolen = gate.try_acquire(1).map(Permit::forget).is_ok();
            let first = first.thread.join().unwrap();
            gate.release(1).unwrap();
            assert!(second.is_woken(), "stolen: {stolen:?}, got: {first:?}");
            second.thread.join().unwrap();
            while gate.try_acquire(1).map(Permit::forget).is_ok() {}
        });
    }
}

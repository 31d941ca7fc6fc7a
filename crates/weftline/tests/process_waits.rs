//! `process::{Event, Semaphore, BoundedSemaphore, Condition, Barrier}` as threads of one process see them; `process_deaths.rs` has the
//! other processes.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod support;

use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use support::{LONG, SHORT, blocked, limit, now, until};
use weftline::process::{
    Barrier, BarrierError, BoundedSemaphore, Condition, Event, LockError, Permit, Semaphore,
    WaitError,
};

#[test]
fn an_event_lets_all_go_on_until_it_is_cleared() {
    let _limit = limit();
    let event = Event::new().unwrap();
    assert!(event.try_wait().is_err());
    let before = now();
    assert!(event.try_wait_for(SHORT).is_err());
    assert!(event.try_wait_until(now() + SHORT).is_err());
    assert!(before.elapsed() >= 2 * SHORT);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| event.wait());
        }
        thread::sleep(SHORT);
        event.set();
    });
    assert!(event.is_set());
    event.wait();
    event.clear();
    assert!(!event.is_set() && event.try_wait().is_err());
}

#[test]
fn an_event_that_is_set_for_a_moment_ends_the_waits_that_had_begun() {
    let _limit = limit();
    let event = Event::new().unwrap();
    for _ in 0..200 {
        thread::scope(|scope| {
            let wait = blocked(scope, || event.try_wait_for(LONG));
            event.set();
            event.clear();
            wait.join().unwrap().unwrap();
        });
    }
}

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
fn a_bounded_semaphore_refuses_what_was_never_there() {
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
fn permits_of_a_thread_that_ended_go_to_who_waits_and_say_so() {
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
    // It is said once.
    drop(seats.acquire(1).unwrap());
    drop(permit);
    assert_eq!(seats.available(), 2);
}

/// There are enough permits without theirs, so that nobody has to ask for these.
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
    let gate = Semaphore::new(0).unwrap();
    let passed = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                gate.acquire(1).unwrap().forget();
                passed.fetch_add(1, Ordering::Relaxed);
            });
        }
        thread::sleep(SHORT);
        let before = now();
        gate.release(6).unwrap();
        until(|| passed.load(Ordering::Relaxed) == 6);
        assert!(
            before.elapsed() < Duration::from_millis(400),
            "nobody was woken in time"
        );
    });
}

/// One that is woken for permits which somebody else has taken meanwhile, and then gives up, was not alone.
#[test]
fn who_gives_up_leaves_the_others_to_be_woken() {
    let _limit = limit();
    let gate = Semaphore::new(0).unwrap();
    for round in 0..30_u32 {
        let deadline = now() + Duration::from_millis(100);
        thread::scope(|scope| {
            // Behind the first in the kernel's order.
            let first = blocked(scope, || {
                gate.try_acquire_until(1, deadline)
                    .map(Permit::forget)
                    .is_ok()
            });
            let patient = blocked(scope, || {
                gate.acquire(1).unwrap().forget();
                now()
            });
            let just_before = Duration::from_micros(u64::from(round) * 10);
            thread::sleep((deadline - just_before).saturating_duration_since(now()));
            gate.release(1).unwrap();
            let stolen = gate.try_acquire(1).map(Permit::forget).is_ok();
            let first = first.join().unwrap();
            let begin = now();
            gate.release(1).unwrap();
            let when = patient.join().unwrap();
            assert!(
                when < begin || when - begin < Duration::from_millis(400),
                "nobody was woken in time; stolen: {stolen:?}, got: {first:?}"
            );
            while gate.try_acquire(1).map(Permit::forget).is_ok() {}
        });
    }
}

#[test]
fn a_condition_wakes_those_that_have_waited_longest() {
    let _limit = limit();
    const WAITERS: usize = 6;
    // Who has begun to wait, and who has been woken.
    let condition = Condition::new([0_u32; 2]).unwrap();
    let order = weftline::Lock::new(Vec::new());
    thread::scope(|scope| {
        for n in 0..WAITERS {
            let (condition, order) = (&condition, &order);
            scope.spawn(move || {
                let mut guard = condition.lock().unwrap();
                guard[0] += 1;
                guard.wait().unwrap();
                order.lock().push(n);
                guard[1] += 1;
            });
            until(|| condition.lock().unwrap()[0] == n as u32 + 1);
        }
        for (wakes, woken) in [(0, 0), (1, 1), (2, 3), (100, 6)] {
            condition.lock().unwrap().notify(wakes);
            until(|| condition.lock().unwrap()[1] == woken);
            let mut woken_now = order.lock().clone();
            woken_now.sort_unstable();
            assert_eq!(woken_now, (0..woken as usize).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_wait_for_a_condition_times_out_with_the_lock() {
    let _limit = limit();
    let condition = Condition::new(0_u32).unwrap();
    let mut guard = condition.lock().unwrap();
    assert!(matches!(guard.try_wait(), Err(WaitError::TimedOut)));
    let before = now();
    assert!(matches!(
        guard.try_wait_for(SHORT),
        Err(WaitError::TimedOut)
    ));
    assert!(matches!(
        guard.try_wait_while_for(SHORT, |value| *value == 0),
        Err(WaitError::TimedOut)
    ));
    assert!(before.elapsed() >= 2 * SHORT);
    *guard = 1;
    guard.wait_while(|value| *value == 0).unwrap();
    guard.try_wait_while(|value| *value == 0).unwrap();
    assert!(condition.try_lock().is_err());
    drop(guard);
    assert!(condition.try_lock().is_ok());
}

#[test]
fn a_notification_goes_to_nobody_who_has_given_up() {
    let _limit = limit();
    let condition = Condition::new(0_u32).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut guard = condition.lock().unwrap();
            *guard += 1;
            guard.wait().unwrap();
        });
        until(|| *condition.lock().unwrap() == 1);
        let mut guard = condition.lock().unwrap();
        let _ = guard.try_wait_for(SHORT);
        drop(guard);
        condition.lock().unwrap().notify(1);
    });
}

#[test]
fn items_pass_through_a_condition() {
    let _limit = limit();
    const ITEMS: u32 = 10_000;
    let slot = Condition::new(0_u32).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for item in 1..=ITEMS {
                let mut guard = slot.lock().unwrap();
                guard.wait_while(|slot| *slot != 0).unwrap();
                *guard = item;
                guard.notify_all();
            }
        });
        for item in 1..=ITEMS {
            let mut guard = slot.lock().unwrap();
            guard.wait_while(|slot| *slot == 0).unwrap();
            assert_eq!(*guard, item);
            *guard = 0;
            guard.notify_all();
        }
    });
}

#[test]
fn a_death_with_a_conditions_lock_reaches_who_waits() {
    let _limit = limit();
    let condition = Condition::new(0_u32).unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut guard = condition.lock().unwrap();
            *guard = 1;
            let ended = guard.wait();
            guard.recover();
            ended
        });
        until(|| condition.try_lock().is_ok_and(|guard| *guard == 1));
        scope.spawn(|| {
            let guard = condition.lock().unwrap();
            guard.notify(1);
            std::mem::forget(guard);
        });
        assert!(matches!(
            waiter.join().unwrap(),
            Err(WaitError::Abandoned(_))
        ));
    });
    assert!(condition.lock().is_ok());
}

#[test]
fn a_barrier_lets_all_pass_together_again_and_again() {
    let _limit = limit();
    const PARTIES: usize = 4;
    const ROUNDS: u32 = 500;
    let barrier = Barrier::new(PARTIES).unwrap();
    let round = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..PARTIES {
            scope.spawn(|| {
                for n in 0..ROUNDS {
                    assert_eq!(round.load(Ordering::Relaxed), n);
                    let arrival = barrier.wait().unwrap();
                    assert!(arrival.index() < PARTIES);
                    if arrival.is_leader() {
                        round.fetch_add(1, Ordering::Relaxed);
                    }
                    barrier.wait().unwrap();
                }
            });
        }
    });
    assert_eq!((barrier.n_waiting(), barrier.is_broken()), (0, false));
}

#[test]
fn a_timeout_breaks_a_barrier_until_it_is_reset() {
    let _limit = limit();
    let barrier = Barrier::new(3).unwrap();
    thread::scope(|scope| {
        let other = scope.spawn(|| barrier.wait());
        until(|| barrier.n_waiting() == 1);
        assert_eq!(barrier.try_wait_for(SHORT), Err(BarrierError::Broken));
        assert_eq!(other.join().unwrap(), Err(BarrierError::Broken));
    });
    assert!(barrier.is_broken());
    assert_eq!(barrier.wait(), Err(BarrierError::Broken));
    barrier.reset();
    assert!(!barrier.is_broken());
    assert_eq!(barrier.try_wait(), Err(BarrierError::Broken));
    barrier.reset();
    thread::scope(|scope| {
        let waits: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| barrier.wait().unwrap()))
            .collect();
        let mut indexes: Vec<_> = waits
            .into_iter()
            .map(|wait| wait.join().unwrap().index())
            .collect();
        indexes.sort_unstable();
        assert_eq!(indexes, [0, 1, 2]);
    });
}

#[test]
fn an_abort_and_a_reset_end_the_waits() {
    let _limit = limit();
    let barrier = Barrier::new(2).unwrap();
    for end in [Barrier::abort, Barrier::reset] {
        thread::scope(|scope| {
            let wait = scope.spawn(|| barrier.wait());
            until(|| barrier.n_waiting() == 1);
            let before = now();
            end(&barrier);
            assert_eq!(wait.join().unwrap(), Err(BarrierError::Broken));
            assert!(
                before.elapsed() < Duration::from_millis(400),
                "nobody was woken in time"
            );
        });
        barrier.reset();
    }
}

#[test]
fn more_threads_than_a_round_has_parties_take_turns() {
    let _limit = limit();
    const ARRIVALS: usize = 1_800;
    let barrier = Barrier::new(2).unwrap();
    let arrivals = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while arrivals.fetch_add(1, Ordering::Relaxed) < ARRIVALS {
                    barrier.wait().unwrap();
                }
            });
        }
    });
    assert_eq!(barrier.n_waiting(), 0);
}

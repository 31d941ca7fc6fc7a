//! The contract of `Semaphore` and `BoundedSemaphore`.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;
use support::{
    Interrupt, LONG, SHORT, Script, blocked, is_send_and_sync, limit, now, takes_at_least,
};
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::RawSemaphore;
use weftline::{BoundedSemaphore, OwnedPermit, Permit, Semaphore, TooManyPermits, spawn};

#[test]
fn permits_are_taken_by_each_of_the_four_forms_and_return_with_their_guards() {
    let semaphore = Semaphore::new(5);
    let taken = [
        semaphore.acquire(1),
        semaphore.try_acquire(2).unwrap(),
        semaphore.try_acquire_for(1, Duration::ZERO).unwrap(),
        semaphore.try_acquire_until(1, now()).unwrap(),
    ];
    assert_eq!(taken.each_ref().map(Permit::count), [1, 2, 1, 1]);
    assert_eq!(semaphore.available(), 0);
    drop(taken);
    assert_eq!(semaphore.available(), 5);
}

#[test]
fn too_few_permits_are_refused_by_each_form_that_gives_up() {
    let semaphore = Semaphore::new(1);
    assert!(semaphore.try_acquire(2).is_none());
    assert!(takes_at_least(SHORT, || semaphore.try_acquire_for(2, SHORT)).is_none());
    assert!(takes_at_least(SHORT, || semaphore.try_acquire_until(2, now() + SHORT)).is_none());
    assert!(semaphore.try_acquire_until(2, now()).is_none());
    assert_eq!(semaphore.available(), 1);
    assert!(semaphore.try_acquire(1).is_some());
}

#[test]
fn a_request_for_zero_permits_always_succeeds() {
    let semaphore = Semaphore::new(0);
    assert_eq!(semaphore.acquire(0).count(), 0);
    assert!(semaphore.try_acquire(0).is_some());
    assert_eq!(semaphore.release(0), Ok(()));
    assert_eq!(semaphore.available(), 0);
}

#[test]
fn a_request_for_zero_permits_never_waits() {
    let _limit = limit();
    let semaphore = Semaphore::new(1);
    std::thread::scope(|scope| {
        // It lacks one permit, and after a millisecond no thread overtakes it.
        let many = blocked(scope, || semaphore.acquire(2).forget());
        std::thread::sleep(SHORT);
        assert!(semaphore.try_acquire(1).is_none());
        assert_eq!(semaphore.try_acquire(0).map(|none| none.count()), Some(0));
        assert!(semaphore.try_acquire_for(0, Duration::ZERO).is_some());
        assert!(semaphore.try_acquire_until(0, now() + LONG).is_some());
        assert_eq!(semaphore.acquire(0).count(), 0);
        assert_eq!(semaphore.release(0), Ok(()));
        assert_eq!(semaphore.available(), 1);
        semaphore.release(1).unwrap();
        many.join().unwrap();
    });
    assert_eq!(semaphore.available(), 0);
}

#[test]
fn a_blocked_thread_gets_permits_when_they_are_released() {
    let _limit = limit();
    let semaphore = Semaphore::new(0);
    std::thread::scope(|scope| {
        let shared = &semaphore;
        let waits: Vec<_> = [
            (|semaphore: &Semaphore| semaphore.acquire(1).forget()) as fn(&Semaphore),
            |semaphore| semaphore.try_acquire_for(1, LONG).unwrap().forget(),
            |semaphore| {
                semaphore
                    .try_acquire_for(1, Duration::MAX)
                    .unwrap()
                    .forget()
            },
            |semaphore| {
                semaphore
                    .try_acquire_until(1, now() + LONG)
                    .unwrap()
                    .forget()
            },
        ]
        .into_iter()
        .map(|wait| blocked(scope, move || wait(shared)))
        .collect();
        semaphore.release(1).unwrap();
        semaphore.release(3).unwrap();
        for wait in waits {
            wait.join().unwrap();
        }
    });
    assert_eq!(semaphore.available(), 0);
}

#[test]
fn a_forgotten_permit_comes_back_by_release_only() {
    let semaphore = Semaphore::new(1);
    semaphore.acquire(1).forget();
    assert_eq!(semaphore.available(), 0);
    semaphore.release(1).unwrap();
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn a_request_for_many_is_met_while_requests_for_one_keep_coming() {
    let _limit = limit();
    let semaphore = Semaphore::new(4);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let _one = semaphore.acquire(1);
                    std::thread::yield_now();
                }
            });
        }
        for _ in 0..20 {
            drop(semaphore.acquire(4));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(semaphore.available(), 4);
}

#[test]
fn no_thread_overtakes_a_starved_waiter() {
    let _limit = limit();
    let semaphore = Semaphore::new(1);
    std::thread::scope(|scope| {
        let wants_two = blocked(scope, || semaphore.acquire(2).forget());
        std::thread::sleep(SHORT);
        assert!(
            semaphore.try_acquire(1).is_none(),
            "it is reserved for the waiter"
        );
        assert!(semaphore.try_acquire_for(1, SHORT).is_none());
        semaphore.release(1).unwrap();
        wants_two.join().unwrap();
    });
    assert_eq!(semaphore.available(), 0);
}

#[test]
fn a_timed_out_waiter_leaves_the_queue_and_those_behind_it_go_on() {
    let _limit = limit();
    let semaphore = RawSemaphore::new(1, 2).unwrap();
    let acquire = |n, script: &mut Script| semaphore.acquire_with(n, script, Deadline::NEVER);
    let (give_up, told) = channel::<()>();
    std::thread::scope(|scope| {
        let acquire = &acquire;
        let gives_up = blocked(scope, move || {
            let waits = move || told.recv().expect("the test goes on");
            acquire(2, &mut Script::times_out_after(waits)).is_err()
        });
        // Older than the starvation bound.
        std::thread::sleep(SHORT);
        // The request in front makes it wait, although its own permit is free.
        let behind = blocked(scope, || acquire(1, &mut Script::sleeps()).is_ok());
        give_up.send(()).unwrap();
        assert!(gives_up.join().unwrap());
        assert!(behind.join().unwrap());
    });
    assert_eq!(semaphore.permits(), 0);
}

#[test]
fn more_permits_than_a_number_holds_are_refused_and_change_nothing() {
    const MOST: usize = usize::MAX >> 1;
    let semaphore = Semaphore::new(MOST);
    assert_eq!(semaphore.release(1), Err(TooManyPermits));
    assert_eq!(semaphore.release(usize::MAX), Err(TooManyPermits));
    assert_eq!(semaphore.available(), MOST);
    drop(semaphore.acquire(MOST));
    assert_eq!(semaphore.available(), MOST);
    assert!(catch_unwind(|| Semaphore::new(MOST + 1)).is_err());
    let refused = catch_unwind(AssertUnwindSafe(|| {
        semaphore.try_acquire(MOST + 1).is_none()
    }));
    assert!(refused.is_err());
}

#[test]
fn a_bounded_semaphore_never_has_more_permits_than_it_started_with() {
    let semaphore = BoundedSemaphore::new(2);
    assert_eq!(semaphore.release(1), Err(TooManyPermits));
    let one = semaphore.acquire(1);
    assert_eq!(semaphore.release(2), Err(TooManyPermits));
    assert_eq!(semaphore.available(), 1);
    one.forget();
    assert_eq!(semaphore.release(1), Ok(()));
    assert_eq!(semaphore.available(), 2);
    assert!(semaphore.try_acquire_for(2, SHORT).is_some());
    assert!(semaphore.try_acquire_until(2, now()).is_some());
}

#[test]
fn a_request_above_the_bound_is_refused_without_a_wait() {
    let semaphore = BoundedSemaphore::new(2);
    let requests: [fn(&BoundedSemaphore); 4] = [
        |semaphore| drop(semaphore.acquire(3)),
        |semaphore| drop(semaphore.try_acquire(3)),
        |semaphore| drop(semaphore.try_acquire_for(3, SHORT)),
        |semaphore| drop(semaphore.try_acquire_until(3, now())),
    ];
    for request in requests {
        assert!(catch_unwind(AssertUnwindSafe(|| request(&semaphore))).is_err());
    }
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn a_panic_while_permits_are_held_returns_them() {
    let semaphore = BoundedSemaphore::new(2);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _held = semaphore.acquire(2);
        panic!("with permits");
    }));
    assert!(panicked.is_err());
    assert_eq!(semaphore.available(), 2);
}

#[test]
fn debug_does_not_block() {
    static SEMAPHORE: Semaphore = Semaphore::new(3);
    let held = SEMAPHORE.acquire(1);
    assert!(format!("{SEMAPHORE:?}").contains('2'));
    assert!(format!("{held:?}").contains('1'));
}

#[test]
fn they_are_shared_between_threads_and_permits_move() {
    is_send_and_sync::<Semaphore>();
    is_send_and_sync::<BoundedSemaphore>();
    is_send_and_sync::<Permit<'static>>();
    is_send_and_sync::<RawSemaphore>();
}

#[test]
fn the_raw_form_checks_its_limits() {
    assert!(RawSemaphore::new(2, 1).is_none());
    assert!(RawSemaphore::new(0, RawSemaphore::MAX_PERMITS + 1).is_none());
    let most = RawSemaphore::MAX_PERMITS;
    let semaphore = RawSemaphore::new(most, most).unwrap();
    assert_eq!((semaphore.permits(), semaphore.bound()), (most, most));
    assert_eq!(semaphore.release(u64::MAX), Err(TooManyPermits));
    assert!(semaphore.try_acquire(most));
    assert_eq!(semaphore.release(most), Ok(()));
    assert_eq!(semaphore.permits(), most);
}

#[test]
fn an_interrupted_wait_takes_nothing() {
    let semaphore = RawSemaphore::new(1, 9).unwrap();
    let wait = semaphore.acquire_with(2, &mut Script::interrupted(), Deadline::NEVER);
    assert_eq!(wait, Err(WaitError::Interrupted(Interrupt)));
    assert!(semaphore.try_acquire(1));
}

#[test]
fn permits_that_were_handed_off_to_an_interrupted_thread_are_given_back() {
    let semaphore = Arc::new(RawSemaphore::new(0, 9).unwrap());
    let same = semaphore.clone();
    let mut interrupted = Script::interrupted_after(move || {
        // The waiter is older than the starvation bound: the release hands it its permits.
        std::thread::sleep(Duration::from_millis(5));
        same.release(2).unwrap();
        assert_eq!(same.permits(), 0);
    });
    let wait = semaphore.acquire_with(2, &mut interrupted, Deadline::NEVER);
    assert_eq!(wait, Err(WaitError::Interrupted(Interrupt)));
    assert_eq!(semaphore.permits(), 2);
}

#[test]
fn owned_permits_keep_the_semaphore_and_return_from_any_thread() {
    let seats = Arc::new(Semaphore::new(3));
    let bounded = Arc::new(BoundedSemaphore::new(1));
    let taken: [OwnedPermit; 2] = [seats.acquire_owned(2), bounded.acquire_owned(1)];
    assert_eq!(taken.each_ref().map(OwnedPermit::count), [2, 1]);
    assert_eq!((seats.available(), bounded.available()), (1, 0));
    assert!(seats.try_acquire_owned(2).is_none());
    assert!(bounded.try_acquire_owned_for(1, SHORT).is_none());
    assert!(bounded.try_acquire_owned_until(1, now() + SHORT).is_none());
    spawn(move || drop(taken)).join().unwrap();
    assert_eq!((seats.available(), bounded.available()), (3, 1));
    seats.acquire_owned(1).forget();
    assert_eq!(seats.available(), 2);
    assert_eq!(
        Arc::strong_count(&seats),
        1,
        "a forgotten permit lets it go"
    );
    let last = seats.acquire_owned(1);
    drop(seats);
    drop(last);
}

#[test]
fn a_guard_returns_only_permits_that_were_not_released_meanwhile() {
    let semaphore = Arc::new(BoundedSemaphore::new(3));
    let permit = semaphore.acquire(2);
    semaphore.release(1).unwrap();
    drop(permit);
    assert_eq!(semaphore.available(), 3);
    let permit = semaphore.acquire_owned(3);
    semaphore.release(1).unwrap();
    drop(permit);
    assert_eq!(semaphore.available(), 3);
}

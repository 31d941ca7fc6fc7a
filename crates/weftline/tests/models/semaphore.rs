//! The semaphore: permits are neither lost nor doubled, and each request that can be met is met.

use crate::support::*;
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::RawSemaphore;

type Acquired = Result<(), WaitError<Signalled>>;

fn with_permits(permits: u64) -> Arc<RawSemaphore> {
    Arc::new(RawSemaphore::new(permits, RawSemaphore::MAX_PERMITS).unwrap())
}

fn acquire(semaphore: &RawSemaphore, n: u64) {
    semaphore
        .acquire_with(n, &mut Sleeper::new(), Deadline::NEVER)
        .unwrap();
}

fn acquirer(
    semaphore: &Arc<RawSemaphore>,
    n: u64,
    mut sleeper: Sleeper,
    deadline: Deadline,
) -> JoinHandle<Acquired> {
    let semaphore = Arc::clone(semaphore);
    spawn(move || semaphore.acquire_with(n, &mut sleeper, deadline))
}

#[test]
fn a_permit_belongs_to_one_thread_at_a_time() {
    explore_both(2, || {
        let semaphore = with_permits(1);
        let value = Arc::new(Protected::default());
        let user = |semaphore: &RawSemaphore, value: &Protected| {
            acquire(semaphore, 1);
            value.add(1);
            semaphore.release(1).unwrap();
        };
        let threads = [(); 2].map(|()| {
            let (semaphore, value) = (Arc::clone(&semaphore), Arc::clone(&value));
            spawn(move || user(&semaphore, &value))
        });
        user(&semaphore, &value);
        threads.into_iter().for_each(join);
        assert_eq!((value.get(), semaphore.permits()), (3, 1));
    });
}

#[test]
fn two_releases_of_one_permit_meet_a_request_for_two() {
    explore_both(3, || {
        let semaphore = with_permits(0);
        let both = acquirer(&semaphore, 2, Sleeper::new(), Deadline::NEVER);
        let other = {
            let semaphore = Arc::clone(&semaphore);
            spawn(move || semaphore.release(1).unwrap())
        };
        semaphore.release(1).unwrap();
        assert_eq!(join(both), Ok(()));
        join(other);
        assert_eq!(semaphore.permits(), 0);
    });
}

#[test]
fn one_release_of_two_permits_wakes_two() {
    explore_both(3, || {
        let semaphore = with_permits(0);
        let threads = [(); 2].map(|()| acquirer(&semaphore, 1, Sleeper::new(), Deadline::NEVER));
        semaphore.release(2).unwrap();
        for thread in threads {
            assert_eq!(join(thread), Ok(()));
        }
        assert_eq!(semaphore.permits(), 0);
    });
}

#[test]
fn a_request_for_many_that_times_out_unblocks_the_one_behind_it() {
    explore_both(2, || {
        let semaphore = with_permits(0);
        let (alarm, enlisted) = (Alarm::leak(), Door::new());
        let many = acquirer(
            &semaphore,
            2,
            Sleeper::that_opens(&enlisted),
            Deadline::At(alarm),
        );
        enlisted.pass();
        let one = acquirer(&semaphore, 1, Sleeper::new(), Deadline::NEVER);
        let clock = spawn(move || alarm.fire());
        semaphore.release(1).unwrap();
        assert_eq!(join(many), Err(WaitError::TimedOut));
        assert_eq!(join(one), Ok(()));
        join(clock);
        assert_eq!(semaphore.permits(), 0);
    });
}

#[test]
fn a_timeout_that_races_the_release_loses_no_permit() {
    explore_both(2, || {
        let semaphore = with_permits(0);
        let alarm = Alarm::leak();
        let timed = acquirer(&semaphore, 1, Sleeper::new(), Deadline::At(alarm));
        let waiter = acquirer(&semaphore, 1, Sleeper::new(), Deadline::NEVER);
        let clock = spawn(move || alarm.fire());
        semaphore.release(1).unwrap();
        if join(timed).is_ok() {
            semaphore.release(1).unwrap();
        }
        assert_eq!(join(waiter), Ok(()));
        join(clock);
        assert_eq!(semaphore.permits(), 0);
    });
}

#[test]
fn an_interrupted_waiter_gives_its_permits_back() {
    explore_both(2, || {
        let semaphore = with_permits(0);
        let signal = Signal::new();
        let interrupted = acquirer(&semaphore, 1, Sleeper::that_hears(&signal), Deadline::NEVER);
        let waiter = acquirer(&semaphore, 1, Sleeper::new(), Deadline::NEVER);
        let kernel = spawn(move || signal.raise());
        semaphore.release(1).unwrap();
        if join(interrupted).is_ok() {
            semaphore.release(1).unwrap();
        }
        assert_eq!(join(waiter), Ok(()));
        join(kernel);
        assert_eq!(semaphore.permits(), 0);
    });
}

#[test]
fn no_thread_overtakes_a_starved_request_for_many() {
    explore_starved(3, || {
        let semaphore = with_permits(0);
        let enlisted = Door::new();
        let many = acquirer(
            &semaphore,
            2,
            Sleeper::that_opens(&enlisted),
            Deadline::NEVER,
        );
        enlisted.pass();
        let releaser = {
            let semaphore = Arc::clone(&semaphore);
            spawn(move || {
                semaphore.release(1).unwrap();
                semaphore.release(1).unwrap();
            })
        };
        // Until the request for two is met, a request for one gets nothing.
        assert!(!semaphore.try_acquire(1));
        let at_once = semaphore.acquire_with(1, &mut Sleeper::new(), Deadline::PASSED);
        assert_eq!(at_once, Err(WaitError::TimedOut));
        assert_eq!(join(many), Ok(()));
        join(releaser);
        assert_eq!(semaphore.permits(), 0);
    });
}

#[test]
fn a_release_above_the_bound_adds_nothing() {
    explore_both(3, || {
        let semaphore = Arc::new(RawSemaphore::new(0, 1).unwrap());
        let releasers = [(); 2].map(|()| {
            let semaphore = Arc::clone(&semaphore);
            spawn(move || usize::from(semaphore.release(1).is_ok()))
        });
        acquire(&semaphore, 1);
        let added: usize = releasers.into_iter().map(join).sum();
        assert_eq!(semaphore.permits() + 1, added as u64);
    });
}

#[cfg(weftline_model = "shuttle")]
#[test]
fn a_crowd_of_requests_for_one_two_and_three_ends_with_all_permits() {
    explore_both(0, || {
        let semaphore = with_permits(3);
        let alarm = Alarm::leak();
        let signal = Signal::new();
        let threads = [1, 2, 3, 1, 2].map(|n| {
            let semaphore = Arc::clone(&semaphore);
            spawn(move || {
                for _ in 0..2 {
                    acquire(&semaphore, n);
                    semaphore.release(n).unwrap();
                }
            })
        });
        let timed = acquirer(&semaphore, 3, Sleeper::new(), Deadline::At(alarm));
        let interrupted = acquirer(&semaphore, 2, Sleeper::that_hears(&signal), Deadline::NEVER);
        alarm.fire();
        signal.raise();
        if join(timed).is_ok() {
            semaphore.release(3).unwrap();
        }
        if join(interrupted).is_ok() {
            semaphore.release(2).unwrap();
        }
        threads.into_iter().for_each(join);
        assert_eq!(semaphore.permits(), 3);
    });
}

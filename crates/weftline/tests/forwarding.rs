//! Forwarding, as bindings use it: the values that an event, a semaphore or a barrier passes on,
//! and how it refuses calls from then on.

mod support;

use support::{LONG, blocked, limit, until};
use weftline::TooManyPermits;
use weftline::park::{Deadline, ThreadBlocker, WaitError};
use weftline::sync::raw::{
    BarrierError, ForwardOutcome, RawBarrier, RawCondition, RawEvent, RawSemaphore,
};

const TIMED_OUT: WaitError<std::convert::Infallible> = WaitError::TimedOut;

fn wait(event: &RawEvent) -> Result<(), WaitError<std::convert::Infallible>> {
    event.wait_with(&mut ThreadBlocker, Deadline::after(LONG))
}

fn acquire(semaphore: &RawSemaphore) -> Result<(), WaitError<std::convert::Infallible>> {
    semaphore.acquire_with(1, &mut ThreadBlocker, Deadline::after(LONG))
}

#[test]
fn a_forwarded_event_has_passed_on_its_flag_and_does_nothing() {
    for is_set in [false, true] {
        let (target, event) = (RawCondition::new(), RawEvent::new());
        if is_set {
            assert!(event.set());
        }
        // SAFETY: the target was created before the event, so it is dropped after it.
        assert_eq!(unsafe { event.forward(&target) }, Some(is_set));
        assert!(event.is_forwarded());
        assert!(!event.set());
        assert!(!event.clear());
        assert!(!event.is_set());
        assert_eq!(wait(&event), Err(TIMED_OUT));
        // SAFETY: as above.
        assert_eq!(unsafe { event.forward(&target) }, None);
    }
}

#[test]
fn a_waiter_of_an_event_waits_in_the_target_after_forwarding() {
    let _limit = limit();
    let (target, event) = (RawCondition::new(), RawEvent::new());
    std::thread::scope(|scope| {
        let waits = [(); 3].map(|()| blocked(scope, || wait(&event)));
        // SAFETY: as above.
        assert_eq!(unsafe { event.forward(&target) }, Some(false));
        assert_eq!(target.waiting(), 3);
        assert_eq!(target.notify(2), 2);
        let [first, second, third] = waits;
        assert_eq!(first.join().unwrap(), Ok(()));
        assert_eq!(second.join().unwrap(), Ok(()));
        target.send_away();
        assert_eq!(third.join().unwrap(), Err(TIMED_OUT));
        assert_eq!(target.waiting(), 0);
    });
}

#[test]
fn a_forwarded_semaphore_has_passed_on_its_permits_and_refuses_everything() {
    let (target, semaphore) = (RawCondition::new(), RawSemaphore::new(2, 5).unwrap());
    // SAFETY: as above.
    assert_eq!(unsafe { semaphore.forward(&target) }, Some((2, 5)));
    assert!(semaphore.is_forwarded());
    assert!(!semaphore.try_acquire(1));
    assert_eq!(acquire(&semaphore), Err(TIMED_OUT));
    assert_eq!(semaphore.release(1), Err(TooManyPermits));
    assert_eq!(semaphore.reset(1, 1), Err(TooManyPermits));
    assert_eq!(semaphore.permits(), 0);
    assert_eq!(semaphore.take_late(), 0);
    // SAFETY: as above.
    assert_eq!(unsafe { semaphore.forward(&target) }, None);
}

#[test]
fn a_waiter_for_a_permit_waits_in_the_target_after_forwarding() {
    let _limit = limit();
    let (target, semaphore) = (RawCondition::new(), RawSemaphore::new(0, 5).unwrap());
    std::thread::scope(|scope| {
        let waits = [(); 2].map(|()| blocked(scope, || acquire(&semaphore)));
        // SAFETY: as above.
        assert_eq!(unsafe { semaphore.forward(&target) }, Some((0, 5)));
        assert_eq!(target.waiting(), 2);
        target.notify(usize::MAX);
        for wait in waits {
            // Notified, and without a permit: the permits are in the target.
            assert_eq!(wait.join().unwrap(), Err(TIMED_OUT));
        }
    });
}

#[test]
fn a_forwarded_barrier_tells_each_party_its_index() {
    let _limit = limit();
    let barrier = RawBarrier::new(3).unwrap();
    std::thread::scope(|scope| {
        let wait = || barrier.wait_with(&mut ThreadBlocker, Deadline::after(LONG), |_| Ok(()));
        let first = blocked(scope, wait);
        let second = blocked(scope, wait);
        let left = barrier.forward_with(&mut ThreadBlocker, false).unwrap();
        let left = left.expect("forwarded here for the first time");
        assert_eq!((left.parties, left.arrived, left.is_broken), (3, 2, false));
        let at = |index| {
            Err(BarrierError::Forwarded {
                index,
                interrupt: None,
            })
        };
        assert_eq!(first.join().unwrap(), at(Some(0)));
        assert_eq!(second.join().unwrap(), at(Some(1)));
        assert_eq!(wait(), at(None));
        assert!(barrier.is_forwarded());
        assert!(!barrier.abort());
        assert!(!barrier.reset());
        assert_eq!(barrier.forward_with(&mut ThreadBlocker, false), Ok(None));
    });
}

#[test]
fn the_acting_party_may_forward_the_barrier_and_gets_the_result_of_its_action() {
    let barrier = RawBarrier::new(1).unwrap();
    let passed = barrier.wait_with(&mut ThreadBlocker, Deadline::NEVER, |blocker| {
        let left = barrier.forward_with(blocker, true)?;
        assert_eq!(left.map(|left| left.arrived), Some(1));
        Ok(())
    });
    let here = BarrierError::Forwarded {
        index: Some(0),
        interrupt: None,
    };
    assert_eq!(passed, Err(here));
}

#[test]
fn other_threads_forward_the_barrier_after_its_action_has_ended() {
    let _limit = limit();
    let barrier = RawBarrier::new(1).unwrap();
    let (begun, go_on) = (RawEvent::new(), RawEvent::new());
    std::thread::scope(|scope| {
        let actor = scope.spawn(|| {
            barrier.wait_with(&mut ThreadBlocker, Deadline::NEVER, |_| {
                begun.set();
                go_on
                    .wait_with(&mut ThreadBlocker, Deadline::after(LONG))
                    .expect("told to go on");
                Ok(())
            })
        });
        until(|| begun.is_set());
        let forwarder = blocked(scope, || barrier.forward_with(&mut ThreadBlocker, false));
        assert!(!barrier.is_forwarded());
        go_on.set();
        assert_eq!(actor.join().unwrap(), Ok(0));
        let left = forwarder.join().unwrap().unwrap().expect("forwarded once");
        assert_eq!(left.arrived, 0);
    });
}

#[test]
fn an_object_that_is_not_what_the_caller_expects_stays_as_it_is() {
    let target = RawCondition::new();
    let (event, semaphore) = (RawEvent::new(), RawSemaphore::new(2, 5).unwrap());
    let barrier = RawBarrier::new(3).unwrap();
    // SAFETY: the target was created before the objects, so it is dropped after them.
    unsafe {
        let refused = event.forward_if(&target, |is_set| is_set);
        assert_eq!(refused, ForwardOutcome::Refused);
        let refused = semaphore.forward_if(&target, |permits, bound| (permits, bound) == (1, 5));
        assert_eq!(refused, ForwardOutcome::Refused);
    }
    let refused = barrier.forward_if(false, |left| left.arrived == 1);
    assert_eq!(refused, ForwardOutcome::Refused);

    assert!(event.set() && event.is_set());
    assert_eq!(acquire(&semaphore), Ok(()));
    let left = barrier.look();
    assert_eq!((left.parties, left.arrived, left.is_broken), (3, 0, false));

    // SAFETY: as above.
    unsafe {
        let done = event.forward_if(&target, |is_set| is_set);
        assert_eq!(done, ForwardOutcome::Done(true));
        let done = semaphore.forward_if(&target, |permits, bound| (permits, bound) == (1, 5));
        assert_eq!(done, ForwardOutcome::Done((1, 5)));
        let again = semaphore.forward_if(&target, |_, _| panic!("asked about a forwarded one"));
        assert_eq!(again, ForwardOutcome::Before);
    }
    assert_eq!(
        barrier.forward_if(false, |now| now == left),
        ForwardOutcome::Done(left)
    );
    assert_eq!(barrier.forward_if(false, |_| true), ForwardOutcome::Before);
}

#[test]
fn only_the_acting_party_may_forward_the_barrier_during_its_action() {
    let barrier = RawBarrier::new(1).unwrap();
    let passed = barrier.wait_with(&mut ThreadBlocker, Deadline::NEVER, |_| {
        assert_eq!(barrier.forward_if(false, |_| true), ForwardOutcome::Refused);
        assert!(matches!(
            barrier.forward_if(true, |_| true),
            ForwardOutcome::Done(_)
        ));
        Ok(())
    });
    let index = Some(0);
    assert_eq!(
        passed,
        Err(BarrierError::Forwarded {
            index,
            interrupt: None
        })
    );
}

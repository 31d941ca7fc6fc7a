//! Forwarding: an event or a semaphore is replaced while other threads use it, and neither a wakeup
//! nor a permit is lost.
//!
//! The models contain the least that a binding needs: a lock, the condition that goes with it, and
//! a value.

use crate::support::*;
use std::sync::atomic::{AtomicU64, Ordering};
use weftline::park::{Deadline, WaitError};
use weftline::sync::raw::{RawCondition, RawEvent, RawLock, RawSemaphore};

type Waited = Result<(), WaitError<Signalled>>;

/// The forwarding target, and a value that changes under its lock alone.
#[derive(Default)]
struct Parts {
    lock: RawLock,
    condition: RawCondition,
    value: AtomicU64,
}

impl Parts {
    fn locked<R>(&self, body: impl FnOnce(&AtomicU64) -> R) -> R {
        self.lock
            .lock_with(&mut Sleeper::new(), Deadline::NEVER)
            .unwrap();
        let result = body(&self.value);
        self.lock.unlock().unwrap();
        result
    }

    /// The caller holds the lock, before and after.
    fn wait(&self, sleeper: &mut Sleeper, deadline: Deadline) -> Waited {
        let ended = self.condition.wait_with(sleeper, deadline, |_| {
            self.lock.unlock().unwrap();
            Ok(())
        });
        self.lock
            .lock_with(&mut Sleeper::new(), Deadline::NEVER)
            .unwrap();
        ended
    }
}

struct Semaphore {
    raw: RawSemaphore,
    parts: Parts,
}

impl Semaphore {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            raw: RawSemaphore::new(0, RawSemaphore::MAX_PERMITS).unwrap(),
            parts: Parts::default(),
        })
    }

    fn forward(&self) {
        self.parts.locked(|value| {
            // SAFETY: both are fields of one object that does not move.
            if let Some((permits, _)) = unsafe { self.raw.forward(&self.parts.condition) } {
                value.fetch_add(permits, Ordering::Relaxed);
            }
        });
    }

    fn release(&self) {
        if self.raw.release(1).is_err() {
            self.release_in_target(1);
        }
    }

    fn release_in_target(&self, n: u64) {
        self.parts.locked(|value| {
            value.fetch_add(n, Ordering::Relaxed);
            self.parts.condition.notify(n as usize);
        });
    }

    fn acquire(&self, mut sleeper: Sleeper, deadline: Deadline) -> Waited {
        match self.raw.acquire_with(1, &mut sleeper, deadline) {
            Err(WaitError::TimedOut) if self.raw.is_forwarded() => {}
            Err(WaitError::Interrupted(interrupt)) => {
                let late = self.raw.take_late();
                if late > 0 {
                    self.release_in_target(late);
                }
                return Err(WaitError::Interrupted(interrupt));
            }
            ended => return ended,
        }
        self.parts.locked(|value| {
            while value.load(Ordering::Relaxed) == 0 {
                self.parts.wait(&mut sleeper, deadline)?;
            }
            value.fetch_sub(1, Ordering::Relaxed);
            Ok(())
        })
    }

    fn acquirer(self: &Arc<Self>, sleeper: Sleeper, deadline: Deadline) -> JoinHandle<Waited> {
        let this = Arc::clone(self);
        spawn(move || this.acquire(sleeper, deadline))
    }

    fn forwarder(self: &Arc<Self>) -> JoinHandle<()> {
        let this = Arc::clone(self);
        spawn(move || this.forward())
    }

    fn left(&self) -> u64 {
        self.raw.permits() + self.parts.value.load(Ordering::Relaxed)
    }
}

#[test]
fn permits_reach_the_waiters_whenever_the_semaphore_is_forwarded() {
    explore_both(2, || {
        let semaphore = Semaphore::new();
        let threads = [(); 2].map(|()| semaphore.acquirer(Sleeper::new(), Deadline::NEVER));
        let forwarder = semaphore.forwarder();
        semaphore.release();
        semaphore.release();
        for thread in threads {
            assert_eq!(join(thread), Ok(()));
        }
        join(forwarder);
        assert_eq!(semaphore.left(), 0);
    });
}

#[test]
fn a_timeout_that_races_forwarding_loses_no_permit() {
    explore_both(1, || {
        let semaphore = Semaphore::new();
        let alarm = Alarm::leak();
        let timed = semaphore.acquirer(Sleeper::new(), Deadline::At(alarm));
        let waiter = semaphore.acquirer(Sleeper::new(), Deadline::NEVER);
        let clock = {
            let semaphore = Arc::clone(&semaphore);
            spawn(move || {
                alarm.fire();
                semaphore.forward();
            })
        };
        semaphore.release();
        if join(timed).is_ok() {
            semaphore.release();
        }
        assert_eq!(join(waiter), Ok(()));
        join(clock);
        assert_eq!(semaphore.left(), 0);
    });
}

#[test]
fn an_interrupt_that_races_forwarding_loses_no_permit() {
    explore_both(1, || {
        let semaphore = Semaphore::new();
        let signal = Signal::new();
        let interrupted = semaphore.acquirer(Sleeper::that_hears(&signal), Deadline::NEVER);
        let waiter = semaphore.acquirer(Sleeper::new(), Deadline::NEVER);
        let kernel = {
            let semaphore = Arc::clone(&semaphore);
            spawn(move || {
                signal.raise();
                semaphore.forward();
            })
        };
        semaphore.release();
        if join(interrupted).is_ok() {
            semaphore.release();
        }
        assert_eq!(join(waiter), Ok(()));
        join(kernel);
        assert_eq!(semaphore.left(), 0);
    });
}

#[test]
fn a_waiter_that_gives_up_in_the_target_leaves_it() {
    explore(3, || {
        let semaphore = Semaphore::new();
        let (alarm, enlisted) = (Alarm::leak(), Door::new());
        let sleeper = Sleeper::that_opens(&enlisted);
        let timed = semaphore.acquirer(sleeper, Deadline::At(alarm));
        enlisted.pass();
        let forwarder = semaphore.forwarder();
        alarm.fire();
        assert_eq!(join(timed), Err(WaitError::TimedOut));
        join(forwarder);
        assert_eq!(semaphore.parts.condition.waiting(), 0);
    });
}

#[test]
fn a_permit_granted_before_forwarding_and_returned_after_it_is_not_lost() {
    explore_starved(3, || {
        let semaphore = Semaphore::new();
        let (signal, enlisted) = (Signal::new(), Door::new());
        let sleeper = Sleeper::that_opens_and_hears(&enlisted, &signal);
        let interrupted = semaphore.acquirer(sleeper, Deadline::NEVER);
        enlisted.pass();
        let kernel = spawn(move || signal.raise());
        semaphore.release();
        semaphore.forward();
        let taken = u64::from(join(interrupted).is_ok());
        join(kernel);
        assert_eq!(semaphore.left() + taken, 1);
    });
}

struct Event {
    raw: RawEvent,
    parts: Parts,
}

impl Event {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            raw: RawEvent::new(),
            parts: Parts::default(),
        })
    }

    fn forward(&self) {
        self.parts.locked(|value| {
            // SAFETY: both are fields of one object that does not move.
            if let Some(was_set) = unsafe { self.raw.forward(&self.parts.condition) } {
                value.store(was_set.into(), Ordering::Relaxed);
            }
        });
    }

    fn forwarder(self: &Arc<Self>) -> JoinHandle<()> {
        let this = Arc::clone(self);
        spawn(move || this.forward())
    }

    fn set(&self) {
        if !self.raw.set() {
            self.parts.locked(|value| {
                value.store(1, Ordering::Relaxed);
                self.parts.condition.notify(usize::MAX);
            });
        }
    }

    fn clear(&self) {
        if !self.raw.clear() && self.raw.is_forwarded() {
            self.parts.locked(|value| value.store(0, Ordering::Relaxed));
        }
    }

    fn wait(&self, mut sleeper: Sleeper, deadline: Deadline) -> Waited {
        match self.raw.wait_with(&mut sleeper, deadline) {
            Err(WaitError::TimedOut) if self.raw.is_forwarded() => {}
            ended => return ended,
        }
        self.parts.locked(|value| {
            if value.load(Ordering::Relaxed) == 0 {
                self.parts.wait(&mut sleeper, deadline)?;
            }
            Ok(())
        })
    }

    fn waiter(self: &Arc<Self>, sleeper: Sleeper, deadline: Deadline) -> JoinHandle<Waited> {
        let this = Arc::clone(self);
        spawn(move || this.wait(sleeper, deadline))
    }
}

#[test]
fn set_wakes_earlier_waiters_whenever_the_event_is_forwarded() {
    explore(3, || {
        let event = Event::new();
        let enlisted = Door::new();
        let early = event.waiter(Sleeper::that_opens(&enlisted), Deadline::NEVER);
        let forwarder = event.forwarder();
        enlisted.pass();
        event.set();
        event.clear();
        assert_eq!(join(early), Ok(()));
        join(forwarder);
    });
}

#[test]
fn a_flag_that_stays_up_is_seen_by_all_whenever_the_event_is_forwarded() {
    explore(2, || {
        let event = Event::new();
        let alarm = Alarm::leak();
        let waiter = event.waiter(Sleeper::new(), Deadline::NEVER);
        let timed = event.waiter(Sleeper::new(), Deadline::At(alarm));
        let forwarder = {
            let event = Arc::clone(&event);
            spawn(move || {
                event.forward();
                alarm.fire();
            })
        };
        event.set();
        assert_eq!(join(waiter), Ok(()));
        assert!(matches!(join(timed), Ok(()) | Err(WaitError::TimedOut)));
        join(forwarder);
        assert!(event.raw.is_set() || event.parts.value.load(Ordering::Relaxed) == 1);
    });
}

#[test]
fn a_notification_that_comes_with_an_interrupt_is_passed_on() {
    explore(2, || {
        let event = Event::new();
        let (signal, first, second) = (Signal::new(), Door::new(), Door::new());
        let interrupted = event.waiter(
            Sleeper::that_opens_and_hears(&first, &signal),
            Deadline::NEVER,
        );
        first.pass();
        let waiter = event.waiter(Sleeper::that_opens(&second), Deadline::NEVER);
        second.pass();
        event.forward();
        let kernel = spawn(move || signal.raise());
        event.parts.locked(|_| event.parts.condition.notify(1));
        if join(interrupted).is_ok() {
            event.parts.locked(|_| event.parts.condition.notify(1));
        }
        assert_eq!(join(waiter), Ok(()));
        join(kernel);
    });
}

#[test]
fn a_waiter_that_is_sent_away_gets_a_timeout() {
    explore(3, || {
        let event = Event::new();
        let enlisted = Door::new();
        let waiter = {
            let (event, enlisted) = (Arc::clone(&event), Arc::clone(&enlisted));
            spawn(move || {
                let mut sleeper = Sleeper::that_opens(&enlisted);
                event.raw.wait_with(&mut sleeper, Deadline::NEVER)
            })
        };
        enlisted.pass();
        event.forward();
        event.parts.condition.send_away();
        assert_eq!(join(waiter), Err(WaitError::TimedOut));
        assert_eq!(event.parts.condition.waiting(), 0);
    });
}

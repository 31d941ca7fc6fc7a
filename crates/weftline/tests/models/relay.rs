//! The relay: of many threads that attach, a few are unparked and each unparks the next; none is
//! left behind. In models at most one is in flight.
//!
//! loom counts each choice of a thread other than the first that can run, and explores few of them.
//! So the waking thread is spawned last: without any such choice all others wait by then.

use crate::support::*;
use weftline::park::{Blocker, Deadline, Parker, WaitError, Wake, open_relay};
use weftline::queue::raw::{Fifo, RawQueue};
use weftline::sync::raw::{RawEvent, RawSemaphore};

/// A sleeper that unparks the next thread after it has attached.
struct Attaching(Sleeper);

impl Blocker for Attaching {
    type Interrupt = Signalled;

    const ATTACHES: bool = true;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Signalled> {
        let wake = self.0.block(parker, deadline);
        parker.go_on();
        wake
    }
}

fn attaching() -> Attaching {
    Attaching(Sleeper::new())
}

/// Threads that wait for `event` with these blockers, in the order of their arrival.
fn crowd<const N: usize>(
    event: &Arc<RawEvent>,
    sleepers: [(Sleeper, Deadline); N],
) -> [JoinHandle<Result<(), WaitError<Signalled>>>; N] {
    sleepers.map(|(sleeper, deadline)| {
        let event = Arc::clone(event);
        spawn(move || event.wait_with(&mut Attaching(sleeper), deadline))
    })
}

#[test]
fn all_threads_of_a_crowd_go_on() {
    explore(1, || {
        let event = Arc::new(RawEvent::new());
        let never = || (Sleeper::new(), Deadline::NEVER);
        let waiters = crowd(&event, [never(), never(), never()]);
        let waking = spawn(move || event.set());
        for waiter in waiters {
            assert_eq!(join(waiter), Ok(()));
        }
        join(waking);
    });
}

#[test]
fn a_crowd_after_a_crowd_goes_on() {
    explore(1, || {
        let events = Arc::new([RawEvent::new(), RawEvent::new()]);
        let waiters = [(); 2].map(|()| {
            let events = Arc::clone(&events);
            spawn(move || {
                for event in &*events {
                    event.wait_with(&mut attaching(), Deadline::NEVER).unwrap();
                }
            })
        });
        let waking = [0, 1].map(|at| {
            let events = Arc::clone(&events);
            spawn(move || events[at].set())
        });
        for waiter in waiters {
            join(waiter);
        }
        for thread in waking {
            join(thread);
        }
    });
}

#[test]
fn a_thread_that_times_out_before_its_turn_leaves_and_the_others_go_on() {
    explore(1, || {
        let event = Arc::new(RawEvent::new());
        let alarm = Alarm::leak();
        let sleepers = [Deadline::NEVER, Deadline::At(alarm), Deadline::NEVER];
        let [first, timed, last] =
            crowd(&event, sleepers.map(|deadline| (Sleeper::new(), deadline)));
        let waking = spawn(move || {
            event.set();
            alarm.fire();
        });
        assert_eq!(join(first), Ok(()));
        let _: Result<(), WaitError<Signalled>> = join(timed);
        assert_eq!(join(last), Ok(()));
        join(waking);
    });
}

#[test]
fn a_thread_that_is_interrupted_before_its_turn_leaves_and_the_others_go_on() {
    explore(1, || {
        let event = Arc::new(RawEvent::new());
        let signal = Signal::new();
        let [first, hearing, last] = crowd(
            &event,
            [
                (Sleeper::new(), Deadline::NEVER),
                (Sleeper::that_hears(&signal), Deadline::NEVER),
                (Sleeper::new(), Deadline::NEVER),
            ],
        );
        let waking = spawn(move || {
            event.set();
            signal.raise();
        });
        assert_eq!(join(first), Ok(()));
        let _: Result<(), WaitError<Signalled>> = join(hearing);
        assert_eq!(join(last), Ok(()));
        join(waking);
    });
}

#[test]
fn threads_that_are_woken_one_by_one_all_go_on() {
    explore(1, || {
        type Queue = RawQueue<u32, Fifo<u32>, Attaching>;
        let queue = Arc::new(Queue::new(0));
        let getters = [(); 3].map(|()| {
            let queue = Arc::clone(&queue);
            spawn(move || queue.get_with(&mut attaching(), Deadline::NEVER))
        });
        let waking = spawn(move || {
            for item in 0..3 {
                queue
                    .put_with(item, &mut attaching(), Deadline::NEVER)
                    .unwrap();
            }
        });
        let got: u32 = getters.map(|getter| join(getter).unwrap()).iter().sum();
        assert_eq!(got, 3);
        join(waking);
    });
}

#[test]
fn threads_that_get_permits_by_handoff_all_go_on() {
    explore_starved(1, || {
        let semaphore = Arc::new(RawSemaphore::new(0, 3).unwrap());
        let waiters = [(); 3].map(|()| {
            let semaphore = Arc::clone(&semaphore);
            spawn(move || semaphore.acquire_with(1, &mut attaching(), Deadline::NEVER))
        });
        let waking = {
            let semaphore = Arc::clone(&semaphore);
            spawn(move || semaphore.release(3).unwrap())
        };
        for waiter in waiters {
            assert_eq!(join(waiter), Ok(()));
        }
        join(waking);
        assert_eq!(semaphore.permits(), 0);
    });
}

#[test]
fn all_threads_go_on_when_the_relay_is_opened() {
    explore(2, || {
        let event = Arc::new(RawEvent::new());
        let never = || (Sleeper::new(), Deadline::NEVER);
        let waiters = crowd(&event, [never(), never()]);
        let waking = spawn(move || event.set());
        let exit = spawn(open_relay);
        for waiter in waiters {
            assert_eq!(join(waiter), Ok(()));
        }
        join(waking);
        join(exit);
    });
}

/// Sleeps until its signal, and then runs a handler that is busy until a door opens.
struct Handling {
    sleeper: Attaching,
    door: Arc<Door>,
}

impl Blocker for Handling {
    type Interrupt = Signalled;

    const ATTACHES: bool = true;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Signalled> {
        self.sleeper.block(parker, deadline).or_else(|Signalled| {
            self.door.pass();
            Ok(Wake::Interrupted)
        })
    }
}

#[test]
fn a_thread_that_is_busy_in_a_signal_handler_delays_no_other_thread() {
    explore(2, || {
        let event = Arc::new(RawEvent::new());
        let (signal, door) = (Signal::new(), Door::new());
        let handling = {
            let (event, signal, door) =
                (Arc::clone(&event), Arc::clone(&signal), Arc::clone(&door));
            spawn(move || {
                let sleeper = Attaching(Sleeper::that_hears(&signal));
                event.wait_with(&mut Handling { sleeper, door }, Deadline::NEVER)
            })
        };
        // The handler waits for a thread that the same call wakes.
        let opening = {
            let (event, door) = (Arc::clone(&event), Arc::clone(&door));
            spawn(move || {
                event.wait_with(&mut attaching(), Deadline::NEVER).unwrap();
                door.open();
            })
        };
        let waking = spawn(move || {
            signal.raise();
            event.set();
        });
        join(opening);
        assert_eq!(join(handling), Ok(()));
        join(waking);
    });
}

//! Futures and groups: a task begins or is cancelled but not both. Each waiter is woken and sees
//! the outcome. A group is notified of each future exactly once, whenever it registers.

use crate::support::*;
use weftline::executor::raw::{Data, Phase, RawFuture, RawGroup, Unchanged, Want};
use weftline::memory::Counted;
use weftline::park::{Deadline, WaitError};

#[derive(Default)]
struct Outcome {
    value: u32,
    failed: bool,
}

impl Data for Outcome {
    fn has_failed(&self) -> bool {
        self.failed
    }

    fn torn(&mut self) {}
}

type Task = Arc<RawFuture<Outcome>>;

fn task() -> Task {
    Arc::new(RawFuture::new(Outcome::default()))
}

fn finish(task: &Task, value: u32) -> Result<(), Unchanged> {
    task.finish(|outcome| {
        outcome.value = value;
        Some(())
    })
}

fn fail(task: &Task) {
    let failed = task.finish(|outcome| {
        outcome.failed = true;
        Some(())
    });
    assert_eq!(failed, Ok(()));
}

fn value(task: &Task) -> u32 {
    task.with(|_, outcome| outcome.value)
}

fn all_of(count: usize) -> Want {
    Want {
        count,
        or_failure: false,
    }
}

/// Registers the group with the task, as the faces do.
fn register(task: &Task, group: &Counted<RawGroup>, index: usize) {
    if let Some(failed) = task.watch(group, index).unwrap() {
        group.arrived(index, failed);
    }
}

#[test]
fn completion_wakes_every_waiter_and_publishes_the_outcome() {
    explore(2, || {
        let task = task();
        let written = Arc::new(Protected::default());
        let waiters = [(); 2].map(|()| {
            let (task, written) = (Arc::clone(&task), Arc::clone(&written));
            spawn(move || {
                task.wait_with(&mut Sleeper::new(), Deadline::NEVER)
                    .unwrap();
                assert_eq!((task.phase(), value(&task)), (Phase::Finished, 7));
                assert_eq!(written.get(), 1);
            })
        });
        written.add(1);
        assert_eq!(task.start(|_| true), Ok(true));
        assert_eq!(finish(&task, 7), Ok(()));
        waiters.into_iter().for_each(join);
    });
}

#[test]
fn a_thread_that_finds_the_future_done_sees_earlier_writes() {
    explore(3, || {
        let task = task();
        let written = Arc::new(Protected::default());
        let looker = {
            let (task, written) = (Arc::clone(&task), Arc::clone(&written));
            spawn(move || {
                if task.phase().is_done() {
                    assert_eq!(written.get(), 1);
                }
            })
        };
        written.add(1);
        assert_eq!(finish(&task, 1), Ok(()));
        join(looker);
    });
}

#[test]
fn a_task_begins_or_is_cancelled_but_not_both() {
    explore(3, || {
        let task = task();
        let canceller = {
            let task = Arc::clone(&task);
            spawn(move || task.cancel(true, |_| Some(())).is_ok())
        };
        let began = task.start(|_| true) == Ok(true);
        assert_ne!(join(canceller), began);
        let end = if began {
            Phase::Running
        } else {
            Phase::Notified
        };
        assert_eq!(task.phase(), end);
    });
}

#[test]
fn a_running_task_ends_or_is_given_up_but_not_both_and_its_waiter_is_woken() {
    explore(3, || {
        let task = task();
        assert_eq!(task.start(|_| true), Ok(true));
        let waiter = {
            let task = Arc::clone(&task);
            spawn(move || task.wait_with(&mut Sleeper::new(), Deadline::NEVER))
        };
        let ender = {
            let task = Arc::clone(&task);
            spawn(move || task.finish(|_| Some(())).is_ok())
        };
        let given_up = task.abort(|was, _| {
            assert_eq!(was, Phase::Running);
            Some(())
        });
        assert_ne!(join(ender), given_up.is_ok());
        assert_eq!(join(waiter), Ok(()));
        let end = if given_up.is_ok() {
            Phase::Notified
        } else {
            Phase::Finished
        };
        assert_eq!(task.phase(), end);
    });
}

#[test]
fn cancelling_wakes_the_waiter() {
    explore(3, || {
        let task = task();
        let waiter = {
            let task = Arc::clone(&task);
            spawn(move || task.wait_with(&mut Sleeper::new(), Deadline::NEVER))
        };
        assert_eq!(task.cancel(false, |_| Some(())), Ok(()));
        assert_eq!(join(waiter), Ok(()));
    });
}

#[test]
fn of_two_ends_one_counts() {
    explore(3, || {
        let task = task();
        let other = {
            let task = Arc::clone(&task);
            spawn(move || finish(&task, 1).is_ok())
        };
        let mine = finish(&task, 2).is_ok();
        assert_ne!(join(other), mine);
        assert_eq!(value(&task), if mine { 2 } else { 1 });
    });
}

#[test]
fn a_wait_ends_in_time_or_not_and_the_future_ends_all_the_same() {
    explore(3, || {
        let task = task();
        let alarm = Alarm::leak();
        let waiter = {
            let task = Arc::clone(&task);
            spawn(move || {
                let waited = task.wait_with(&mut Sleeper::new(), Deadline::At(alarm));
                assert!(matches!(waited, Ok(()) | Err(WaitError::TimedOut)));
                task.wait_with(&mut Sleeper::new(), Deadline::NEVER)
                    .unwrap();
            })
        };
        let clock = spawn(move || alarm.fire());
        assert_eq!(finish(&task, 1), Ok(()));
        join(waiter);
        join(clock);
    });
}

#[test]
fn a_wait_that_a_signal_ends_leaves_the_future_as_it_was() {
    explore(3, || {
        let task = task();
        let signal = Signal::new();
        let waiter = {
            let (task, signal) = (Arc::clone(&task), Arc::clone(&signal));
            spawn(move || {
                let waited = task.wait_with(&mut Sleeper::that_hears(&signal), Deadline::NEVER);
                assert!(matches!(
                    waited,
                    Ok(()) | Err(WaitError::Interrupted(Signalled))
                ));
            })
        };
        signal.raise();
        assert_eq!(finish(&task, 1), Ok(()));
        join(waiter);
        assert_eq!(value(&task), 1);
    });
}

#[test]
fn a_group_is_notified_once_whether_it_registers_before_or_after() {
    explore(3, || {
        let (task, group) = (task(), RawGroup::new().unwrap());
        let worker = {
            let task = Arc::clone(&task);
            spawn(move || finish(&task, 1).unwrap())
        };
        register(&task, &group, 5);
        let waited = group.wait_with(all_of(1), &mut Sleeper::new(), Deadline::NEVER);
        assert_eq!(waited, Ok(()));
        join(worker);
        assert_eq!(group.take_all().unwrap(), [5]);
    });
}

#[test]
fn a_wait_for_both_ends_when_both_have_ended() {
    explore(3, || {
        let (tasks, group) = ([task(), task()], RawGroup::new().unwrap());
        for (index, task) in tasks.iter().enumerate() {
            register(task, &group, index);
        }
        let workers = tasks.map(|task| spawn(move || finish(&task, 1).unwrap()));
        let waited = group.wait_with(all_of(2), &mut Sleeper::new(), Deadline::NEVER);
        assert_eq!(waited, Ok(()));
        let mut arrived = group.take_all().unwrap();
        arrived.sort_unstable();
        assert_eq!(arrived, [0, 1]);
        workers.into_iter().for_each(join);
    });
}

#[test]
fn a_failure_ends_a_wait_that_stops_at_failures() {
    explore(3, || {
        let (tasks, group) = ([task(), task()], RawGroup::new().unwrap());
        for (index, task) in tasks.iter().enumerate() {
            register(task, &group, index);
        }
        let worker = {
            let task = Arc::clone(&tasks[1]);
            spawn(move || fail(&task))
        };
        let want = Want {
            count: 2,
            or_failure: true,
        };
        let waited = group.wait_with(want, &mut Sleeper::new(), Deadline::NEVER);
        assert_eq!(waited, Ok(()));
        assert_eq!(group.take_all().unwrap(), [1]);
        join(worker);
    });
}

#[test]
fn a_future_that_arrives_as_a_wait_times_out_counts_for_the_next_wait() {
    explore(3, || {
        let (task, group) = (task(), RawGroup::new().unwrap());
        register(&task, &group, 3);
        let alarm = Alarm::leak();
        let clock = spawn(move || alarm.fire());
        let worker = {
            let task = Arc::clone(&task);
            spawn(move || finish(&task, 1).unwrap())
        };
        let first = group.wait_with(all_of(1), &mut Sleeper::new(), Deadline::At(alarm));
        assert!(matches!(first, Ok(()) | Err(WaitError::TimedOut)));
        let second = group.wait_with(all_of(1), &mut Sleeper::new(), Deadline::NEVER);
        assert_eq!(second, Ok(()));
        assert_eq!(group.take(), Some(3));
        join(worker);
        join(clock);
    });
}

#[test]
fn a_cancelled_future_reaches_its_group_when_a_worker_finds_it() {
    explore(3, || {
        let (task, group) = (task(), RawGroup::new().unwrap());
        assert_eq!(task.cancel(false, |_| Some(())), Ok(()));
        let worker = {
            let task = Arc::clone(&task);
            spawn(move || assert_eq!(task.start(|_| true), Ok(false)))
        };
        register(&task, &group, 0);
        let waited = group.wait_with(all_of(1), &mut Sleeper::new(), Deadline::NEVER);
        assert_eq!(waited, Ok(()));
        join(worker);
        assert_eq!(task.phase(), Phase::Notified);
    });
}

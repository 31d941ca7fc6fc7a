//! `Future` and `ThreadPoolExecutor`: one worker, whose tasks end at the program's steps.

use crate::play::{Model, Object, Told, User};
use crate::program::{Kind, check};
use crate::support::{SHORT, until};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use weftline::{
    Executor, Future, Lock, ReturnWhen, Semaphore, ShutdownOptions, TaskError, ThreadPoolExecutor,
    try_wait,
};

struct Pool {
    pool: ThreadPoolExecutor,
    futures: Lock<Vec<Future<u8>>>,
    /// A permit lets one task end.
    go: Arc<Semaphore>,
    /// How many callbacks were called.
    called: Arc<AtomicUsize>,
}

impl Pool {
    fn submit(&self, value: u8) -> &'static str {
        let go = Arc::clone(&self.go);
        let task = move || {
            go.acquire(1).forget();
            if value == 0 {
                std::panic::resume_unwind(Box::new("zero"));
            }
            value
        };
        let Ok(future) = self.pool.submit(task) else {
            return "shut down";
        };
        let called = Arc::clone(&self.called);
        future.add_done_callback(move |_| {
            called.fetch_add(1, Ordering::Relaxed);
        });
        self.futures.lock().push(future);
        "submitted"
    }

    /// Returns once the worker runs a task, or no task is left.
    fn settle(&self) {
        until(|| {
            let futures = self.futures.lock();
            futures.iter().any(Future::running) || futures.iter().all(Future::done)
        });
    }

    /// The state of each task: pending, running, a value, failed or cancelled.
    fn states(&self) -> String {
        let state = |future: &Future<u8>| {
            if future.running() {
                return "running".to_owned();
            }
            match future.try_exception_for(std::time::Duration::ZERO) {
                Err(_) => "pending".into(),
                Ok(Some(TaskError::Cancelled)) => "cancelled".into(),
                Ok(Some(_)) => "failed".into(),
                Ok(None) => "returned".into(),
            }
        };
        let states: Vec<_> = self.futures.lock().iter().map(state).collect();
        states.join(" ")
    }

    fn step(&self, verb: &str, number: u8) -> String {
        let told = match verb {
            "submit" => self.submit(number).into(),
            "go" => {
                let mut futures = self.futures.lock();
                match futures.iter_mut().find(|future| future.running()) {
                    Some(future) => {
                        self.go.release(1).expect("few permits");
                        let failed = future.exception().is_some();
                        // Its callback is called before any caller gets the result.
                        format!("{failed} {}", self.called.load(Ordering::Relaxed))
                    }
                    None => "nothing runs".into(),
                }
            }
            "cancel" => match self.futures.lock().get(usize::from(number)) {
                Some(future) => future.cancel().to_string(),
                None => "none".into(),
            },
            "wait-for" => match self.futures.lock().get(usize::from(number)) {
                Some(future) => future.try_exception_for(SHORT).is_ok().to_string(),
                None => "none".into(),
            },
            "take" => self.take(),
            _ => {
                let options = ShutdownOptions::new().wait(false);
                self.pool
                    .shutdown_with(options.cancel_futures(verb == "shutdown-now"));
                "shut down".into()
            }
        };
        self.settle();
        format!("{told}: {}", self.states())
    }

    /// Takes the futures that are done, with their values.
    fn take(&self) -> String {
        let futures = std::mem::take(&mut *self.futures.lock());
        let count = futures.len();
        let waited = try_wait(futures, ReturnWhen::AllCompleted);
        let mut futures = self.futures.lock();
        futures.extend(waited.not_done);
        let values = waited.done.into_iter().map(|future| match future.result() {
            Ok(value) => usize::from(value),
            Err(_) => 100,
        });
        let values: usize = values.sum();
        format!("{} of {count}, {values}", count - futures.len())
    }
}

impl Object for Pool {
    fn user(&self, _: usize) -> User<'_> {
        Box::new(|verb, number| self.step(verb, number))
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // Lets the remaining tasks end.
        let left = self.futures.lock().len();
        self.go.release(left).expect("few permits");
    }
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Pending,
    Running,
    Returned(u8),
    Failed,
    Cancelled,
}

impl State {
    fn is_done(self) -> bool {
        !matches!(self, State::Pending | State::Running)
    }
}

/// The tasks in their order, of which one runs.
#[derive(Default)]
struct Tasks {
    /// Each with the value that it would return.
    tasks: Vec<(State, u8)>,
    called: usize,
    is_shut_down: bool,
}

impl Tasks {
    fn run_next(&mut self) {
        let is = |wanted: State| move |task: &&mut (State, u8)| task.0 == wanted;
        if !self.tasks.iter_mut().any(|task| is(State::Running)(&task))
            && let Some(next) = self.tasks.iter_mut().find(is(State::Pending))
        {
            next.0 = State::Running;
        }
    }

    fn cancel(&mut self, place: usize) -> bool {
        if self.tasks[place].0 == State::Pending {
            self.tasks[place].0 = State::Cancelled;
            self.called += 1;
        }
        self.tasks[place].0 == State::Cancelled
    }

    fn act(&mut self, verb: &str, number: u8) -> String {
        let place = usize::from(number);
        match verb {
            "submit" if self.is_shut_down => "shut down".into(),
            "submit" => {
                self.tasks.push((State::Pending, number));
                "submitted".into()
            }
            "go" => match self.tasks.iter_mut().find(|task| task.0 == State::Running) {
                Some(task) => {
                    task.0 = match task.1 {
                        0 => State::Failed,
                        value => State::Returned(value),
                    };
                    self.called += 1;
                    format!("{} {}", task.1 == 0, self.called)
                }
                None => "nothing runs".into(),
            },
            "cancel" | "wait-for" if place >= self.tasks.len() => "none".into(),
            "cancel" => self.cancel(place).to_string(),
            "wait-for" => self.tasks[place].0.is_done().to_string(),
            "take" => {
                let count = self.tasks.len();
                let done = self.tasks.extract_if(.., |task| task.0.is_done());
                let values = done.map(|(state, _)| match state {
                    State::Returned(value) => value.into(),
                    _ => 100_usize,
                });
                let values: usize = values.sum();
                format!("{} of {count}, {values}", count - self.tasks.len())
            }
            _ => {
                self.is_shut_down = true;
                if verb == "shutdown-now" {
                    (0..self.tasks.len()).for_each(|place| {
                        self.cancel(place);
                    });
                }
                "shut down".into()
            }
        }
    }
}

impl Model for Tasks {
    fn step(&mut self, user: usize, verb: &str, number: u8) -> Told {
        let told = self.act(verb, number);
        self.run_next();
        let states = self.tasks.iter().map(|(state, _)| match state {
            State::Pending => "pending",
            State::Running => "running",
            State::Returned(_) => "returned",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
        });
        let states: Vec<_> = states.collect();
        vec![(user, format!("{told}: {}", states.join(" ")))]
    }
}

const POOL: Kind = Kind {
    name: "pool",
    users: 2,
    parameter: 0..=0,
    verbs: &[
        "submit",
        "submit",
        "submit",
        "go",
        "go",
        "cancel",
        "wait-for",
        "take",
        "shutdown",
        "shutdown-now",
    ],
    numbers: 6,
    object: |_| {
        Box::new(Pool {
            pool: ThreadPoolExecutor::new(1),
            futures: Lock::new(Vec::new()),
            go: Arc::new(Semaphore::new(0)),
            called: Arc::new(AtomicUsize::new(0)),
        })
    },
    model: |_| Box::new(Tasks::default()),
};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![POOL]
}

#[test]
fn a_task_runs_in_its_turn_or_is_cancelled_before_and_is_reported_once() {
    check(&POOL);
}

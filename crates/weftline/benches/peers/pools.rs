//! `ThreadPoolExecutor` beside rayon's `ThreadPool`, the crate `threadpool`, and tokio's
//! `spawn_blocking`. Each has as many workers as the row says.
//!
//! In all of them a task counts down a latch of weftline's, so the row measures how the pool takes
//! and delivers tasks. `spawn` of weftline, rayon and threadpool return no future; tokio's does.
//! `submit`, which returns one too, is another contestant.

use crate::measure::{Contestant, Metric, NANOS, Report, per_operation};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use weftline::{Event, Executor, ThreadPoolExecutor};

const HALF: Metric = Metric {
    name: "p50",
    unit: "ns",
    more_is_better: false,
};
const LATE: Metric = Metric {
    name: "p99",
    unit: "ns",
    more_is_better: false,
};

/// A pool that takes tasks.
trait Pool: Send + Sync + 'static {
    fn spawn(&self, task: impl FnOnce() + Send + 'static);
}

impl Pool for ThreadPoolExecutor {
    fn spawn(&self, task: impl FnOnce() + Send + 'static) {
        assert!(self.spawn(task).is_ok(), "the pool takes tasks");
    }
}

struct WithFutures(ThreadPoolExecutor);

impl Pool for WithFutures {
    fn spawn(&self, task: impl FnOnce() + Send + 'static) {
        let Ok(future) = self.0.submit(task) else {
            panic!("the pool takes tasks");
        };
        drop(future);
    }
}

impl Pool for rayon::ThreadPool {
    fn spawn(&self, task: impl FnOnce() + Send + 'static) {
        rayon::ThreadPool::spawn(self, task);
    }
}

impl Pool for threadpool::ThreadPool {
    fn spawn(&self, task: impl FnOnce() + Send + 'static) {
        self.execute(task);
    }
}

impl Pool for tokio::runtime::Runtime {
    fn spawn(&self, task: impl FnOnce() + Send + 'static) {
        drop(self.spawn_blocking(task));
    }
}

fn ours(workers: usize) -> ThreadPoolExecutor {
    ThreadPoolExecutor::new(workers)
}

fn rayon(workers: usize) -> rayon::ThreadPool {
    let builder = rayon::ThreadPoolBuilder::new();
    builder.num_threads(workers).build().unwrap()
}

fn threadpool(workers: usize) -> threadpool::ThreadPool {
    threadpool::ThreadPool::new(workers)
}

fn tokio(workers: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(workers)
        .build()
        .unwrap()
}

/// The same row for each of the pools.
macro_rules! contestants {
    ($workers:expr, $run:ident $(, $argument:expr)*) => {
        vec![
            $run("weftline", ours($workers) $(, $argument)*),
            $run("submit", WithFutures(ours($workers)) $(, $argument)*),
            $run("rayon", rayon($workers) $(, $argument)*),
            $run("threadpool", threadpool($workers) $(, $argument)*),
            $run("tokio", tokio($workers) $(, $argument)*),
        ]
    };
}

pub(crate) fn measure(report: &mut Report) {
    report.row(
        "Pool, tasks that do nothing, 2 workers",
        100_000,
        &[NANOS],
        contestants!(2, throughput, Duration::ZERO),
    );
    report.row(
        "Pool, one task at a time, 2 workers",
        5_000,
        &[HALF, LATE],
        contestants!(2, one_at_a_time),
    );
    // A pool that may have 8 threads, of which one or two are started.
    report.row(
        "Pool, one task at a time, at most 8 workers",
        5_000,
        &[HALF, LATE],
        contestants!(8, one_at_a_time),
    );
    report.row(
        "Pool, tasks that sleep 1 ms, 16 workers",
        800,
        &[NANOS],
        contestants!(16, throughput, Duration::from_millis(1)),
    );
    // A pool of each library's own size. rayon's default, a thread for each processor, is no size
    // for blocking tasks.
    report.row(
        "Pool, tasks that sleep 1 ms, size by default",
        200,
        &[NANOS],
        vec![
            throughput(
                "weftline",
                ThreadPoolExecutor::builder().build(),
                Duration::from_millis(1),
            ),
            throughput(
                "rayon",
                rayon::ThreadPoolBuilder::new().build().unwrap(),
                Duration::from_millis(1),
            ),
        ],
    );
}

/// All tasks are there from the beginning. The figure is the time until the last has ended, for one
/// task.
fn throughput(name: &'static str, pool: impl Pool, sleep: Duration) -> Contestant {
    Contestant::new(name, move |tasks| {
        let left = Arc::new(AtomicUsize::new(tasks));
        let done = Arc::new(Event::new());
        let start = Instant::now();
        for _ in 0..tasks {
            let (left, done) = (Arc::clone(&left), Arc::clone(&done));
            pool.spawn(move || {
                if !sleep.is_zero() {
                    std::thread::sleep(sleep);
                }
                if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                    done.set();
                }
            });
        }
        done.wait();
        vec![per_operation(start.elapsed(), tasks)]
    })
}

/// The time from the submission of a task until its submitter goes on.
fn one_at_a_time(name: &'static str, pool: impl Pool) -> Contestant {
    Contestant::new(name, move |tasks| {
        let mut times: Vec<Duration> = (0..tasks)
            .map(|_| {
                let done = Arc::new(Event::new());
                let tell = Arc::clone(&done);
                let start = Instant::now();
                pool.spawn(move || tell.set());
                done.wait();
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        let at = |part: f64| times[((tasks - 1) as f64 * part) as usize].as_nanos() as f64;
        vec![at(0.5), at(0.99)]
    })
}

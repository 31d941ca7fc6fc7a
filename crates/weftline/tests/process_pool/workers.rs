//! Workers that die, are killed by a cancelled task, or have run their share of tasks, and the
//! workers that replace them.

use super::tasks::{
    begins_and_waits, closes_its_descriptors, exits, kills_itself, leaves_a_thread, pid, sets,
    square, waits,
};
use super::{Case, how};
use crate::support::{LONG, now};
use std::collections::HashSet;
use std::time::Duration;
use weftline::TaskError;
use weftline::process::{self, Event, ProcessError, ProcessPoolExecutor};

pub(crate) const CASES: &[Case] = &[
    ("a worker that dies fails its task and is replaced", deaths),
    ("an idle worker that dies is replaced", idle_deaths),
    ("workers are killed at any moment", kills),
    ("a worker whose socket is gone", no_socket),
    ("cancel before it runs", cancel_before),
    ("cancel while it runs", cancel_running),
    (
        "cancel while its worker initialises itself",
        cancel_initialiser,
    ),
    ("a few tasks per child", few_tasks_per_child),
    ("results do not wait for the worker's end", used_up),
];

fn deaths() {
    let pool = ProcessPoolExecutor::new(1);
    let others: Vec<_> = (0..3).map(|n| pool.submit(square, (n,)).unwrap()).collect();
    let exited = pool.submit(exits, (7,)).unwrap();
    let killed = pool.submit(kills_itself, ()).unwrap();
    let after = pool.submit(square, (9,)).unwrap();
    let exited = how(exited);
    assert!(
        matches!(exited, ProcessError::Exited { code: 7, .. }),
        "{exited:?}"
    );
    assert!(exited.to_string().contains('7'), "{exited}");
    let killed = how(killed);
    let is_killed =
        matches!(killed, ProcessError::Killed { signal, .. } if signal == libc::SIGKILL);
    assert!(is_killed, "{killed:?}");
    assert!(killed.to_string().contains("SIGKILL"), "{killed}");
    assert_eq!(after.result().unwrap(), 81);
    for (n, other) in others.into_iter().enumerate() {
        assert_eq!(other.result().unwrap(), (n * n) as u64);
    }
}

fn kill(pid: u32) {
    // SAFETY: plain call of the system, for a child that has not been waited for.
    unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
}

fn idle_deaths() {
    let pool = ProcessPoolExecutor::new(1);
    for _ in 0..10 {
        let worker = pool.submit(pid, ()).unwrap().result().unwrap();
        kill(worker);
        // The task succeeds, with the death known by now or not.
        let next = pool.submit(pid, ()).unwrap().result().unwrap();
        assert_ne!(next, worker);
    }
}

/// Each task ends, with its own value or because its worker died; never with another's value.
fn kills() {
    let pool = ProcessPoolExecutor::new(2);
    let mut died = 0;
    for round in 0..40_u64 {
        let futures: Vec<_> = (0..40)
            .map(|n| pool.submit(square, (round * 100 + n,)).unwrap())
            .collect();
        std::thread::sleep(Duration::from_micros(round * 37 % 900));
        for child in process::active_children() {
            child.kill().unwrap();
        }
        for (n, future) in (0_u64..).zip(futures) {
            match future.result() {
                Ok(value) => assert_eq!(value, (round * 100 + n).pow(2)),
                Err(TaskError::Elsewhere(_)) => died += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    // Only tasks that a worker had fail, and none that waited.
    assert!(died <= 80 * 2, "{died} tasks failed by 80 deaths");
}

/// The worker has not begun a task that cannot be sent to it.
fn no_socket() {
    let pool = ProcessPoolExecutor::new(1);
    let event = Event::new().unwrap();
    let closed = pool.submit(closes_its_descriptors, ()).unwrap();
    closed.result().unwrap();
    let task = pool.submit(sets, (event.clone(),)).unwrap();
    task.result().unwrap();
    assert!(event.is_set());
}

fn cancel_before() {
    let pool = ProcessPoolExecutor::new(1);
    let (begun, go) = (Event::new().unwrap(), Event::new().unwrap());
    let running = pool.submit(waits, (begun.clone(), go.clone())).unwrap();
    begun.wait();
    let waiting = pool.submit(square, (1,)).unwrap();
    assert!(running.running() && !waiting.running());
    assert_eq!(pool.pending(), 1);
    assert!(waiting.cancel() && waiting.cancelled());
    go.set();
    running.result().unwrap();
    assert!(matches!(waiting.result(), Err(TaskError::Cancelled)));
}

fn cancel_running() {
    let pool = ProcessPoolExecutor::new(1);
    for _ in 0..5 {
        let (begun, go) = (Event::new().unwrap(), Event::new().unwrap());
        let worker = pool.submit(pid, ()).unwrap().result().unwrap();
        let running = pool.submit(waits, (begun.clone(), go)).unwrap();
        let next = pool.submit(pid, ()).unwrap();
        begun.wait();
        assert!(running.running());
        let before = now();
        assert!(running.cancel() && running.cancelled() && running.done());
        assert!(!running.running());
        assert!(matches!(running.result(), Err(TaskError::Cancelled)));
        // Another worker runs the next task.
        assert_ne!(next.result().unwrap(), worker);
        assert!(before.elapsed() < LONG);
        assert!(
            !process::active_children()
                .iter()
                .any(|child| child.pid() == worker)
        );
    }
}

fn cancel_initialiser() {
    let (begun, go) = (Event::new().unwrap(), Event::new().unwrap());
    let pool = ProcessPoolExecutor::builder()
        .max_workers(1)
        .initializer(begins_and_waits, (begun.clone(), go.clone()))
        .unwrap()
        .build();
    let first = pool.submit(square, (1,)).unwrap();
    begun.wait();
    let worker = process::active_children().remove(0);
    assert!(first.cancel());
    worker.try_join_for(LONG).unwrap();
    assert_eq!(worker.exitcode(), Some(-libc::SIGKILL));
    // The pool is not broken by that.
    go.set();
    let second = pool.submit(square, (2,)).unwrap();
    assert_eq!(second.result().unwrap(), 4);
}

fn few_tasks_per_child() {
    let pool = ProcessPoolExecutor::builder()
        .max_workers(1)
        .max_tasks_per_child(3)
        .build();
    let pids: Vec<_> = (0..9)
        .map(|_| pool.submit(pid, ()).unwrap().result().unwrap())
        .collect();
    for three in pids.chunks(3) {
        assert!(three.iter().all(|pid| *pid == three[0]), "{pids:?}");
    }
    assert_eq!(pids.iter().collect::<HashSet<_>>().len(), 3);
}

fn used_up() {
    let pool = ProcessPoolExecutor::builder()
        .max_workers(2)
        .max_tasks_per_child(1)
        .build();
    let go = Event::new().unwrap();
    let task = pool.submit(leaves_a_thread, (go.clone(),)).unwrap();
    task.try_result_for(LONG).unwrap();
    // Another task does not wait for that process, either.
    for n in 0..5 {
        let other = pool.submit(square, (n,)).unwrap();
        assert_eq!(other.try_result_for(LONG).unwrap(), n * n);
    }
    go.set();
}

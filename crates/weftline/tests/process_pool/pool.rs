//! The pool as a whole: its initialiser, its refusals, missing resources, and its shutdown.

use super::Case;
use super::tasks::{INITIALISED, initialise, initialised, refuses, square, squares, waits};
use crate::support::{LONG, SHORT, until};
use std::fs;
use std::os::fd::AsRawFd;
use std::sync::atomic::Ordering;
use weftline::process::{self, Event, ProcessPoolExecutor};
use weftline::{ResultError, ShutdownOptions, SubmitError};

pub(crate) const CASES: &[Case] = &[
    ("initialiser", initialiser),
    ("initialiser that fails", broken),
    ("refusals", refusals),
    ("no descriptor is left for a worker", no_descriptor_is_left),
    ("shutdown", shutdown),
];

fn initialiser() {
    let pool = ProcessPoolExecutor::builder()
        .max_workers(2)
        .initializer(initialise, (5,))
        .unwrap()
        .build();
    for future in (0..20).map(|_| pool.submit(initialised, ()).unwrap()) {
        assert_eq!(future.result().unwrap(), 5);
    }
    assert_eq!(INITIALISED.load(Ordering::Relaxed), 0);
}

fn broken() {
    let pool = ProcessPoolExecutor::builder()
        .max_workers(1)
        .initializer(refuses, ("out of order".to_owned(),))
        .unwrap()
        .build();
    let first = pool.submit(square, (1,));
    if let Ok(first) = first {
        assert!(first.result().is_err());
    }
    until(|| matches!(pool.submit(square, (1,)), Err(SubmitError::Broken(_))));
}

fn refusals() {
    let pool = ProcessPoolExecutor::new(1);
    let refused = pool.submit(squares, ()).unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, SubmitError::Unfit(..)));
    assert!(
        text.contains("tasks::squares` is not") && text.contains("tasks::square,"),
        "{text}"
    );
    assert!(!text.contains("a worker of a pool"), "{text}");
    pool.shutdown();
    let refused = pool.submit(square, (3,)).unwrap_err();
    assert!(matches!(refused, SubmitError::ShutDown((_, (3,)))));
}

/// At each point where a descriptor is missing, the task's error says so, with advice.
fn no_descriptor_is_left() {
    let limited = |to| {
        let limit = libc::rlimit {
            rlim_cur: to,
            rlim_max: 1024,
        };
        // SAFETY: the limit is a valid place.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    };
    let highest = fs::File::open("/dev/null").unwrap().as_raw_fd();
    let mut refusals = 0;
    for descriptors in u64::from(highest.cast_unsigned()).. {
        let pool = ProcessPoolExecutor::new(1);
        limited(descriptors);
        let ended = pool.submit(square, (3,)).unwrap().try_result_for(LONG);
        limited(1024);
        match ended {
            Ok(value) => {
                assert_eq!(value, 9);
                break;
            }
            Err(ResultError::Failed(why)) => {
                let why = why.to_string();
                // The worker's own limit is as low, so the error is its own.
                let is_clear = why.contains("ulimit -n") || why.contains("before it came to");
                assert!(is_clear, "{descriptors}: {why}");
            }
            Err(hangs) => panic!("with {descriptors} descriptors: {hangs:?}"),
        }
        refusals += 1;
        drop(pool);
    }
    assert!(refusals > 3, "{refusals}");
}

fn shutdown() {
    let pool = ProcessPoolExecutor::new(1);
    let (begun, go) = (Event::new().unwrap(), Event::new().unwrap());
    let running = pool.submit(waits, (begun.clone(), go.clone())).unwrap();
    let waiting = pool.submit(square, (4,)).unwrap();
    begun.wait();
    pool.shutdown_with(ShutdownOptions::new().wait(false).cancel_futures(true));
    assert!(waiting.cancelled() && running.running());
    let Err(ResultError::NotYet(running)) = running.try_result_for(SHORT) else {
        panic!("it waits")
    };
    go.set();
    running.result().unwrap();
    pool.shutdown();
    assert!(process::active_children().is_empty());
}

//! Objects in shared memory, beside their counterparts within one process.

use crate::measure::{Contestant, NANOS, Report};
use std::hint::black_box;
use weftline::process;

pub(crate) fn measure(report: &mut Report) {
    let shared = process::Lock::new(0_u64).expect("memory");
    let ours = weftline::Lock::new(0_u64);
    let std = std::sync::Mutex::new(0_u64);
    report.row(
        "Lock, uncontended",
        2_000_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", move |n| {
                for _ in 0..n {
                    *black_box(&shared).lock().expect("whole") += 1;
                }
            }),
            Contestant::timed("in one process", move |n| {
                for _ in 0..n {
                    *black_box(&ours).lock() += 1;
                }
            }),
            Contestant::timed("std", move |n| {
                for _ in 0..n {
                    *black_box(&std).lock().expect("whole") += 1;
                }
            }),
        ],
    );
    let shared = process::Semaphore::new(1).expect("memory");
    let ours = weftline::Semaphore::new(1);
    report.row(
        "Semaphore, uncontended",
        1_000_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", move |n| {
                for _ in 0..n {
                    drop(black_box(&shared).acquire(1).expect("whole"));
                }
            }),
            Contestant::timed("in one process", move |n| {
                for _ in 0..n {
                    drop(black_box(&ours).acquire(1));
                }
            }),
        ],
    );
    let shared = process::Value::new(0_u64).expect("memory");
    report.row(
        "Value, update",
        1_000_000,
        &[NANOS],
        vec![Contestant::timed("weftline", move |n| {
            for _ in 0..n {
                black_box(&shared).update(|value| *value += 1);
            }
        })],
    );
    let shared = process::Queue::unbounded().expect("memory");
    let ours = weftline::Queue::unbounded();
    let item = "x".repeat(64);
    let same = item.clone();
    report.row(
        "Queue of 64 bytes, one thread",
        500_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", move |n| {
                for _ in 0..n {
                    shared.put(black_box(&*item).to_owned()).expect("room");
                    black_box(shared.get().expect("an item"));
                }
            }),
            Contestant::timed("in one process", move |n| {
                for _ in 0..n {
                    ours.put(black_box(&*same).to_owned()).expect("room");
                    black_box(ours.get().expect("an item"));
                }
            }),
        ],
    );
}

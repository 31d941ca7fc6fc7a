//! `Semaphore` and `Event` beside tokio's `Semaphore` and `Notify`, `Condition` and `Barrier`
//! beside those of `std` and parking_lot.
//!
//! tokio's are for tasks. Each thread runs its whole loop in one `block_on` of a current-thread
//! runtime of its own. So the measurement excludes entering the runtime, and a waiting task puts
//! its thread to sleep, as a waiting thread does.

use crate::measure::{Contestant, NANOS, Report};
use std::hint::black_box;
use std::sync::Arc;

pub(crate) fn measure(report: &mut Report) {
    semaphore(report);
    event(report);
    condition(report);
    barrier(report);
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
}

fn semaphore(report: &mut Report) {
    let ours = weftline::Semaphore::new(1);
    let theirs = tokio::sync::Semaphore::new(1);
    let runs = runtime();
    report.row(
        "Semaphore, one thread",
        1_000_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", move |operations| {
                for _ in 0..operations {
                    drop(black_box(&ours).acquire(1));
                }
            }),
            Contestant::timed("tokio", move |operations| {
                runs.block_on(async {
                    for _ in 0..operations {
                        drop(black_box(&theirs).acquire().await.unwrap());
                    }
                });
            }),
        ],
    );
    report.row(
        "Semaphore, there and back",
        10_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", |operations| {
                let there = weftline::Semaphore::new(0);
                let back = weftline::Semaphore::new(0);
                let wait = |semaphore: &weftline::Semaphore| semaphore.acquire(1).forget();
                let wake = |semaphore: &weftline::Semaphore| semaphore.release(1).unwrap();
                ping_pong(
                    operations,
                    || wake(&there),
                    || wait(&there),
                    || wake(&back),
                    || wait(&back),
                );
            }),
            Contestant::timed("tokio", |operations| {
                let there = Arc::new(tokio::sync::Semaphore::new(0));
                let back = Arc::new(tokio::sync::Semaphore::new(0));
                let (there_too, back_too) = (there.clone(), back.clone());
                let other = std::thread::spawn(move || {
                    runtime().block_on(async {
                        for _ in 0..operations {
                            there_too.acquire().await.unwrap().forget();
                            back_too.add_permits(1);
                        }
                    });
                });
                runtime().block_on(async {
                    for _ in 0..operations {
                        there.add_permits(1);
                        back.acquire().await.unwrap().forget();
                    }
                });
                other.join().unwrap();
            }),
        ],
    );
}

fn event(report: &mut Report) {
    let ours = weftline::Event::new();
    let theirs = tokio::sync::Notify::new();
    let runs = runtime();
    report.row(
        "Event set, wait, clear; Notify notify, wait",
        1_000_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", move |operations| {
                for _ in 0..operations {
                    let event = black_box(&ours);
                    event.set();
                    event.wait();
                    event.clear();
                }
            }),
            Contestant::timed("tokio", move |operations| {
                runs.block_on(async {
                    for _ in 0..operations {
                        let notify = black_box(&theirs);
                        notify.notify_one();
                        notify.notified().await;
                    }
                });
            }),
        ],
    );
    report.row(
        "Event, there and back",
        10_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", |operations| {
                let there = weftline::Event::new();
                let back = weftline::Event::new();
                let wait = |event: &weftline::Event| {
                    event.wait();
                    event.clear();
                };
                ping_pong(
                    operations,
                    || there.set(),
                    || wait(&there),
                    || back.set(),
                    || wait(&back),
                );
            }),
            Contestant::timed("tokio", |operations| {
                let there = Arc::new(tokio::sync::Notify::new());
                let back = Arc::new(tokio::sync::Notify::new());
                let (there_too, back_too) = (there.clone(), back.clone());
                let other = std::thread::spawn(move || {
                    runtime().block_on(async {
                        for _ in 0..operations {
                            there_too.notified().await;
                            back_too.notify_one();
                        }
                    });
                });
                runtime().block_on(async {
                    for _ in 0..operations {
                        there.notify_one();
                        back.notified().await;
                    }
                });
                other.join().unwrap();
            }),
        ],
    );
}

fn ping_pong(
    operations: usize,
    wake_there: impl Fn(),
    wait_there: impl Fn() + Sync + Send,
    wake_back: impl Fn() + Sync + Send,
    wait_back: impl Fn(),
) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..operations {
                wait_there();
                wake_back();
            }
        });
        for _ in 0..operations {
            wake_there();
            wait_back();
        }
    });
}

/// Two threads take turns: `take_turn(mine, next)` waits until the turn is `mine` and makes it
/// `next`'s.
fn in_turns(operations: usize, take_turn: impl Fn(bool, bool) + Sync + Send) {
    std::thread::scope(|scope| {
        scope.spawn(|| (0..operations).for_each(|_| take_turn(true, false)));
        (0..operations).for_each(|_| take_turn(false, true));
    });
}

/// All contestants notify while they hold the lock, as weftline's types demand.
fn condition(report: &mut Report) {
    report.row(
        "Condition, there and back",
        10_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", |operations| {
                let turn = weftline::Condition::new(false);
                in_turns(operations, |mine, next| {
                    let mut turn = turn.lock();
                    turn.wait_while(|turn| *turn != mine);
                    *turn = next;
                    turn.notify_one();
                });
            }),
            Contestant::timed("std", |operations| {
                let (turn, changed) = (std::sync::Mutex::new(false), std::sync::Condvar::new());
                in_turns(operations, |mine, next| {
                    let turn = turn.lock().unwrap();
                    let mut turn = changed.wait_while(turn, |turn| *turn != mine).unwrap();
                    *turn = next;
                    changed.notify_one();
                });
            }),
            Contestant::timed("parking_lot", |operations| {
                let turn = parking_lot::Mutex::new(false);
                let changed = parking_lot::Condvar::new();
                in_turns(operations, |mine, next| {
                    let mut turn = turn.lock();
                    changed.wait_while(&mut turn, |turn| *turn != mine);
                    *turn = next;
                    changed.notify_one();
                });
            }),
        ],
    );
    let ours = weftline::Condition::new(0_u64);
    let (value, changed) = (std::sync::Mutex::new(0_u64), std::sync::Condvar::new());
    let (their_value, their_changed) =
        (parking_lot::Mutex::new(0_u64), parking_lot::Condvar::new());
    report.row(
        "Condition lock, notify, no waiter",
        1_000_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", move |operations| {
                for _ in 0..operations {
                    let mut value = black_box(&ours).lock();
                    *value += 1;
                    value.notify_one();
                }
            }),
            Contestant::timed("std", move |operations| {
                for _ in 0..operations {
                    let mut value = black_box(&value).lock().unwrap();
                    *value += 1;
                    changed.notify_one();
                }
            }),
            Contestant::timed("parking_lot", move |operations| {
                for _ in 0..operations {
                    let mut value = black_box(&their_value).lock();
                    *value += 1;
                    their_changed.notify_one();
                }
            }),
        ],
    );
}

fn barrier(report: &mut Report) {
    fn rounds(operations: usize, wait: impl Fn() + Sync + Send) {
        std::thread::scope(|scope| {
            scope.spawn(|| (0..operations).for_each(|_| wait()));
            (0..operations).for_each(|_| wait());
        });
    }
    report.row(
        "Barrier of 2",
        10_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", |operations| {
                let barrier = weftline::Barrier::new(2);
                rounds(operations, || {
                    barrier.wait().unwrap();
                });
            }),
            Contestant::timed("std", |operations| {
                let barrier = std::sync::Barrier::new(2);
                rounds(operations, || {
                    barrier.wait();
                });
            }),
        ],
    );
}

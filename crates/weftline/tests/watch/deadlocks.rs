//! Threads that wait for each other in a circle are found, with what is known of the circle.

use crate::Named;
use crate::child::{Child, all_wait, end_with_parent, named, ready, start, stay};
use crate::support::leak;
use std::sync::mpsc::channel;
use std::time::Duration;
use weftline::watch::{Snapshot, Verdict};
use weftline::{Barrier, Lock, RLock, RwLock};

pub(crate) const SCENARIOS: &[Named] = &[
    ("two locks", || locks(2, None)),
    ("three locks", || locks(3, None)),
    ("four philosophers", || locks(4, None)),
    ("two locks with a timeout", || {
        locks(2, Some(Duration::from_secs(3600)))
    }),
    ("two rlocks", rlocks),
    ("mutual joins", joins),
    ("a lock and a join", lock_and_join),
    ("a writer and readers", writer_and_readers),
];
pub(crate) const CASES: &[Named] = &[
    ("deadlocks: locks", || {
        for (scenario, threads) in [
            ("two locks", 2),
            ("three locks", 3),
            ("four philosophers", 4),
        ] {
            let names: Vec<_> = (0..threads).map(|at| format!("thread {at}")).collect();
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            is_found(scenario, &names, Verdict::Certain);
        }
    }),
    ("deadlocks: until a timeout", || {
        is_found(
            "two locks with a timeout",
            &["thread 0", "thread 1"],
            Verdict::UntilTimeout,
        );
    }),
    ("deadlocks: rlocks", || {
        is_found("two rlocks", &["left", "right"], Verdict::Certain)
    }),
    ("deadlocks: mutual joins", || {
        is_found("mutual joins", &["left", "right"], Verdict::Certain)
    }),
    ("deadlocks: a lock and a join", || {
        is_found("a lock and a join", &["joins", "locks"], Verdict::Certain);
    }),
    ("deadlocks: a writer and readers", || {
        is_found(
            "a writer and readers",
            &["reader", "writer"],
            Verdict::Certain,
        );
    }),
];

/// Each thread takes a lock, and then that of the next.
fn locks(threads: usize, timeout: Option<Duration>) {
    weftline::run(|| {
        end_with_parent();
        let locks: &Vec<Lock<()>> = leak((0..threads).map(|_| Lock::new(())).collect());
        let all_hold: &Barrier = leak(Barrier::new(threads));
        for at in 0..threads {
            start(&format!("thread {at}"), move || {
                let _held = locks[at].lock();
                all_hold.wait().unwrap();
                let next = &locks[(at + 1) % threads];
                match timeout {
                    Some(timeout) if at == 0 => drop(next.try_lock_for(timeout)),
                    _ => drop(next.lock()),
                }
            });
        }
        ready();
        stay();
    });
}

fn rlocks() {
    weftline::run(|| {
        end_with_parent();
        let locks: &[RLock<()>; 2] = leak([RLock::new(()), RLock::new(())]);
        let both_hold: &Barrier = leak(Barrier::new(2));
        for (at, name) in ["left", "right"].into_iter().enumerate() {
            start(name, move || {
                let _held = (locks[at].lock(), locks[at].lock());
                both_hold.wait().unwrap();
                drop(locks[1 - at].lock());
            });
        }
        ready();
        stay();
    });
}

fn joins() {
    weftline::run(|| {
        end_with_parent();
        let (mut senders, mut threads) = (Vec::new(), Vec::new());
        for name in ["left", "right"] {
            let (sender, receiver) = channel::<weftline::Thread>();
            threads.push(start(name, move || receiver.recv().unwrap().join()));
            senders.push(sender);
        }
        senders[0].send(threads[1].thread().clone()).unwrap();
        senders[1].send(threads[0].thread().clone()).unwrap();
        ready();
        stay();
    });
}

fn lock_and_join() {
    weftline::run(|| {
        end_with_parent();
        let lock: &Lock<()> = leak(Lock::new(()));
        start("joins", move || {
            let _held = lock.lock();
            drop(start("locks", || drop(lock.lock())).join());
        });
        ready();
        stay();
    });
}

/// One of two readers wants a lock, whose owner wants to write. The other reader is innocent.
fn writer_and_readers() {
    weftline::run(|| {
        end_with_parent();
        let shared: &RwLock<()> = leak(RwLock::new(()));
        let lock: &Lock<()> = leak(Lock::new(()));
        let all_hold: &Barrier = leak(Barrier::new(3));
        start("innocent", || {
            let _read = shared.read();
            all_hold.wait().unwrap();
            stay();
        });
        start("reader", || {
            let _read = shared.read();
            all_hold.wait().unwrap();
            drop(lock.lock());
        });
        start("writer", || {
            let _held = lock.lock();
            all_hold.wait().unwrap();
            drop(shared.write());
        });
        ready();
        stay();
    });
}

/// The one deadlock of the scenario has these threads, each of which waits for the next.
fn is_found(scenario: &str, names: &[&str], verdict: Verdict) {
    let child = Child::start(scenario);
    let snapshot = child.ask_until(|snapshot| all_wait(snapshot, names));
    let deadlocks = snapshot.deadlocks();
    assert_eq!(deadlocks.len(), 1, "{scenario}: {}", snapshot.report());
    let deadlock = &deadlocks[0];
    assert_eq!(deadlock.verdict, verdict, "{scenario}");
    let mut expected: Vec<u64> = names
        .iter()
        .map(|name| named(&snapshot, name).number)
        .collect();
    for (at, &waiter) in deadlock.circle.iter().enumerate() {
        let next = deadlock.circle[(at + 1) % deadlock.circle.len()];
        assert!(
            holders_of(&snapshot, waiter).contains(&next),
            "{scenario}: {deadlock:?}"
        );
    }
    let mut circle = deadlock.circle.clone();
    circle.sort_unstable();
    expected.sort_unstable();
    assert_eq!(circle, expected, "{scenario}: {}", snapshot.report());
    let report = snapshot.report().to_string();
    assert!(
        report.contains("1 deadlock") && report.contains("wait for each other"),
        "{report}"
    );
    child.end();
}

/// The holders of the object for which the party waits.
fn holders_of(snapshot: &Snapshot, waiter: u64) -> Vec<u64> {
    let wait = snapshot
        .party(waiter)
        .and_then(|party| party.wait.as_ref())
        .expect("it waits");
    snapshot
        .object(wait.object)
        .expect("it has an object")
        .holders
        .clone()
}

//! Threads that wait for each other in turn are no deadlock, however often they are looked at.

use crate::Named;
use crate::child::{Child, end_with_parent, ready, start, stay};
use crate::support::{count, leak};
use std::time::Duration;
use weftline::park::{Kind, blocked_now};
use weftline::{Barrier, Builder, Lock, Queue, RwLock};

pub(crate) const SCENARIOS: &[Named] = &[
    ("ordered locks", ordered_locks),
    ("slow", slow),
    ("a reader leaves", a_reader_leaves),
    ("a reader is granted", a_reader_is_granted),
];
pub(crate) const CASES: &[Named] = &[
    ("order: locks under load are no deadlock", || {
        never_a_deadlock("ordered locks", 300)
    }),
    (
        "order: a slow consumer and a long critical section are no deadlock",
        || {
            never_a_deadlock("slow", 40);
        },
    ),
    ("order: a reader that has left is no holder", || {
        never_a_deadlock("a reader leaves", 30)
    }),
    (
        "order: a granted reader that has not run yet is no waiter",
        || {
            never_a_deadlock("a reader is granted", 60);
        },
    ),
    ("long: order", || never_a_deadlock("ordered locks", 20_000)),
];

/// Threads that take locks in one order, some of them to read, and that are joined.
fn ordered_locks() {
    weftline::run(|| {
        end_with_parent();
        let locks: &[Lock<u64>; 3] = leak([Lock::new(0), Lock::new(0), Lock::new(0)]);
        let shared: &[RwLock<u64>; 2] = leak([RwLock::new(0), RwLock::new(0)]);
        for at in 0..4 {
            start(&format!("locks {at}"), move || {
                for turn in 0_u64.. {
                    let mut first = locks[0].lock();
                    *first += 1;
                    if turn % 2 == 0 {
                        drop(first);
                    }
                    let mut second = locks[1].lock();
                    *second += 1;
                    let mut third = locks[2].lock();
                    drop(second);
                    *third += 1;
                }
            });
        }
        for at in 0..3 {
            start(&format!("shares {at}"), move || {
                loop {
                    let first = shared[0].read();
                    let mut second = shared[1].write();
                    *second += *first;
                    drop(first);
                    drop(second);
                    *shared[0].write() += 1;
                    drop((shared[0].read(), shared[1].read()));
                }
            });
        }
        start("joins", || {
            let lock: &Lock<u64> = leak(Lock::new(0));
            loop {
                let started = Builder::new().spawn(|| *lock.lock() += 1).unwrap();
                drop(lock.lock());
                drop(started.join());
                let _held = lock.lock();
            }
        });
        ready();
        stay();
    });
}

fn slow() {
    weftline::run(|| {
        end_with_parent();
        let queue: &Queue<u64> = leak(Queue::bounded(1));
        let lock: &Lock<()> = leak(Lock::new(()));
        start("consumer", || {
            loop {
                let _held = lock.lock();
                std::thread::sleep(Duration::from_millis(20));
                queue.get().unwrap();
            }
        });
        start("producer", || {
            for item in 0.. {
                queue.put(item).unwrap();
            }
        });
        start("waits", || {
            loop {
                drop(lock.lock())
            }
        });
        ready();
        stay();
    });
}

/// The writer owns a lock. One of two readers leaves and then wants that lock, while the other
/// makes the writer wait.
fn a_reader_leaves() {
    weftline::run(|| {
        end_with_parent();
        let lock: &Lock<()> = leak(Lock::new(()));
        let shared: &RwLock<()> = leak(RwLock::new(()));
        let (begin, end): (&Barrier, &Barrier) = (leak(Barrier::new(3)), leak(Barrier::new(3)));
        let turns = |turn: fn(&Lock<()>, &RwLock<()>, &Barrier)| {
            move || loop {
                turn(lock, shared, begin);
                end.wait().unwrap();
            }
        };
        start(
            "leaves",
            turns(|lock, shared, begin| {
                let read = shared.read();
                begin.wait().unwrap();
                std::thread::sleep(Duration::from_millis(10));
                drop(read);
                drop(lock.lock());
            }),
        );
        // The report takes some time from the one to the other.
        for at in 0..300 {
            start(&format!("between {at}"), stay);
        }
        start(
            "stays",
            turns(|_, shared, begin| {
                let _read = shared.read();
                begin.wait().unwrap();
                std::thread::sleep(Duration::from_millis(25));
            }),
        );
        start(
            "writes",
            turns(|lock, shared, begin| {
                let _held = lock.lock();
                begin.wait().unwrap();
                drop(shared.write());
            }),
        );
        ready();
        stay();
    });
}

/// Two readers get a lock at the same time. One of them then waits for what the other holds, which
/// has not woken up yet: the processor has other work.
fn a_reader_is_granted() {
    weftline::run(|| {
        end_with_parent();
        // SAFETY: all zeros are a valid value, and the places are valid.
        unsafe {
            let mut first: libc::cpu_set_t = std::mem::zeroed();
            let size = size_of::<libc::cpu_set_t>();
            assert_eq!(libc::sched_getaffinity(0, size, &raw mut first), 0);
            let mut processors = 0..libc::CPU_SETSIZE as usize;
            let only = processors.find(|&at| libc::CPU_ISSET(at, &first)).unwrap();
            libc::CPU_ZERO(&mut first);
            libc::CPU_SET(only, &mut first);
            assert_eq!(libc::sched_setaffinity(0, size, &raw const first), 0);
        }
        let lock: &Lock<()> = leak(Lock::new(()));
        let shared: &RwLock<()> = leak(RwLock::new(()));
        let (begin, end): (&Barrier, &Barrier) = (leak(Barrier::new(3)), leak(Barrier::new(3)));
        start("works", || {
            loop {
                std::hint::spin_loop()
            }
        });
        start("late", || {
            let none = libc::sched_param { sched_priority: 0 };
            // SAFETY: the place is valid.
            unsafe {
                assert_eq!(
                    libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const none),
                    0
                )
            };
            loop {
                let held = lock.lock();
                begin.wait().unwrap();
                drop(shared.read());
                drop(held);
                end.wait().unwrap();
            }
        });
        start("soon", || {
            loop {
                begin.wait().unwrap();
                let _read = shared.read();
                drop(lock.lock());
                end.wait().unwrap();
            }
        });
        start("writes", || {
            loop {
                let written = shared.write();
                begin.wait().unwrap();
                let reads = || {
                    blocked_now()
                        .filter(|it| it.kind == Kind::RwLockRead)
                        .count()
                };
                while reads() < 2 {
                    std::thread::sleep(Duration::from_millis(1));
                }
                drop(written);
                end.wait().unwrap();
            }
        });
        ready();
        stay();
    });
}

fn never_a_deadlock(scenario: &str, requests: usize) {
    let child = Child::start(scenario);
    let mut waits = 0;
    for request in 0..count(requests) {
        let snapshot = child.ask();
        waits += snapshot
            .parties
            .iter()
            .filter(|party| party.wait.is_some())
            .count();
        let deadlocks = snapshot.deadlocks();
        assert!(
            deadlocks.is_empty(),
            "request {request}: {}",
            snapshot.report()
        );
    }
    assert!(waits > requests / 10, "only {waits} waits were seen");
    child.end();
}

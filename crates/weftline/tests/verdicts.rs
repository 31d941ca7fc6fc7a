//! Verdicts: deadlocks that threads find by themselves. `no_verdict.rs` has what is never found.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use weftline::park::{Deadline, ThreadBlocker, blocked_now};
use weftline::sync::raw::RawLock;
use weftline::watch::{self, Found, OnDeadlock, Verdict};
use weftline::{
    Barrier, Builder, Event, Executor, Lock, RLock, RwLock, Thread, ThreadPoolExecutor,
};

static FOUND: Lock<Vec<Found>> = Lock::new(Vec::new());
static CHANGED: Event = Event::new();

fn note(found: &Found) -> bool {
    FOUND.lock().push(found.clone());
    CHANGED.set();
    false
}

/// Long enough for any machine; what is found takes one or two seconds.
const LONG: Duration = Duration::from_secs(60);

fn begin() {
    watch::on_deadlock(OnDeadlock::Call(note));
}

/// The first thing found that is so, once something is.
fn found_that(is_it: impl Fn(&Found) -> bool) -> Found {
    let end = Deadline::after(LONG);
    loop {
        CHANGED.clear();
        if let Some(found) = FOUND.lock().iter().find(|found| is_it(found)) {
            return found.clone();
        }
        assert!(!end.has_passed(), "nothing was found: {:?}", FOUND.lock());
        let _ = CHANGED.try_wait_for(Duration::from_millis(200));
    }
}

/// What was found about these threads.
fn found_of(threads: &[Thread]) -> Found {
    let sorted = |mut numbers: Vec<u64>| {
        numbers.sort_unstable();
        numbers
    };
    let numbers = sorted(threads.iter().map(number_of).collect());
    found_that(|found| sorted(found.threads.clone()) == numbers)
}

/// What was found about that thread and others.
fn found_with(thread: &Thread) -> Found {
    found_that(|found| found.threads.contains(&number_of(thread)))
}

fn number_of(thread: &Thread) -> u64 {
    thread.number().unwrap().get()
}

/// A thread that is never joined, because it never ends.
fn start(name: &str, f: impl FnOnce() + Send + 'static) -> Thread {
    let builder = Builder::new().name(name).daemon(true);
    builder.spawn(f).unwrap().thread().clone()
}

/// Threads each of which takes the next lock while it holds its own.
fn ring<L: Send + Sync + 'static>(
    count: usize,
    new: impl Fn() -> L,
    take_both: impl Fn(&L, &L, &dyn Fn()) + Send + Sync + Copy + 'static,
) -> Vec<Thread> {
    let locks: Arc<Vec<L>> = Arc::new((0..count).map(|_| new()).collect());
    let hold = Arc::new(AtomicU64::new(0));
    (0..count)
        .map(|at| {
            let (locks, hold) = (Arc::clone(&locks), Arc::clone(&hold));
            start(&format!("ring {count}.{at}"), move || {
                take_both(&locks[at], &locks[(at + 1) % count], &|| {
                    hold.fetch_add(1, Ordering::Relaxed);
                    while hold.load(Ordering::Relaxed) < count as u64 {
                        std::thread::yield_now();
                    }
                });
            })
        })
        .collect()
}

#[test]
fn circles_of_two_three_and_four_locks_are_certain() {
    begin();
    for count in [2, 3, 4] {
        let threads = ring(
            count,
            || Lock::new(()),
            |own, next, all_hold| {
                let _own = own.lock();
                all_hold();
                let _next = next.lock();
            },
        );
        let found = found_of(&threads);
        assert_eq!(found.verdict, Verdict::Certain);
        assert!(
            found
                .text
                .contains(&format!("{count} threads wait for each other"))
        );
        assert!(found.text.contains("verdicts.rs:"), "{}", found.text);
    }
}

#[test]
fn a_circle_of_reentrant_locks_is_certain() {
    begin();
    let threads = ring(
        2,
        || RLock::new(()),
        |own, next, all_hold| {
            let _own = own.lock();
            let _again = own.lock();
            all_hold();
            let _next = next.lock();
        },
    );
    assert_eq!(found_of(&threads).verdict, Verdict::Certain);
}

#[test]
fn readers_that_each_want_to_write_the_other_lock_are_a_circle() {
    begin();
    let threads = ring(
        2,
        || RwLock::new(()),
        |own, next, all_hold| {
            let _own = own.read();
            all_hold();
            let _next = next.write();
        },
    );
    assert_eq!(found_of(&threads).verdict, Verdict::Certain);
}

#[test]
fn a_thread_that_joins_the_one_that_wants_its_lock_is_in_a_circle() {
    begin();
    let lock = Arc::new(Lock::new(()));
    let (theirs, is_held) = (Arc::clone(&lock), Arc::new(Event::new()));
    let held = Arc::clone(&is_held);
    let wants = start("wants", move || {
        is_held.wait();
        drop(theirs.lock());
    });
    let joined = wants.clone();
    let joins = start("joins", move || {
        let _held = lock.lock();
        held.set();
        joined.join();
    });
    let found = found_of(&[wants, joins]);
    assert_eq!(found.verdict, Verdict::Certain);
    assert!(
        found.text.contains("the end of a thread, \"wants\""),
        "{}",
        found.text
    );
}

#[test]
fn threads_that_join_each_other_are_a_circle() {
    begin();
    let places: Arc<[Lock<Option<Thread>>; 2]> = Arc::new([Lock::new(None), Lock::new(None)]);
    let ready = Arc::new(Event::new());
    let threads: Vec<Thread> = (0..2)
        .map(|at| {
            let (places, ready) = (Arc::clone(&places), Arc::clone(&ready));
            start(&format!("joins {at}"), move || {
                ready.wait();
                let other = places[1 - at].lock().clone();
                other.unwrap().join();
            })
        })
        .collect();
    for (place, thread) in places.iter().zip(&threads) {
        *place.lock() = Some(thread.clone());
    }
    ready.set();
    assert_eq!(found_of(&threads).verdict, Verdict::Certain);
}

#[test]
fn a_lock_whose_thread_has_ended_is_abandoned() {
    begin();
    let lock = Arc::new(Lock::new(()));
    let theirs = Arc::clone(&lock);
    let ends = start("ends", move || std::mem::forget(theirs.lock()));
    assert!(ends.try_join_for(LONG).is_ok());
    let waits = start("waits", move || drop(lock.lock()));
    let found = found_of(&[waits]);
    assert_eq!(found.verdict, Verdict::Abandoned);
    assert!(found.text.contains("which has ended"), "{}", found.text);
}

#[test]
fn a_wait_that_times_out_is_in_no_circle() {
    begin();
    let (left, right) = (Arc::new(RLock::new(())), Arc::new(RLock::new(())));
    let (l, r) = (Arc::clone(&left), Arc::clone(&right));
    let holds = Arc::new(Event::new());
    let held = Arc::clone(&holds);
    let timed = start("timed", move || {
        let _left = l.lock();
        held.set();
        // Longer than the first looks, which it makes as the others do.
        let _ = r.try_lock_for(Duration::from_millis(2_500));
    });
    let _right = right.lock();
    holds.wait();
    let _left = left.lock();
    assert!(timed.try_join_for(LONG).is_ok());
    let mine = weftline::current().number().unwrap().get();
    assert!(
        FOUND
            .lock()
            .iter()
            .all(|found| !found.threads.contains(&mine))
    );
}

#[test]
fn a_pool_whose_workers_wait_for_its_own_tasks_is_starved() {
    begin();
    let pool: &'static ThreadPoolExecutor = Box::leak(Box::new(ThreadPoolExecutor::new(2)));
    let both = Arc::new(Barrier::new(2));
    for _ in 0..2 {
        let both = Arc::clone(&both);
        pool.spawn(move || {
            both.wait().unwrap();
            let _ = pool.submit(|| 1).unwrap().result();
        })
        .unwrap();
    }
    let workers = pool.threads();
    let found = found_with(&workers[0]);
    assert_eq!(found.verdict, Verdict::PoolStarved, "{}", found.text);
    assert_eq!(found.threads.len(), 2, "{}", found.text);
    assert!(
        found.text.contains("which no worker has begun with"),
        "{}",
        found.text
    );
}

#[test]
fn two_pools_whose_workers_wait_for_each_others_tasks_are_starved() {
    begin();
    let new = || -> &'static ThreadPoolExecutor { Box::leak(Box::new(ThreadPoolExecutor::new(1))) };
    let (left, right) = (new(), new());
    left.spawn(|| {
        let there = right.submit(|| left.submit(|| 1).unwrap().result().is_ok());
        let _ = there.unwrap().result();
    })
    .unwrap();
    let found = found_with(&left.threads()[0]);
    assert_eq!(found.verdict, Verdict::PoolStarved, "{}", found.text);
    assert_eq!(found.threads.len(), 2, "{}", found.text);
}

#[test]
fn a_pool_with_a_worker_to_spare_is_not_starved() {
    begin();
    let pool: &'static ThreadPoolExecutor = Box::leak(Box::new(ThreadPoolExecutor::new(2)));
    let slow = pool.submit(|| {
        let inner = pool.submit(|| std::thread::sleep(Duration::from_millis(2_500)));
        inner.unwrap().result().is_ok()
    });
    assert!(slow.unwrap().result().unwrap());
    let workers: Vec<u64> = pool
        .threads()
        .iter()
        .map(|it| it.number().unwrap().get())
        .collect();
    let is_about = |found: &Found| workers.iter().any(|worker| found.threads.contains(worker));
    assert!(!FOUND.lock().iter().any(is_about), "{:?}", FOUND.lock());
}

#[test]
fn a_lock_that_others_have_released_before_is_in_no_circle() {
    begin();
    let lock_of = || -> &'static RawLock { Box::leak(Box::new(RawLock::new())) };
    let (lent, other) = (lock_of(), lock_of());
    // A thread takes the lock twice, and this one releases it.
    let taken = start("takes twice", move || {
        for _ in 0..2 {
            let _ = lent.lock_with(&mut ThreadBlocker, Deadline::NEVER);
        }
    });
    let number = taken.number().unwrap();
    while !blocked_now().any(|blocked| blocked.thread == number) {
        std::thread::yield_now();
    }
    lent.unlock().unwrap();
    assert!(taken.try_join_for(LONG).is_ok());
    lent.unlock().unwrap();
    let holds = Arc::new(Barrier::new(2));
    let threads = [(lent, other), (other, lent)].map(|(first, second)| {
        let holds = Arc::clone(&holds);
        start("lends", move || {
            first
                .lock_with(&mut ThreadBlocker, Deadline::NEVER)
                .unwrap();
            holds.wait().unwrap();
            let _ = second.lock_with(&mut ThreadBlocker, Deadline::NEVER);
        })
    });
    std::thread::sleep(Duration::from_millis(2_500));
    let numbers = threads
        .each_ref()
        .map(|thread| thread.number().unwrap().get());
    let is_about = |found: &Found| numbers.iter().any(|it| found.threads.contains(it));
    assert!(!FOUND.lock().iter().any(is_about), "{:?}", FOUND.lock());
    // As the program does: the threads go on.
    lent.unlock().unwrap();
    other.unlock().unwrap();
    for thread in threads {
        assert!(thread.try_join_for(LONG).is_ok());
    }
}

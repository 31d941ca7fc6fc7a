//! The order of locks. In a process of its own: the order is one of the whole process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use weftline::park::{Deadline, LockClass, ThreadBlocker};
use weftline::sync::raw::{RawLock, RawRLock};
use weftline::watch::{self, Inversion, OnInversion};

/// The tests take turns: one table has the order of all of them.
static TURN: weftline::Lock<()> = weftline::Lock::new(());

/// Runs `f` while locks are watched, and returns the inversions.
fn watched(f: impl FnOnce()) -> Vec<Arc<Inversion>> {
    let _turn = TURN.lock();
    watch::on_inversion(OnInversion::Keep);
    watch::lock_order(true);
    watch::forget_lock_order();
    f();
    watch::lock_order(false);
    watch::inversions()
}

/// A lock of a class of its own.
fn new() -> Arc<RawLock> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let line = NEXT.fetch_add(1, Ordering::Relaxed) as u32;
    Arc::new(RawLock::watched(watch::lock_class(None, "made.rs", line)))
}

fn of_class(class: LockClass) -> Arc<RawLock> {
    Arc::new(RawLock::watched(class))
}

#[track_caller]
fn take(lock: &RawLock) {
    lock.lock_with(&mut ThreadBlocker, Deadline::NEVER).unwrap();
}

/// A thread takes the locks one after the other, and releases them.
#[track_caller]
fn in_thread(name: &str, locks: &[&Arc<RawLock>]) {
    let locks: Vec<_> = locks.iter().map(|lock| Arc::clone(lock)).collect();
    let body = move || {
        locks.iter().for_each(|lock| take(lock));
        locks.iter().for_each(|lock| lock.unlock().unwrap());
    };
    let thread = weftline::Builder::new().name(name).spawn(body).unwrap();
    thread.join().unwrap();
}

#[test]
fn two_orders_of_two_locks_are_an_inversion_before_anything_hangs() {
    let (left, right) = (new(), new());
    let found = watched(|| {
        in_thread("first", &[&left, &right]);
        in_thread("second", &[&right, &left]);
        in_thread("third", &[&right, &left]);
    });
    assert_eq!(found.len(), 1);
    let links = &found[0].links;
    assert_eq!(
        [&links[0].thread, &links[1].thread],
        ["\"second\"", "\"first\""]
    );
    assert_eq!(links[0].held.address, Arc::as_ptr(&right).addr());
    assert_eq!(links[0].wanted.address, Arc::as_ptr(&left).addr());
    let text = &found[0].text;
    assert!(
        text.contains("potential deadlock: 2 threads took 2 locks"),
        "{text}"
    );
    assert!(text.contains("lock_order.rs"), "{text}");
    assert!(
        links
            .iter()
            .all(|link| link.stack[0].file.ends_with("lock_order.rs")),
        "{text}"
    );
}

#[test]
fn the_right_order_is_none() {
    let locks = [new(), new(), new()];
    let found = watched(|| {
        let [a, b, c] = &locks;
        in_thread("1", &[a, b, c]);
        in_thread("2", &[a, c]);
        in_thread("3", &[b, c]);
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_inversion_is_told_before_the_thread_waits() {
    static TOLD: AtomicU64 = AtomicU64::new(0);
    let (left, right) = (new(), new());
    watched(|| {
        watch::on_inversion(OnInversion::Call(|inversion| {
            TOLD.fetch_add(inversion.links.len() as u64, Ordering::Relaxed);
        }));
        in_thread("first", &[&left, &right]);
        take(&right);
        let (theirs, held) = (Arc::clone(&left), Arc::new(weftline::Event::new()));
        let (is_held, done) = (Arc::clone(&held), Arc::new(weftline::Event::new()));
        let until = Arc::clone(&done);
        let holder = weftline::spawn(move || {
            take(&theirs);
            is_held.set();
            until.wait();
            theirs.unlock().unwrap();
        });
        held.wait();
        let waits = weftline::spawn(move || {
            let soon = Deadline::after(Duration::from_secs(60));
            while TOLD.load(Ordering::Relaxed) == 0 && !soon.has_passed() {
                std::thread::sleep(Duration::from_millis(1));
            }
            done.set();
        });
        take(&left);
        for lock in [&left, &right] {
            lock.unlock().unwrap();
        }
        holder.join().unwrap();
        waits.join().unwrap();
    });
    assert_eq!(TOLD.load(Ordering::Relaxed), 2);
}

#[test]
fn one_thread_and_a_common_outer_lock_are_no_inversion() {
    let (gate, left, right) = (new(), new(), new());
    let found = watched(|| {
        in_thread("1", &[&gate, &left, &right]);
        in_thread("2", &[&gate, &right, &left]);
    });
    assert!(found.is_empty(), "{found:?}");
    let found = watched(|| {
        for pair in [[&left, &right], [&right, &left]] {
            pair.iter().for_each(|lock| take(lock));
            pair.iter().for_each(|lock| lock.unlock().unwrap());
        }
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn tries_and_timed_acquisitions_give_up_so_they_order_nothing() {
    let (left, right) = (new(), new());
    let found = watched(|| {
        in_thread("1", &[&left, &right]);
        take(&right);
        assert!(left.try_lock());
        left.unlock().unwrap();
        let soon = Deadline::after(Duration::from_secs(5));
        left.lock_with(&mut ThreadBlocker, soon).unwrap();
        left.unlock().unwrap();
        right.unlock().unwrap();
    });
    assert!(found.is_empty(), "{found:?}");
    let found = watched(|| {
        in_thread("1", &[&left, &right]);
        // What a try has taken is held.
        assert!(right.try_lock());
        take(&left);
        left.unlock().unwrap();
        right.unlock().unwrap();
    });
    assert_eq!(found.len(), 1);
}

#[test]
fn locks_of_one_class_are_ordered_by_instance() {
    let class = watch::lock_class(None, "account.rs", 1);
    let locks = [of_class(class), of_class(class), of_class(class)];
    let [a, b, c] = &locks;
    let found = watched(|| {
        in_thread("1", &[a, b]);
        in_thread("2", &[b, c]);
        in_thread("3", &[a, c]);
    });
    assert!(found.is_empty(), "{found:?}");
    let found = watched(|| {
        in_thread("1", &[a, b]);
        in_thread("2", &[b, a]);
    });
    assert_eq!(found.len(), 1);
    assert!(
        found[0].text.contains("account.rs:1 (0x"),
        "{}",
        found[0].text
    );
}

#[test]
fn edges_outlive_locks() {
    let [outer, inner] = [1, 2].map(|line| watch::lock_class(None, "outlive.rs", line));
    let found = watched(|| {
        in_thread("1", &[&of_class(outer), &of_class(inner)]);
        in_thread("2", &[&of_class(inner), &of_class(outer)]);
    });
    assert_eq!(found.len(), 1);
}

#[test]
fn a_new_lock_where_an_old_one_was_has_no_order_yet() {
    let class = watch::lock_class(None, "reused.rs", 1);
    let found = watched(|| {
        let mut pair = Box::new([RawLock::watched(class), RawLock::watched(class)]);
        for round in 0..4 {
            let [first, second] = &*pair;
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    let (outer, inner) = if round % 2 == 0 {
                        (first, second)
                    } else {
                        (second, first)
                    };
                    take(outer);
                    take(inner);
                    inner.unlock().unwrap();
                    outer.unlock().unwrap();
                });
            });
            *pair = [RawLock::watched(class), RawLock::watched(class)];
        }
    });
    assert!(found.is_empty(), "{found:?}");
}

/// A thread takes the locks in this order, and releases them.
fn takes(locks: &[&RawLock]) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            locks.iter().for_each(|lock| take(lock));
            locks.iter().for_each(|lock| lock.unlock().unwrap());
        });
    });
}

#[test]
fn a_lock_of_another_class_where_an_old_one_was_is_another_lock() {
    let [first, second, inner] = [1, 2, 3].map(|line| watch::lock_class(None, "other.rs", line));
    let inner = RawLock::watched(inner);
    let found = watched(|| {
        let mut outer = Box::new(RawLock::watched(first));
        take(&outer);
        take(&inner);
        inner.unlock().unwrap();
        outer.unlock().unwrap();
        *outer = RawLock::watched(second);
        // The same thread, at the same addresses.
        take(&outer);
        take(&inner);
        inner.unlock().unwrap();
        outer.unlock().unwrap();
        takes(&[&inner, &outer]);
    });
    assert_eq!(found.len(), 1);
}

#[test]
fn an_outer_lock_that_is_gone_does_not_make_threads_take_turns() {
    let classes = [1, 2, 3].map(|line| watch::lock_class(None, "gates.rs", line));
    let [left, right] = [classes[1], classes[2]].map(RawLock::watched);
    let found = watched(|| {
        let outer = Box::new(RawLock::watched(classes[0]));
        takes(&[&outer, &left, &right]);
        takes(&[&outer, &right, &left]);
    });
    assert!(found.is_empty(), "{found:?}");
    let found = watched(|| {
        let mut outer = Box::new(RawLock::watched(classes[0]));
        takes(&[&outer, &left, &right]);
        *outer = RawLock::watched(classes[0]);
        takes(&[&outer, &right, &left]);
    });
    assert_eq!(found.len(), 1);
}

#[test]
fn what_was_held_when_watching_ended_is_not_held_when_it_begins_again() {
    let (before, left) = (new(), new());
    let found = watched(|| {
        take(&before);
        watch::lock_order(false);
        before.unlock().unwrap();
        watch::lock_order(true);
        take(&left);
        left.unlock().unwrap();
        in_thread("2", &[&left, &before]);
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn what_a_signal_ordered_before_it_was_one_is_no_order() {
    let signals = watch::lock_class(None, "signals.rs", 1);
    let lend = |signal: &Arc<RawLock>| {
        take(signal);
        let theirs = Arc::clone(signal);
        weftline::spawn(move || theirs.unlock().unwrap())
            .join()
            .unwrap();
    };
    let (signal, lock, left) = (of_class(signals), of_class(signals), new());
    let found = watched(|| {
        in_thread("1", &[&signal, &left]);
        lend(&signal);
        in_thread("2", &[&left, &lock]);
    });
    assert!(found.is_empty(), "{found:?}");
    // The other lock of its class keeps its order.
    let (signal, left) = (of_class(signals), new());
    let found = watched(|| {
        in_thread("1", &[&lock, &left]);
        in_thread("2", &[&signal, &left]);
        lend(&signal);
        in_thread("3", &[&left, &lock]);
    });
    assert_eq!(found.len(), 1);
}

#[test]
fn a_lock_that_a_try_takes_where_a_signal_was_is_held() {
    let [signals, locks, inner] = [1, 2, 3].map(|line| watch::lock_class(None, "try.rs", line));
    let inner = of_class(inner);
    let found = watched(|| {
        let mut signal = Box::new(RawLock::watched(signals));
        take(&signal);
        std::thread::scope(|scope| {
            scope.spawn(|| signal.unlock().unwrap());
        });
        *signal = RawLock::watched(locks);
        assert!(signal.try_lock());
        take(&inner);
        inner.unlock().unwrap();
        signal.unlock().unwrap();
        takes(&[&inner, &signal]);
    });
    assert_eq!(found.len(), 1);
}

#[test]
fn a_name_that_a_lock_gets_after_its_edge_is_told() {
    let (left, right) = (new(), new());
    let mut name = None;
    let found = watched(|| {
        in_thread("1", &[&left, &right]);
        name = Some(watch::name(&*left, "named later"));
        in_thread("2", &[&right, &left]);
    });
    drop(name);
    let names: Vec<_> = found[0].links.iter().map(|link| &link.held.name).collect();
    assert_eq!(names, [&None, &Some("named later".to_owned())]);
}

#[test]
fn a_lock_that_another_thread_releases_is_a_signal() {
    let (signal, left) = (new(), new());
    let found = watched(|| {
        take(&signal);
        let theirs = Arc::clone(&signal);
        weftline::spawn(move || theirs.unlock().unwrap())
            .join()
            .unwrap();
        // This thread does not hold it any more.
        take(&left);
        left.unlock().unwrap();
        in_thread("2", &[&left, &signal]);
        take(&signal);
        take(&left);
        left.unlock().unwrap();
        signal.unlock().unwrap();
    });
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_reentrant_lock_is_held_until_its_last_release() {
    let line = watch::lock_class(None, "reentrant.rs", 1);
    let (outer, inner) = (Arc::new(RawRLock::watched(line)), new());
    let found = watched(|| {
        let take_outer = |outer: &RawRLock| {
            outer
                .lock_with(&mut ThreadBlocker, Deadline::NEVER)
                .unwrap();
        };
        let (theirs, also) = (Arc::clone(&outer), Arc::clone(&inner));
        weftline::spawn(move || {
            take_outer(&theirs);
            take_outer(&theirs);
            theirs.unlock().unwrap();
            take(&also);
            also.unlock().unwrap();
            theirs.unlock().unwrap();
        })
        .join()
        .unwrap();
        take(&inner);
        take_outer(&outer);
        outer.unlock().unwrap();
        inner.unlock().unwrap();
    });
    assert_eq!(found.len(), 1);
}

#[test]
fn suppressed_inversions_are_not_reported() {
    let (left, right) = (new(), new());
    let name = watch::name(&*left, "the left one");
    let found = watched(|| {
        watch::suppress_inversions("the left one");
        in_thread("1", &[&left, &right]);
        in_thread("2", &[&right, &left]);
    });
    drop(name);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn an_unwatched_lock_becomes_ordinary() {
    let lock = new();
    watched(|| {
        take(&lock);
        lock.unlock().unwrap();
        assert!(lock.is_watched());
    });
    let _turn = TURN.lock();
    take(&lock);
    assert!(!lock.is_watched());
    lock.unlock().unwrap();
}

/// Threads take random subsets of locks in one order: nothing is found, and the locks exclude.
#[test]
fn many_threads_in_one_order_are_no_inversion() {
    let locks: Arc<Vec<_>> = Arc::new((0..8).map(|_| new()).collect());
    let inside: Arc<Vec<AtomicU64>> = Arc::new((0..8).map(|_| AtomicU64::new(0)).collect());
    let found = watched(|| {
        let threads: Vec<_> = (1..=4_u64)
            .map(|seed| {
                let (locks, inside) = (Arc::clone(&locks), Arc::clone(&inside));
                weftline::spawn(move || {
                    let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    for _ in 0..2_000 {
                        random ^= random << 13;
                        random ^= random >> 7;
                        random ^= random << 17;
                        let mine: Vec<_> =
                            (0..8).filter(|at| random >> (at + 20) & 1 != 0).collect();
                        for &at in &mine {
                            take(&locks[at]);
                            assert_eq!(inside[at].fetch_add(1, Ordering::Relaxed), 0);
                        }
                        for &at in mine.iter().rev() {
                            assert_eq!(inside[at].fetch_sub(1, Ordering::Relaxed), 1);
                            locks[at].unlock().unwrap();
                        }
                    }
                })
            })
            .collect();
        threads
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
    });
    assert!(found.is_empty(), "{found:?}");
}

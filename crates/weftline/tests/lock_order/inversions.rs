//! Which orders are inversions, and how they are told.

use crate::watched_locks::{in_thread, new, take, watched};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use weftline::park::{Deadline, ThreadBlocker};
use weftline::sync::raw::RawRLock;
use weftline::watch::{self, OnInversion};

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
    assert!(text.contains("watched_locks.rs"), "{text}");
    assert!(
        links
            .iter()
            .all(|link| link.stack[0].file.ends_with("watched_locks.rs")),
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

//! Locks that another thread releases: they order nothing.

use crate::watched_locks::{in_thread, new, of_class, take, takes, watched};
use std::sync::Arc;
use weftline::sync::raw::RawLock;
use weftline::watch;

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

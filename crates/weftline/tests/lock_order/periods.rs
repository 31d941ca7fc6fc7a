//! What is watched begins and ends.

use crate::watched_locks::{TURN, in_thread, new, take, watched};
use weftline::watch;

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

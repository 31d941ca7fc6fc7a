//! Which lock an edge is of: by its class, or one by one, also where an older one was.

use crate::watched_locks::{in_thread, of_class, take, takes, watched};
use weftline::sync::raw::RawLock;
use weftline::watch;

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

//! The blocked-on records of threads that do not exist in the child.

use crate::child::in_child;
use crate::support::{LONG, now};
use weftline::park::{Kind, blocked_now};
use weftline::{Event, Scope};

/// Starts a thread that waits for `end`, and returns once its record shows that.
fn waits<'scope>(scope: &'scope Scope<'scope, '_>, end: &'scope Event) {
    let waiter = scope.spawn(|| end.wait());
    let (number, start) = (waiter.number().unwrap(), now());
    let is_shown =
        || blocked_now().any(|found| found.thread == number && found.kind == Kind::Event);
    while !is_shown() {
        assert!(start.elapsed() < LONG);
        std::thread::yield_now();
    }
}

pub(crate) fn only_threads_of_this_process_are_blocked() {
    let end = Event::new();
    weftline::scope(|scope| {
        (0..3).for_each(|_| waits(scope, &end));
        assert_eq!(blocked_now().count(), 3);
        in_child(|| {
            assert_eq!(blocked_now().count(), 0, "they do not exist here");
            let end = Event::new();
            weftline::scope(|scope| {
                waits(scope, &end);
                assert_eq!(blocked_now().count(), 1);
                in_child(|| assert_eq!(blocked_now().count(), 0));
                end.set();
            });
            assert_eq!(blocked_now().count(), 0);
        });
        end.set();
    });
}

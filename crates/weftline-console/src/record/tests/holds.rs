//! The holders of locks.

use super::moments::{Moment, SECOND, free, released, waiting};
use super::reader::{read, timeline};
use crate::record::timeline::Timeline;
use crate::record::trace::Value;

#[test]
fn a_holder_is_shown_as_long_as_snapshots_see_it() {
    let held_by = |taken, holder: u64| {
        let moment = free(taken * SECOND).thread(3, "c");
        let state = format!("held\t{holder}\t1");
        moment.waits(1, "Lock", 64, 3 * SECOND, &state)
    };
    let read = timeline(&[
        held_by(10, 2),
        held_by(11, 2),
        held_by(12, 3),
        held_by(13, 2),
        free(14 * SECOND),
    ]);
    assert_eq!(
        read.slices_of("Lock 0x40"),
        [
            ("held by \"b\"", 10 * SECOND, 11 * SECOND),
            ("held by \"c\"", 12 * SECOND, 12 * SECOND),
            ("held by \"b\"", 13 * SECOND, 13 * SECOND),
        ]
    );
    assert_eq!(
        read.slice("a").note("holder"),
        "\"b\"; then \"c\"; then \"b\""
    );
}

#[test]
fn a_holder_that_was_read_while_the_waiter_did_not_sleep_is_not_told() {
    let read = timeline(&[waiting(10 * SECOND, 3 * SECOND).awake(1)]);
    assert_eq!(read.slice("a").note("holder"), "");
    assert_eq!(read.slices.len(), 1, "{:?}", read.slices);
}

#[test]
fn a_snapshot_that_fails_ends_holds_and_no_waits() {
    let mut entries = Vec::new();
    let mut timeline = Timeline::begin(7, "app", 10 * SECOND, &mut entries);
    timeline.add(&waiting(10 * SECOND, 3 * SECOND).snapshot(), &mut entries);
    timeline.miss(11 * SECOND, "it is stopped", &mut entries);
    timeline.add(&waiting(12 * SECOND, 3 * SECOND).snapshot(), &mut entries);
    timeline.finish(12 * SECOND, false, &mut entries);
    let read = read(&entries);
    let slice = read.slice("a");
    assert_eq!((slice.from, slice.to), (3 * SECOND, 12 * SECOND));
    assert_eq!(
        read.slices_of("Lock 0x40"),
        [
            ("held by \"b\"", 10 * SECOND, 10 * SECOND),
            ("held by \"b\"", 12 * SECOND, 12 * SECOND)
        ]
    );
    let (track, at, told) = &read.instants[1];
    assert_eq!((track.as_str(), *at), ("weftline record", 11 * SECOND));
    assert_eq!(told.name, "no snapshot");
    assert_eq!(
        told.notes,
        [("why", Value::Text("it is stopped".to_owned()))]
    );
}

#[test]
fn a_hold_lasts_from_the_wait_that_got_the_lock_to_the_wakeup_of_the_next() {
    let at = |ms: u64| 10 * SECOND + ms * 1_000_000;
    // Thread 2 holds the lock from an unknown time on, then thread 1, then thread 3.
    let first = released(at(100), at(200));
    let mut second = released(at(150), at(400));
    second.woken = (1, at(390));
    // This wait began while thread 3 held the lock, and thread 2 ended it. The hold of thread 2 in
    // between is not known.
    let mut third = released(at(450), at(500));
    third.woken.1 = at(500);
    let moment = Moment::at(11 * SECOND)
        .thread(1, "a")
        .thread(2, "b")
        .thread(3, "c");
    let read = timeline(&[
        free(10 * SECOND).thread(3, "c"),
        moment
            .past((8, 0), 1, &first)
            .past((8, 1), 1, &third)
            .past((9, 0), 3, &second),
    ]);
    assert_eq!(
        read.slices_of("Lock 0x40"),
        [("held by \"a\"", at(200), at(390))]
    );
}

#[test]
fn a_hold_that_no_snapshot_saw_is_told_from_the_first_wait_for_its_end() {
    let at = |ms: u64| 10 * SECOND + ms * 1_000_000;
    let end = 100 * SECOND;
    let mut first = released(at(100), at(200));
    // Thread 1 got the lock from a thread that is not known.
    first.woken = (0, 0);
    // Its hold is told from when thread 2 begins to wait.
    let mut second = released(30 * SECOND, end);
    second.woken = (1, end - 5);
    let read = timeline(&[
        free(10 * SECOND),
        free(11 * SECOND).past((9, 0), 1, &first),
        free(12 * SECOND),
        free(40 * SECOND),
        free(end).past((9, 1), 2, &second),
    ]);
    assert_eq!(
        read.slices_of("Lock 0x40"),
        [("held by \"a\"", 30 * SECOND, end - 5)]
    );
}

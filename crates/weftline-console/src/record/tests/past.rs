//! Waits that have ended, told with their ends.

use super::moments::{SECOND, free, released, waiting};
use super::reader::{read, timeline};
use crate::record::timeline::Timeline;
use crate::record::trace::Flow;

#[test]
fn a_wait_that_has_ended_is_exact_and_has_an_arrow_from_its_waker() {
    let since = 3 * SECOND;
    let ended = 10 * SECOND + 700;
    let read = timeline(&[
        waiting(10 * SECOND, since),
        free(11 * SECOND).past((9, 0), 1, &released(since, ended)),
        free(12 * SECOND),
    ]);
    let slice = read.slice("a");
    assert_eq!(slice.name, "waits for Lock 0x40");
    assert_eq!((slice.from, slice.to), (since, ended));
    assert_eq!(slice.note("ended"), "with what it waited for");
    assert_eq!(slice.note("woken by"), "b");
    assert_eq!(
        slice.note("site"),
        "/app/a.py:7 in work",
        "a snapshot saw it"
    );
    let wakes: Vec<_> = read.instants.iter().skip(1).collect();
    let [(waker, at, wake), (waiter, goes_on_at, goes_on)] = wakes.as_slice() else {
        panic!("{wakes:?}")
    };
    assert_eq!((waker.as_str(), *at), ("b", ended - 5));
    assert_eq!((waiter.as_str(), *goes_on_at), ("a", ended));
    assert_eq!((&*wake.name, &*goes_on.name), ("wakes a", "goes on"));
    let [Flow::From(tail)] = wake.flows[..] else {
        panic!("{wake:?}")
    };
    assert_eq!(goes_on.flows, [Flow::To(tail)]);
}

#[test]
fn a_wait_between_two_snapshots_is_told() {
    let read = timeline(&[
        free(10 * SECOND),
        free(11 * SECOND).past((9, 0), 1, &released(10 * SECOND + 1, 10 * SECOND + 9)),
    ]);
    let slice = read.slice("a");
    assert_eq!((slice.from, slice.to), (10 * SECOND + 1, 10 * SECOND + 9));
    assert_eq!(slice.note("snapshots"), "0");
}

#[test]
fn a_timeout_has_no_arrow() {
    let mut wait = released(10 * SECOND, 10 * SECOND + 9);
    (wait.end, wait.woken) = ("timed-out", (0, 0));
    let read = timeline(&[free(10 * SECOND), free(11 * SECOND).past((9, 0), 1, &wait)]);
    assert_eq!(read.slice("a").note("ended"), "by its timeout");
    assert_eq!(read.slice("a").note("woken by"), "");
    assert_eq!(read.instants.len(), 1);
}

#[test]
fn waits_that_are_missing_are_counted() {
    let wait = |at| released(at, at + 9);
    let mut entries = Vec::new();
    let mut timeline = Timeline::begin(7, "app", SECOND, &mut entries);
    let moments = [
        free(10 * SECOND).unkept(4),
        free(11 * SECOND).past((9, 5), 1, &wait(10 * SECOND + 1)),
        // The wait 5 is told again, and the waits 6 to 8 are overwritten.
        free(12 * SECOND)
            .past((9, 5), 1, &wait(10 * SECOND + 1))
            .past((9, 9), 1, &wait(11 * SECOND + 1)),
        free(13 * SECOND).unkept(6),
    ];
    for moment in &moments {
        timeline.add(&moment.snapshot(), &mut entries);
    }
    assert_eq!(timeline.past(), (2, 5));
    timeline.finish(13 * SECOND, false, &mut entries);
    let read = read(&entries);
    assert_eq!(read.slices_of("a").len(), 2);
    let told = read.instants.iter();
    let missing = told.filter(|(_, _, it)| it.name == "waits are missing");
    assert_eq!(missing.count(), 2);
}

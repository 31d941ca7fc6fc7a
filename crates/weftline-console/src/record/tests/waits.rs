//! Waits that snapshots see.

use super::moments::{Moment, SECOND, free, waiting};
use super::reader::{read, timeline};
use crate::record::timeline::Timeline;

#[test]
fn a_slice_begins_with_its_wait_and_ends_at_the_last_snapshot_that_saw_it() {
    let read = timeline(&[
        waiting(10 * SECOND, 3 * SECOND),
        waiting(11 * SECOND, 3 * SECOND),
        free(12 * SECOND),
        free(13 * SECOND),
    ]);
    let slice = read.slice("a");
    assert_eq!(slice.name, "waits for Lock 0x40");
    assert_eq!((slice.from, slice.to), (3 * SECOND, 11 * SECOND));
    assert_eq!(slice.note("object"), "Lock 0x40");
    assert_eq!(slice.note("holder"), "\"b\"");
    assert_eq!(slice.note("site"), "/app/a.py:7 in work");
    assert_eq!(slice.note("snapshots"), "2");
    assert_eq!(
        slice.note("ended within"),
        "1.0 s after the end of this slice"
    );
}

#[test]
fn a_wait_that_one_snapshot_misses_goes_on() {
    let moments = [
        waiting(10 * SECOND, 3 * SECOND),
        free(11 * SECOND),
        waiting(12 * SECOND, 3 * SECOND),
    ];
    let read = timeline(&moments);
    let slice = read.slice("a");
    assert_eq!((slice.from, slice.to), (3 * SECOND, 12 * SECOND));
    assert_eq!(slice.note("goes on"), "at the end of the trace");
    assert_eq!(slice.note("ended within"), "");
}

#[test]
fn the_beginning_of_the_next_wait_bounds_the_end_of_the_last() {
    let read = timeline(&[
        waiting(10 * SECOND, 3 * SECOND),
        waiting(12 * SECOND, 10 * SECOND + SECOND / 4),
    ]);
    assert_eq!(
        read.slices_of("a"),
        [
            ("waits for Lock 0x40", 3 * SECOND, 10 * SECOND),
            ("waits for Lock 0x40", 10 * SECOND + SECOND / 4, 12 * SECOND)
        ]
    );
    assert_eq!(
        read.slices[0].note("ended within"),
        "250 ms after the end of this slice"
    );
}

#[test]
fn a_wait_that_begins_while_the_process_tells_is_one_slice() {
    let read = timeline(&[
        waiting(10 * SECOND, 10 * SECOND + 5),
        waiting(11 * SECOND, 10 * SECOND + 5),
    ]);
    let slice = read.slice("a");
    assert_eq!((slice.from, slice.to), (10 * SECOND + 5, 11 * SECOND));
    let read = timeline(&[waiting(10 * SECOND, 10 * SECOND + 5)]);
    let slice = read.slice("a");
    assert_eq!((slice.from, slice.to), (10 * SECOND + 5, 10 * SECOND + 5));
}

#[test]
fn a_wait_of_a_signal_handler_stands_in_the_place_of_the_outer_one() {
    let outer = |taken| waiting(taken * SECOND, 3 * SECOND);
    let inner =
        Moment::at(11 * SECOND)
            .thread(1, "a")
            .waits(1, "Event", 80, 10 * SECOND + 7, "flag\t0");
    let read = timeline(&[outer(10), inner, outer(12)]);
    assert_eq!(
        read.slices_of("a"),
        [
            ("waits for Lock 0x40", 3 * SECOND, 10 * SECOND),
            ("waits for Event 0x50", 10 * SECOND + 7, 11 * SECOND),
            ("waits for Lock 0x40", 11 * SECOND, 12 * SECOND),
        ]
    );
}

#[test]
fn a_thread_that_has_ended_waits_no_more() {
    let read = timeline(&[
        waiting(10 * SECOND, 3 * SECOND),
        Moment::at(11 * SECOND).thread(2, "b"),
    ]);
    assert_eq!(
        read.slice("a").note("ended within"),
        "1.0 s after the end of this slice"
    );
}

#[test]
fn a_deadline_is_told_from_the_beginning_of_the_wait() {
    let until = (3 * SECOND, "15000000000");
    let moment = Moment::at(10 * SECOND).thread(1, "a");
    let read = timeline(&[moment.waits_until(1, "Event", 80, until, "flag\t0")]);
    assert_eq!(read.slice("a").note("deadline"), "12.0 s after it began");
}

#[test]
fn the_end_of_the_process_bounds_the_ends_of_its_waits() {
    let mut entries = Vec::new();
    let mut timeline = Timeline::begin(7, "app", 10 * SECOND, &mut entries);
    timeline.add(&waiting(10 * SECOND, 3 * SECOND).snapshot(), &mut entries);
    timeline.finish(10 * SECOND + SECOND / 2, true, &mut entries);
    let read = read(&entries);
    let slice = read.slice("a");
    assert_eq!(slice.to, 10 * SECOND);
    assert_eq!(
        slice.note("ended within"),
        "500 ms after the end of this slice"
    );
    assert_eq!(read.instants[1].2.name, "the process has ended");
}

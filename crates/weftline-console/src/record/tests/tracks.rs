//! The tracks of threads, and their names.

use super::moments::{Moment, SECOND, free, released};
use super::reader::timeline;
use crate::example::HOSTILE;
use crate::record::trace::Place;
use std::collections::BTreeSet;

#[test]
fn threads_are_called_as_the_program_calls_them() {
    let mut moment = Moment::at(10 * SECOND);
    for (number, name) in (1..).zip(HOSTILE) {
        moment = moment
            .thread(number, name)
            .waits(number, "Thread", 16, SECOND, "thread\t3");
    }
    let read = timeline(&[moment]);
    let names: BTreeSet<&str> = read
        .tracks
        .values()
        .filter(|(_, place)| matches!(place, Place::Thread { pid: 7, .. }))
        .map(|(name, _)| name.as_str())
        .collect();
    let expected = HOSTILE.map(|name| if name.is_empty() { "\"\"" } else { name });
    assert_eq!(names, BTreeSet::from(expected));
    assert_eq!(read.slices.len(), HOSTILE.len());
    assert!(
        read.slices
            .iter()
            .all(|slice| slice.name == format!("waits for the end of {:?}", HOSTILE[2]))
    );
}

#[test]
fn a_thread_that_no_snapshot_saw_has_a_track() {
    let wait = released(10 * SECOND + 1, 10 * SECOND + 9);
    let read = timeline(&[free(10 * SECOND), free(11 * SECOND).past((9, 0), 5, &wait)]);
    assert_eq!(read.slice("thread 5").to, 10 * SECOND + 9);
}

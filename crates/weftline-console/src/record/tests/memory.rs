//! The bounds of what a timeline remembers.

use super::moments::{Moment, SECOND, free, released};
use crate::record::timeline::Timeline;

#[test]
fn threads_and_objects_that_are_gone_are_forgotten() {
    let mut entries = Vec::new();
    let mut timeline = Timeline::begin(7, "app", 0, &mut entries);
    for round in 1..=1000 {
        let (first, object) = (round * 2, round * 64);
        let moment = Moment::at(round * SECOND)
            .thread(first, "a")
            .thread(first + 1, "b");
        let moment = moment.waits(
            first,
            "Lock",
            object,
            SECOND,
            &format!("held\t{}\t1", first + 1),
        );
        let moment = moment.waits(first + 1, "QueueGet", object + 8, SECOND, "queue\t0\t0");
        timeline.add(&moment.snapshot(), &mut entries);
        entries.clear();
    }
    assert!(timeline.remembers() < 10);
}

#[test]
fn holders_of_many_locks_have_bounded_memory() {
    let mut entries = Vec::new();
    let mut timeline = Timeline::begin(7, "app", SECOND, &mut entries);
    for second in 10..20 {
        let mut moment = free(second * SECOND);
        for number in 0..5_000 {
            let mut wait = released(second * SECOND - 9, second * SECOND - 1);
            wait.object = 64 * (second * 5_000 + number);
            moment = moment.past((9, second * 5_000 + number), 1, &wait);
        }
        timeline.add(&moment.snapshot(), &mut entries);
    }
    assert!(timeline.remembers() < 40_000, "{}", timeline.remembers());
}

//! Blocked threads, queues and pools in numbers.

use super::moments::{Moment, SECOND};
use super::reader::timeline;
use crate::record::trace::Nanos;

#[test]
fn counters_tell_each_change_and_the_end() {
    let busy = |taken: Nanos, waiting| {
        let moment = Moment::at(taken * SECOND).thread(1, "p_0").thread(2, "p_1");
        let moment = moment.serves(1, 4, waiting).serves(2, 4, waiting);
        moment.waits(2, "Work", 96, SECOND, "-")
    };
    let queue = |taken| {
        let moment = busy(taken, 5).thread(3, "c").thread(4, "d");
        let moment = moment.waits(3, "QueuePut", 112, SECOND, "queue\t2\t2");
        moment.waits(4, "QueuePut", 112, SECOND, "queue\t2\t2")
    };
    let read = timeline(&[busy(10, 0), queue(11), queue(12), busy(13, 0)]);
    let at = |second: Nanos, value| (second * SECOND, value);
    let pool = "pool 4 (\"p_0\", …)";
    assert_eq!(
        read.counts[&format!("{pool}: busy workers")],
        [at(10, 1), at(13, 1)]
    );
    assert_eq!(
        read.counts[&format!("{pool}: waiting tasks")],
        [at(10, 0), at(11, 5), at(13, 0), at(13, 0)]
    );
    assert_eq!(
        read.counts["Queue 0x70: waiting putters"],
        [at(11, 2), at(13, 0)]
    );
    assert_eq!(
        read.counts["blocked threads"],
        [at(10, 1), at(11, 3), at(13, 1), at(13, 1)]
    );
}

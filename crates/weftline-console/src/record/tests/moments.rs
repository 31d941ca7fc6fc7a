//! Processes at some second, told in the form in which real ones tell.

use crate::example::field;
use crate::record::trace::Nanos;
use weftline::watch::Snapshot;

pub(super) const SECOND: Nanos = 1_000_000_000;

/// A process at some second, told in the form in which real ones tell.
pub(super) struct Moment {
    pub(super) taken: Nanos,
    lines: String,
}

impl Moment {
    pub(super) fn at(taken: Nanos) -> Self {
        let lines = format!("weftline\t1\t7\t1\t{taken}\n");
        Self { taken, lines }
    }

    pub(super) fn thread(mut self, number: u64, name: &str) -> Self {
        let name = field(name);
        self.lines += &format!("thread\t{number}\t{number}\t{}\t{name}\n", number + 4000);
        self
    }

    pub(super) fn waits(
        self,
        number: u64,
        kind: &str,
        object: u64,
        since: Nanos,
        state: &str,
    ) -> Self {
        self.waits_until(number, kind, object, (since, "-"), state)
    }

    pub(super) fn waits_until(
        mut self,
        number: u64,
        kind: &str,
        object: u64,
        (since, deadline): (Nanos, &str),
        state: &str,
    ) -> Self {
        let place = "work\t/app/a.py\t7";
        self.lines +=
            &format!("wait\t{number}\t1\t{kind}\t{object}\t{since}\t{deadline}\t{place}\n");
        self.lines += &format!("object\t{object}\t{state}\nagain\t{number}\t1\n");
        self
    }

    /// The thread did not sleep while its wait was read.
    pub(super) fn awake(mut self, number: u64) -> Self {
        let asleep = format!("again\t{number}\t1\n");
        assert!(self.lines.contains(&asleep));
        self.lines = self.lines.replace(&asleep, "");
        self
    }

    pub(super) fn serves(mut self, number: u64, pool: u32, waiting: u64) -> Self {
        self.lines += &format!("serves\t{number}\t{pool}\t{waiting}\n");
        self
    }

    /// A wait of the thread has ended. Its number within `ring` tells it from others of the ring.
    pub(super) fn past(mut self, ring: (u64, u64), number: u64, wait: &Past) -> Self {
        let (kind, object, end) = (wait.kind, wait.object, wait.end);
        let (waker, woken_at) = wait.woken;
        let (begun, ended) = (wait.begun, wait.ended);
        let (ring, index) = ring;
        self.lines += &format!(
            "past\t{ring}\t{index}\t{kind}\t{end}\t{number}\t{}\t{object}\t{begun}\t{ended}\t\
             {waker}\t{woken_at}\t-\n",
            number + 4000
        );
        self
    }

    pub(super) fn unkept(mut self, count: u64) -> Self {
        self.lines += &format!("unkept\t{count}\n");
        self
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot::from_text(&format!("{}end\n", self.lines)).expect("it is of this version")
    }
}

/// A wait that has ended.
#[derive(Clone, Debug)]
pub(super) struct Past {
    pub(super) kind: &'static str,
    pub(super) object: u64,
    pub(super) begun: Nanos,
    pub(super) ended: Nanos,
    pub(super) end: &'static str,
    pub(super) woken: (u64, Nanos),
}

/// The thread 1, "a", waits for a lock of the thread 2, "b".
pub(super) fn waiting(taken: Nanos, since: Nanos) -> Moment {
    let moment = Moment::at(taken).thread(1, "a").thread(2, "b");
    moment.waits(1, "Lock", 64, since, "held\t2\t1")
}

/// The same threads wait for nothing.
pub(super) fn free(taken: Nanos) -> Moment {
    Moment::at(taken).thread(1, "a").thread(2, "b")
}

/// A wait for a lock that the thread 2 has released.
pub(super) fn released(begun: Nanos, ended: Nanos) -> Past {
    Past {
        kind: "Lock",
        object: 64,
        begun,
        ended,
        end: "granted",
        woken: (2, ended - 5),
    }
}

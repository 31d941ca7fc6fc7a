//! Made-up processes for tests, told in the form in which real ones tell.

use weftline::watch::Snapshot;

/// A process whose threads wait since the second 0. It is now second 12.
#[derive(Default)]
pub(crate) struct Example {
    threads: Vec<(u64, String)>,
    lines: String,
    frames: String,
}

/// A field of a line, as a process writes it. The field `-` stays: it is no text.
pub(crate) fn field(text: &str) -> String {
    if text.is_empty() {
        return "%".to_owned();
    }
    let escaped = |c: char| match c == '%' || c.is_ascii_control() {
        true => format!("%{:02x}", c as u32),
        false => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

impl Example {
    /// Has a thread that runs.
    pub(crate) fn thread(mut self, number: u64, name: &str) -> Self {
        self.threads.push((number, field(name)));
        self
    }

    /// Has a thread that waits for an object in that state, in the file `site`.
    pub(crate) fn waiter(
        mut self,
        (number, name): (u64, &str),
        kind: &str,
        (object, state): (u64, &str),
        site: &str,
    ) -> Self {
        let (object, site) = (object + 0x7f00_0000, field(site));
        self.lines += &format!("wait\t{number}\t1\t{kind}\t{object}\t0\t-\twork\t{site}\t7\n");
        self.lines += &format!("object\t{object}\t{state}\n");
        if let Some(readers) = state.strip_prefix("read\t") {
            for reader in 1..=readers.parse().unwrap() {
                self.lines += &format!("reads\t{reader}\t{object}\n");
            }
        }
        self.lines += &format!("again\t{number}\t1\n");
        self.thread(number, name)
    }

    /// That thread is a worker of the pool, in which so many tasks wait.
    pub(crate) fn serves(mut self, number: u64, pool: u32, waiting: u64) -> Self {
        self.lines += &format!("serves\t{number}\t{pool}\t{waiting}\n");
        self
    }

    /// The interpreter tells this frame of that thread, after its inner ones.
    pub(crate) fn frame(mut self, number: u64, function: &str, file: &str, line: u32) -> Self {
        let (function, file) = (field(function), field(file));
        self.frames += &format!("frame\t{number}\t{function}\t{file}\t{line}\n");
        self
    }

    /// Has threads with these numbers, each of which waits for a lock of the next.
    pub(crate) fn circle(mut self, numbers: std::ops::Range<u64>) -> Self {
        for number in numbers.clone() {
            let next = if number + 1 == numbers.end {
                numbers.start
            } else {
                number + 1
            };
            let held = format!("held\t{next}\t1");
            let name = format!("stuck-{number}");
            self = self.waiter(
                (number, &name),
                "RLock",
                (0x100_0000 + next, &held),
                "/app/bank.py",
            );
        }
        self
    }

    /// Has threads with these numbers that wait for one event.
    pub(crate) fn crowd(mut self, numbers: std::ops::Range<u64>, event: u64) -> Self {
        for number in numbers {
            let name = format!("pool_{number}");
            self = self.waiter((number, &name), "Event", (event, "flag\t0"), "/app/pool.py");
        }
        self
    }

    /// Has workers with these numbers, each of which waits for a task of their pool.
    pub(crate) fn starved(mut self, numbers: std::ops::Range<u64>, pool: u32) -> Self {
        for number in numbers {
            let name = format!("crawler_{number}");
            let task = (0x2000 + number * 64, format!("pending\t{pool}"));
            let task = (task.0, task.1.as_str());
            self = self.waiter((number, &name), "Future", task, "/app/crawl.py");
            self.lines += &format!("serves\t{number}\t{pool}\t9\n");
        }
        self
    }

    /// Has counted its waits since the second 2.
    pub(crate) fn measures(mut self, goes_on: bool) -> Self {
        self.lines += &format!("measured\t2000000000\t{}\n", u8::from(goes_on));
        self
    }

    /// Has counted so many waits of that kind, which took so many milliseconds, and of which some
    /// timed out and were interrupted. `entries` are places of its histogram, with counts.
    pub(crate) fn ended(
        mut self,
        kind: &str,
        (count, millis): (u64, u64),
        (timed_out, interrupted): (u64, u64),
        entries: &[(usize, u64)],
    ) -> Self {
        let nanos = millis * 1_000_000;
        let mut histogram = [0; 27];
        for &(place, many) in entries {
            histogram[place] = many;
        }
        let histogram = histogram.map(|many| many.to_string()).join("\t");
        self.lines +=
            &format!("waits\t{kind}\t{count}\t{nanos}\t{timed_out}\t{interrupted}\t{histogram}\n");
        self
    }

    /// Has counted so many waits for an object, or fewer by the second number, which took so many
    /// milliseconds. The name `-` is none.
    pub(crate) fn contended(
        mut self,
        kind: &str,
        object: u64,
        (count, overestimate): (u64, u64),
        millis: u64,
        name: &str,
    ) -> Self {
        let (object, nanos, name) = (object + 0x7f00_0000, millis * 1_000_000, field(name));
        self.lines +=
            &format!("contended\t{kind}\t{object}\t{count}\t{nanos}\t{overestimate}\t{name}\n");
        self
    }

    /// What the process tells.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut text = String::from("weftline\t1\t7\t1\t12000000000\n");
        for (number, name) in &self.threads {
            let tid = number + 4000;
            text += &format!("thread\t{number}\t{number}\t{tid}\t{name}\n");
        }
        text = text + &self.lines + "end\n";
        if !self.frames.is_empty() {
            text = text + "stacks\t1\t7\n" + &self.frames + "end\n";
        }
        Snapshot::from_text(&text).expect("it is of this version")
    }
}

/// Names that break what is not careful.
pub(crate) const HOSTILE: [&str; 10] = [
    "</b></text></svg><script>alert(1)</script>",
    "\"; DROP TABLE threads; --",
    "back\\slash\\N\\G\\",
    "two\nlines\r\tand a tab",
    "&amp;&lt;&#0;",
    "]]><!--",
    "\u{1b}[31mred\u{0}\u{7f}\u{202e}desrever\u{ffff}",
    "日本語のスレッド名 👩‍👩‍👧‍👦",
    "",
    "a-name-that-is-much-longer-than-any-box-could-be-and-goes-on-and-on-without-an-end",
];

/// Processes of many forms.
pub(crate) fn examples() -> Vec<(&'static str, Example)> {
    let none = Example::default;
    let get = |process: Example, number, name: &str| {
        process.waiter(
            (number, name),
            "QueueGet",
            (0x50, "queue\t0\t0"),
            "/app/q.py",
        )
    };
    let put = |process: Example, number, name: &str| {
        process.waiter(
            (number, name),
            "QueuePut",
            (0x60, "queue\t2\t2"),
            "/app/q.py",
        )
    };
    let mut hostile = none().circle(90..92);
    for (number, name) in (1..).zip(HOSTILE) {
        let (kind, state) = if number % 2 == 0 {
            ("QueueGet", "queue\t0\t0")
        } else {
            ("Lock", "held\t90\t1")
        };
        hostile = hostile.waiter((number, name), kind, (0x500 + number, state), name);
    }
    let mut chain = none();
    for number in 1..8 {
        let held = format!("held\t{}\t1", number + 1);
        let name = format!("link-{number}");
        chain = chain.waiter(
            (number, &name),
            "Lock",
            (number * 16, &held),
            "/app/chain.py",
        );
    }
    let mut pairs = none();
    for pair in 0..40 {
        pairs = pairs.circle(pair * 2 + 1..pair * 2 + 3);
    }
    let mut many_locks = none();
    for number in 0..500 {
        let held = format!("held\t{}\t1", 10_000 + number);
        let object = (0x9000 + number * 16, held.as_str());
        many_locks = many_locks
            .waiter((number + 1, "w"), "Lock", object, "/app/many.py")
            .thread(10_000 + number, "holder");
    }
    let mut own_events = none();
    for number in 1..=200 {
        let (name, object) = (format!("pool_{number}"), 0x9000 + number * 64);
        let event = (object, "flag\t0");
        own_events = own_events.waiter((number, &name), "Event", event, "/app/own.py");
    }
    let read_hub = none()
        .waiter(
            (1, "reader-1"),
            "RwLockWrite",
            (0x10, "read\t2"),
            "/app/rw.py",
        )
        .waiter(
            (2, "reader-2"),
            "RwLockWrite",
            (0x10, "read\t2"),
            "/app/rw.py",
        )
        .waiter(
            (3, "writer"),
            "RwLockWrite",
            (0x10, "read\t2"),
            "/app/rw.py",
        );
    let joins = none()
        .waiter((1, "one"), "Thread", (0x10, "thread\t2"), "/app/j.py")
        .waiter((2, "two"), "Thread", (0x20, "thread\t1"), "/app/j.py")
        .waiter((3, "three"), "Thread", (0x10, "thread\t2"), "/app/j.py")
        .waiter((4, "four"), "Thread", (0x30, "thread\t99"), "/app/j.py");
    let itself = none().waiter((1, "alone"), "Lock", (0x10, "held\t1\t1"), "/app/a.py");
    let readers = none()
        .thread(1, "reader-1")
        .thread(2, "reader-2")
        .thread(3, "reader-3")
        .waiter(
            (4, "writer"),
            "RwLockWrite",
            (0x10, "read\t3"),
            "/app/rw.py",
        )
        .waiter((5, "late"), "RwLockRead", (0x10, "read\t3"), "/app/rw.py");
    let around = none()
        .circle(1..5)
        .crowd(100..140, 0x40)
        .waiter(
            (50, "late-1"),
            "Lock",
            (0x100_0001, "held\t1\t1"),
            "/app/l.py",
        )
        .waiter(
            (51, "late-2"),
            "Lock",
            (0x100_0002, "held\t2\t1"),
            "/app/l.py",
        )
        .waiter(
            (52, "late-3"),
            "Lock",
            (0x100_0003, "held\t3\t1"),
            "/app/l.py",
        )
        .waiter(
            (53, "behind-late-1"),
            "Lock",
            (0x53, "held\t50\t1"),
            "/app/l.py",
        )
        .waiter((54, "too"), "Lock", (0x53, "held\t50\t1"), "/app/l.py");
    let mut queue = none();
    for number in 1..4 {
        queue = get(queue, number, &format!("consumer-{number}"));
        queue = put(queue, number + 10, &format!("producer-{number}"));
    }
    vec![
        ("nothing", none()),
        (
            "running",
            none().thread(1, "main").thread(2, "a").thread(3, "b"),
        ),
        (
            "pair",
            none().circle(1..3).crowd(5..12, 0x40).thread(30, "main"),
        ),
        ("three", none().circle(1..4)),
        ("four", none().circle(1..5)),
        ("thirty", none().circle(1..31)),
        ("queue", queue),
        ("crowd", none().circle(1..3).crowd(10..10_010, 0x40)),
        ("hostile", hostile),
        ("chain", chain),
        ("pairs", pairs),
        ("many_locks", many_locks),
        ("own_events", own_events),
        ("read_hub", read_hub),
        ("readers", readers),
        ("joins", joins),
        ("itself", itself),
        ("around", around),
        ("starved", none().thread(1, "main").starved(2..8, 1)),
        (
            "starved_few",
            none()
                .starved(1..3, 1)
                .starved(7..8, 2)
                .circle(20..22)
                .waiter((30, "late"), "Lock", (0x53, "held\t1\t1"), "/app/l.py"),
        ),
    ]
}

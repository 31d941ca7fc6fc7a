//! Timelines of made-up processes.

mod past;

use super::timeline::Timeline;
use super::trace::{Description, Entry, Event, Flow, Nanos, Place, Trace, TrackId, Value, What};
use crate::example::HOSTILE;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use weftline::watch::Snapshot;

const SECOND: Nanos = 1_000_000_000;

/// A process at some second, told in the form in which real ones tell.
struct Moment(Nanos, String);

impl Moment {
    fn at(taken: Nanos) -> Self {
        Self(taken, format!("weftline\t1\t7\t1\t{taken}\n"))
    }

    fn thread(mut self, number: u64, name: &str) -> Self {
        let name: String = name.chars().map(escaped).collect();
        let name = if name.is_empty() { "%" } else { &name };
        self.1 += &format!("thread\t{number}\t{number}\t{}\t{name}\n", number + 4000);
        self
    }

    fn waits(self, number: u64, kind: &str, object: u64, since: Nanos, state: &str) -> Self {
        self.waits_until(number, kind, object, (since, "-"), state)
    }

    fn waits_until(
        mut self,
        number: u64,
        kind: &str,
        object: u64,
        (since, deadline): (Nanos, &str),
        state: &str,
    ) -> Self {
        let place = "work\t/app/a.py\t7";
        self.1 += &format!("wait\t{number}\t1\t{kind}\t{object}\t{since}\t{deadline}\t{place}\n");
        self.1 += &format!("object\t{object}\t{state}\nagain\t{number}\t1\n");
        self
    }

    fn serves(mut self, number: u64, pool: u32, waiting: u64) -> Self {
        self.1 += &format!("serves\t{number}\t{pool}\t{waiting}\n");
        self
    }

    /// The thread has waited, and was woken by a waker then, if it was.
    fn past(mut self, ring: (u64, u64), number: u64, wait: &Past) -> Self {
        let (kind, object, end) = (wait.kind, wait.object, wait.end);
        let (waker, woken_at) = wait.woken;
        let (begun, ended) = (wait.begun, wait.ended);
        let (ring, index) = ring;
        self.1 += &format!(
            "past\t{ring}\t{index}\t{kind}\t{end}\t{number}\t{}\t{object}\t{begun}\t{ended}\t\
             {waker}\t{woken_at}\t-\n",
            number + 4000
        );
        self
    }

    fn unkept(mut self, count: u64) -> Self {
        self.1 += &format!("unkept\t{count}\n");
        self
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::from_text(&format!("{}end\n", self.1)).expect("it is of this version")
    }
}

/// A wait that has ended.
#[derive(Clone, Debug)]
struct Past {
    kind: &'static str,
    object: u64,
    begun: Nanos,
    ended: Nanos,
    end: &'static str,
    woken: (u64, Nanos),
}

fn escaped(c: char) -> String {
    match c == '%' || c.is_ascii_control() {
        true => format!("%{:02x}", c as u32),
        false => c.to_string(),
    }
}

/// A slice, as it is found in the entries.
#[derive(Debug, PartialEq)]
struct Slice {
    track: String,
    name: String,
    from: Nanos,
    to: Nanos,
    notes: Vec<(&'static str, Value)>,
}

impl Slice {
    fn note(&self, name: &str) -> String {
        let mut notes = self.notes.iter().filter(|(of, _)| *of == name);
        match notes.next() {
            Some((_, Value::Text(text))) => text.clone(),
            Some((_, Value::Number(number))) => number.to_string(),
            None => String::new(),
        }
    }
}

/// What a reader finds: it fails if the entries are not a well-formed timeline.
#[derive(Debug, Default)]
struct Read {
    tracks: BTreeMap<TrackId, (String, Place)>,
    slices: Vec<Slice>,
    instants: Vec<(String, Nanos, Description)>,
    counts: HashMap<String, Vec<(Nanos, i64)>>,
}

impl Read {
    fn slices_of(&self, track: &str) -> Vec<(&str, Nanos, Nanos)> {
        let own = self.slices.iter().filter(|slice| slice.track == track);
        own.map(|slice| (slice.name.as_str(), slice.from, slice.to))
            .collect()
    }

    fn slice(&self, track: &str) -> &Slice {
        let mut own = self.slices.iter().filter(|slice| slice.track == track);
        let slice = own.next().expect("the track has a slice");
        assert!(own.next().is_none());
        slice
    }
}

fn read(entries: &[Entry]) -> Read {
    let mut read = Read::default();
    let mut events: Vec<&Event> = Vec::new();
    for entry in entries {
        match entry {
            Entry::Track(track) => {
                if let Place::Under(parent) | Place::Counter { under: parent } = track.place {
                    assert!(read.tracks.contains_key(&parent), "{track:?}");
                }
                let told = (track.name.clone(), track.place.clone());
                read.tracks.insert(track.id, told);
            }
            Entry::Event(event) => {
                assert!(read.tracks.contains_key(&event.track), "{event:?}");
                events.push(event);
            }
            Entry::Started(_) | Entry::Stopped(_) => {}
        }
    }
    assert!(matches!(entries[0], Entry::Started(_)));
    assert!(matches!(entries[entries.len() - 1], Entry::Stopped(_)));
    // As Perfetto does: those of one time stay in their order.
    events.sort_by_key(|event| event.at);
    let mut open: HashMap<TrackId, (&Description, Nanos)> = HashMap::new();
    for event in events {
        let (name, place) = &read.tracks[&event.track];
        let is_counter = matches!(place, Place::Counter { .. });
        assert_eq!(is_counter, matches!(event.what, What::Count(_)));
        match &event.what {
            What::Begin(description) => {
                let before = open.insert(event.track, (description, event.at));
                assert_eq!(before, None, "slices of a track do not overlap");
            }
            What::End => {
                let (description, from) = open.remove(&event.track).expect("a slice is open");
                read.slices.push(Slice {
                    track: name.clone(),
                    name: description.name.clone(),
                    from,
                    to: event.at,
                    notes: description.notes.clone(),
                });
            }
            What::Instant(description) => {
                let instant = (name.clone(), event.at, description.clone());
                read.instants.push(instant);
            }
            What::Count(value) => {
                let counts = read.counts.entry(name.clone()).or_default();
                counts.push((event.at, *value));
            }
        }
    }
    assert!(open.is_empty(), "each slice ends: {open:?}");
    read
}

/// The timeline of a process that was seen in these moments, and runs on.
fn timeline(moments: &[Moment]) -> Read {
    let mut entries = Vec::new();
    let mut timeline = Timeline::begin(7, "app", moments[0].0, &mut entries);
    for moment in moments {
        timeline.add(&moment.snapshot(), &mut entries);
    }
    timeline.finish(moments[moments.len() - 1].0, false, &mut entries);
    read(&entries)
}

fn waiting(taken: Nanos, since: Nanos) -> Moment {
    let moment = Moment::at(taken).thread(1, "a").thread(2, "b");
    moment.waits(1, "Lock", 64, since, "held\t2\t1")
}

fn free(taken: Nanos) -> Moment {
    Moment::at(taken).thread(1, "a").thread(2, "b")
}

#[test]
fn a_wait_begins_when_it_began_and_ends_at_the_last_snapshot_that_saw_it() {
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
fn what_was_read_beside_a_thread_that_did_not_sleep_is_not_told() {
    let mut moment = waiting(10 * SECOND, 3 * SECOND);
    moment.1 = moment.1.replace("again\t1\t1\n", "");
    let read = timeline(&[moment]);
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

#[test]
fn a_deadlock_is_told_once_with_arrows_along_it() {
    let circle = |taken: Nanos| {
        (1..=3).fold(Moment::at(taken * SECOND), |moment, number| {
            let held = format!("held\t{}\t1", number % 3 + 1);
            moment.thread(number, &format!("t{number}")).waits(
                number,
                "RLock",
                number * 16,
                SECOND,
                &held,
            )
        })
    };
    let read = timeline(&[circle(10), circle(11)]);
    let told: Vec<_> = read
        .instants
        .iter()
        .filter(|(_, _, description)| description.category == "deadlock")
        .collect();
    assert_eq!(told.len(), 3);
    let flows: Vec<_> = told.iter().map(|it| it.2.flows.as_slice()).collect();
    let (one, two) = (7 << 32 | 1, 7 << 32 | 2);
    assert_eq!(
        flows,
        [
            &[Flow::From(one)][..],
            &[Flow::To(one), Flow::From(two)],
            &[Flow::To(two)]
        ]
    );
    let (track, at, description) = told[0];
    assert_eq!((track.as_str(), *at), ("t1", 10 * SECOND));
    assert_eq!(description.name, "deadlock");
    assert_eq!(
        description.notes,
        [
            ("verdict", Value::Text("certain".to_owned())),
            (
                "circle",
                Value::Text("\"t1\" waits for \"t2\" waits for \"t3\"".to_owned())
            )
        ]
    );
}

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
    assert!(
        read.slices
            .iter()
            .all(|slice| slice.name == format!("waits for the end of {:?}", HOSTILE[2]))
    );
}

/// A small generator of random numbers (Vigna, "xorshift64*").
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % bound
    }
}

#[test]
fn random_processes_have_well_formed_timelines() {
    for seed in 1..=300 {
        let mut random = Random(seed);
        let mut entries = Vec::new();
        let mut timeline = Timeline::begin(7, "app", 0, &mut entries);
        let mut began = BTreeSet::new();
        let mut now = 10 * SECOND;
        // The waits of the threads 1 to 8: the kind, the object and the beginning.
        let mut waits: [Option<(usize, u64, Nanos)>; 9] = [None; 9];
        let mut has_ended = [false; 9];
        for _ in 0..random.below(40) {
            now += 1 + random.below(SECOND);
            if random.below(10) == 0 {
                timeline.miss(now, "it is silent", &mut entries);
                continue;
            }
            let mut moment = Moment::at(now);
            for number in 1..=8 {
                let has_ended = &mut has_ended[number as usize];
                *has_ended |= random.below(30) == 0;
                if *has_ended {
                    continue;
                }
                moment = moment.thread(number, &format!("t{}", number + random.below(2)));
                if random.below(3) == 0 {
                    moment = moment.serves(number, 1 + random.below(2) as u32, random.below(3));
                }
                let wait = &mut waits[number as usize];
                match random.below(4) {
                    0 => *wait = None,
                    // It has begun since the last snapshot, or while this one is told.
                    1 => {
                        let since = now - random.below(2) + random.below(2);
                        *wait = Some((random.below(6) as usize, 16 + random.below(4), since));
                    }
                    _ => {}
                }
                if let Some((kind, object, since)) = *wait {
                    const KINDS: [(&str, &str); 6] = [
                        ("Lock", "held\t2\t1"),
                        ("Lock", "held\t9\t1"),
                        ("RwLockWrite", "read\t2"),
                        ("QueueGet", "queue\t0\t0"),
                        ("QueuePut", "queue\t1\t1"),
                        ("Thread", "thread\t3"),
                    ];
                    let (kind, state) = KINDS[kind];
                    moment = moment.waits(number, kind, object, since, state);
                    began.insert(since);
                }
            }
            timeline.add(&moment.snapshot(), &mut entries);
        }
        timeline.finish(now, random.below(2) == 0, &mut entries);
        let read = read(&entries);
        let waits = read.slices.iter();
        for slice in waits.filter(|slice| slice.name.starts_with("waits")) {
            let is_cut = read.slices.iter().any(|other| {
                other.track == slice.track && other.to == slice.from && other != slice
            });
            assert!(began.contains(&slice.from) || is_cut, "{seed}: {slice:?}");
        }
        let mut bytes = Vec::new();
        let mut trace = Trace::new(&mut bytes);
        entries.iter().for_each(|it| trace.write(it).unwrap());
        assert_eq!(trace.packets(), entries.len() as u64);
        assert_eq!(trace.bytes(), bytes.len() as u64);
    }
}

#[test]
fn what_is_gone_is_forgotten() {
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
fn a_starved_pool_is_told_on_the_tracks_of_its_workers() {
    let moment = (1..=2).fold(Moment::at(10 * SECOND), |moment, number| {
        let moment = moment.thread(number, &format!("p_{number}"));
        let moment = moment.serves(number, 4, 2);
        moment.waits(number, "Future", 64 * number, SECOND, "pending\t4")
    });
    let read = timeline(&[moment]);
    let told: Vec<_> = read.instants.iter().skip(1).collect();
    let tracks: Vec<&str> = told.iter().map(|(track, ..)| track.as_str()).collect();
    assert_eq!(tracks, ["p_1", "p_2"]);
    for (_, _, description) in told {
        assert_eq!(description.name, "starved pool");
        assert_eq!(description.flows, []);
        let threads = ("threads", Value::Text("\"p_1\", \"p_2\"".to_owned()));
        assert_eq!(description.notes[1], threads);
    }
}

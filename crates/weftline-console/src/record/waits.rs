//! The waits of threads as slices on their tracks.
//!
//! # Implementation
//!
//! A snapshot tells since when a thread waits, so the beginning of a slice is exact. A wait that
//! ends while the process records its waits is told with its end and its waker. An arrow leads from
//! the wake, on the track of the waker, to where the waiter goes on. Any other slice ends at the
//! last snapshot that saw the wait, and says within what time the wait ended after that.
//!
//! A thread that looks for a deadlock leaves its sleep for a moment, and a snapshot may miss its
//! wait. So a wait has ended if two snapshots after each other do not see it, or if another one has
//! begun. The sleeps of one wait have the same beginning, by which they are known.
//!
//! Slices of a track do not overlap. A signal handler that waits inside another wait is shown in
//! its place, and the outer wait goes on behind it as a second slice.

use super::trace::{
    Description, Entry, Event, Flow, Nanos, Place, Track, TrackId, Value, What, nanos,
};
use super::words;
use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use weftline::park::Kind;
use weftline::watch::{Party, PastEnd, PastWait, Snapshot, Wait};

/// So many holders of an object are told of one wait, one after the other.
const HOLDERS: usize = 8;

/// The threads of a process, and the wait of each.
#[derive(Debug)]
pub(crate) struct Threads {
    pid: u32,
    process: TrackId,
    known: HashMap<u64, Thread>,
    /// The last snapshot that was added.
    round: u64,
}

#[derive(Debug)]
struct Thread {
    track: Track,
    title: String,
    wait: Option<Waiting>,
    /// When its last slice ended.
    free_from: Nanos,
    round: u64,
}

/// A wait that has not ended, as far as it is known.
#[derive(Debug)]
struct Waiting {
    object: u64,
    kind: Kind,
    since: Nanos,
    /// The last time at which it was seen.
    last: Nanos,
    /// The time of a snapshot since then that did not see it.
    missed: Option<Nanos>,
    snapshots: i64,
    name: String,
    of: String,
    site: Option<String>,
    deadline: Option<Nanos>,
    holders: Vec<String>,
    woken_by: Option<String>,
}

impl Threads {
    pub(crate) fn new(pid: u32, process: TrackId) -> Self {
        Self {
            pid,
            process,
            known: HashMap::new(),
            round: 0,
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// The track of the thread of that number.
    pub(crate) fn track(&self, number: u64) -> Option<TrackId> {
        Some(self.known.get(&number)?.track.id)
    }

    /// What the thread of that number is called, as reports do.
    pub(crate) fn title(&self, number: u64) -> String {
        match self.known.get(&number) {
            Some(thread) => thread.title.clone(),
            None => format!("thread {number}"),
        }
    }

    /// Learns the threads of a snapshot, and what they are called.
    pub(crate) fn know(&mut self, snapshot: &Snapshot, out: &mut Vec<Entry>) {
        self.round += 1;
        // The interpreter's threads without a number wait for nothing that the library knows.
        for party in snapshot.parties.iter().filter(|party| party.number != 0) {
            let track = track_of(self.pid, self.process, party);
            let thread = match self.known.entry(party.number) {
                Slot::Vacant(slot) => {
                    out.push(Entry::Track(track.clone()));
                    slot.insert(Thread::new(track, party.title(), 0))
                }
                Slot::Occupied(slot) => {
                    let thread = slot.into_mut();
                    if thread.track != track {
                        out.push(Entry::Track(track.clone()));
                        thread.track = track;
                        thread.title = party.title();
                    }
                    thread
                }
            };
            thread.round = self.round;
        }
    }

    /// Adds the waits of a snapshot, whose threads are known.
    pub(crate) fn add(&mut self, snapshot: &Snapshot, out: &mut Vec<Entry>) {
        let now = nanos(snapshot.taken);
        for party in &snapshot.parties {
            if let Some(thread) = self.known.get_mut(&party.number) {
                thread.add(snapshot, party, now, out);
            }
        }
        let round = self.round;
        self.known.retain(|_, thread| {
            let is_there = thread.round == round;
            if !is_there {
                thread.end_wait(now, out);
            }
            is_there
        });
    }

    /// Adds a wait that has ended. `flow` is the number of its arrow.
    pub(crate) fn add_past(&mut self, wait: &PastWait, flow: u64, out: &mut Vec<Entry>) {
        let waker = wait.woken.and_then(|(waker, _)| self.known.get(&waker));
        let waker = waker.map(|thread| (thread.track.id, thread.track.name.clone()));
        let thread = match self.known.entry(wait.thread) {
            Slot::Occupied(slot) => slot.into_mut(),
            Slot::Vacant(slot) => {
                // It began after the last snapshot.
                let track = track_of_past(self.pid, self.process, wait);
                out.push(Entry::Track(track.clone()));
                let title = track.name.clone();
                slot.insert(Thread::new(track, title, self.round))
            }
        };
        thread.end_exactly(wait, waker.as_ref().map(|(_, name)| name.as_str()), out);
        let (Some((_, woken_at)), Some((waker, _))) = (wait.woken, waker) else {
            return;
        };
        let (waiter, title) = (thread.track.id, &thread.track.name);
        let instant = |at, track, name: String, flow| {
            let description = Description {
                category: "wake",
                name,
                notes: vec![("object", Value::Text(words::past_object(wait)))],
                flows: vec![flow],
            };
            let what = What::Instant(description);
            Entry::Event(Event { at, track, what })
        };
        let woken_at = nanos(woken_at);
        let goes_on = nanos(wait.ended).max(woken_at);
        out.push(instant(
            woken_at,
            waker,
            format!("wakes {title}"),
            Flow::From(flow),
        ));
        out.push(instant(
            goes_on,
            waiter,
            "goes on".to_owned(),
            Flow::To(flow),
        ));
    }

    /// Ends the waits that have not ended. They went on if the process still runs.
    pub(crate) fn finish(&mut self, process_ended: Option<Nanos>, out: &mut Vec<Entry>) {
        let mut numbers: Vec<u64> = self.known.keys().copied().collect();
        numbers.sort_unstable();
        for number in numbers {
            let Some(mut thread) = self.known.remove(&number) else {
                continue;
            };
            let ended = thread.wait.as_ref().and_then(|wait| wait.missed);
            match ended.or(process_ended) {
                Some(ended) => thread.end_wait(ended, out),
                None => {
                    if let Some(wait) = thread.wait.take() {
                        let goes_on =
                            ("goes on", Value::Text("at the end of the trace".to_owned()));
                        thread.write(wait, goes_on, out);
                    }
                }
            }
        }
    }
}

fn track_of(pid: u32, process: TrackId, party: &Party) -> Track {
    let id = TrackId::of(pid, &format!("thread {}", party.number));
    let named = party.name.as_ref().filter(|name| !name.is_empty());
    let name = named.cloned().unwrap_or_else(|| party.title());
    let place = match party.native_id {
        tid if tid != 0 && !party.is_task => Place::Thread { pid, tid },
        _ => Place::Under(process),
    };
    Track { id, name, place }
}

/// The track of a thread that no snapshot has seen.
fn track_of_past(pid: u32, process: TrackId, wait: &PastWait) -> Track {
    let id = TrackId::of(pid, &format!("thread {}", wait.thread));
    let place = match wait.native_id {
        0 => Place::Under(process),
        tid => Place::Thread { pid, tid },
    };
    let name = format!("thread {}", wait.thread);
    Track { id, name, place }
}

impl Thread {
    fn new(track: Track, title: String, round: u64) -> Self {
        Self {
            track,
            title,
            wait: None,
            free_from: 0,
            round,
        }
    }

    /// The wait ended, woken by the thread that is called so.
    fn end_exactly(&mut self, past: &PastWait, waker: Option<&str>, out: &mut Vec<Entry>) {
        let (since, ended) = (nanos(past.begun), nanos(past.ended));
        let is_same = |open: &Waiting| {
            (open.object, open.kind, open.since) == (past.object, past.kind, since)
        };
        let mut wait = match self.wait.take_if(|open| is_same(open)) {
            Some(open) => open,
            None => {
                // A wait that began before this one has ended before it, or goes on behind it.
                if self.wait.as_ref().is_some_and(|open| open.missed.is_some()) {
                    self.end_wait(since, out);
                }
                Waiting::of_past(past)
            }
        };
        wait.last = ended;
        let end = match past.end {
            PastEnd::Granted => "with what it waited for",
            PastEnd::TimedOut => "by its timeout",
            _ => "by a signal or an exception",
        };
        if let Some((number, _)) = past.woken {
            let waker = waker.map_or_else(|| format!("thread {number}"), str::to_owned);
            wait.woken_by = Some(waker);
        }
        self.write(wait, ("ended", Value::Text(end.to_owned())), out);
    }

    fn add(&mut self, snapshot: &Snapshot, party: &Party, now: Nanos, out: &mut Vec<Entry>) {
        let is_same = |open: &Waiting, wait: &Wait| {
            (open.object, open.kind, open.since) == (wait.object, wait.kind, nanos(wait.since))
        };
        match (&mut self.wait, &party.wait) {
            (Some(open), Some(wait)) if is_same(open, wait) => open.see(snapshot, party, wait),
            (_, Some(wait)) => {
                // The earlier wait ended before this one began.
                self.end_wait(now.min(nanos(wait.since)), out);
                let mut open = Waiting::new(snapshot, wait);
                open.see(snapshot, party, wait);
                self.wait = Some(open);
            }
            (Some(open), None) if open.missed.is_none() => open.missed = Some(now),
            (Some(_), None) => self.end_wait(now, out),
            (None, None) => {}
        }
    }

    /// The wait had ended by then, if there was one.
    fn end_wait(&mut self, by: Nanos, out: &mut Vec<Entry>) {
        if let Some(wait) = self.wait.take() {
            let by = wait.missed.map_or(by, |missed| missed.min(by));
            let within = words::span(by.saturating_sub(wait.last));
            let note = format!("{within} after the end of this slice");
            self.write(wait, ("ended within", Value::Text(note)), out);
        }
    }

    fn write(&mut self, wait: Waiting, end: (&'static str, Value), out: &mut Vec<Entry>) {
        let begin = wait.since.max(self.free_from);
        let last = wait.last.max(begin);
        self.free_from = last;
        let mut notes = vec![("object", Value::Text(wait.of))];
        if !wait.holders.is_empty() {
            notes.push(("holder", Value::Text(wait.holders.join("; then "))));
        }
        notes.extend(wait.site.map(|site| ("site", Value::Text(site))));
        if let Some(deadline) = wait.deadline {
            let after = words::timeout(deadline.saturating_sub(wait.since));
            notes.push(("deadline", Value::Text(format!("{after} after it began"))));
        }
        notes.extend(wait.woken_by.map(|waker| ("woken by", Value::Text(waker))));
        notes.push(("snapshots", Value::Number(wait.snapshots)));
        notes.push(end);
        let track = self.track.id;
        let event = |at, what| Entry::Event(Event { at, track, what });
        let description = Description {
            category: "wait",
            name: wait.name,
            notes,
            flows: Vec::new(),
        };
        out.push(event(begin, What::Begin(description)));
        out.push(event(last, What::End));
    }
}

impl Waiting {
    fn new(snapshot: &Snapshot, wait: &Wait) -> Self {
        Self {
            object: wait.object,
            kind: wait.kind,
            since: nanos(wait.since),
            last: nanos(wait.since),
            missed: None,
            snapshots: 0,
            name: words::wait(snapshot, wait),
            of: words::object(wait, snapshot.object(wait.object)),
            site: None,
            deadline: None,
            holders: Vec::new(),
            woken_by: None,
        }
    }

    /// One that no snapshot has seen.
    fn of_past(wait: &PastWait) -> Self {
        Self {
            object: wait.object,
            kind: wait.kind,
            since: nanos(wait.begun),
            last: nanos(wait.ended),
            missed: None,
            snapshots: 0,
            name: words::past_wait(wait),
            of: words::past_object(wait),
            site: None,
            deadline: None,
            holders: Vec::new(),
            woken_by: None,
        }
    }

    /// A snapshot has seen it.
    fn see(&mut self, snapshot: &Snapshot, party: &Party, wait: &Wait) {
        let now = nanos(snapshot.taken);
        self.last = self.last.max(now);
        self.missed = None;
        self.snapshots += 1;
        if self.site.is_none() {
            self.site = words::site(party);
        }
        if self.deadline.is_none() {
            self.deadline = wait.times_out_in.map(|left| now + nanos(left));
        }
        let object = snapshot.object(wait.object);
        // What was read of the object is true if the thread has slept all the time.
        let holder = object.filter(|_| wait.is_steady && wait.kind != Kind::Thread);
        let holder = holder.and_then(|object| words::holders(snapshot, object));
        if let Some(holder) = holder
            && self.holders.last() != Some(&holder)
            && self.holders.len() < HOLDERS
        {
            self.holders.push(holder);
        }
    }
}

//! The holders of locks as slices on the tracks of the locks.
//!
//! # Implementation
//!
//! weftline keeps no list of the locks that are held, but a wait that ends tells of two holds. The
//! thread that woke the waiter has released the lock at that time, and the waiter holds it from the
//! end of its wait on, until its release wakes the next waiter. If that waiter came later, the hold
//! is told from then on: the lock may have been free in between. A thread that takes the lock
//! between a release and the waiter which that has woken is not seen.
//!
//! When a thread took a lock without a wait is seen by snapshots alone, and so is its hold until a
//! release ends a wait: as long as a thread waits for the lock and its word names the owner. Its
//! slice begins at the first snapshot that saw the holder, and ends at the last one: a holder that
//! is seen once has a slice without a length. Between two
//! snapshots it may have released the lock and taken it again.
//!
//! The slices of a lock do not overlap: a slice begins after the end of the one before.

use super::trace::{Description, Entry, Event, Nanos, Place, Track, TrackId, Value, What, nanos};
use super::words;
use std::collections::HashMap;
use weftline::park::Kind;
use weftline::watch::{Object, PastEnd, PastWait, Snapshot, Wait};

/// The locks of a process that are held, and for which others wait.
#[derive(Debug)]
pub(crate) struct Locks {
    pid: u32,
    process: TrackId,
    held: HashMap<Key, Held>,
    /// What the waits for locks have told that have ended.
    released: HashMap<Key, Released>,
    /// Whether the track over those of the locks has been written.
    has_group: bool,
}

/// The address of a lock, and its title: an address may be used again.
type Key = (u64, String);

/// A lock for which a wait has ended.
#[derive(Debug, Default)]
struct Released {
    /// The thread that got it by the end of a wait, and when.
    holder: Option<(u64, Nanos)>,
    /// When its last slice ended.
    free_from: Nanos,
}

impl Released {
    /// When something was last told of it.
    fn last(&self) -> Nanos {
        let got = self.holder.map_or(0, |(_, got)| got);
        got.max(self.free_from)
    }
}

/// A lock without a known holder is forgotten when its last slice ended so long ago.
const FORGET_AFTER: Nanos = 10_000_000_000;
/// Of so many locks the holder is remembered, of those that got it last.
const MOST_HOLDERS: usize = 16_384;

#[derive(Debug)]
struct Held {
    track: TrackId,
    by: String,
    first: Nanos,
    last: Nanos,
    snapshots: i64,
    most_waiters: i64,
}

/// A lock as a snapshot has it.
struct Seen<'a> {
    object: &'a Object,
    wait: &'a Wait,
    by: String,
    waiters: i64,
}

impl Locks {
    pub(crate) fn new(pid: u32, process: TrackId) -> Self {
        Self {
            pid,
            process,
            held: HashMap::new(),
            released: HashMap::new(),
            has_group: false,
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.held.len() + self.released.len()
    }

    /// Adds a wait that has ended. `title` tells what a thread is called.
    pub(crate) fn add_past(
        &mut self,
        wait: &PastWait,
        title: impl Fn(u64) -> String,
        out: &mut Vec<Entry>,
    ) {
        if !matches!(wait.kind, Kind::Lock | Kind::RLock) {
            return;
        }
        let key = (wait.object, words::past_object(wait));
        if let Some((waker, at)) = wait.woken {
            let at = nanos(at);
            let released = self.released.entry(key.clone()).or_default();
            let free_from = released.free_from;
            let got = released
                .holder
                .take()
                .filter(|&(holder, _)| holder == waker);
            let by = title(waker);
            let seen = self.held.remove(&key).filter(|held| held.by == by);
            let got = got.map(|(_, got)| got.max(nanos(wait.begun)));
            let first_seen = seen.as_ref().map(|seen| seen.first);
            let Some(since) = got.into_iter().chain(first_seen).min() else {
                released.free_from = free_from.max(at);
                return self.add_holder(key, wait);
            };
            let mut hold = seen.unwrap_or_else(|| Held {
                track: self.begin_track(&key, out),
                by,
                first: since,
                last: at,
                snapshots: 0,
                most_waiters: 1,
            });
            hold.first = since.max(free_from);
            hold.last = at.max(hold.first);
            let last = hold.last;
            hold.write(Some("its release ended a wait"), out);
            self.released.entry(key.clone()).or_default().free_from = last;
        }
        self.add_holder(key, wait);
    }

    fn add_holder(&mut self, key: Key, wait: &PastWait) {
        if wait.end == PastEnd::Granted {
            let holder = Some((wait.thread, nanos(wait.ended)));
            self.released.entry(key).or_default().holder = holder;
        }
    }

    /// Adds what a snapshot tells.
    pub(crate) fn add(&mut self, snapshot: &Snapshot, out: &mut Vec<Entry>) {
        let now = nanos(snapshot.taken);
        let mut before = std::mem::take(&mut self.held);
        for seen in seen(snapshot) {
            let title = words::object(seen.wait, Some(seen.object));
            let key = (seen.object.address, title);
            let mut held = match before.remove(&key) {
                Some(held) if held.by == seen.by => held,
                other => {
                    let track = other.as_ref().map(|held| held.track);
                    if let Some(held) = other {
                        self.write_seen(&key, held, out);
                    }
                    Held {
                        track: track.unwrap_or_else(|| self.begin_track(&key, out)),
                        by: seen.by,
                        first: now,
                        last: now,
                        snapshots: 0,
                        most_waiters: 0,
                    }
                }
            };
            held.last = now;
            held.snapshots += 1;
            held.most_waiters = held.most_waiters.max(seen.waiters);
            self.held.insert(key, held);
        }
        self.write_all(before, out);
        self.forget(now);
    }

    /// Forgets locks of which nothing will be told any more, as far as is known.
    fn forget(&mut self, now: Nanos) {
        self.released
            .retain(|_, it| it.holder.is_some() || it.free_from.saturating_add(FORGET_AFTER) > now);
        if self.released.len() > 2 * MOST_HOLDERS {
            let mut times: Vec<_> = self.released.values().map(Released::last).collect();
            times.sort_unstable_by(|one, other| other.cmp(one));
            let oldest = times[MOST_HOLDERS];
            self.released.retain(|_, it| it.last() > oldest);
        }
    }

    /// Ends the slices: what happens from the last snapshot on is not known.
    pub(crate) fn finish(&mut self, out: &mut Vec<Entry>) {
        let held = std::mem::take(&mut self.held);
        self.write_all(held, out);
    }

    fn write_all(&mut self, held: HashMap<Key, Held>, out: &mut Vec<Entry>) {
        let mut held: Vec<_> = held.into_iter().collect();
        held.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (key, held) in held {
            self.write_seen(&key, held, out);
        }
    }

    /// Writes a hold that only snapshots have seen.
    fn write_seen(&mut self, key: &Key, mut held: Held, out: &mut Vec<Entry>) {
        if let Some(released) = self.released.get_mut(key) {
            held.first = held.first.max(released.free_from);
            if held.last < held.first {
                return;
            }
            released.free_from = held.last;
        }
        held.write(None, out);
    }

    fn begin_track(&mut self, key: &Key, out: &mut Vec<Entry>) -> TrackId {
        let track = |what: &str, name: &str, under| Track {
            id: TrackId::of(self.pid, what),
            name: name.to_owned(),
            place: Place::Under(under),
        };
        let group = track("locks", "locks that threads wait for", self.process);
        let lock = track(&format!("lock {} {}", key.0, key.1), &key.1, group.id);
        if !std::mem::replace(&mut self.has_group, true) {
            out.push(Entry::Track(group));
        }
        let id = lock.id;
        out.push(Entry::Track(lock));
        id
    }
}

/// The locks with holders, each once, in the order of their addresses.
fn seen(snapshot: &Snapshot) -> Vec<Seen<'_>> {
    let mut waiters: HashMap<u64, (i64, Option<&Wait>)> = HashMap::new();
    for wait in snapshot.parties.iter().filter_map(|it| it.wait.as_ref()) {
        let (count, steady) = waiters.entry(wait.object).or_default();
        *count += 1;
        // What was read of the object is true if one of its waiters has slept all the time.
        *steady = steady.or(Some(wait).filter(|wait| wait.is_steady));
    }
    let seen = snapshot.objects.iter().filter_map(|object| {
        let &(waiters, wait) = waiters.get(&object.address)?;
        Some(Seen {
            object,
            wait: wait?,
            by: words::holders(snapshot, object)?,
            waiters,
        })
    });
    seen.collect()
}

impl Held {
    fn write(self, end: Option<&str>, out: &mut Vec<Entry>) {
        let track = self.track;
        let event = |at, what| Entry::Event(Event { at, track, what });
        let mut notes = vec![
            ("snapshots", Value::Number(self.snapshots)),
            ("most waiters", Value::Number(self.most_waiters)),
        ];
        notes.extend(end.map(|end| ("ended", Value::Text(end.to_owned()))));
        let description = Description {
            category: "hold",
            name: format!("held by {}", self.by),
            notes,
            flows: Vec::new(),
        };
        out.push(event(self.first, What::Begin(description)));
        out.push(event(self.last, What::End));
    }
}

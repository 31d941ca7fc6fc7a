//! The holders of locks as slices on the tracks of the locks.
//!
//! # Implementation
//!
//! weftline keeps no list of the locks that are held. A lock is seen while a thread waits for it,
//! and only its word names its owner. So a slice begins at the first snapshot that saw the holder,
//! and ends at the last one: a holder that is seen once has a slice without a length. Between two
//! snapshots it may have released the lock and taken it again.

use super::trace::{Description, Entry, Event, Nanos, Place, Track, TrackId, Value, What, nanos};
use super::words;
use std::collections::HashMap;
use weftline::watch::{Object, Snapshot, Wait};

/// The locks of a process that are held, and for which others wait.
#[derive(Debug)]
pub(crate) struct Locks {
    pid: u32,
    process: TrackId,
    /// By address and title: an address may be used again.
    held: HashMap<(u64, String), Held>,
    /// Whether the track over those of the locks has been written.
    has_group: bool,
}

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
            has_group: false,
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.held.len()
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
                before => {
                    let track = before.as_ref().map(|held| held.track);
                    before.into_iter().for_each(|held| held.write(out));
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
        write_all(before, out);
    }

    /// Ends the slices: what happens from the last snapshot on is not known.
    pub(crate) fn finish(&mut self, out: &mut Vec<Entry>) {
        write_all(std::mem::take(&mut self.held), out);
    }

    fn begin_track(&mut self, key: &(u64, String), out: &mut Vec<Entry>) -> TrackId {
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

fn write_all(held: HashMap<(u64, String), Held>, out: &mut Vec<Entry>) {
    let mut held: Vec<_> = held.into_iter().collect();
    held.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    held.into_iter().for_each(|(_, held)| held.write(out));
}

impl Held {
    fn write(self, out: &mut Vec<Entry>) {
        let track = self.track;
        let event = |at, what| Entry::Event(Event { at, track, what });
        let description = Description {
            category: "hold",
            name: format!("held by {}", self.by),
            notes: vec![
                ("snapshots", Value::Number(self.snapshots)),
                ("most waiters", Value::Number(self.most_waiters)),
            ],
            flows: Vec::new(),
        };
        out.push(event(self.first, What::Begin(description)));
        out.push(event(self.last, What::End));
    }
}

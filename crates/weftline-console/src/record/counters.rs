//! Counters: blocked threads, the waiters and items of queues, busy workers and waiting tasks of
//! pools.
//!
//! A value is written when it changes, and at the end.

use super::trace::{Entry, Event, Nanos, Place, Track, TrackId, What, nanos};
use super::words;
use crate::findings::is_idle;
use crate::graph::queue_title;
use std::collections::BTreeMap;
use weftline::park::Kind;
use weftline::watch::{Pool, Snapshot};

/// The counters of a process.
#[derive(Debug)]
pub(crate) struct Counters {
    pid: u32,
    process: TrackId,
    shown: BTreeMap<Key, Shown>,
    last: Nanos,
}

/// What a counter counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// The threads and tasks that wait.
    Blocked,
    /// Those that wait for an item of the queue at an address, which is called so.
    Getters(u64, String),
    /// Those that wait for a slot of it.
    Putters(u64, String),
    /// The items of it.
    Items(u64, String),
    /// The workers of the pool of that number which do not wait for a task.
    Busy(u32),
    /// The tasks that wait for one of its workers.
    Tasks(u32),
}

#[derive(Debug)]
struct Shown {
    track: TrackId,
    value: i64,
}

impl Counters {
    pub(crate) fn new(pid: u32, process: TrackId) -> Self {
        Self {
            pid,
            process,
            shown: BTreeMap::new(),
            last: 0,
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.shown.len()
    }

    /// Adds what a snapshot tells.
    pub(crate) fn add(&mut self, snapshot: &Snapshot, out: &mut Vec<Entry>) {
        let at = nanos(snapshot.taken);
        self.last = at;
        let mut found = counted(snapshot);
        // They were being changed just then.
        for queue in snapshot.queues.iter().filter(|it| it.items.is_none()) {
            let key = Key::Items(queue.address, queue_title(queue));
            if let Some(shown) = self.shown.get(&key) {
                found.insert(key, shown.value);
            }
        }
        // No thread waits for these any more. Their tracks begin anew if one does.
        self.shown.retain(|key, shown| {
            let is_there = found.contains_key(key);
            if !is_there && shown.value != 0 {
                out.push(count(shown.track, at, 0));
            }
            is_there
        });
        for (key, value) in found {
            if let Some(shown) = self.shown.get_mut(&key) {
                if shown.value != value {
                    shown.value = value;
                    out.push(count(shown.track, at, value));
                }
                continue;
            }
            let track = TrackId::of(self.pid, &format!("counter {key:?}"));
            out.push(Entry::Track(Track {
                id: track,
                name: key.name(snapshot),
                place: Place::Counter {
                    under: self.process,
                },
            }));
            out.push(count(track, at, value));
            self.shown.insert(key, Shown { track, value });
        }
    }

    /// Writes the last values, so that their lines reach the end.
    pub(crate) fn finish(&mut self, out: &mut Vec<Entry>) {
        let shown = self.shown.values();
        out.extend(shown.map(|shown| count(shown.track, self.last, shown.value)));
    }
}

fn count(track: TrackId, at: Nanos, value: i64) -> Entry {
    let what = What::Count(value);
    Entry::Event(Event { at, track, what })
}

impl Key {
    fn name(&self, snapshot: &Snapshot) -> String {
        match self {
            Self::Blocked => "blocked threads".to_owned(),
            Self::Getters(_, queue) => format!("{queue}: waiting getters"),
            Self::Putters(_, queue) => format!("{queue}: waiting putters"),
            Self::Items(_, queue) => format!("{queue}: items"),
            Self::Busy(pool) => format!("{}: busy workers", pool_title(snapshot, *pool)),
            Self::Tasks(pool) => format!("{}: waiting tasks", pool_title(snapshot, *pool)),
        }
    }
}

fn pool_title(snapshot: &Snapshot, pool: u32) -> String {
    let mut workers = snapshot.workers(pool);
    match (workers.next(), workers.next()) {
        (Some(first), Some(_)) => format!("pool {pool} ({}, …)", first.title()),
        (Some(first), None) => format!("pool {pool} ({})", first.title()),
        _ => format!("pool {pool}"),
    }
}

/// What the counters are in a snapshot.
fn counted(snapshot: &Snapshot) -> BTreeMap<Key, i64> {
    let mut found = BTreeMap::from([(Key::Blocked, 0)]);
    let mut busy: BTreeMap<u32, i64> = BTreeMap::new();
    for party in &snapshot.parties {
        if let Some(pool) = party.pool {
            *busy.entry(pool).or_default() += i64::from(!is_idle(party));
        }
        let Some(wait) = &party.wait else {
            continue;
        };
        *found.entry(Key::Blocked).or_default() += 1;
        let queue = || words::object(wait, snapshot.object(wait.object));
        let key = match wait.kind {
            // The queue of an idle worker is that of its pool.
            Kind::QueueGet if !is_idle(party) => Key::Getters(wait.object, queue()),
            Kind::QueuePut => Key::Putters(wait.object, queue()),
            _ => continue,
        };
        *found.entry(key).or_default() += 1;
    }
    for queue in &snapshot.queues {
        if let Some(items) = queue.items {
            let key = Key::Items(queue.address, queue_title(queue));
            found.insert(key, i64::try_from(items).unwrap_or(i64::MAX));
        }
    }
    for &Pool {
        number, waiting, ..
    } in &snapshot.pools
    {
        found.insert(Key::Busy(number), busy.get(&number).copied().unwrap_or(0));
        if let Some(waiting) = waiting {
            let waiting = i64::try_from(waiting).unwrap_or(i64::MAX);
            found.insert(Key::Tasks(number), waiting);
        }
    }
    found
}

//! The rows of the page's tables: threads, objects, queues and pools, as JSON.
//!
//! # Implementation
//!
//! A row has no duration, but the moment at which a wait began, on the clock of the poller. So the
//! row of a thread that goes on waiting stays the same.
//!
//! A process tells durations, and answers some time after it was asked, which is not always the
//! same. That shifts all moments alike. A wait for the same object began at the same moment or
//! later than the one that is known, so the least difference is the shift. A moment that is then
//! the same is that of the same wait.

use super::index::Index;
use crate::graph::Identity;
use crate::graph::words::{has_address, name_of, place_in_short, state, visible};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use weftline::park::{Kind, ObjectState};
use weftline::watch::{Object, Party, Pool, QueueDepth, Snapshot, Wait};

/// Two moments of one wait differ by less, in milliseconds.
const ERROR: u64 = 20;
/// So many threads have rows, those first that wait longest.
const MOST_THREADS: usize = 20_000;
/// So many objects, queues and pools have rows.
const MOST_OTHERS: usize = 200;

/// When waits began and time out, in milliseconds, as told before.
#[derive(Default)]
pub(super) struct Moments {
    all: HashMap<Identity, Moment>,
    /// How long the last request took.
    took: i64,
}

#[derive(Clone, Copy)]
struct Moment {
    object: u64,
    since: i64,
    until: Option<i64>,
}

/// The rows of a kind that has room for some of them.
pub(super) struct Rows {
    /// The rows.
    pub(super) rows: Vec<Value>,
    /// How many have no room.
    pub(super) more: usize,
}

impl Rows {
    /// As JSON.
    pub(super) fn to_json(&self) -> Value {
        json!({"rows": self.rows, "more": self.more})
    }
}

impl Moments {
    /// The moments of the waits that a process tells when it is asked, and forgets the others.
    fn renew(&mut self, snapshot: &Snapshot, at: Duration, took: Duration) {
        let (now, took) = (at.as_millis() as i64, took.as_millis() as i64 + 1);
        let possible = -took..=std::mem::replace(&mut self.took, took);
        let moments = snapshot.parties.iter().filter_map(|party| {
            let wait = party.wait.as_ref()?;
            let moment = Moment {
                object: wait.object,
                // Negative if the wait is older than the poller.
                since: now.saturating_sub(wait.waited.as_millis() as i64),
                until: wait
                    .times_out_in
                    .map(|left| now.saturating_add(left.as_millis() as i64)),
            };
            Some((Identity::of(party), moment))
        });
        let mut moments: HashMap<Identity, Moment> = moments.collect();
        let shifts = moments.iter().filter_map(|(identity, moment)| {
            let known = self
                .all
                .get(identity)
                .filter(|it| it.object == moment.object)?;
            Some(moment.since - known.since)
        });
        let shift = shifts.min().filter(|it| possible.contains(it)).unwrap_or(0);
        for (identity, moment) in &mut moments {
            moment.since -= shift;
            moment.until = moment.until.map(|it| it - shift);
            if let Some(known) = self.all.get(identity).filter(|it| moment.is_like(it)) {
                *moment = *known;
            }
        }
        self.all = moments;
    }
}

impl Moment {
    fn is_like(&self, other: &Self) -> bool {
        let until = match (self.until, other.until) {
            (Some(one), Some(other)) => one.abs_diff(other) < ERROR,
            (one, other) => one == other,
        };
        self.object == other.object && self.since.abs_diff(other.since) < ERROR && until
    }
}

/// The rows of threads, each with its identity.
pub(super) fn threads(
    snapshot: &Snapshot,
    index: &Index<'_>,
    moments: &mut Moments,
    (at, took): (Duration, Duration),
    mut stack: impl FnMut(&Party) -> Option<u64>,
) -> (Vec<(String, Value)>, usize) {
    moments.renew(snapshot, at, took);
    let mut parties: Vec<&Party> = snapshot.parties.iter().collect();
    let since = |party: &Party| moments.all.get(&Identity::of(party)).map(|it| it.since);
    if parties.len() > MOST_THREADS {
        parties.sort_by_cached_key(|party| since(party).unwrap_or(i64::MAX));
        parties.truncate(MOST_THREADS);
    }
    let row = |party: &&Party| {
        let identity = Identity::of(party);
        let wait = party.wait.as_ref();
        let value = json!({
            "name": name_of(party),
            "tid": (party.native_id != 0).then_some(party.native_id),
            "main": party.is_main,
            "task": party.is_task,
            "pool": party.pool,
            "ring": index.ring_of(party.number),
            "wait": wait.map(|wait| thread_wait(snapshot, wait, moments.all[&identity])),
            "holds": index.held_by(party.number),
            "place": place_in_short(party),
            "stack": stack(party),
        });
        (identity.to_string(), value)
    };
    let more = snapshot.parties.len() - parties.len();
    (parties.iter().map(row).collect(), more)
}

fn thread_wait(snapshot: &Snapshot, wait: &Wait, moment: Moment) -> Value {
    let object = snapshot.object(wait.object);
    json!({
        "object": address(wait.object),
        "class": wait.kind.class(),
        "title": title(wait, object),
        "purpose": wait.kind.purpose(),
        "state": object.and_then(|object| state(wait.kind, object)),
        "holders": object.map(holders),
        "since": moment.since,
        "until": moment.until,
    })
}

fn address(address: u64) -> String {
    format!("{address:#x}")
}

/// The holders of an object, or the thread that it is.
fn holders(object: &Object) -> Value {
    let holders = object.holders.iter().take(8);
    holders
        .map(|&it| Identity::of_number(it).to_string())
        .collect()
}

fn title(wait: &Wait, object: Option<&Object>) -> String {
    match object.and_then(|object| object.name.as_deref()) {
        Some(name) if !name.trim().is_empty() => visible(name),
        _ if has_address(wait.kind) => address(wait.object),
        _ => String::new(),
    }
}

/// The objects and the queues, those with most waiters first.
pub(super) fn objects(snapshot: &Snapshot, index: &Index<'_>, moments: &Moments) -> [Rows; 2] {
    let mut objects = Vec::new();
    let mut queues = Vec::new();
    for (address, waiters) in index.waiters() {
        match waiters[0].1.kind {
            Kind::QueueGet | Kind::QueuePut | Kind::QueueJoin | Kind::QueueSort => &mut queues,
            _ => &mut objects,
        }
        .push((address, waiters));
    }
    let [objects, queues] = [objects, queues].map(|mut all| {
        all.sort_by_key(|(address, waiters)| (std::cmp::Reverse(waiters.len()), *address));
        let rows = all
            .iter()
            .map(|(_, waiters)| object(snapshot, moments, waiters));
        rows.collect::<Vec<_>>()
    });
    let idle = snapshot
        .queues
        .iter()
        .filter(|queue| !index.has_waiters(queue.address));
    let idle: Vec<_> = idle.map(queue_without_waiters).collect();
    [objects, [queues, idle].concat()].map(|mut rows| {
        let more = rows.len().saturating_sub(MOST_OTHERS);
        rows.truncate(MOST_OTHERS);
        Rows { rows, more }
    })
}

/// The name of a queue, or its address.
pub(super) fn title_of_queue(queue: &QueueDepth) -> String {
    match queue.name.as_deref() {
        Some(name) if !name.trim().is_empty() => visible(name),
        _ => address(queue.address),
    }
}

fn queue_without_waiters(queue: &QueueDepth) -> Value {
    json!({
        "id": address(queue.address),
        "title": title_of_queue(queue),
        "class": Kind::QueueGet.class(),
        "waiters": 0,
        "getters": 0,
        "putters": 0,
        "joiners": 0,
        "items": queue.items,
        "capacity": queue.capacity,
    })
}

fn object(snapshot: &Snapshot, moments: &Moments, waiters: &[(&Party, &Wait)]) -> Value {
    let wait = waiters[0].1;
    let object = snapshot.object(wait.object);
    let since = waiters
        .iter()
        .filter_map(|(party, _)| Some(moments.all.get(&Identity::of(party))?.since));
    let of = |kind| waiters.iter().filter(|(_, wait)| wait.kind == kind).count();
    let followed = snapshot.queues.iter().find(|it| it.address == wait.object);
    let items = followed.and_then(|queue| queue.items);
    let (capacity, unfinished) = match object.and_then(|object| object.state) {
        Some(ObjectState::Queue {
            capacity,
            unfinished,
        }) => (Some(capacity), Some(unfinished)),
        _ => (None, None),
    };
    json!({
        "id": address(wait.object),
        "title": title(wait, object),
        "class": wait.kind.class(),
        "state": object.and_then(|object| state(wait.kind, object)),
        "holders": object.map(holders),
        "waiters": waiters.len(),
        "since": since.min(),
        "getters": of(Kind::QueueGet),
        "putters": of(Kind::QueuePut),
        "joiners": of(Kind::QueueJoin),
        "items": items,
        "capacity": capacity,
        "unfinished": unfinished,
    })
}

/// The pools.
pub(super) fn pools(snapshot: &Snapshot, index: &Index<'_>) -> Rows {
    let row = |pool: &Pool| {
        let workers = index.workers(pool.number);
        json!({
            "id": pool.number,
            "name": workers.first().map(|party| name_of(party)),
            "workers": workers.len(),
            "busy": workers.iter().filter(|party| !is_idle(party)).count(),
            "waiting": pool.waiting,
        })
    };
    Rows {
        rows: snapshot.pools.iter().take(MOST_OTHERS).map(row).collect(),
        more: snapshot.pools.len().saturating_sub(MOST_OTHERS),
    }
}

/// Whether a worker waits for a task to run.
pub(super) fn is_idle(party: &Party) -> bool {
    let wait = party.wait.as_ref();
    wait.is_some_and(|wait| matches!(wait.kind, Kind::QueueGet | Kind::Work))
}

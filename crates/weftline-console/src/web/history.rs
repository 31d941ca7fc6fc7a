//! [`Point`]: the numbers of a process at a moment, for the lines over time.

use super::index::Index;
use super::rows::{is_idle, title_of_queue};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::VecDeque;
use weftline::park::Kind;
use weftline::watch::Snapshot;

/// So many points are kept: ten minutes, at two a second.
pub(super) const KEPT: usize = 1200;
/// So many pools and queues have numbers in a point: the first pools, and the queues with most
/// waiters.
const SERIES: usize = 12;

/// The numbers of a moment, as JSON: `t` is the moment, `n` the threads, `b` the blocked ones. `p`
/// has the busy workers, all workers and waiting tasks of each pool. `q` has the getters and
/// putters that wait at each queue, and `i` the items of each queue that the process follows.
pub(super) fn point(snapshot: &Snapshot, index: &Index<'_>, now: u64) -> Value {
    let blocked = snapshot.parties.iter().filter(|party| party.wait.is_some());
    let pools = snapshot.pools.iter().take(SERIES).map(|pool| {
        let workers = index.workers(pool.number);
        let busy = workers.iter().filter(|party| !is_idle(party)).count();
        (
            pool.number.to_string(),
            json!([busy, workers.len(), pool.waiting]),
        )
    });
    let mut queues = Vec::new();
    for (address, waiters) in index.waiters() {
        let of = |kind| waiters.iter().filter(|(_, wait)| wait.kind == kind).count();
        match (of(Kind::QueueGet), of(Kind::QueuePut)) {
            (0, 0) => {}
            (getters, putters) => queues.push((address, getters, putters)),
        }
    }
    queues.sort_by_key(|&(address, getters, putters)| (usize::MAX - getters - putters, address));
    let queues = queues
        .iter()
        .take(SERIES)
        .map(|&(address, getters, putters)| (format!("{address:#x}"), json!([getters, putters])));
    json!({
        "t": now,
        "n": snapshot.parties.len(),
        "b": blocked.count(),
        "p": pools.collect::<serde_json::Map<_, _>>(),
        "q": queues.collect::<serde_json::Map<_, _>>(),
        "i": items(snapshot),
    })
}

/// The items of the fullest queues, by title.
fn items(snapshot: &Snapshot) -> serde_json::Map<String, Value> {
    let mut queues: Vec<_> = snapshot.queues.iter().collect();
    queues.sort_by_key(|queue| Reverse(queue.items));
    let shown = queues.into_iter().take(SERIES);
    shown
        .map(|queue| (title_of_queue(queue), json!(queue.items)))
        .collect()
}

/// The last points, with the version in which each came.
#[derive(Default)]
pub(super) struct History(VecDeque<(u64, String)>);

impl History {
    /// Adds a point, and drops the oldest beyond [`KEPT`].
    pub(super) fn push(&mut self, version: u64, point: String) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((version, point));
    }

    /// The points that came after that version, as an array of JSON.
    pub(super) fn since(&self, version: u64) -> String {
        let from = self.0.partition_point(|&(came, _)| came <= version);
        let points: Vec<&str> = self.0.range(from..).map(|(_, it)| it.as_str()).collect();
        format!("[{}]", points.join(","))
    }
}

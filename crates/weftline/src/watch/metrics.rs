//! [`Measured`]: what was counted while waits were measured. [`Metrics`]: a process in numbers, for
//! other systems that watch it.

use super::snapshot::{Party, Snapshot};
use crate::park::Kind;
use std::collections::BTreeMap;
use std::time::Duration;

/// What was counted while waits were measured. See [`start`](super::start).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Measured {
    /// For how long.
    pub duration: Duration,
    /// Whether waits are still measured.
    pub goes_on: bool,
    /// The waits by what they were for.
    pub waits: Vec<Waits>,
    /// The objects with the most waits, at most 128 of them, the most waited-for first.
    pub contended: Vec<Contended>,
}

/// The waits of a kind that have ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Waits {
    /// The kind.
    pub kind: Kind,
    /// How many there were.
    pub count: u64,
    /// How long they took together.
    pub total: Duration,
    /// How many of them timed out.
    pub timed_out: u64,
    /// How many of them were interrupted.
    pub interrupted: u64,
    /// How many lasted at most 2ᵏ microseconds, and longer than the entry before; the last entry
    /// has all that lasted longer.
    pub histogram: Vec<u64>,
}

/// The waits for one object that have ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Contended {
    /// What of the object they were for.
    pub kind: Kind,
    /// Its address. Another object may have been there before.
    pub address: u64,
    /// The name that the program gave it.
    pub name: Option<String>,
    /// How many there were.
    pub count: u64,
    /// By how much the count may be too high.
    pub overestimate: u64,
    /// How long they took together, as far as that was counted.
    pub total: Duration,
}

/// A process in numbers.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Metrics {
    /// How many threads the library knows.
    pub threads: u64,
    /// How many of them wait now, by what for. Idle workers are [`Kind::Work`].
    pub blocked: Vec<(Kind, u64)>,
    /// How many circles of waits there are now.
    pub deadlocks: u64,
    /// Its pools.
    pub pools: Vec<PoolMetrics>,
    /// What was counted, if waits are or were measured.
    pub measured: Option<Measured>,
}

/// A pool in numbers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PoolMetrics {
    /// Its number.
    pub number: u32,
    /// The name of one of its workers, for people.
    pub worker: String,
    /// How many workers it has.
    pub workers: u64,
    /// How many of them run a task.
    pub busy: u64,
    /// How many tasks wait for a worker, if that could be read.
    pub waiting: Option<u64>,
}

impl Snapshot {
    /// The process in numbers.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let mut blocked = BTreeMap::new();
        for wait in self.parties.iter().filter_map(|party| party.wait.as_ref()) {
            blocked.entry(wait.kind as u8).or_insert((wait.kind, 0)).1 += 1;
        }
        let pools = self.pools.iter().map(|pool| {
            let workers = || self.workers(pool.number);
            PoolMetrics {
                number: pool.number,
                worker: workers().next().map(Party::title).unwrap_or_default(),
                workers: workers().count() as u64,
                busy: workers().filter(|worker| !worker.is_idle()).count() as u64,
                waiting: pool.waiting,
            }
        });
        Metrics {
            threads: self.parties.len() as u64,
            deadlocks: self.deadlocks().len() as u64,
            pools: pools.collect(),
            blocked: blocked.into_values().collect(),
            measured: self.measured.clone(),
        }
    }
}

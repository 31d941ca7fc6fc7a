//! [`Metrics`]: a process in numbers, for other systems that watch it.

use super::measured::Measured;
use super::snapshot::{Party, Snapshot};
use crate::park::Kind;
use std::collections::BTreeMap;

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

//! [`Index`]: which threads wait for an object, hold something, or work for a pool, found once for
//! a snapshot of thousands of threads.

use std::collections::{BTreeMap, HashMap};
use weftline::park::ObjectState;
use weftline::watch::{Party, Snapshot, Wait};

/// A snapshot's threads, by what they do.
pub(super) struct Index<'a> {
    waiters: BTreeMap<u64, Vec<(&'a Party, &'a Wait)>>,
    held: HashMap<u64, Vec<String>>,
    workers: HashMap<u32, Vec<&'a Party>>,
    rings: HashMap<u64, usize>,
}

impl<'a> Index<'a> {
    /// That of a snapshot.
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let mut index = Self {
            waiters: BTreeMap::new(),
            held: HashMap::new(),
            workers: HashMap::new(),
            rings: HashMap::new(),
        };
        for party in &snapshot.parties {
            if let Some(wait) = &party.wait {
                index
                    .waiters
                    .entry(wait.object)
                    .or_default()
                    .push((party, wait));
            }
            if let Some(pool) = party.pool {
                index.workers.entry(pool).or_default().push(party);
            }
        }
        for object in &snapshot.objects {
            // A thread that is joined holds nothing.
            if !matches!(object.state, Some(ObjectState::Thread { .. })) {
                for &holder in &object.holders {
                    let held = index.held.entry(holder).or_default();
                    held.push(format!("{:#x}", object.address));
                }
            }
        }
        for (ring, deadlock) in snapshot.deadlocks().iter().enumerate() {
            let threads = deadlock.circle.iter().map(|&number| (number, ring));
            index.rings.extend(threads);
        }
        index
    }

    /// The objects for which threads wait, with these threads.
    pub(super) fn has_waiters(&self, object: u64) -> bool {
        self.waiters.contains_key(&object)
    }

    pub(super) fn waiters(&self) -> impl Iterator<Item = (u64, &[(&'a Party, &'a Wait)])> {
        self.waiters
            .iter()
            .map(|(&address, it)| (address, it.as_slice()))
    }

    /// The addresses of what a thread holds and others wait for.
    pub(super) fn held_by(&self, number: u64) -> &[String] {
        self.held.get(&number).map_or(&[], Vec::as_slice)
    }

    /// The workers of a pool.
    pub(super) fn workers(&self, pool: u32) -> &[&'a Party] {
        self.workers.get(&pool).map_or(&[], Vec::as_slice)
    }

    /// The place of the deadlock of which a thread is a part.
    pub(super) fn ring_of(&self, number: u64) -> Option<usize> {
        self.rings.get(&number).copied()
    }
}

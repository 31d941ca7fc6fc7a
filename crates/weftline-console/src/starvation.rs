//! Starved pools in a snapshot: all workers of a pool wait for tasks that no worker is left to run.
//!
//! # Implementation
//!
//! They are found as the process itself does (`weftline/src/watch/starvation.rs`). A set of threads
//! is stuck if each of them waits, without a timeout, for what only members of the set can end. It
//! is what is left when those are taken out, again and again, whose wait another thread may end. A
//! pool is starved if all of its workers are in that set and one of them waits for a task.
//!
//! The process compares two passes. Here each wait must be steady, and be old enough
//! ([`is_lasting`]).

use std::collections::{HashMap, HashSet};
use std::time::Duration;
use weftline::park::ObjectState;
use weftline::watch::{Deadlock, Party, Snapshot, Wait};

/// A younger wait may be about to end.
const LEAST: Duration = Duration::from_secs(1);

/// A starved pool.
#[derive(Debug)]
pub(crate) struct StarvedPool {
    /// Its number.
    pub(crate) number: u32,
    /// The numbers of its workers.
    pub(crate) workers: Vec<u64>,
    /// How many tasks wait for a worker, if that is known.
    pub(crate) waiting: Option<u64>,
}

impl StarvedPool {
    /// Whether the waits of its workers lead around in it alone.
    pub(crate) fn is_circle(&self, snapshot: &Snapshot, deadlocks: &[Deadlock]) -> bool {
        let own = |&number: &u64| {
            let is_in = |deadlock: &Deadlock| deadlock.circle.contains(&number);
            let wait = snapshot.party(number).and_then(|party| party.wait.as_ref());
            let object = wait.and_then(|wait| snapshot.object(wait.object));
            match object.and_then(|object| object.state) {
                Some(ObjectState::Pending { pool: of } | ObjectState::Running { pool: of }) => {
                    of == self.number
                }
                _ => !deadlocks.iter().any(is_in),
            }
        };
        self.workers.iter().all(own)
    }
}

/// The snapshot without the workers of these pools.
pub(crate) fn without_workers(snapshot: &Snapshot, pools: &[StarvedPool]) -> Snapshot {
    let workers: HashSet<u64> = pools
        .iter()
        .flat_map(|it| it.workers.iter().copied())
        .collect();
    let mut others = snapshot.clone();
    others
        .parties
        .retain(|party| !workers.contains(&party.number));
    others
}

/// Whether a wait is likely to go on.
pub(crate) fn is_lasting(wait: &Wait) -> bool {
    wait.is_steady && wait.waited >= LEAST
}

/// What can end a wait.
#[derive(Clone, Copy)]
enum Ender {
    Thread(u64),
    AnyWorker(u32),
}

fn ender(snapshot: &Snapshot, party: &Party, wait: &Wait) -> Option<Ender> {
    if !is_lasting(wait) || wait.times_out_in.is_some() {
        return None;
    }
    match snapshot.object(wait.object)?.state? {
        ObjectState::Held { is_lent: true, .. } => None,
        ObjectState::Held { by, .. } if by.get() != party.number => Some(Ender::Thread(by.get())),
        ObjectState::Thread { number } => Some(Ender::Thread(number.get())),
        ObjectState::Pending { pool } | ObjectState::Running { pool } if pool != 0 => {
            Some(Ender::AnyWorker(pool))
        }
        _ => None,
    }
}

/// The starved pools, by number.
pub(crate) fn starved_pools(snapshot: &Snapshot) -> Vec<StarvedPool> {
    let mut workers: HashMap<u32, Vec<u64>> = HashMap::new();
    for party in &snapshot.parties {
        if let Some(pool) = party.pool {
            workers.entry(pool).or_default().push(party.number);
        }
    }
    let waits = snapshot.parties.iter().filter_map(|party| {
        let ender = ender(snapshot, party, party.wait.as_ref()?)?;
        Some((party.number, ender))
    });
    let mut stuck: HashMap<u64, Ender> = waits.collect();
    let mut stuck_pools: HashSet<u32> = workers.keys().copied().collect();
    loop {
        let before = stuck.len();
        stuck_pools.retain(|pool| workers[pool].iter().all(|it| stuck.contains_key(it)));
        let threads: HashSet<u64> = stuck.keys().copied().collect();
        stuck.retain(|_, ender| match ender {
            Ender::Thread(number) => threads.contains(number),
            Ender::AnyWorker(pool) => stuck_pools.contains(pool),
        });
        if stuck.len() == before {
            break;
        }
    }
    let waits_for_task = |it: &u64| matches!(stuck.get(it), Some(Ender::AnyWorker(_)));
    let mut pools: Vec<u32> = stuck_pools.into_iter().collect();
    pools.retain(|pool| workers[pool].iter().any(waits_for_task));
    pools.sort_unstable();
    let pool = |number| StarvedPool {
        number,
        workers: workers.remove(&number).unwrap_or_default(),
        waiting: snapshot
            .pools
            .iter()
            .find(|it| it.number == number)
            .and_then(|it| it.waiting),
    };
    pools.into_iter().map(pool).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process with a pool of two workers, of which the second is in that state.
    fn pool(second: &str) -> Snapshot {
        let text = format!(
            "weftline\t1\t7\t1\t12000000000\nthread\t1\t1\t1\tmain\nthread\t2\t2\t2\tpool_0\n\
             thread\t3\t3\t3\tpool_1\nserves\t2\t1\t5\nserves\t3\t1\t5\n\
             wait\t2\t1\tFuture\t4096\t0\t-\t-\t-\t0\nobject\t4096\tpending\t1\n{second}end\n"
        );
        Snapshot::from_text(&text).unwrap()
    }

    #[test]
    fn a_pool_is_starved_if_all_of_its_workers_wait_for_its_tasks() {
        let waits = "wait\t3\t1\tFuture\t8192\t0\t-\t-\t-\t0\nobject\t8192\trunning\t1\n\
                     again\t2\t1\nagain\t3\t1\n";
        let found = starved_pools(&pool(waits));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].number, found[0].waiting), (1, Some(5)));
        assert_eq!(found[0].workers, [2, 3]);
        for other in [
            "again\t2\t1\n",
            "wait\t3\t1\tEvent\t8192\t0\t-\t-\t-\t0\nobject\t8192\tflag\t0\nagain\t2\t1\nagain\t3\t1\n",
            &waits.replace("\t0\t-\t-\t-\t0", "\t0\t13000000000\t-\t-\t0"),
            &waits.replace("again\t3\t1\n", ""),
        ] {
            assert!(starved_pools(&pool(other)).is_empty(), "{other}");
        }
    }
}

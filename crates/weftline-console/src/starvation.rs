//! Starved pools in a snapshot, as they are drawn: their workers are apart from the other threads.
//! `findings.rs` tells how they are found.

use crate::findings::findings;
use std::collections::HashSet;
use weftline::park::ObjectState;
use weftline::watch::{Deadlock, Snapshot};

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

/// The starved pools, by number.
pub(crate) fn starved_pools(snapshot: &Snapshot) -> Vec<StarvedPool> {
    let starved = findings(snapshot).into_iter().filter_map(|found| {
        let number = found.pool?;
        let pool = snapshot.pools.iter().find(|it| it.number == number);
        Some(StarvedPool {
            number,
            workers: found.threads,
            waiting: pool.and_then(|it| it.waiting),
        })
    });
    starved.collect()
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

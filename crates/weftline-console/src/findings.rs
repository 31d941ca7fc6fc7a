//! What is wrong in a snapshot: deadlocks, starved pools, and locks of threads that have ended.
//!
//! A process tells these by itself when a wait has lasted long enough (`watch/verdict.rs` of the
//! core). Here they are found again from outside, with the same rules, in one snapshot.
//!
//! # Implementation
//!
//! All waits that count are steady, so they held at one time. A set of threads is stuck if each of
//! them waits without a timeout for what only members of the set can end: an owner, a joined
//! thread, any worker of a pool. The largest such set is what is left when threads that can go on
//! are taken out, and then those that wait for these, until none is left to take out. The threads
//! of deadlocks are taken out first. What is stuck then is so because of a pool.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;
use weftline::park::{Kind, ObjectState};
use weftline::watch::{Party, Snapshot, Verdict, Wait};

/// How long a wait has lasted before it counts: a pool may be about to start a worker.
const UNTIL_STARVED: Duration = Duration::from_secs(1);
/// How long a wait has lasted before its lock counts as abandoned: the end of a thread may still
/// release it.
const UNTIL_ABANDONED: Duration = Duration::from_millis(1_900);

/// Threads that do not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What is known of them.
    pub(crate) verdict: Verdict,
    /// Their numbers; in a deadlock each waits for the next.
    pub(crate) threads: Vec<u64>,
    /// The pool whose workers they are, if it is starved.
    pub(crate) pool: Option<u32>,
}

/// What is wrong in a snapshot: deadlocks first.
pub(crate) fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    let mut found: Vec<Finding> = snapshot
        .deadlocks()
        .into_iter()
        .map(|deadlock| Finding {
            verdict: deadlock.verdict,
            threads: deadlock.circle,
            pool: None,
        })
        .collect();
    let in_circles = found.iter().flat_map(|it| it.threads.iter().copied());
    let starved = starved(snapshot, &in_circles.collect());
    found.extend(starved);
    found.extend(abandoned(snapshot));
    found
}

/// Whether a wait is likely to go on.
pub(crate) fn is_lasting(wait: &Wait) -> bool {
    wait.is_steady && wait.waited >= UNTIL_STARVED
}

/// The wait of a party, if it lasts and does not time out.
fn endless(party: &Party, at_least: Duration) -> Option<&Wait> {
    let is_endless =
        |wait: &&Wait| wait.is_steady && wait.times_out_in.is_none() && wait.waited >= at_least;
    party.wait.as_ref().filter(is_endless)
}

fn abandoned(snapshot: &Snapshot) -> Vec<Finding> {
    let mut by_object: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for party in &snapshot.parties {
        let Some(wait) = endless(party, UNTIL_ABANDONED) else {
            continue;
        };
        let state = snapshot.object(wait.object).and_then(|it| it.state);
        if let Some(ObjectState::Held { by, is_lent, .. }) = state
            && !is_lent
            && snapshot.party(by.get()).is_none()
        {
            by_object.entry(wait.object).or_default().push(party.number);
        }
    }
    let finding = |threads| Finding {
        verdict: Verdict::Abandoned,
        threads,
        pool: None,
    };
    by_object.into_values().map(finding).collect()
}

/// What can end a wait.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Ender {
    Thread(u64),
    /// Any worker of it.
    Pool(u32),
}

fn ender(snapshot: &Snapshot, party: &Party) -> Option<Ender> {
    let wait = endless(party, UNTIL_STARVED)?;
    match snapshot.object(wait.object)?.state? {
        ObjectState::Held { is_lent: true, .. } => None,
        ObjectState::Held { by, .. } if by.get() != party.number => Some(Ender::Thread(by.get())),
        ObjectState::Thread { number } => Some(Ender::Thread(number.get())),
        ObjectState::Pending { pool } | ObjectState::Running { pool } if pool != 0 => {
            Some(Ender::Pool(pool))
        }
        _ => None,
    }
}

/// The pools all of whose workers are stuck, while one of them waits for a task of such a pool.
fn starved(snapshot: &Snapshot, in_circles: &HashSet<u64>) -> Vec<Finding> {
    let mut workers: BTreeMap<u32, Vec<&Party>> = BTreeMap::new();
    let mut dependents: HashMap<Ender, Vec<&Party>> = HashMap::new();
    let mut stuck: HashMap<u64, Ender> = HashMap::new();
    for party in &snapshot.parties {
        if let Some(pool) = party.pool {
            workers.entry(pool).or_default().push(party);
        }
        if let Some(ender) = ender(snapshot, party) {
            stuck.insert(party.number, ender);
            dependents.entry(ender).or_default().push(party);
        }
    }
    // Those that can go on, or whose standstill has another cause.
    let is_free = |it: &&Party| !stuck.contains_key(&it.number) || in_circles.contains(&it.number);
    let mut free: Vec<&Party> = snapshot.parties.iter().filter(is_free).collect();
    // So can those that wait for a thread that has ended, or for a pool without a worker.
    for (ender, waiting) in &dependents {
        let is_known = match ender {
            Ender::Thread(number) => snapshot.party(*number).is_some(),
            Ender::Pool(pool) => workers.contains_key(pool),
        };
        if !is_known {
            free.extend(waiting);
        }
    }
    let mut seen: HashSet<Ender> = HashSet::new();
    while let Some(party) = free.pop() {
        stuck.remove(&party.number);
        let ends = [
            Some(Ender::Thread(party.number)),
            party.pool.map(Ender::Pool),
        ];
        for ender in ends.into_iter().flatten() {
            if seen.insert(ender) {
                free.extend(dependents.get(&ender).into_iter().flatten());
            }
        }
    }
    let waits_for_task = |it: &&Party| matches!(stuck.get(&it.number), Some(Ender::Pool(_)));
    workers
        .into_iter()
        .filter(|(_, of)| of.iter().all(|it| stuck.contains_key(&it.number)))
        .filter(|(_, of)| of.iter().any(waits_for_task))
        .map(|(pool, of)| Finding {
            verdict: Verdict::PoolStarved,
            threads: of.iter().map(|it| it.number).collect(),
            pool: Some(pool),
        })
        .collect()
}

/// Whether a thread is idle: it waits for work of its pool or of the library.
pub(crate) fn is_idle(party: &Party) -> bool {
    match party.wait.as_ref().map(|wait| wait.kind) {
        Some(Kind::Work) => true,
        Some(Kind::QueueGet) => party.pool.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::{Example, examples};

    fn found(example: &Example) -> Vec<(Verdict, Vec<u64>)> {
        let found = findings(&example.snapshot());
        found
            .into_iter()
            .map(|it| (it.verdict, it.threads))
            .collect()
    }

    /// A pool, the first of whose workers waits for a task of a pool.
    fn pool_waiting_for(own: u32, other: u32, numbers: std::ops::Range<u64>) -> Example {
        let state = format!("pending\t{other}");
        numbers.fold(Example::default(), |example, number| {
            let object = (0x900 + number * 16, state.as_str());
            example
                .waiter((number, "worker"), "Future", object, "/app/pool.py")
                .serves(number, own, 3)
        })
    }

    #[test]
    fn a_pool_whose_workers_wait_for_its_own_tasks_is_starved() {
        let starved = pool_waiting_for(1, 1, 5..8);
        assert_eq!(found(&starved), [(Verdict::PoolStarved, vec![5, 6, 7])]);
        let one_runs = starved.thread(9, "busy").serves(9, 1, 3);
        assert_eq!(found(&one_runs), []);
    }

    #[test]
    fn a_pool_that_waits_for_a_pool_that_runs_is_not_starved() {
        let waiting = pool_waiting_for(1, 2, 5..8);
        assert_eq!(found(&waiting), [], "the pool 2 has no known worker");
        let other = waiting.thread(9, "busy").serves(9, 2, 3);
        assert_eq!(found(&other), []);
    }

    #[test]
    fn a_pool_that_stands_because_of_a_deadlock_is_not_starved() {
        let waiting = pool_waiting_for(1, 2, 5..8);
        let stuck = waiting.circle(20..22).serves(20, 2, 1).serves(21, 2, 1);
        assert_eq!(found(&stuck), [(Verdict::Certain, vec![20, 21])]);
    }

    #[test]
    fn a_lock_of_a_thread_that_has_ended_is_abandoned() {
        let lock = (0x70, "held\t99\t1");
        let example = Example::default()
            .waiter((1, "first"), "Lock", lock, "/app/a.py")
            .waiter((2, "second"), "Lock", lock, "/app/a.py");
        assert_eq!(found(&example), [(Verdict::Abandoned, vec![1, 2])]);
        assert_eq!(found(&example.thread(99, "alive")), []);
    }

    #[test]
    fn deadlocks_are_those_of_the_snapshot() {
        for (name, example) in examples() {
            let snapshot = example.snapshot();
            let circles = findings(&snapshot).into_iter().filter(|it| {
                let in_circle = [Verdict::Certain, Verdict::Likely, Verdict::UntilTimeout];
                in_circle.contains(&it.verdict)
            });
            let expected = snapshot.deadlocks().into_iter().map(|it| it.circle);
            assert!(circles.map(|it| it.threads).eq(expected), "{name}");
        }
    }
}

//! What is wrong in a snapshot, in words: deadlocks, starved pools, and locks of ended threads.
//!
//! # Implementation
//!
//! Deadlocks are those of [`Snapshot::deadlocks`]. A starved pool is found as the process itself
//! does (`weftline/src/watch/starvation.rs`). A set of threads is stuck if each of them waits,
//! without a timeout, for what only members of the set can end. It is what is left when those are
//! taken out, again and again, whose wait another thread may end. A pool is starved if all of its
//! workers are in that set and one of them waits for a task.
//!
//! The process compares two passes. Here each wait must be steady and at least [`LEAST`] old.

use crate::graph::Identity;
use crate::graph::words::{class, counted, has_address, name_of, visible};
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use weftline::park::{Kind, ObjectState};
use weftline::watch::{Deadlock, Party, Snapshot, Verdict, Wait};

/// A younger wait may be about to end.
const LEAST: Duration = Duration::from_secs(1);
/// So many threads of a verdict are listed.
const LISTED: usize = 8;

/// What is wrong, the surest first.
pub(super) fn verdicts(snapshot: &Snapshot) -> Vec<Value> {
    let deadlocks = snapshot.deadlocks();
    let mut found: Vec<Value> = deadlocks.iter().map(|it| deadlock(snapshot, it)).collect();
    found.extend(starved(snapshot));
    found.extend(abandoned(snapshot));
    found
}

fn verdict(
    snapshot: &Snapshot,
    (kind, title): (&str, String),
    threads: &[u64],
    (meaning, help): (&str, &str),
) -> Value {
    let parties = threads.iter().filter_map(|&number| snapshot.party(number));
    let lines = parties.take(LISTED).map(|party| line(snapshot, party));
    let ids = threads
        .iter()
        .map(|&it| Identity::of_number(it).to_string());
    json!({
        "kind": kind,
        "title": title,
        "lines": lines.collect::<Value>(),
        "more": threads.len().saturating_sub(LISTED),
        "meaning": meaning,
        "help": help,
        "threads": ids.collect::<Value>(),
    })
}

/// For what a thread waits.
fn line(snapshot: &Snapshot, party: &Party) -> String {
    let Some(wait) = &party.wait else {
        return format!("{} runs", name_of(party));
    };
    let object = snapshot.object(wait.object);
    let mut line = format!("{} waits for ", name_of(party));
    match object.and_then(|object| object.state) {
        Some(ObjectState::Thread { number }) => {
            return line + "the end of " + &title(snapshot, number.get());
        }
        Some(ObjectState::Pending { .. }) => line += "a task that no worker has begun",
        Some(ObjectState::Running { .. }) => line += "a task that a worker runs",
        _ => line += class(wait.kind),
    }
    if let Some(name) = object.and_then(|object| object.name.as_deref()) {
        line = line + " " + &visible(name);
    } else if has_address(wait.kind) && wait.kind != Kind::Future {
        line += &format!(" {:#x}", wait.object);
    }
    match object.map(|object| object.holders.as_slice()) {
        None | Some([]) => line,
        Some([holder]) => line + ", held by " + &title(snapshot, *holder),
        Some(many) => line + ", held by " + &counted(many.len(), "thread"),
    }
}

fn title(snapshot: &Snapshot, number: u64) -> String {
    match snapshot.party(number) {
        Some(party) => name_of(party),
        None => format!("thread {number}, which has ended"),
    }
}

fn deadlock(snapshot: &Snapshot, deadlock: &Deadlock) -> Value {
    let threads = counted(deadlock.circle.len(), "thread");
    let (kind, word, meaning) = match deadlock.verdict {
        Verdict::Likely => (
            "likely",
            "Likely deadlock",
            "None of them goes on unless another thread releases one of these locks.",
        ),
        Verdict::UntilTimeout => (
            "until-timeout",
            "Deadlock until a timeout",
            "They go on when one of the waits times out.",
        ),
        _ => ("certain", "Deadlock", "None of them can go on."),
    };
    verdict(
        snapshot,
        (kind, format!("{word}: {threads} wait for each other")),
        &deadlock.circle,
        (
            meaning,
            "Take these locks in the same order everywhere, or take one of them with a timeout.",
        ),
    )
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

fn is_lasting(wait: &Wait) -> bool {
    wait.is_steady && wait.waited >= LEAST
}

fn starved(snapshot: &Snapshot) -> Vec<Value> {
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
    let pools = pools.into_iter().map(|pool| {
        let own = &workers[&pool];
        let known = snapshot.pools.iter().find(|it| it.number == pool);
        let title = match known.and_then(|known| known.waiting) {
            Some(tasks @ 1..) => format!(
                "Starved pool: its {} wait for tasks, and {} for a worker",
                counted(own.len(), "worker"),
                match tasks {
                    1 => "1 task waits".to_owned(),
                    _ => format!("{tasks} tasks wait"),
                },
            ),
            _ => format!(
                "Starved pool: its {} wait for tasks that no worker is left to run",
                counted(own.len(), "worker")
            ),
        };
        verdict(
            snapshot,
            ("starved", title),
            own,
            (
                "No worker is left to run the tasks for which they wait.",
                "A task should not wait for another task of its own pool: use a second pool, or \
                 more workers than tasks that wait.",
            ),
        )
    });
    pools.collect()
}

/// Locks whose owners have ended.
fn abandoned(snapshot: &Snapshot) -> Vec<Value> {
    if !snapshot.is_whole {
        return Vec::new();
    }
    let mut waiters: Vec<(u64, Vec<u64>)> = Vec::new();
    for party in &snapshot.parties {
        let Some(wait) = party.wait.as_ref().filter(|wait| is_lasting(wait)) else {
            continue;
        };
        let state = snapshot.object(wait.object).and_then(|object| object.state);
        let Some(ObjectState::Held {
            by, is_lent: false, ..
        }) = state
        else {
            continue;
        };
        if snapshot.party(by.get()).is_some() {
            continue;
        }
        match waiters
            .iter_mut()
            .find(|(object, _)| *object == wait.object)
        {
            Some((_, own)) => own.push(party.number),
            None => waiters.push((wait.object, vec![party.number])),
        }
    }
    let all = waiters.iter().map(|(_, own)| {
        verdict(
            snapshot,
            (
                "abandoned",
                match own.len() {
                    1 => "A thread waits for what an ended thread holds".to_owned(),
                    many => format!("{many} threads wait for what an ended thread holds"),
                },
            ),
            own,
            (
                "The owner of the lock has ended without a release.",
                "Release it in a `with` block, a `finally`, or by a guard.",
            ),
        )
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::{Example, examples};

    fn titles(snapshot: &Snapshot) -> Vec<String> {
        let found = verdicts(snapshot);
        let title = |it: &Value| it["title"].as_str().unwrap().to_owned();
        found.iter().map(title).collect()
    }

    fn titles_of(name: &str) -> Vec<String> {
        let example = examples().into_iter().find(|it| it.0 == name).unwrap().1;
        titles(&example.snapshot())
    }

    #[test]
    fn deadlocks_are_told_in_words_and_other_waits_are_not() {
        assert_eq!(
            titles_of("pair"),
            ["Deadlock: 2 threads wait for each other"]
        );
        assert_eq!(titles_of("pairs").len(), 40);
        for quiet in [
            "nothing",
            "running",
            "queue",
            "readers",
            "own_events",
            "itself",
        ] {
            assert!(titles_of(quiet).is_empty(), "{quiet}");
        }
    }

    #[test]
    fn a_lock_of_an_ended_thread_is_told() {
        let example =
            Example::default().waiter((1, "left"), "Lock", (0x10, "held\t99\t1"), "/app/left.py");
        assert_eq!(
            titles(&example.snapshot()),
            ["A thread waits for what an ended thread holds"]
        );
    }

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
        let found = titles(&pool(waits));
        assert_eq!(
            found,
            ["Starved pool: its 2 workers wait for tasks, and 5 tasks wait for a worker"]
        );
        for other in [
            "again\t2\t1\n",
            "wait\t3\t1\tEvent\t8192\t0\t-\t-\t-\t0\nobject\t8192\tflag\t0\nagain\t2\t1\nagain\t3\t1\n",
            &waits.replace("\t0\t-\t-\t-\t0", "\t0\t13000000000\t-\t-\t0"),
            &waits.replace("again\t3\t1\n", ""),
        ] {
            assert!(titles(&pool(other)).is_empty(), "{other}");
        }
    }
}

//! What is wrong in a snapshot, in words: deadlocks, starved pools, and locks of ended threads.

use crate::findings::is_lasting;
use crate::graph::Identity;
use crate::graph::words::{counted, has_address, name_of, visible};
use crate::starvation::{StarvedPool, starved_pools};
use serde_json::{Value, json};
use weftline::park::{Kind, ObjectState};
use weftline::watch::{Deadlock, Party, Snapshot, Verdict};

/// So many threads of a verdict are listed.
const LISTED: usize = 8;

/// What is wrong, the surest first.
pub(super) fn verdicts(snapshot: &Snapshot) -> Vec<Value> {
    let deadlocks = snapshot.deadlocks();
    let mut found: Vec<Value> = deadlocks.iter().map(|it| deadlock(snapshot, it)).collect();
    found.extend(
        starved_pools(snapshot)
            .iter()
            .map(|pool| starved(snapshot, pool)),
    );
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
        return format!("{} runs", title_of(party));
    };
    let object = snapshot.object(wait.object);
    let mut line = format!("{} waits for ", title_of(party));
    match object.and_then(|object| object.state) {
        Some(ObjectState::Thread { number }) => {
            return line + "the end of " + &title(snapshot, number.get());
        }
        Some(ObjectState::Pending { .. }) => line += "a task that no worker has begun",
        Some(ObjectState::Running { .. }) => line += "a task that a worker runs",
        _ => line += wait.kind.class(),
    }
    if let Some(name) = object.and_then(|object| object.name.as_deref()) {
        line += &format!(" \"{}\"", visible(name));
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
        Some(party) => title_of(party),
        None => format!("thread {number}, which has ended"),
    }
}

/// A name stands in quotes, as in a report.
fn title_of(party: &Party) -> String {
    match &party.name {
        Some(name) if !name.trim().is_empty() => format!("\"{}\"", name_of(party)),
        _ => name_of(party),
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

fn starved(snapshot: &Snapshot, pool: &StarvedPool) -> Value {
    let workers = counted(pool.workers.len(), "worker");
    let title = match pool.waiting {
        Some(1) => {
            format!("Starved pool: its {workers} wait for tasks, and 1 task waits for a worker")
        }
        Some(tasks @ 2..) => {
            format!(
                "Starved pool: its {workers} wait for tasks, and {tasks} tasks wait for a worker"
            )
        }
        _ => format!("Starved pool: its {workers} wait for tasks that no worker is left to run"),
    };
    verdict(
        snapshot,
        ("starved", title),
        &pool.workers,
        (
            "No worker is left to run the tasks for which they wait.",
            "A task should not wait for another task of its own pool: use a second pool, or more \
             workers than tasks that wait.",
        ),
    )
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
}

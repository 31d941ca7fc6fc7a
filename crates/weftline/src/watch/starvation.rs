//! A starved pool: all of its workers wait for tasks that no worker is left to run.
//!
//! # Implementation
//!
//! The wait for a future of a pool can be ended by any worker of that pool, the wait for a lock by
//! its owner, the wait for a thread by that thread. A set of threads is stuck if each of them
//! waits, without a deadline, for what only members of the set can end. The largest such set is
//! what is left of all waiting threads when those are taken out, again and again, whose wait
//! another thread may end.
//!
//! A pool that may still start a worker has started it, or could not: a task for which no worker is
//! free starts one when it is submitted (`executor/pool/workers.rs`).
//!
//! Two passes must find the same set of the same sleeps, as for a circle (`verdict.rs`).

use super::circle::{Step, is_same};
use crate::park::{Kind, ObjectState, SeenThread, ThreadNumber, threads_now};

/// A thread that waits, and the threads that can end its wait.
struct Stuck {
    step: Step,
    enders: Vec<ThreadNumber>,
}

/// The waits of the set in which the thread is stuck, if it waits for a task of a pool and is.
pub(super) fn starvation(first: SeenThread) -> Option<Vec<Step>> {
    let wait = first.blocked().filter(|wait| wait.deadline.is_never())?;
    if wait.kind != Kind::Future || pool_of(first.state_of_object(&wait)?)? == 0 {
        return None;
    }
    let before = pass(wait.thread)?;
    let after = pass(wait.thread)?;
    is_same(&before, &after).then_some(before)
}

fn pool_of(state: ObjectState) -> Option<u32> {
    match state {
        ObjectState::Pending { pool } | ObjectState::Running { pool } => Some(pool),
        _ => None,
    }
}

fn pass(first: ThreadNumber) -> Option<Vec<Step>> {
    let mut stuck: Vec<Stuck> = threads_now().filter_map(candidate).collect();
    loop {
        let members: Vec<ThreadNumber> = stuck.iter().map(|it| it.step.wait.thread).collect();
        let count = members.len();
        stuck.retain(|it| it.enders.iter().all(|ender| members.contains(ender)));
        if stuck.len() == count {
            break;
        }
    }
    // Those that the first one depends on, from it on.
    let mut reached = vec![stuck.iter().position(|it| it.step.wait.thread == first)?];
    let mut at = 0;
    while let Some(&index) = reached.get(at) {
        for ender in &stuck[index].enders {
            let place = stuck.iter().position(|it| it.step.wait.thread == *ender);
            if let Some(place) = place.filter(|place| !reached.contains(place)) {
                reached.push(place);
            }
        }
        at += 1;
    }
    // A thread that depends on the set, and on which no member of it depends, is no part of it.
    let is_part = |&index: &usize| stuck[index].enders.contains(&first);
    if !reached.iter().any(is_part) {
        return None;
    }
    Some(reached.into_iter().map(|index| stuck[index].step).collect())
}

/// A thread that waits without a deadline for what known threads can end.
fn candidate(thread: SeenThread) -> Option<Stuck> {
    let wait = thread.blocked().filter(|wait| wait.deadline.is_never())?;
    let enders: Vec<ThreadNumber> = match thread.state_of_object(&wait)? {
        ObjectState::Held { is_lent: true, .. } => return None,
        ObjectState::Held { by, .. } if by != wait.thread => vec![by],
        ObjectState::Thread { number } => vec![number],
        ObjectState::Pending { pool } | ObjectState::Running { pool } if pool != 0 => {
            let workers = threads_now().filter(|thread| thread.pool().0 == pool);
            workers.filter_map(SeenThread::number).collect()
        }
        _ => return None,
    };
    let step = Step { thread, wait };
    (!enders.is_empty()).then_some(Stuck { step, enders })
}

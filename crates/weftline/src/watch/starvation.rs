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
use std::collections::HashMap;
use std::mem;
use std::rc::Rc;

/// A thread that waits, and the threads that can end its wait.
struct Stuck {
    step: Step,
    enders: Rc<[ThreadNumber]>,
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
    let stuck = stuck_now();
    let places = places(&stuck);
    // Those that the first one depends on, from it on.
    let mut reached = vec![*places.get(&first)?];
    let mut is_reached = vec![false; stuck.len()];
    is_reached[reached[0]] = true;
    let mut at = 0;
    while let Some(&index) = reached.get(at) {
        for ender in &*stuck[index].enders {
            if let Some(&place) = places.get(ender)
                && !mem::replace(&mut is_reached[place], true)
            {
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

/// Whether some thread waits for a task of a pool that only stuck threads can end.
pub(super) fn is_any_stuck() -> bool {
    let stuck = stuck_now();
    stuck.iter().any(|it| it.step.wait.kind == Kind::Future)
}

fn places(stuck: &[Stuck]) -> HashMap<ThreadNumber, usize> {
    let places = stuck.iter().enumerate();
    places.map(|(at, it)| (it.step.wait.thread, at)).collect()
}

/// The largest set, in time in proportion to the number of waits and of the threads that can end
/// each.
fn stuck_now() -> Vec<Stuck> {
    let mut pools = HashMap::new();
    let waiting: Vec<Stuck> = threads_now()
        .filter_map(|thread| candidate(thread, &mut pools))
        .collect();
    let places = places(&waiting);
    // For each thread the places of those whose wait it can end.
    let mut ended_by: HashMap<ThreadNumber, Vec<usize>> = HashMap::new();
    let mut is_out = vec![false; waiting.len()];
    let mut leaving = Vec::new();
    for (at, it) in waiting.iter().enumerate() {
        for &ender in &*it.enders {
            ended_by.entry(ender).or_default().push(at);
            if !places.contains_key(&ender) && !mem::replace(&mut is_out[at], true) {
                leaving.push(at);
            }
        }
    }
    while let Some(at) = leaving.pop() {
        let it = waiting[at].step.wait.thread;
        for &next in ended_by.get(&it).into_iter().flatten() {
            if !mem::replace(&mut is_out[next], true) {
                leaving.push(next);
            }
        }
    }
    let members = waiting.into_iter().zip(is_out);
    members
        .filter_map(|(it, is_out)| (!is_out).then_some(it))
        .collect()
}

/// A thread that waits without a deadline for what known threads can end. `pools` has the workers
/// of those pools that were asked for before.
fn candidate(thread: SeenThread, pools: &mut HashMap<u32, Rc<[ThreadNumber]>>) -> Option<Stuck> {
    let wait = thread.blocked().filter(|wait| wait.deadline.is_never())?;
    let enders: Rc<[ThreadNumber]> = match thread.state_of_object(&wait)? {
        ObjectState::Held { is_lent: true, .. } => return None,
        ObjectState::Held { by, .. } if by != wait.thread => [by].into(),
        ObjectState::Thread { number } => [number].into(),
        ObjectState::Pending { pool } | ObjectState::Running { pool } if pool != 0 => {
            let workers = pools.entry(pool).or_insert_with(|| {
                let workers = threads_now().filter(|thread| thread.pool().0 == pool);
                workers.filter_map(SeenThread::number).collect()
            });
            Rc::clone(workers)
        }
        _ => return None,
    };
    let step = Step { thread, wait };
    (!enders.is_empty()).then_some(Stuck { step, enders })
}

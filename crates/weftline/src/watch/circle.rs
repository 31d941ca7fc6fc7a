//! Circles of waits in this process, now: the waits of a thread, followed from owner to owner.
//!
//! `verdict.rs` tells why a circle that this finds is one.

use crate::park::{BlockedThread, Kind, ObjectState, SeenThread, ThreadNumber, threads_now};
use std::collections::HashSet;

/// The most threads that are visited: more do not make a circle in practice.
const MOST: usize = 4096;

/// A thread in a circle, and its wait for the next.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) thread: SeenThread,
    pub(super) wait: BlockedThread,
}

/// A visited thread, and from which it was reached.
struct Visit {
    step: Step,
    from: usize,
}

/// The circle through that thread, if there is one. It begins with the thread.
pub(super) fn circle_of(first: SeenThread) -> Option<Vec<Step>> {
    let circle = candidate(first)?;
    is_confirmed(&circle).then_some(circle)
}

fn step(thread: SeenThread) -> Option<Step> {
    let wait = thread.blocked().filter(|wait| wait.deadline.is_never())?;
    Some(Step { thread, wait })
}

/// The first pass, breadth first, so the circle is a shortest one.
fn candidate(first: SeenThread) -> Option<Vec<Step>> {
    let start = step(first)?;
    let goal = start.wait.thread;
    let mut visits: Vec<Visit> = Vec::new();
    visits.try_reserve(8).ok()?;
    visits.push(Visit {
        step: start,
        from: usize::MAX,
    });
    let mut known = HashSet::new();
    let mut at = 0;
    while let Some(visit) = visits.get(at) {
        let this = visit.step;
        let mut next = Vec::new();
        for_each_owner(&this, |owner| {
            if owner != this.wait.thread && next.try_reserve(1).is_ok() {
                next.push(owner);
            }
        });
        for owner in next {
            if owner == goal {
                return path(&visits, at);
            }
            known.try_reserve(1).ok()?;
            if visits.len() == MOST || !known.insert(owner) {
                continue;
            }
            if let Some(step) = SeenThread::of(owner).and_then(step) {
                visits.try_reserve(1).ok()?;
                visits.push(Visit { step, from: at });
            }
        }
        at += 1;
    }
    None
}

/// The way from the first visit to that one.
fn path(visits: &[Visit], mut at: usize) -> Option<Vec<Step>> {
    let mut path = Vec::new();
    path.try_reserve(visits.len()).ok()?;
    while let Some(visit) = visits.get(at) {
        path.push(visit.step);
        at = visit.from;
    }
    path.reverse();
    Some(path)
}

/// Whether two passes have found the same sleeps, and no waker has ended one of them.
pub(super) fn is_same(first: &[Step], second: &[Step]) -> bool {
    let pairs = || first.iter().zip(second);
    first.len() == second.len()
        && pairs().all(|(first, second)| {
            first.wait.thread == second.wait.thread && first.wait.sequence == second.wait.sequence
        })
        && second.iter().all(|step| step.thread.waits_on(&step.wait))
}

/// The second pass: the same owners; then, whether every thread still sleeps in the same wait,
/// which no waker has ended.
fn is_confirmed(circle: &[Step]) -> bool {
    let followers = circle.iter().cycle().skip(1);
    let has_owners = circle.iter().zip(followers).all(|(step, next)| {
        let mut is_owner = false;
        for_each_owner(step, |owner| is_owner |= owner == next.wait.thread);
        is_owner
    });
    has_owners && circle.iter().all(|step| step.thread.waits_on(&step.wait))
}

/// Calls `f` with each thread without which the wait does not end.
fn for_each_owner(step: &Step, mut f: impl FnMut(ThreadNumber)) {
    match step.thread.state_of_object(&step.wait) {
        // Another thread than the owner may release it, as it has done before.
        Some(ObjectState::Held { is_lent: true, .. }) if step.wait.kind == Kind::Lock => {}
        Some(ObjectState::Held { by, .. }) => f(by),
        Some(ObjectState::Thread { number }) => f(number),
        Some(ObjectState::Read { .. }) if step.wait.kind == Kind::RwLockWrite => {
            let readers = threads_now().filter(|thread| thread.reads(step.wait.object));
            readers.filter_map(SeenThread::number).for_each(f);
        }
        _ => {}
    }
}

/// The owner of the object of that wait, if it is a thread that has ended.
pub(super) fn ended_owner(thread: SeenThread, wait: &BlockedThread) -> Option<ThreadNumber> {
    let owner = || match thread.state_of_object(wait)? {
        ObjectState::Held {
            by, is_lent: false, ..
        } => Some(by),
        _ => None,
    };
    let first = owner().filter(|&owner| SeenThread::of(owner).is_none())?;
    (owner()? == first).then_some(first)
}

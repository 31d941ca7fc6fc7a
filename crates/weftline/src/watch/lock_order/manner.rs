//! [`Manner`]: how a thread took a lock, as far as it tells whether threads may meet; and lists of
//! them that have a bound.

use super::gates::Gates;
use crate::park::Access;
use std::collections::BTreeSet;

/// How a thread took a lock while it held another one, or none.
#[derive(Clone, Debug)]
pub(super) struct Manner {
    pub(super) thread: u64,
    /// How it held the other one.
    pub(super) held: Access,
    pub(super) wanted: Access,
    /// Which further locks it held.
    pub(super) gates: Gates,
}

impl Manner {
    /// Whether two threads may be in the middle of these at one time.
    pub(super) fn may_meet(&self, other: &Self) -> bool {
        self.thread != other.thread
            && !self.gates.meet(&other.gates)
            && !self.gates.meet_by_own(&other.gates)
            && !other.gates.meet_by_own(&self.gates)
    }

    /// Whether every circle with the other has one with this in its place, if no other thread of it
    /// is this one's.
    fn stands_for(&self, other: &Self) -> bool {
        self.held >= other.held
            && self.wanted >= other.wanted
            && self.gates.are_within(&other.gates)
    }
}

/// What has a manner.
pub(super) trait HasManner {
    fn manner(&self) -> &Manner;
}

/// What becomes of a further one.
enum Place {
    Known,
    Instead(usize),
    New,
}

/// Where it belongs among those that are kept, at most so many.
fn place<T: HasManner>(kept: &[T], new: &Manner, most: usize) -> Place {
    let for_new = |known: &&T| known.manner().stands_for(new);
    let threads: BTreeSet<u64> = kept
        .iter()
        .filter(for_new)
        .map(|it| it.manner().thread)
        .collect();
    if threads.contains(&new.thread) || threads.len() >= most {
        return Place::Known;
    }
    let is_weaker = |known: &T| {
        let known = known.manner();
        known.thread == new.thread && new.stands_for(known)
    };
    kept.iter()
        .position(is_weaker)
        .map_or(Place::New, Place::Instead)
}

/// Whether a further one adds nothing.
pub(super) fn has<T: HasManner>(kept: &[T], new: &Manner, most: usize) -> bool {
    matches!(place(kept, new, most), Place::Known)
}

/// Keeps a further one, at most so many in all. Returns whether it adds anything.
pub(super) fn add<T: HasManner>(kept: &mut Vec<T>, new: T, most: usize) -> bool {
    match place(kept, new.manner(), most) {
        Place::Known => return false,
        Place::Instead(at) => kept[at] = new,
        Place::New => {
            if kept.len() == most {
                // The first is kept: most programs do the same again and again.
                kept.remove(1);
            }
            kept.push(new);
        }
    }
    true
}

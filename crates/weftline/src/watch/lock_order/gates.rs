//! [`Gates`]: the locks that a thread holds beside those of an edge; [`Births`]: which lock is at
//! an address now.

use crate::park::Access;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A lock that a thread held.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    address: usize,
    /// How many locks had been there before.
    before: u64,
    access: Access,
}

impl Gate {
    fn lock(self) -> (usize, u64) {
        (self.address, self.before)
    }
}

/// The locks that a thread holds, but for one.
#[derive(Clone, Debug)]
pub(super) struct Gates {
    /// With that one, in order of the addresses. Shared by the edges of an acquisition.
    all: Arc<[Gate]>,
    /// Zero: none.
    without: usize,
}

impl Gates {
    pub(super) fn new(all: &Arc<[Gate]>, without: usize) -> Self {
        Self {
            all: Arc::clone(all),
            without,
        }
    }

    /// All of them.
    pub(super) fn of_all(all: &Arc<[Gate]>) -> Self {
        Self::new(all, 0)
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Gate> {
        self.all.iter().filter(|gate| gate.address != self.without)
    }

    /// Whether the outer gates have all of these, held as strongly.
    pub(super) fn are_within(&self, outer: &Self) -> bool {
        let mut outer = outer.iter();
        self.iter().all(|gate| {
            let same = outer.find(|other| other.lock() == gate.lock());
            same.is_some_and(|other| gate.access <= other.access)
        })
    }

    /// Whether a lock is in both that not more than one thread can hold so.
    pub(super) fn meet(&self, other: &Self) -> bool {
        meet(self.iter(), other.iter())
    }

    /// Whether the lock that is left out, a read-write lock, is in the other so that not more than
    /// one thread can hold both.
    pub(super) fn meet_by_own(&self, other: &Self) -> bool {
        let own = self.all.iter().find(|gate| gate.address == self.without);
        own.is_some_and(|own| {
            let mut same = other.all.iter().filter(|gate| gate.lock() == own.lock());
            own.access != Access::Exclusive && same.any(|gate| gate.access.excludes(own.access))
        })
    }

    /// As [`Self::meet`], with the lock that is left out of either.
    pub(super) fn meet_with_all(&self, other: &Self) -> bool {
        meet(self.all.iter(), other.all.iter())
    }
}

fn meet<'a>(
    mut left: impl Iterator<Item = &'a Gate>,
    mut right: impl Iterator<Item = &'a Gate>,
) -> bool {
    let mut pair = (left.next(), right.next());
    while let (Some(first), Some(second)) = pair {
        pair = match first.lock().cmp(&second.lock()) {
            Ordering::Less => (left.next(), Some(second)),
            Ordering::Greater => (Some(first), right.next()),
            Ordering::Equal if first.access.excludes(second.access) => return true,
            Ordering::Equal => (left.next(), right.next()),
        };
    }
    false
}

/// At how many addresses those that no use has are first taken away.
const MOST_SPARE: usize = 4_096;

/// How many locks have been at the address of a gate before the one that is there now.
pub(super) struct Births {
    before: BTreeMap<usize, u64>,
    most: usize,
}

impl Births {
    pub(super) const fn new() -> Self {
        Self {
            before: BTreeMap::new(),
            most: MOST_SPARE,
        }
    }

    /// The locks that are at these addresses now, which are in order.
    pub(super) fn gates(&mut self, held: &[(usize, Access)]) -> Arc<[Gate]> {
        let gates = held.iter().map(|&(address, access)| Gate {
            address,
            before: *self.before.entry(address).or_insert(0),
            access,
        });
        gates.collect()
    }

    /// A new lock is at that address. Returns whether the one before was a gate.
    pub(super) fn add(&mut self, address: usize) -> bool {
        match self.before.get_mut(&address) {
            Some(before) => {
                *before += 1;
                true
            }
            None => false,
        }
    }

    /// Whether there are so many that those should be taken away which no use has.
    pub(super) fn are_many(&self) -> bool {
        self.before.len() >= self.most
    }

    pub(super) fn keep<'a>(&mut self, gates: impl Iterator<Item = &'a Gate>) {
        let kept: BTreeSet<usize> = gates.map(|gate| gate.address).collect();
        self.before.retain(|address, _| kept.contains(address));
        self.most = self.before.len() * 2 + MOST_SPARE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gates(addresses: &[usize], without: usize) -> Gates {
        held(Access::Exclusive, addresses, without)
    }

    fn held(access: Access, addresses: &[usize], without: usize) -> Gates {
        let held: Vec<_> = addresses.iter().map(|&it| (it, access)).collect();
        Gates::new(&Births::new().gates(&held), without)
    }

    #[test]
    fn what_is_read_by_both_is_no_gate() {
        let read = held(Access::Read, &[1, 2], 2);
        let upgradable = held(Access::Upgradable, &[1], 0);
        let written = held(Access::Write, &[1], 0);
        assert!(!read.meet(&read) && !read.meet(&upgradable) && read.meet(&written));
        assert!(upgradable.meet(&upgradable) && written.meet(&upgradable));
        assert!(read.are_within(&written) && !written.are_within(&read));
    }

    #[test]
    fn gates_are_compared_without_the_lock_of_their_edge() {
        let two = gates(&[1, 2, 5], 2);
        assert!(gates(&[1, 9], 9).are_within(&two) && gates(&[2, 9], 9).meet(&gates(&[2, 3], 3)));
        assert!(!gates(&[2, 9], 9).are_within(&two) && !gates(&[2, 9], 9).meet(&two));
        assert!(!two.are_within(&gates(&[1, 9], 9)) && two.meet(&gates(&[0, 5, 9], 9)));
    }

    #[test]
    fn addresses_that_no_use_has_are_taken_away() {
        let mut births = Births::new();
        let kept = births.gates(&[(1, Access::Read), (2, Access::Exclusive)]);
        for address in 3..2 * MOST_SPARE {
            births.gates(&[(address, Access::Exclusive)]);
        }
        assert!(births.are_many());
        births.keep(kept.iter());
        assert!(!births.are_many() && births.add(1) && !births.add(3));
    }
}

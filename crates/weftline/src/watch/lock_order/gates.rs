//! [`Gates`]: the locks that a thread holds beside those of an edge; [`Births`]: which lock is at
//! an address now.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A lock that a thread held: its address, and how many locks had been there before.
pub(super) type Gate = (usize, u64);

/// The locks that a thread holds beside one.
#[derive(Clone, Debug)]
pub(super) struct Gates {
    /// With that one, in order of the addresses. Shared by the edges of an acquisition.
    all: Arc<[Gate]>,
    without: usize,
}

impl Gates {
    pub(super) fn new(all: &Arc<[Gate]>, without: usize) -> Self {
        Self {
            all: Arc::clone(all),
            without,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Gate> {
        self.all.iter().filter(|gate| gate.0 != self.without)
    }

    /// Whether the outer gates have all of these.
    pub(super) fn are_within(&self, outer: &Self) -> bool {
        let mut outer = outer.iter();
        self.iter().all(|gate| outer.any(|other| other == gate))
    }

    /// Whether a lock is in both.
    pub(super) fn meet(&self, other: &Self) -> bool {
        let (mut left, mut right) = (self.iter(), other.iter());
        let mut pair = (left.next(), right.next());
        while let (Some(first), Some(second)) = pair {
            pair = match first.cmp(second) {
                Ordering::Less => (left.next(), Some(second)),
                Ordering::Greater => (Some(first), right.next()),
                Ordering::Equal => return true,
            };
        }
        false
    }
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
    pub(super) fn gates(&mut self, addresses: &[usize]) -> Arc<[Gate]> {
        let gates = addresses
            .iter()
            .map(|&address| (address, *self.before.entry(address).or_insert(0)));
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
        let kept: BTreeSet<usize> = gates.map(|gate| gate.0).collect();
        self.before.retain(|address, _| kept.contains(address));
        self.most = self.before.len() * 2 + MOST_SPARE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gates(addresses: &[usize], without: usize) -> Gates {
        Gates::new(&Births::new().gates(addresses), without)
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
        let kept = births.gates(&[1, 2]);
        for address in 3..2 * MOST_SPARE {
            births.gates(&[address]);
        }
        assert!(births.are_many());
        births.keep(kept.iter());
        assert!(!births.are_many() && births.add(1) && !births.add(3));
    }
}

//! The deadlocks in a snapshot: parties each of which waits for the next.
//!
//! # Implementation
//!
//! A party that sleeps needs every holder of its object: the owner of a lock, all readers of a lock
//! that it wants to write, the thread that it joins. That is a graph of parties and objects: an
//! edge from a party to its object, and one from there to each holder. Thousands of parties may
//! wait for an object that thousands hold. Each cycle is a deadlock. They are found as its strongly
//! connected components (Tarjan, "Depth-first search and linear graph algorithms", 1972), by a loop
//! with a stack of its own: a chain of waits may be long.
//!
//! A cycle counts only if every wait in it is steady. A wait for a lock that the waiter itself
//! holds is no cycle: standard conditions wait so, and another thread may release the lock. Such a
//! waiter has edges to the other holders, and not to the object.

use super::snapshot::{Snapshot, Wait};
use crate::park::{Kind, ObjectState};
use std::collections::{HashMap, HashSet, VecDeque};

/// Parties that wait for each other in a circle.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deadlock {
    /// The numbers of the parties: each waits for the next, and the last for the first.
    pub circle: Vec<u64>,
    /// How sure it is.
    pub verdict: Verdict,
}

/// What is known of a circle of waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// None of the waits can end.
    Certain,
    /// None can end unless another thread releases a lock that it does not hold, which the program
    /// may do.
    Likely,
    /// One of the waits times out, and then the others may go on.
    UntilTimeout,
    /// A thread has ended while it held what another one waits for.
    Abandoned,
    /// All workers of a pool wait for tasks that no worker is left to run.
    PoolStarved,
    /// Every thread of the process waits, none with a timeout, and the program handles no signal.
    Standstill,
}

impl Verdict {
    /// A word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::UntilTimeout => "until-timeout",
            Self::Abandoned => "abandoned",
            Self::PoolStarved => "pool-starved",
            Self::Standstill => "all-blocked",
        }
    }
}

impl Snapshot {
    /// The deadlocks, each once. A party is in at most one of them.
    #[must_use]
    pub fn deadlocks(&self) -> Vec<Deadlock> {
        let parties = self.parties.len();
        let of_parties = (0..parties).map(|index| self.needed_by(index));
        let of_objects = self
            .objects
            .iter()
            .map(|object| self.places(&object.holders));
        let edges: Vec<Vec<usize>> = of_parties.chain(of_objects).collect();
        let mut deadlocks: Vec<Deadlock> = components(&edges)
            .into_iter()
            .filter(|component| component.len() > 1)
            .map(|component| {
                let mut circle = circle_in(&component, &edges);
                circle.retain(|&node| node < parties);
                Deadlock {
                    verdict: self.verdict(&circle),
                    circle: circle
                        .into_iter()
                        .map(|at| self.parties[at].number)
                        .collect(),
                }
            })
            .collect();
        deadlocks.sort_by_key(|deadlock| deadlock.circle.first().copied());
        deadlocks
    }

    /// The places of the parties of these numbers.
    fn places(&self, numbers: &[u64]) -> Vec<usize> {
        let place = |number: &u64| {
            let parties = &self.parties;
            parties.binary_search_by_key(number, |party| party.number)
        };
        numbers
            .iter()
            .filter_map(|number| place(number).ok())
            .collect()
    }

    /// The nodes without which this party does not go on: its object, or parties.
    fn needed_by(&self, index: usize) -> Vec<usize> {
        let party = &self.parties[index];
        let Some(wait) = party.wait.as_ref().filter(|wait| wait.is_steady) else {
            return Vec::new();
        };
        let objects = &self.objects;
        let Ok(place) = objects.binary_search_by_key(&wait.object, |object| object.address) else {
            return Vec::new();
        };
        let object = &objects[place];
        // Another thread than the owner may release it, as it has done before.
        if wait.kind == Kind::Lock
            && matches!(object.state, Some(ObjectState::Held { is_lent: true, .. }))
        {
            return Vec::new();
        }
        // Its holders are sorted: `wire.rs`.
        if object.holders.binary_search(&party.number).is_err() {
            return vec![self.parties.len() + place];
        }
        let mut others = self.places(&object.holders);
        others.retain(|&other| other != index);
        others
    }

    fn verdict(&self, circle: &[usize]) -> Verdict {
        let waits = || {
            circle
                .iter()
                .filter_map(|&at| self.parties[at].wait.as_ref())
        };
        if waits().any(|wait| wait.times_out_in.is_some()) {
            Verdict::UntilTimeout
        } else if waits().any(|wait| self.can_be_released_by_others(wait)) {
            Verdict::Likely
        } else {
            Verdict::Certain
        }
    }

    fn can_be_released_by_others(&self, wait: &Wait) -> bool {
        self.locks_are_free && wait.kind == Kind::Lock
    }

    /// Whether the object of the wait is a lock that its waiter holds.
    #[must_use]
    pub fn waits_for_itself(&self, number: u64) -> bool {
        let wait = self.party(number).and_then(|party| party.wait.as_ref());
        let state = wait.and_then(|wait| self.object(wait.object)?.state);
        matches!(state, Some(ObjectState::Held { by, .. }) if by.get() == number)
    }
}

/// The strongly connected components.
fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    const UNSEEN: usize = usize::MAX;
    let mut order = vec![UNSEEN; edges.len()];
    let mut lowest = vec![UNSEEN; edges.len()];
    let mut is_open = vec![false; edges.len()];
    let mut open = Vec::new();
    let mut found = Vec::new();
    let mut next = 0;
    // The nodes under way, each with the number of its edges that have been followed.
    let mut path: Vec<(usize, usize)> = Vec::new();
    for root in 0..edges.len() {
        if order[root] != UNSEEN {
            continue;
        }
        path.push((root, 0));
        while let Some(&mut (node, ref mut followed)) = path.last_mut() {
            if *followed == 0 && order[node] == UNSEEN {
                (order[node], lowest[node]) = (next, next);
                next += 1;
                open.push(node);
                is_open[node] = true;
            }
            if let Some(&target) = edges[node].get(*followed) {
                *followed += 1;
                if order[target] == UNSEEN {
                    path.push((target, 0));
                } else if is_open[target] {
                    lowest[node] = lowest[node].min(order[target]);
                }
                continue;
            }
            path.pop();
            if let Some(&(parent, _)) = path.last() {
                lowest[parent] = lowest[parent].min(lowest[node]);
            }
            if lowest[node] == order[node] {
                let start = open.iter().rposition(|&it| it == node).expect("it is open");
                let component = open.split_off(start);
                component.iter().for_each(|&it| is_open[it] = false);
                found.push(component);
            }
        }
    }
    found
}

/// A shortest circle through the first node of a component, in the direction of the waits.
fn circle_in(component: &[usize], edges: &[Vec<usize>]) -> Vec<usize> {
    let first = *component.iter().min().expect("a component has nodes");
    let members: HashSet<usize> = component.iter().copied().collect();
    let mut came_from = HashMap::new();
    let mut reached = VecDeque::from([first]);
    while let Some(node) = reached.pop_front() {
        for &target in &edges[node] {
            if target == first {
                let mut circle = vec![node];
                while circle[circle.len() - 1] != first {
                    circle.push(came_from[&circle[circle.len() - 1]]);
                }
                circle.reverse();
                return circle;
            }
            if members.contains(&target) && !came_from.contains_key(&target) {
                came_from.insert(target, node);
                reached.push_back(target);
            }
        }
    }
    unreachable!("a component with more than one node has a circle through each")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::wire::read_process;

    /// A process whose thread `a` waits for a lock that `b` holds, for each pair.
    fn waits(pairs: &[(u64, u64)], kind: &str, deadline: &str) -> Snapshot {
        let mut text = String::from("weftline\t1\t7\t1\t5000\n");
        let mut numbers: Vec<u64> = pairs.iter().flat_map(|&(a, b)| [a, b]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            text += &format!("thread\t{number}\t{number}\t{number}\t-\n");
        }
        for &(a, b) in pairs {
            text += &format!("wait\t{a}\t1\t{kind}\t{b}000\t0\t{deadline}\t-\t-\t0\n");
            text += &format!("object\t{b}000\theld\t{b}\t1\nagain\t{a}\t1\n");
        }
        read_process(&(text + "end\n")).unwrap()
    }

    fn circles(pairs: &[(u64, u64)]) -> Vec<Vec<u64>> {
        let found = waits(pairs, "RLock", "-").deadlocks();
        found.into_iter().map(|deadlock| deadlock.circle).collect()
    }

    #[test]
    fn circles_are_found_and_chains_are_not() {
        assert_eq!(circles(&[(1, 2), (2, 3)]), [[0u64; 0]; 0]);
        assert_eq!(circles(&[(1, 2), (2, 1)]), [[1, 2]]);
        assert_eq!(
            circles(&[(5, 1), (1, 2), (2, 3), (3, 1), (4, 5)]),
            [[1, 2, 3]]
        );
        assert_eq!(circles(&[(1, 2), (2, 1), (3, 4), (4, 3)]), [[1, 2], [3, 4]]);
        assert_eq!(circles(&[(1, 1)]), [[0u64; 0]; 0]);
    }

    #[test]
    fn a_long_circle_needs_no_deep_stack() {
        let pairs: Vec<_> = (1..=50_000).map(|at| (at, at % 50_000 + 1)).collect();
        assert_eq!(circles(&pairs)[0].len(), 50_000);
    }

    #[test]
    fn verdicts_say_no_more_than_is_known() {
        let verdict =
            |kind, deadline| waits(&[(1, 2), (2, 1)], kind, deadline).deadlocks()[0].verdict;
        assert_eq!(verdict("RLock", "-"), Verdict::Certain);
        assert_eq!(verdict("Lock", "-"), Verdict::Likely);
        assert_eq!(verdict("RLock", "9000"), Verdict::UntilTimeout);
    }
}

//! Orders of threads, and the circles in them.

use super::*;
use crate::park::Deadline;
use crate::watch::lock_order::gates::Gates;
use crate::watch::lock_order::node::nodes;
use crate::watch::lock_order::search::MOST_STEPS;
use std::time::Duration;

struct Bench {
    graph: Graph,
}

fn class_of(lock: usize) -> LockClass {
    LockClass(u16::try_from(lock + 1).unwrap().try_into().unwrap())
}

/// How threads take a lock that has no other access.
fn alone(lock: usize) -> (usize, Access) {
    (lock, Access::Exclusive)
}

fn read(lock: usize) -> (usize, Access) {
    (lock, Access::Read)
}

fn write(lock: usize) -> (usize, Access) {
    (lock, Access::Write)
}

impl Bench {
    fn new() -> Self {
        Self {
            graph: Graph::new(),
        }
    }

    /// A thread takes locks one after the other, each of a class of its own by its address.
    fn takes(&mut self, thread: u64, locks: &[usize]) -> Option<usize> {
        self.takes_of(thread, locks, class_of)
    }

    fn takes_of(
        &mut self,
        thread: u64,
        locks: &[usize],
        class: impl Fn(usize) -> LockClass,
    ) -> Option<usize> {
        let locks: Vec<_> = locks.iter().copied().map(alone).collect();
        self.takes_to(thread, &locks, class)
    }

    /// As `takes`, to read or to write.
    fn shares(&mut self, thread: u64, locks: &[(usize, Access)]) -> Option<usize> {
        self.takes_to(thread, locks, class_of)
    }

    fn takes_to(
        &mut self,
        thread: u64,
        locks: &[(usize, Access)],
        class: impl Fn(usize) -> LockClass,
    ) -> Option<usize> {
        let mut found = None;
        for (at, &(wanted, access)) in locks.iter().enumerate() {
            let mut gates = locks[..at].to_vec();
            gates.sort_unstable();
            let gates = self.graph.gates(&gates).0;
            let steps = &mut MOST_STEPS.clone();
            if access == Access::Write {
                let gates = Gates::of_all(&gates);
                let new = Writer::new(thread, wanted, gates, String::new(), None);
                if self.graph.add_writer(class(wanted), new) {
                    let circle = self.graph.circle_of_readers(class(wanted), steps);
                    found = found.or(circle.map(|circle| circle.uses.len()));
                }
            }
            for &(held, held_to) in &locks[..at] {
                let manner = Manner {
                    thread,
                    held: held_to,
                    wanted: access,
                    gates: Gates::new(&gates, held),
                };
                let new = Use::of(manner, (held, class(held)), (wanted, class(wanted)));
                let nodes = nodes((held, class(held)), (wanted, class(wanted)));
                let new = Arc::new(new);
                if self.graph.add(nodes, &new) {
                    let circle = self.graph.circle(nodes, &new, steps);
                    found = found.or(circle.map(|circle| circle.uses.len()));
                }
            }
        }
        found
    }
}

#[test]
fn two_threads_that_take_two_locks_in_two_orders_are_found_once() {
    let mut bench = Bench::new();
    assert_eq!(bench.takes(1, &[1, 2]), None);
    assert_eq!(bench.takes(2, &[1, 2]), None);
    assert_eq!(bench.takes(2, &[2, 1]), Some(2));
    assert_eq!(bench.takes(3, &[2, 1]), None);
}

#[test]
fn one_thread_does_not_wait_for_itself() {
    let mut bench = Bench::new();
    assert_eq!(bench.takes(1, &[1, 2]), None);
    assert_eq!(bench.takes(1, &[2, 1]), None);
    assert_eq!(bench.takes(2, &[2, 1]), Some(2));
}

#[test]
fn a_common_outer_lock_makes_threads_take_turns() {
    let mut bench = Bench::new();
    assert_eq!(bench.takes(1, &[9, 1, 2]), None);
    assert_eq!(bench.takes(2, &[9, 2, 1]), None);
    // Without it, each alone may meet the other, which holds it.
    assert_eq!(bench.takes(3, &[1, 2]), Some(2));
}

#[test]
fn circles_of_three_and_more_need_as_many_threads() {
    for length in 3..=LONGEST {
        let mut bench = Bench::new();
        let pair = |at: usize| [at + 1, (at + 1) % length + 1];
        for at in 0..length - 1 {
            assert_eq!(bench.takes(at as u64 + 1, &pair(at)), None);
        }
        assert_eq!(bench.takes(1, &pair(length - 1)), None);
        assert_eq!(bench.takes(99, &pair(length - 1)), Some(length));
    }
}

#[test]
fn locks_of_one_class_are_told_apart() {
    let mut bench = Bench::new();
    let same = |_| LockClass::FIRST;
    assert_eq!(bench.takes_of(1, &[1, 2, 3], same), None);
    assert_eq!(bench.takes_of(2, &[1, 3], same), None);
    assert_eq!(bench.takes_of(3, &[3, 1], same), Some(2));
    assert!(matches!(bench.graph.birth(1), Birth::Noticed));
    assert_eq!(bench.takes_of(4, &[2, 1], same), None);
    assert_eq!(bench.takes_of(5, &[3, 2], same), Some(2));
}

#[test]
fn a_use_under_fewer_gates_takes_the_place_of_others() {
    let mut bench = Bench::new();
    for gate in 10..40 {
        assert_eq!(bench.takes(1, &[gate, 1, 2]), None);
    }
    assert_eq!(bench.takes(2, &[10, 2, 1]), Some(2));
}

#[test]
fn a_new_lock_at_the_address_of_a_gate_is_another_gate() {
    let mut bench = Bench::new();
    assert_eq!(bench.takes(1, &[9, 1, 2]), None);
    assert_eq!(bench.takes(2, &[9, 2, 1]), None);
    assert!(matches!(bench.graph.birth(9), Birth::Noticed));
    assert_eq!(bench.takes(2, &[9, 2, 1]), Some(2));
}

#[test]
fn enough_threads_on_an_edge_are_enough() {
    let mut bench = Bench::new();
    for thread in 0..MOST_USES as u64 {
        assert_eq!(bench.takes(thread, &[1, 2]), None);
    }
    let nodes = [1, 2].map(|it| Node::Class(class_of(it)));
    let manner = Manner {
        thread: 99,
        held: Access::Exclusive,
        wanted: Access::Exclusive,
        gates: Gates::new(&bench.graph.gates(&[alone(5)]).0, 5),
    };
    assert!(bench.graph.has(nodes[0], nodes[1], &manner));
    assert_eq!(bench.takes(0, &[2, 1]), Some(2));
}

#[test]
fn a_reader_and_a_writer_wait_for_each_other() {
    let mut bench = Bench::new();
    assert_eq!(bench.shares(1, &[read(1), alone(2)]), None);
    assert_eq!(bench.shares(2, &[alone(2), read(1)]), None);
    assert_eq!(bench.shares(2, &[alone(2), write(1)]), Some(2));
}

#[test]
fn readers_wait_for_each_other_behind_writers_that_are_other_threads() {
    let mut bench = Bench::new();
    assert_eq!(bench.shares(1, &[read(1), read(2)]), None);
    assert_eq!(bench.shares(2, &[read(2), read(1)]), None);
    // Each lock needs a writer, and neither of the two can be one.
    assert_eq!(bench.shares(1, &[write(1)]), None);
    assert_eq!(bench.shares(3, &[write(1)]), None);
    assert_eq!(bench.shares(3, &[write(2)]), None);
    assert_eq!(bench.shares(4, &[write(2)]), Some(2));
}

#[test]
fn a_writer_that_holds_what_a_reader_needs_stops_no_reader() {
    let mut bench = Bench::new();
    assert_eq!(bench.shares(1, &[alone(9), read(1), alone(2)]), None);
    assert_eq!(bench.shares(2, &[alone(2), read(1)]), None);
    assert_eq!(bench.shares(3, &[alone(9), write(1)]), None);
    assert_eq!(bench.shares(4, &[write(1)]), Some(2));
}

#[test]
fn a_lock_that_both_read_is_no_gate() {
    let mut bench = Bench::new();
    assert_eq!(bench.shares(1, &[read(9), alone(1), alone(2)]), None);
    assert_eq!(bench.shares(2, &[write(9), alone(2), alone(1)]), None);
    assert_eq!(bench.shares(3, &[read(9), alone(2), alone(1)]), Some(2));
}

#[test]
fn upgradable_readers_wait_for_each_other_and_for_no_reader() {
    let mut bench = Bench::new();
    let upgradable = |lock| (lock, Access::Upgradable);
    assert_eq!(bench.shares(1, &[read(1), alone(2)]), None);
    assert_eq!(bench.shares(2, &[alone(2), upgradable(1)]), None);
    assert_eq!(bench.shares(3, &[upgradable(1), alone(2)]), Some(2));
}

#[test]
fn a_search_among_readers_ends() {
    let mut bench = Bench::new();
    let soon = Deadline::after(Duration::from_secs(60));
    for thread in 0..8 {
        let mut locks: Vec<_> = (1..24).map(read).collect();
        locks.rotate_left(3 * thread as usize);
        assert_eq!(bench.shares(thread, &locks), None);
    }
    for lock in 1..24 {
        for thread in 0..8 {
            bench.shares(thread, &[write(lock)]);
        }
    }
    assert!(!soon.has_passed());
}

#[test]
fn a_signal_has_no_uses() {
    let mut bench = Bench::new();
    assert_eq!(bench.takes(1, &[1, 2]), None);
    assert!(!bench.graph.forget(1, class_of(7)));
    assert!(bench.graph.forget(1, class_of(1)));
    assert_eq!(bench.takes(2, &[2, 1]), None);
}

#[test]
fn locks_that_are_gone_make_room() {
    let mut bench = Bench::new();
    let same = |_| LockClass::FIRST;
    for lock in 1..=MOST_EDGES {
        assert_eq!(bench.takes_of(1, &[2 * lock, 2 * lock + 1], same), None);
    }
    assert!(bench.graph.is_full() && !bench.graph.make_room());
    bench.graph.bury(2);
    bench.graph.bury(1);
    assert!(bench.graph.make_room() && !bench.graph.is_full());
}

#[test]
fn a_dense_graph_costs_no_more_than_its_bound() {
    let mut bench = Bench::new();
    let soon = Deadline::after(Duration::from_secs(60));
    for thread in 0..8 {
        assert_eq!(bench.takes(thread, &(1..60).collect::<Vec<_>>()), None);
    }
    assert!(!soon.has_passed());
    assert!(bench.graph.edges() <= MOST_EDGES);
}

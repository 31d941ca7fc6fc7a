//! What graphs have of the threads of a process.

use super::graph_of;
use super::model::{Graph, Node, Sort};
use crate::example::{Example, examples};
use crate::graph::folding::ROOM;

fn graph(name: &str) -> Graph {
    let example = examples().into_iter().find(|it| it.0 == name);
    graph_of(&example.expect("there is one of that name").1.snapshot())
}

fn threads(graph: &Graph) -> impl Iterator<Item = &Node> {
    graph.nodes.iter().filter(|node| node.sort == Sort::Thread)
}

#[test]
fn each_thread_is_in_one_node() {
    for (name, example) in examples() {
        let snapshot = example.snapshot();
        let graph = graph_of(&snapshot);
        let counted: usize = threads(&graph).map(|node| node.count).sum();
        assert_eq!(counted, snapshot.parties.len(), "{name}");
    }
}

#[test]
fn threads_of_a_deadlock_are_never_folded() {
    for (name, example) in examples() {
        let snapshot = example.snapshot();
        let graph = graph_of(&snapshot);
        let rings = graph
            .rings
            .iter()
            .filter(|ring| ring.title != "starved pool");
        for (deadlock, ring) in snapshot.deadlocks().iter().zip(rings) {
            let members = ring.nodes.iter().map(|&node| &graph.nodes[node]);
            let members: Vec<_> = members.filter(|it| it.sort == Sort::Thread).collect();
            assert_eq!(members.len(), deadlock.circle.len(), "{name}");
            assert!(members.iter().all(|node| node.count == 1), "{name}");
        }
    }
}

#[test]
fn the_edges_of_a_ring_lead_around_it() {
    for (name, example) in examples() {
        let graph = graph_of(&example.snapshot());
        for (index, ring) in graph.rings.iter().enumerate() {
            let own = || graph.edges.iter().filter(|edge| edge.ring == Some(index));
            let mut reached = vec![ring.nodes[0]];
            let mut next = 0;
            while next < reached.len() {
                let from_here = own().filter(|edge| edge.from == reached[next]);
                let new: Vec<usize> = from_here.map(|edge| edge.to).collect();
                assert!(!new.is_empty(), "{name}: an edge goes on");
                for node in new {
                    if !reached.contains(&node) {
                        reached.push(node);
                    }
                }
                next += 1;
            }
            reached.sort_unstable();
            let mut nodes = ring.nodes.clone();
            nodes.sort_unstable();
            assert_eq!(reached, nodes, "{name}");
            assert!(own().any(|edge| edge.to == ring.nodes[0]), "{name}");
        }
    }
}

#[test]
fn threads_that_wait_for_one_object_fold_and_a_few_do_not() {
    let graph = graph("crowd");
    let crowd = threads(&graph).find(|node| node.count == 10_000).unwrap();
    assert_eq!(crowd.title, "10000 threads");
    assert_eq!(crowd.details, ["like pool_10", "pool.py:7 in work"]);
    assert!(graph.nodes.len() < 8);
    let few = graph_of(&Example::default().crowd(1..4, 0x40).snapshot());
    assert!(threads(&few).all(|node| node.count == 1));
}

#[test]
fn threads_that_wait_at_one_line_for_objects_of_their_own_fold_with_them() {
    let graph = graph("own_events");
    let nodes: Vec<_> = graph
        .nodes
        .iter()
        .map(|node| (node.title.as_str(), node.count))
        .collect();
    assert_eq!(nodes, [("200 threads", 200), ("200 Events", 200)]);
    assert_eq!(graph.edges[0].label.to_string(), "wait up to 12.0 s");
}

#[test]
fn a_join_leads_to_the_thread_and_a_holder_that_has_ended_is_shown_so() {
    let graph = graph("joins");
    assert!(graph.nodes.iter().all(|node| node.sort == Sort::Thread));
    assert_eq!(graph.rings[0].nodes.len(), 2);
    let ended: Vec<_> = graph.nodes.iter().filter(|node| node.count == 0).collect();
    assert_eq!(ended[0].title, "thread 99");
    assert_eq!(graph.edges.len(), 4);
}

#[test]
fn what_has_no_room_is_counted_and_told() {
    let graph = graph("many_locks");
    assert!(
        threads(&graph).count() <= 2 * ROOM + 1,
        "{}",
        threads(&graph).count()
    );
    let more = threads(&graph).last().unwrap();
    assert!(more.title.ends_with("more threads"), "{}", more.title);
    assert!(graph.notes[0].contains(&more.count.to_string()));
}

#[test]
fn a_starved_pool_is_a_ring_of_its_workers_their_tasks_and_itself() {
    let all = graph("starved");
    let titles: Vec<_> = all.rings[0]
        .nodes
        .iter()
        .map(|&it| &all.nodes[it].title)
        .collect();
    assert_eq!(titles, ["6 threads", "6 Futures", "pool 1"]);
    assert_eq!(all.rings[0].title, "starved pool");
    let few = graph("starved_few");
    let titles: Vec<_> = few.rings.iter().map(|ring| ring.title.as_str()).collect();
    assert_eq!(titles, ["starved pool", "starved pool", "deadlock"]);
    // What a worker holds is held by the node of the workers.
    assert!(few.nodes.iter().all(|node| node.count > 0));
}

//! A snapshot as a [`Graph`]: deadlocks first, then the crowds.

use super::folding::{Crowd, Folding};
use super::model::{Edge, Graph, Identity, Label, Node, Relation, Ring, Sort};
use super::words;
use std::collections::HashMap;
use weftline::park::ObjectState;
use weftline::watch::{Deadlock, Object, Party, Snapshot, Stacks, Verdict};

/// The graph of a process.
pub(crate) fn graph_of(snapshot: &Snapshot) -> Graph {
    build(snapshot, false)
}

/// The graph of a process that goes on.
pub(crate) fn live_graph_of(snapshot: &Snapshot) -> Graph {
    build(snapshot, true)
}

fn build(snapshot: &Snapshot, is_live: bool) -> Graph {
    let deadlocks = snapshot.deadlocks();
    let mut folding = Folding::of(snapshot, &deadlocks);
    if is_live {
        folding.keep_order();
    }
    let mut builder = Builder {
        graph: Graph {
            is_live,
            pid: snapshot.pid,
            summary: words::summary(snapshot, deadlocks.len()),
            notes: notes(snapshot, &folding),
            ..Graph::default()
        },
        snapshot,
        threads: HashMap::new(),
        objects: HashMap::new(),
    };
    for (ring, deadlock) in deadlocks.iter().enumerate() {
        builder.add_ring(ring, deadlock);
    }
    for crowd in &folding.crowds {
        builder.add_crowd(crowd);
    }
    if folding.more > 0 {
        builder.add_rest(folding.more);
    }
    builder.graph
}

fn notes(snapshot: &Snapshot, folding: &Folding<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    if snapshot.stacks == Stacks::Silent {
        notes.push(
            "The interpreter did not answer, so a line is that at which a wait began.".to_owned(),
        );
    }
    if !snapshot.is_whole {
        notes.push("The process told only a part: it ended, or was too slow.".to_owned());
    }
    if folding.more > 0 {
        notes.push(format!(
            "weftline dump {} lists all threads, also the {} for which the picture has no room.",
            snapshot.pid, folding.more
        ));
    }
    notes
}

struct Builder<'a> {
    graph: Graph,
    snapshot: &'a Snapshot,
    /// The nodes of the threads that have one of their own, by number.
    threads: HashMap<u64, usize>,
    /// The nodes of the objects, by address.
    objects: HashMap<u64, usize>,
}

impl Builder<'_> {
    fn add_ring(&mut self, ring: usize, deadlock: &Deadlock) {
        let mut nodes = Vec::new();
        let circle = &deadlock.circle;
        for (at, &number) in circle.iter().enumerate() {
            let Some(party) = self.snapshot.party(number) else {
                continue;
            };
            let thread = self.thread(party);
            let held_by = self.thread_of(circle[(at + 1) % circle.len()]);
            self.graph.nodes[thread].ring = Some(ring);
            if !nodes.contains(&thread) {
                nodes.push(thread);
            }
            let (Some(target), wait) = (self.target(party), self.graph.edges.len()) else {
                continue;
            };
            self.add_wait(thread, &[party], target);
            self.graph.edges[wait].ring = Some(ring);
            if target == held_by {
                continue;
            }
            self.graph.nodes[target].ring = Some(ring);
            if !nodes.contains(&target) {
                nodes.push(target);
            }
            let hold = self
                .graph
                .edges
                .iter_mut()
                .find(|edge| edge.from == target && edge.to == held_by);
            if let Some(hold) = hold {
                hold.ring = Some(ring);
            }
        }
        let many = circle.len();
        let (title, end) = match deadlock.verdict {
            Verdict::Certain => ("deadlock", "none can go on"),
            Verdict::Likely => ("likely deadlock", "until another thread releases a lock"),
            Verdict::UntilTimeout => ("deadlock", "until a wait times out"),
            _ => ("deadlock", ""),
        };
        self.graph.rings.push(Ring {
            nodes,
            title: title.to_owned(),
            details: vec![
                format!("{many} threads wait for each other"),
                end.to_owned(),
            ],
        });
    }

    fn add_crowd(&mut self, crowd: &Crowd<'_>) {
        let node = match crowd.parties[..] {
            [party] => self.thread(party),
            _ => {
                let node = self.add(words::crowd(&crowd.parties));
                let parties = crowd.parties.iter().copied();
                self.graph.nodes[node].parties = parties.map(Identity::of).collect();
                node
            }
        };
        let Some(first) = crowd.parties.first().filter(|party| party.wait.is_some()) else {
            return;
        };
        // A thread of a deadlock has its edge.
        if self.graph.nodes[node].ring.is_some() || !crowd.shows_wait {
            return;
        }
        let target = match crowd.objects[..] {
            [] | [_] => self.target(first),
            _ => Some(self.folded_object(crowd, first)),
        };
        if let Some(target) = target {
            self.add_wait(node, &crowd.parties, target);
        }
    }

    fn add_rest(&mut self, more: usize) {
        self.add(Node {
            sort: Sort::Thread,
            count: more,
            title: format!("{more} more threads"),
            details: vec!["not shown".to_owned()],
            about: format!("{more} more threads, which are not shown"),
            ring: None,
            parties: Vec::new(),
        });
    }

    fn add(&mut self, node: Node) -> usize {
        self.graph.nodes.push(node);
        self.graph.nodes.len() - 1
    }

    fn thread(&mut self, party: &Party) -> usize {
        if let Some(&node) = self.threads.get(&party.number) {
            return node;
        }
        let node = self.add(words::thread(party));
        self.graph.nodes[node].parties = vec![Identity::of(party)];
        if party.number != 0 {
            self.threads.insert(party.number, node);
        }
        node
    }

    /// The thread of that number, which may have ended.
    fn thread_of(&mut self, number: u64) -> usize {
        match self.snapshot.party(number) {
            Some(party) => self.thread(party),
            None => match self.threads.get(&number) {
                Some(&node) => node,
                None => {
                    let node = self.add(words::ended_thread(number));
                    self.threads.insert(number, node);
                    node
                }
            },
        }
    }

    /// That for which a thread waits: an object, or the thread that it joins.
    fn target(&mut self, party: &Party) -> Option<usize> {
        let wait = party.wait.as_ref()?;
        let object = self.snapshot.object(wait.object);
        if let Some(ObjectState::Thread { number }) = object.and_then(|object| object.state) {
            return Some(self.thread_of(number.get()));
        }
        if let Some(&node) = self.objects.get(&wait.object) {
            return Some(node);
        }
        let node = self.add(words::object(wait, object));
        self.objects.insert(wait.object, node);
        if let Some(object) = object {
            self.add_holders(node, object);
        }
        Some(node)
    }

    fn folded_object(&mut self, crowd: &Crowd<'_>, first: &Party) -> usize {
        let node = self.add(words::objects(&crowd.objects, first));
        self.add_holders(node, crowd.objects[0]);
        node
    }

    fn add_holders(&mut self, node: usize, object: &Object) {
        for &holder in &object.holders {
            let holder = self.thread_of(holder);
            let about = format!(
                "{} is held by {}",
                self.graph.nodes[node].title, self.graph.nodes[holder].title
            );
            self.graph.edges.push(Edge {
                from: node,
                to: holder,
                relation: Relation::HeldBy,
                label: Label {
                    before: "held by".to_owned(),
                    time: None,
                    after: "",
                },
                timeout: None,
                about,
                ring: None,
            });
        }
    }

    fn add_wait(&mut self, from: usize, parties: &[&Party], to: usize) {
        let waits = || parties.iter().filter_map(|party| party.wait.as_ref());
        let Some(longest) = waits().max_by_key(|wait| wait.waited) else {
            return;
        };
        let before = match (words::purpose(longest.kind), parties.len()) {
            ("", 1) => "waits ".to_owned(),
            ("", _) => "wait up to ".to_owned(),
            (purpose, 1) => format!("{purpose}, "),
            (purpose, _) => format!("{purpose}, up to "),
        };
        let label = Label {
            before,
            time: Some(longest.waited),
            after: "",
        };
        let timeout = waits().filter_map(|wait| wait.times_out_in).min();
        let [from_title, to_title] = [from, to].map(|node| self.graph.nodes[node].title.clone());
        let timeout = timeout.map(|left| Label {
            before: match parties.len() {
                1 => "at most ".to_owned(),
                _ => "the first for ".to_owned(),
            },
            time: Some(left),
            after: " more",
        });
        self.graph.edges.push(Edge {
            from,
            to,
            relation: Relation::Waits,
            about: format!("{from_title}: {label}, for {to_title}"),
            label,
            timeout,
            ring: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
            for (deadlock, ring) in snapshot.deadlocks().iter().zip(&graph.rings) {
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
}

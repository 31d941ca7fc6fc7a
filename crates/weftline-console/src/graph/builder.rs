//! A snapshot as a [`Graph`]: deadlocks first, then the crowds.

use super::folding::{Crowd, Folding};
use super::model::{Edge, Graph, Identity, Label, Node, Relation, Ring, Sort};
use super::words;
use crate::starvation::{StarvedPool, starved_pools, without_workers};
use std::collections::{BTreeSet, HashMap};
use weftline::park::{Kind, ObjectState};
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
    let mut starved = starved_pools(snapshot);
    starved.retain(|pool| pool.is_circle(snapshot, &deadlocks));
    // Their workers are one node, whatever else they would be.
    let others = (!starved.is_empty()).then(|| without_workers(snapshot, &starved));
    let all = snapshot;
    let snapshot = others.as_ref().unwrap_or(snapshot);
    let mut folding = Folding::of(snapshot, &deadlocks);
    if is_live {
        folding.keep_order();
    }
    let mut builder = Builder {
        graph: Graph {
            is_live,
            pid: snapshot.pid,
            summary: words::summary(all, deadlocks.len()),
            notes: notes(snapshot, &folding),
            ..Graph::default()
        },
        snapshot,
        threads: HashMap::new(),
        objects: HashMap::new(),
    };
    for pool in &starved {
        builder.add_starved(all, pool);
    }
    for deadlock in &deadlocks {
        builder.add_ring(deadlock);
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
    /// A starved pool is a ring of three: its workers wait for tasks, which wait for the pool.
    fn add_starved(&mut self, all: &Snapshot, pool: &StarvedPool) {
        let ring = self.graph.rings.len();
        let parties = pool.workers.iter().filter_map(|&number| all.party(number));
        let parties: Vec<&Party> = parties.collect();
        let waits_for_task = |party: &&&Party| {
            let wait = party.wait.as_ref();
            wait.is_some_and(|wait| wait.kind == Kind::Future)
        };
        let waiting: Vec<&Party> = parties.iter().filter(waits_for_task).copied().collect();
        let Some(&first) = waiting.first() else {
            return;
        };
        let mut workers = match parties[..] {
            [party] => words::thread(party),
            _ => words::crowd(&parties),
        };
        workers.parties = parties.iter().copied().map(Identity::of).collect();
        let workers = self.add(workers);
        let objects: Vec<&Object> = {
            let objects = waiting.iter().filter_map(|party| party.wait.as_ref());
            let addresses: BTreeSet<u64> = objects.map(|wait| wait.object).collect();
            let objects = addresses.into_iter();
            objects.filter_map(|address| all.object(address)).collect()
        };
        let tasks = match (&objects[..], &first.wait) {
            (&[one], Some(wait)) => words::object(wait, Some(one)),
            _ => words::objects(&objects, first),
        };
        let tasks = self.add(tasks);
        let pool_node = self.add(words::pool(pool));
        self.add_wait(workers, &waiting, tasks);
        self.add_hold(tasks, pool_node, "needs a worker of");
        self.add_hold(pool_node, workers, "all busy");
        let nodes = vec![workers, tasks, pool_node];
        for edge in self.graph.edges.iter_mut().rev().take(3) {
            edge.ring = Some(ring);
        }
        for &node in &nodes {
            self.graph.nodes[node].ring = Some(ring);
        }
        for &number in &pool.workers {
            self.threads.insert(number, workers);
        }
        for object in objects {
            self.objects.insert(object.address, tasks);
        }
        self.graph.rings.push(Ring {
            nodes,
            title: "starved pool".to_owned(),
            details: vec![
                "its workers wait for tasks".to_owned(),
                "that no worker is left to run".to_owned(),
            ],
        });
    }

    fn add_ring(&mut self, deadlock: &Deadlock) {
        let ring = self.graph.rings.len();
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
            self.add_hold(node, holder, "held by");
        }
    }

    fn add_hold(&mut self, from: usize, to: usize, words: &str) {
        let [object, holder] = [from, to].map(|node| &self.graph.nodes[node].title);
        let about = match words {
            "held by" => format!("{object} is held by {holder}"),
            _ => format!("{object}: {words} {holder}"),
        };
        self.graph.edges.push(Edge {
            from,
            to,
            relation: Relation::HeldBy,
            label: Label {
                before: words.to_owned(),
                time: None,
                after: "",
            },
            timeout: None,
            about,
            ring: None,
        });
    }

    fn add_wait(&mut self, from: usize, parties: &[&Party], to: usize) {
        let waits = || parties.iter().filter_map(|party| party.wait.as_ref());
        let Some(longest) = waits().max_by_key(|wait| wait.waited) else {
            return;
        };
        let before = match (longest.kind.purpose(), parties.len()) {
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

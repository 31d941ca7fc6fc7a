//! [`Content`]: what the page shows of an answer, in parts that are sent when they change.

use super::ended::Since;
use super::history::point;
use super::index::Index;
use super::poller::{Answer, Look};
use super::rows::{self, Moments};
use super::verdicts::verdicts;
use crate::graph::live_graph_of;
use crate::graph::words::visible;
use crate::picture::LiveSvg;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use weftline::watch::{Party, Snapshot, Stacks};

/// So many frames of a stack are shown.
const FRAMES: usize = 60;

/// What the page shows of an answer.
pub(super) struct Content {
    /// How the process answered.
    pub(super) head: Value,
    /// What it told, if it did.
    pub(super) told: Option<Told>,
}

/// What the page shows of a snapshot.
pub(super) struct Told {
    /// The parts with a name of their own.
    pub(super) parts: Vec<(&'static str, Value)>,
    /// The threads, each with its identity.
    pub(super) threads: Vec<(String, Value)>,
    /// The stacks, each with its number.
    pub(super) stacks: Vec<(String, Value)>,
    /// The numbers for the lines over time.
    pub(super) point: Value,
    /// The same as a text for people.
    pub(super) report: String,
}

/// Makes contents. Remembers what keeps parts the same from one to the next.
#[derive(Default)]
pub(super) struct Maker {
    moments: Moments,
    since: Since,
    /// The numbers of the stacks of the last content.
    numbers: HashMap<String, u64>,
    next: u64,
}

impl Maker {
    /// The content of an answer.
    pub(super) fn content(&mut self, look: &Look) -> Content {
        let (is, why, told) = match &look.answer {
            Answer::Told(snapshot) => ("live", None, Some(self.told(snapshot, look))),
            Answer::NotTold(why) => ("silent", Some(why.as_str()), None),
            Answer::Ended => ("ended", None, None),
        };
        Content {
            head: json!({
                "is": is,
                "why": why,
                "now": look.at.as_millis() as u64,
                "took": look.took.as_micros() as u64,
            }),
            told,
        }
    }

    fn told(&mut self, snapshot: &Snapshot, look: &Look) -> Told {
        let index = Index::of(snapshot);
        let graph = live_graph_of(snapshot);
        let members = graph.nodes.iter().map(|node| {
            let parties = node.parties.iter().map(ToString::to_string);
            parties.collect::<Value>()
        });
        let picture = json!({
            "svg": LiveSvg(&graph).to_string(),
            "members": members.collect::<Value>(),
            "notes": graph.notes,
        });
        let mut stacks = Vec::new();
        let mut numbers = HashMap::new();
        let (threads, more) = rows::threads(
            snapshot,
            &index,
            &mut self.moments,
            (look.at, look.took),
            |party| {
                let frames = frames(party)?;
                let known = self.numbers.get(&frames).copied();
                Some(match numbers.entry(frames) {
                    Entry::Occupied(it) => *it.get(),
                    Entry::Vacant(place) => {
                        let number = known.unwrap_or_else(|| {
                            self.next += 1;
                            self.next
                        });
                        stacks.push((number.to_string(), Value::from(place.key().as_str())));
                        *place.insert(number)
                    }
                })
            },
        );
        self.numbers = numbers;
        let [objects, queues] = rows::objects(snapshot, &index, &self.moments);
        Told {
            parts: vec![
                ("summary", summary(snapshot, more)),
                ("verdicts", verdicts(snapshot).into()),
                ("objects", objects.to_json()),
                ("queues", queues.to_json()),
                ("pools", rows::pools(snapshot, &index).to_json()),
                ("picture", picture),
                (
                    "ended",
                    self.since.ended(snapshot.measured.as_ref(), look.at),
                ),
            ],
            threads,
            stacks,
            point: point(snapshot, &index, look.at.as_millis() as u64),
            report: snapshot.report().to_string(),
        }
    }
}

fn summary(snapshot: &Snapshot, more: usize) -> Value {
    let blocked = snapshot.parties.iter().filter(|party| party.wait.is_some());
    json!({
        "threads": snapshot.parties.len(),
        "blocked": blocked.count(),
        "more": more,
        "whole": snapshot.is_whole,
        "stacks": match snapshot.stacks {
            Stacks::Told => "told",
            Stacks::Silent => "silent",
            _ => "none",
        },
    })
}

/// The frames of a thread, a line each.
fn frames(party: &Party) -> Option<String> {
    let site = party.wait.as_ref().and_then(|wait| wait.site.as_ref());
    let own = match party.stack.is_empty() {
        true => site.into_iter().collect(),
        false => party.stack.iter().collect::<Vec<_>>(),
    };
    let mut lines: Vec<String> = own.iter().map(|it| visible(&it.to_string())).collect();
    let left = lines.len().saturating_sub(FRAMES);
    lines.truncate(FRAMES);
    match (left, party.stack_is_cut) {
        (0, false) => {}
        (0, true) => lines.push("… and more frames".to_owned()),
        (left, _) => lines.push(format!("… and at least {left} more frames")),
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

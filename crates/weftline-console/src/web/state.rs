//! [`State`]: the last content, with the version in which each of its parts changed. So a page gets
//! what is new to it, whenever it has asked before.

use super::content::{Content, Told};
use super::history::History;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A part, and the version in which it became what it is.
struct Part {
    text: String,
    version: u64,
}

/// Parts of one kind, by their names.
#[derive(Default)]
struct Parts {
    all: BTreeMap<String, Part>,
    /// The version in which the names became what they are.
    version: u64,
}

/// What a page shows. Version 0 has nothing.
#[derive(Default)]
pub(super) struct State {
    version: u64,
    head: String,
    parts: Parts,
    threads: Parts,
    stacks: Parts,
    history: History,
    report: Arc<str>,
}

impl Parts {
    fn renew<N: Into<String>>(&mut self, all: Vec<(N, Value)>, version: u64) {
        let mut renewed = BTreeMap::new();
        let mut is_same = true;
        for (name, value) in all {
            let (name, text) = (name.into(), value.to_string());
            let part = match self.all.remove(&name) {
                Some(known) if known.text == text => known,
                known => {
                    is_same &= known.is_some();
                    Part { text, version }
                }
            };
            renewed.insert(name, part);
        }
        if !is_same || !self.all.is_empty() {
            self.version = version;
        }
        self.all = renewed;
    }

    /// Those that changed after that version, as an object of JSON.
    fn since(&self, version: u64) -> String {
        let new = self.all.iter().filter(|(_, part)| part.version > version);
        let members: Vec<String> = new
            .map(|(name, part)| format!("{}:{}", Value::from(name.as_str()), part.text))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    fn names(&self) -> Value {
        self.all.keys().map(String::as_str).collect()
    }
}

impl State {
    /// Takes a new content. What a process told before stays if it has told nothing now.
    pub(super) fn take(&mut self, content: Content) {
        self.version += 1;
        self.head = content.head.to_string();
        let Some(Told {
            parts,
            threads,
            stacks,
            point,
            report,
        }) = content.told
        else {
            return;
        };
        self.parts.renew(parts, self.version);
        self.threads.renew(threads, self.version);
        self.stacks.renew(stacks, self.version);
        self.history.push(self.version, point.to_string());
        self.report = report.into();
    }

    /// The present version.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    /// The last report.
    pub(super) fn report(&self) -> Arc<str> {
        Arc::clone(&self.report)
    }

    /// What a page that has that version needs, as JSON in one line.
    pub(super) fn since(&self, version: u64) -> String {
        let Self {
            head,
            parts,
            threads,
            stacks,
            history,
            ..
        } = self;
        let mut text = format!(r#"{{"version":{},"head":{head}"#, self.version);
        text += &format!(r#","first":{}"#, version == 0);
        text += &format!(r#","parts":{}"#, parts.since(version));
        text += &format!(r#","threads":{}"#, threads.since(version));
        if threads.version > version {
            text += &format!(r#","ids":{}"#, threads.names());
        }
        text += &format!(r#","stacks":{}"#, stacks.since(version));
        if stacks.version > version {
            text += &format!(r#","numbers":{}"#, stacks.names());
        }
        text += &format!(r#","points":{}}}"#, history.since(version));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::content::Maker;
    use super::super::history::KEPT;
    use super::super::poller::{Answer, Look};
    use super::*;
    use crate::example::{Example, HOSTILE};
    use std::time::Duration;

    /// The answer of this process at that second: its waits have lasted as long as the process.
    fn look(example: &Example, second: u64) -> Look {
        let mut snapshot = example.snapshot();
        for wait in snapshot
            .parties
            .iter_mut()
            .filter_map(|it| it.wait.as_mut())
        {
            // A process takes some time to answer, and not always the same.
            wait.waited = Duration::from_millis(second * 1000 + 12_000 + second % 3 * 300);
        }
        Look {
            at: Duration::from_secs(second),
            took: Duration::from_millis(700),
            answer: Answer::Told(Box::new(snapshot)),
        }
    }

    fn since(state: &State, version: u64) -> Value {
        let text = state.since(version);
        assert!(!text.contains('\n'), "an event is one line");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_process_in_which_nothing_changes_sends_almost_nothing() {
        let (mut state, mut maker) = (State::default(), Maker::default());
        let example = Example::default().circle(1..3).crowd(10..210, 0x40);
        for second in 0..5 {
            state.take(maker.content(&look(&example, second)));
        }
        let first = since(&state, 0);
        assert_eq!(first["threads"].as_object().unwrap().len(), 202);
        assert_eq!(first["points"].as_array().unwrap().len(), 5);
        let next = since(&state, 4);
        for empty in ["parts", "threads", "stacks"] {
            assert_eq!(next[empty].as_object().unwrap().len(), 0, "{next}");
        }
        assert_eq!(next["ids"], Value::Null);
        assert!(state.since(4).len() < 250, "{}", state.since(4));
    }

    #[test]
    fn a_thread_that_comes_or_goes_changes_its_row_and_the_names() {
        let (mut state, mut maker) = (State::default(), Maker::default());
        let two = Example::default().thread(1, "a").thread(2, "b");
        let other = Example::default().thread(2, "b").thread(3, "c");
        state.take(maker.content(&look(&two, 0)));
        state.take(maker.content(&look(&other, 1)));
        let next = since(&state, 1);
        let rows: Vec<_> = next["threads"].as_object().unwrap().keys().collect();
        assert_eq!(rows, ["3"]);
        assert_eq!(next["ids"], serde_json::json!(["2", "3"]));
        assert!(next["parts"]["picture"].is_object());
        assert_eq!(next["parts"]["verdicts"], Value::Null);
    }

    #[test]
    fn what_a_process_told_stays_when_it_ends() {
        let (mut state, mut maker) = (State::default(), Maker::default());
        state.take(maker.content(&look(&Example::default().thread(1, "a"), 0)));
        let (at, took) = (Duration::from_secs(1), Duration::ZERO);
        let answer = Answer::Ended;
        state.take(maker.content(&Look { at, took, answer }));
        let all = since(&state, 0);
        assert_eq!(all["head"]["is"], "ended");
        assert_eq!(all["threads"]["1"]["name"], "a");
    }

    #[test]
    fn the_memory_of_numbers_is_bounded() {
        let (mut state, mut maker) = (State::default(), Maker::default());
        let example = Example::default().thread(1, "a");
        for second in 0..KEPT as u64 + 50 {
            state.take(maker.content(&look(&example, second)));
        }
        assert_eq!(since(&state, 0)["points"].as_array().unwrap().len(), KEPT);
    }

    #[test]
    fn hostile_names_are_values() {
        let (mut state, mut maker) = (State::default(), Maker::default());
        let mut example = Example::default();
        for (number, name) in (1..).zip(HOSTILE) {
            example = example.thread(number, name);
        }
        state.take(maker.content(&look(&example, 0)));
        let all = since(&state, 0);
        let script = HOSTILE[0];
        assert_eq!(all["threads"]["1"]["name"], script);
        assert!(
            !all["parts"]["picture"]["svg"]
                .as_str()
                .unwrap()
                .contains("<script")
        );
    }
}

//! [`Facts`]: an answer of a process as tables, with a head.

use super::index::Index;
use super::model::{Table, View};
use super::{objects, pools, threads, waits};
use crate::findings::{Finding, findings};
use crate::graph::words;
use crate::source::{Answer, Reading, Trouble};
use std::sync::Arc;
use weftline::watch::{Stacks, Verdict};

/// A reading of a process, and its tables.
pub(crate) struct Facts {
    pub(crate) answer: Arc<Answer>,
    pub(crate) trouble: Option<Trouble>,
    pub(crate) findings: Vec<Finding>,
    /// How many threads there are of which kind, and how many deadlocks.
    pub(crate) summary: String,
    /// The worst of the verdicts, as a sentence.
    pub(crate) worst: Option<String>,
    /// What is missing in the answer, and why.
    pub(crate) notes: Vec<&'static str>,
    tables: [Table; 6],
}

impl Facts {
    pub(crate) fn of(reading: Reading) -> Self {
        let answer = reading.answer;
        let snapshot = &answer.snapshot;
        let findings = findings(snapshot);
        let index = Index::of(snapshot, &findings);
        let is_circle =
            |it: &&Finding| !matches!(it.verdict, Verdict::PoolStarved | Verdict::Abandoned);
        let verdicts = pools::verdicts(&index);
        let worst = verdicts.rows.first().and_then(|row| {
            let finding = findings.iter().find(|it| pools::key(it) == row.key)?;
            Some(pools::what(&index, finding))
        });
        let tables = [
            threads::table(&index),
            objects::objects(&index),
            objects::queues(&index),
            pools::pools(&index),
            verdicts,
            waits::table(snapshot.measured.as_ref()),
        ];
        let mut notes = Vec::new();
        if snapshot.stacks == Stacks::Silent {
            notes.push("the interpreter is silent: no stacks, lines where waits began");
        }
        if !snapshot.is_whole {
            notes.push("only a part was told");
        }
        Self {
            summary: words::summary(snapshot, findings.iter().filter(is_circle).count()),
            worst,
            notes,
            tables,
            findings,
            trouble: reading.trouble,
            answer,
        }
    }

    pub(crate) fn table(&self, view: View) -> &Table {
        &self.tables[view as usize]
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.trouble == Some(Trouble::Ended)
    }
}

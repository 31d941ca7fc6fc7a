//! [`Index`]: a snapshot with what the tables look up in it, so that thousands of threads take
//! milliseconds.

use crate::findings::Finding;
use crate::graph::words;
use crate::measured::{Contention, contention};
use std::collections::{BTreeMap, HashMap};
use weftline::watch::{Party, Snapshot, Verdict, Wait};

/// A snapshot, and what is looked up in it.
pub(crate) struct Index<'a> {
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) findings: &'a [Finding],
    /// The waits for each object, by address.
    waiters: BTreeMap<u64, Vec<(&'a Party, &'a Wait)>>,
    verdicts: HashMap<u64, Verdict>,
    /// What was counted of objects, those first that cost most.
    contention: Vec<Contention>,
}

impl<'a> Index<'a> {
    pub(crate) fn of(snapshot: &'a Snapshot, findings: &'a [Finding]) -> Self {
        let mut waiters: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for party in &snapshot.parties {
            if let Some(wait) = &party.wait {
                waiters.entry(wait.object).or_default().push((party, wait));
            }
        }
        let mut verdicts = HashMap::new();
        for finding in findings {
            for &number in &finding.threads {
                verdicts.entry(number).or_insert(finding.verdict);
            }
        }
        Self {
            snapshot,
            findings,
            waiters,
            verdicts,
            contention: snapshot.measured.as_ref().map_or(Vec::new(), contention),
        }
    }

    /// The addresses of the objects for which threads wait, and these waits.
    pub(crate) fn waited_for(&self) -> impl Iterator<Item = (u64, &[(&'a Party, &'a Wait)])> {
        self.waiters.iter().map(|(&object, it)| (object, &it[..]))
    }

    /// The waits for an object.
    pub(crate) fn waiters(&self, object: u64) -> &[(&'a Party, &'a Wait)] {
        self.waiters.get(&object).map_or(&[], |waiters| waiters)
    }

    /// What was counted of the ended waits for objects, the locks first.
    pub(crate) fn contended(&self) -> &[Contention] {
        &self.contention
    }

    /// What was counted of the ended waits for the object that is there now.
    pub(crate) fn contention(&self, object: u64) -> Option<&Contention> {
        let kind = self.waiters(object).first().map(|(_, wait)| wait.kind);
        let is_it = |it: &&Contention| {
            it.address == object && kind.is_none_or(|kind| kind.class() == it.kind.class())
        };
        self.contention.iter().find(is_it)
    }

    /// What is wrong with a thread.
    pub(crate) fn verdict_of(&self, number: u64) -> Option<Verdict> {
        self.verdicts.get(&number).copied()
    }

    /// What to call the thread of that number.
    pub(crate) fn title(&self, number: u64) -> String {
        match self.snapshot.party(number) {
            Some(party) => words::name_of(party),
            None => format!("thread {number}, which has ended"),
        }
    }

    /// What to call threads: the names of the first `most` of them, and how many more there are.
    pub(crate) fn titles(&self, numbers: &[u64], most: usize) -> String {
        let named = numbers.iter().take(most);
        let named: Vec<String> = named.map(|&number| self.title(number)).collect();
        let named = named.join(", ");
        match numbers.len().saturating_sub(most) {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }
}

//! What the pane says of a row: a thread's stack, an object's waiters, a verdict's report.

use super::clock::time_of_day;
use super::facts::Facts;
use super::index::Index;
use super::model::View;
use super::{objects, pools, threads, waits};
use crate::findings::is_idle;
use crate::graph::words::{counted, name_of};
use crate::measured::{Contention, briefly};
use weftline::watch::{Party, Snapshot, Span};

/// So many threads are listed.
const LISTED: usize = 500;

/// The title of a pane and its lines; `None` if what the key names is no longer there.
pub(crate) fn details(facts: &Facts, view: View, key: u64) -> Option<(String, Vec<String>)> {
    let snapshot = &facts.answer.snapshot;
    let index = Index::of(snapshot, &facts.findings);
    match view {
        View::Threads => {
            let mut parties = snapshot.parties.iter();
            let party = parties.find(|party| threads::key(party) == key)?;
            let text = snapshot.party_text(party);
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            if let Some(wait) = &party.wait {
                let since = facts.answer.taken.checked_sub(wait.waited);
                lines.extend(since.map(|it| format!("    since {}", time_of_day(it))));
                // Behind the sentence that tells for what.
                lines[1..].rotate_right(1);
            }
            Some((name_of(party), lines))
        }
        View::Objects | View::Queues => object(&index, key),
        View::Pools => pool(snapshot, key),
        View::Waits => waits::details(snapshot.measured.as_ref(), key),
        View::Verdicts => {
            let mut findings = facts.findings.iter();
            let finding = findings.find(|finding| pools::key(finding) == key)?;
            let text = snapshot.verdict_text(finding.verdict, &finding.threads);
            // The head of the screen names the process.
            let own = format!("weftline: process {}: ", snapshot.pid);
            let text = text.strip_prefix(&own).unwrap_or(&text);
            let title = finding.verdict.name().to_owned();
            Some((title, text.lines().map(str::to_owned).collect()))
        }
    }
}

fn object(index: &Index<'_>, address: u64) -> Option<(String, Vec<String>)> {
    let waiters = index.waiters(address);
    let object = index.snapshot.object(address);
    let ended = index.contention(address);
    if waiters.is_empty() {
        let ended = ended?;
        let lines = vec![
            format!("address {address:#x}"),
            ended_text(ended),
            "no waiters".to_owned(),
        ];
        return Some((ended.title.clone(), lines));
    }
    let mut lines = vec![format!("address {address:#x}")];
    lines.extend(ended.map(ended_text));
    lines.extend(objects::state(waiters, object));
    if let Some(object) = object {
        let holders = object.holders.iter().take(LISTED);
        lines.extend(holders.map(|&number| format!("held by {}", index.title(number))));
    }
    lines.push(format!("{}:", counted(waiters.len(), "waiter")));
    for (party, wait) in waiters.iter().take(LISTED) {
        let waits_for = threads::waits_for(index, party, wait);
        lines.push(format!("  {}, for {}", name_of(party), Span(wait.waited)));
        lines.push(format!("      {waits_for}"));
        if let Some(site) = &wait.site {
            lines.push(format!("      at {site}"));
        }
    }
    lines.extend(more(waiters.len()));
    Some((objects::title(index, address, waiters, object), lines))
}

/// What was counted of the ended waits for an object.
fn ended_text(ended: &Contention) -> String {
    let count = match ended.least == ended.count {
        true => counted(ended.count as usize, "wait"),
        false => format!("{} to {} waits", ended.least, ended.count),
    };
    let mean = ended.mean().map(|mean| format!(", mean {}", briefly(mean)));
    format!(
        "{count} ended, {} together{}",
        briefly(ended.total),
        mean.unwrap_or_default()
    )
}

fn pool(snapshot: &Snapshot, key: u64) -> Option<(String, Vec<String>)> {
    let pool = snapshot
        .pools
        .iter()
        .find(|it| u64::from(it.number) == key)?;
    let workers: Vec<&Party> = snapshot.workers(pool.number).collect();
    let mut lines = Vec::new();
    lines.extend(
        pool.waiting
            .map(|it| format!("{} waiting", counted(it as usize, "task"))),
    );
    lines.push(format!("{}:", counted(workers.len(), "worker")));
    for party in workers.iter().take(LISTED) {
        let text = match is_idle(party) {
            true => format!("{} is idle", name_of(party)),
            false => snapshot.party_text(party),
        };
        lines.extend(text.lines().map(|line| format!("  {line}")));
    }
    lines.extend(more(workers.len()));
    Some((format!("pool {}", pool.number), lines))
}

fn more(count: usize) -> Option<String> {
    let more = count.checked_sub(LISTED).filter(|&more| more > 0)?;
    Some(format!("  … and {more} more"))
}

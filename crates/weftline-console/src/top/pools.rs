//! The tables of pools, and of verdicts.

use super::index::Index;
use super::model::{Cell, Column, Mark, Row, Table, Width};
use crate::findings::{Finding, is_idle};
use crate::graph::words::{counted, name_of};
use std::collections::HashMap;
use weftline::watch::{Party, Verdict};

const POOLS: &[Column] = &[
    Column::identifier("POOL", 5, 0),
    Column::number("WORKERS", 7, 0),
    Column::number("BUSY", 6, 0),
    Column::number("IDLE", 6, 0),
    Column::number("TASKS", 8, 0),
    Column::text("STATE", Width::Of(22), 0),
    Column::text("WORKERS ARE", Width::Share(1), 60),
];

const VERDICTS: &[Column] = &[
    Column::text("VERDICT", Width::Of(13), 0),
    Column::number("THREADS", 7, 0),
    Column::text("WHAT", Width::Share(1), 0),
];

/// The pools that have workers or tasks.
pub(crate) fn pools(index: &Index<'_>) -> Table {
    let mut workers: HashMap<u32, Vec<&Party>> = HashMap::new();
    for party in &index.snapshot.parties {
        if let Some(pool) = party.pool {
            workers.entry(pool).or_default().push(party);
        }
    }
    let row = |pool: &weftline::watch::Pool| {
        let workers = workers.get(&pool.number).map_or(&[][..], |it| it);
        let idle = workers.iter().filter(|it| is_idle(it)).count();
        let busy = workers.len() - idle;
        let is_starved = index.findings.iter().any(|it| it.pool == Some(pool.number));
        let waiting = pool.waiting.unwrap_or(0);
        let (rank, state, mark) = match (is_starved, busy, idle, waiting) {
            (true, ..) => (0, "starved", Mark::Alarm),
            (_, _, 0, 1..) => (1, "all busy, tasks wait", Mark::Plain),
            (_, 1.., ..) => (2, "busy", Mark::Plain),
            _ => (3, "idle", Mark::Quiet),
        };
        let first = workers.first().map(|it| name_of(it)).unwrap_or_default();
        let more = if workers.len() > 1 { ", …" } else { "" };
        Row {
            key: pool.number.into(),
            mark,
            cells: vec![
                Cell::number(pool.number.into()),
                Cell::number(workers.len() as u64),
                Cell::number(busy as u64),
                Cell::number(idle as u64),
                pool.waiting.map(Cell::number).unwrap_or_default(),
                Cell::ranked(rank, state),
                (first + more).into(),
            ],
        }
    };
    let rows = index.snapshot.pools.iter().map(row).collect();
    Table::of(POOLS, rows, "no pool has a worker")
}

/// What is wrong, the surest first.
pub(crate) fn verdicts(index: &Index<'_>) -> Table {
    let row = |finding: &Finding| Row {
        key: key(finding),
        mark: Mark::Alarm,
        cells: vec![
            Cell::ranked(rank(finding.verdict), finding.verdict.name()),
            Cell::number(finding.threads.len() as u64),
            what(index, finding).into(),
        ],
    };
    let mut findings: Vec<&Finding> = index.findings.iter().collect();
    findings.sort_by_key(|finding| rank(finding.verdict));
    Table::of(
        VERDICTS,
        findings.into_iter().map(row).collect(),
        "no deadlock, no starved pool, and no lock of a thread that has ended",
    )
}

/// A verdict is known by its threads, of which it has at least one that no other has.
pub(crate) fn key(finding: &Finding) -> u64 {
    let first = finding.threads.first().copied().unwrap_or_default();
    first << 3 | rank(finding.verdict)
}

fn rank(verdict: Verdict) -> u64 {
    match verdict {
        Verdict::Certain => 0,
        Verdict::Likely => 1,
        Verdict::PoolStarved => 2,
        Verdict::Abandoned => 3,
        Verdict::UntilTimeout => 4,
        _ => 5,
    }
}

/// A verdict as a sentence.
pub(crate) fn what(index: &Index<'_>, finding: &Finding) -> String {
    /// So many are named.
    const NAMED: usize = 8;
    let threads = &finding.threads;
    let names = index.titles(threads, NAMED);
    let many = counted(threads.len(), "thread");
    match (finding.verdict, finding.pool) {
        (Verdict::PoolStarved, Some(pool)) => format!(
            "pool {pool} is starved: its workers wait for tasks that no worker is left to run: \
             {names}"
        ),
        (Verdict::Abandoned, _) => {
            let waits = if threads.len() == 1 { "waits" } else { "wait" };
            format!("{many} {waits} for a lock of a thread that has ended: {names}")
        }
        (Verdict::UntilTimeout, _) => {
            format!("{many} wait for each other until a timeout: {names}")
        }
        (Verdict::Likely, _) => format!("{many} wait for each other, likely for ever: {names}"),
        _ => format!("{many} wait for each other: {names}"),
    }
}

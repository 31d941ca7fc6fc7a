//! The tables of locks and other objects by contention, and of queues.

use super::index::Index;
use super::model::{Cell, Column, Mark, Row, Table, Width};
use super::threads::span;
use crate::graph::words;
use std::cmp::Reverse;
use weftline::park::{Kind, ObjectState};
use weftline::watch::{Object, Party, Wait};

const OBJECTS: &[Column] = &[
    Column::text("OBJECT", Width::Share(3), 0),
    Column::number("WAITERS", 8, 0),
    Column::number("LONGEST", 8, 0),
    Column::text("STATE", Width::Share(2), 0),
    Column::text("HELD BY", Width::Share(3), 0),
    Column::text("ADDRESS", Width::Of(18), 110),
];

const QUEUES: &[Column] = &[
    Column::text("QUEUE", Width::Share(3), 0),
    Column::number("GETTERS", 7, 0),
    Column::number("PUTTERS", 7, 0),
    Column::number("JOINERS", 7, 60),
    Column::number("LONGEST", 8, 0),
    Column::text("STATE", Width::Share(2), 0),
    Column::text("ADDRESS", Width::Of(18), 110),
];

/// The column of waiters, by which objects are sorted.
pub(crate) const WAITERS: usize = 1;

type Waiters<'a> = [(&'a Party, &'a Wait)];

/// The locks and other objects for which threads wait, those with the most waiters first.
pub(crate) fn objects(index: &Index<'_>) -> Table {
    let is_shown = |waiters: &Waiters<'_>| {
        let kind = waiters[0].1.kind;
        !is_queue(kind) && !matches!(kind, Kind::Work | Kind::Timers)
    };
    table(index, OBJECTS, is_shown, |address, waiters, object| {
        vec![
            title(index, address, waiters, object).into(),
            Cell::number(waiters.len() as u64),
            longest(waiters),
            state(waiters, object).unwrap_or_default().into(),
            holders(index, object).into(),
            format!("{address:#x}").into(),
        ]
    })
}

/// The queues at which threads wait, those with the most waiters first.
pub(crate) fn queues(index: &Index<'_>) -> Table {
    let is_shown = |waiters: &Waiters<'_>| {
        let is_of_pool = waiters[0].0.pool.is_some() && waiters[0].1.kind == Kind::QueueGet;
        is_queue(waiters[0].1.kind) && !is_of_pool
    };
    table(index, QUEUES, is_shown, |address, waiters, object| {
        let count = |kind| {
            let of_kind = waiters.iter().filter(|(_, wait)| wait.kind == kind);
            Cell::number(of_kind.count() as u64)
        };
        vec![
            title(index, address, waiters, object).into(),
            count(Kind::QueueGet),
            count(Kind::QueuePut),
            count(Kind::QueueJoin),
            longest(waiters),
            state(waiters, object).unwrap_or_default().into(),
            format!("{address:#x}").into(),
        ]
    })
}

fn table<'a>(
    index: &Index<'a>,
    columns: &'static [Column],
    is_shown: impl Fn(&Waiters<'a>) -> bool,
    cells: impl Fn(u64, &Waiters<'a>, Option<&Object>) -> Vec<Cell>,
) -> Table {
    let mut shown: Vec<_> = index.waited_for().filter(|(_, it)| is_shown(it)).collect();
    let is_alarm = |waiters: &Waiters<'a>| {
        let mut verdicts = waiters.iter().map(|(it, _)| index.verdict_of(it.number));
        verdicts.any(|verdict| verdict.is_some())
    };
    // Of two with as many waiters, the one in a deadlock is first.
    shown.sort_by_cached_key(|(_, waiters)| (Reverse(waiters.len()), !is_alarm(waiters)));
    let row = |(address, waiters): (u64, &Waiters<'a>)| Row {
        key: address,
        mark: match is_alarm(waiters) {
            true => Mark::Alarm,
            false => Mark::Plain,
        },
        cells: cells(address, waiters, index.snapshot.object(address)),
    };
    Table {
        columns,
        rows: shown.into_iter().map(row).collect(),
    }
}

fn is_queue(kind: Kind) -> bool {
    let queue = [
        Kind::QueueGet,
        Kind::QueuePut,
        Kind::QueueJoin,
        Kind::QueueSort,
    ];
    queue.contains(&kind)
}

/// What to call an object: its class, and its name or address.
pub(crate) fn title(
    index: &Index<'_>,
    address: u64,
    waiters: &Waiters<'_>,
    object: Option<&Object>,
) -> String {
    if let Some(ObjectState::Thread { number }) = object.and_then(|it| it.state) {
        return format!("the end of {}", index.title(number.get()));
    }
    let class = words::class(waiters.first().map_or(Kind::Unknown, |(_, wait)| wait.kind));
    match object {
        Some(object) => format!("{class} {}", words::object_title(object)),
        None => format!("{class} {address:#x}"),
    }
}

/// The state of an object, as its waiters see it.
pub(crate) fn state(waiters: &Waiters<'_>, object: Option<&Object>) -> Option<String> {
    let (_, wait) = waiters.first()?;
    match object?.state? {
        ObjectState::Held { times: 1, .. } => Some("held".to_owned()),
        _ => words::state(wait.kind, object?),
    }
}

fn longest(waiters: &Waiters<'_>) -> Cell {
    let longest = waiters.iter().map(|(_, wait)| wait.waited).max();
    longest.map(span).unwrap_or_default()
}

fn holders(index: &Index<'_>, object: Option<&Object>) -> String {
    /// So many are named.
    const NAMED: usize = 4;
    let Some(object) = object else {
        return String::new();
    };
    if matches!(object.state, Some(ObjectState::Thread { .. })) {
        return String::new();
    }
    let named = object.holders.iter().take(NAMED);
    let mut text = named
        .map(|&number| index.title(number))
        .collect::<Vec<_>>()
        .join(", ");
    if object.holders.len() > NAMED {
        text += &format!(" and {} more", object.holders.len() - NAMED);
    }
    text
}

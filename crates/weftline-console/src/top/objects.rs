//! The tables of locks and other objects by contention, and of queues.

use super::index::Index;
use super::model::{Cell, Column, Mark, Row, Table, Width};
use super::threads::span;
use super::waits;
use crate::graph::words;
use crate::measured::{Contention, HOW_TO_MEASURE};
use std::cmp::Reverse;
use std::time::Duration;
use weftline::park::{Kind, ObjectState};
use weftline::watch::{Object, Party, QueueDepth, Wait};

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
    Column::text("ITEMS", Width::Of(11), 0),
    Column::number("GETTERS", 7, 0),
    Column::number("PUTTERS", 7, 0),
    Column::number("JOINERS", 7, 100),
    Column::number("LONGEST", 8, 0),
    Column::text("STATE", Width::Share(2), 0),
    Column::text("ADDRESS", Width::Of(18), 110),
];

/// As [`OBJECTS`], in a process that counts its waits.
const MEASURED: &[Column] = &[
    Column::text("OBJECT", Width::Share(3), 0),
    Column::number("TOTAL", 7, 0),
    Column::number("WAITS", 8, 0),
    Column::number("MEAN", 7, 46),
    Column::number("WAITERS", 8, 60),
    Column::number("LONGEST", 8, 72),
    Column::text("HELD BY", Width::Share(2), 52),
    Column::text("STATE", Width::Share(2), 100),
    Column::text("ADDRESS", Width::Of(18), 120),
];

/// The column by which objects are sorted: their waiters, or the time of all waits.
pub(crate) const CONTENTION: usize = 1;

type Waiters<'a> = [(&'a Party, &'a Wait)];

/// The locks and other objects for which threads wait, or have waited.
///
/// The locks are first, and of these the one that cost most, by waits that have ended or go on.
/// Without counts, those with the most waiters are first.
pub(crate) fn objects(index: &Index<'_>) -> Table {
    const EMPTY: &str = "no thread waits for a lock or another object";
    let is_shown = |waiters: &Waiters<'_>| is_object(waiters[0].1.kind);
    let Some(measured) = &index.snapshot.measured else {
        let rows = rows(index, is_shown, |address, waiters, object| {
            vec![
                title(index, address, waiters, object).into(),
                Cell::number(waiters.len() as u64),
                longest(waiters),
                state(waiters, object).unwrap_or_default().into(),
                holders(index, object).into(),
                format!("{address:#x}").into(),
            ]
        });
        let mut table = Table::of(OBJECTS, rows, EMPTY);
        table.note = Some(HOW_TO_MEASURE);
        return table;
    };
    let mut rows = rows(index, is_shown, |address, waiters, object| {
        let ended = index.contention(address);
        let title = title(index, address, waiters, object);
        let kind = waiters[0].1.kind;
        measured_cells(index, (kind, title), ended, address, waiters, object)
    });
    let left = index
        .contended()
        .iter()
        .filter(|ended| is_object(ended.kind) && index.waiters(ended.address).is_empty());
    rows.extend(left.map(|ended| Row {
        key: ended.address,
        mark: Mark::Plain,
        cells: measured_cells(
            index,
            (ended.kind, ended.title.clone()),
            Some(ended),
            ended.address,
            &[],
            None,
        ),
    }));
    let mut table = Table::of(MEASURED, rows, EMPTY);
    table.note = (!measured.goes_on).then_some(waits::STOPPED);
    table
}

fn measured_cells(
    index: &Index<'_>,
    (kind, title): (Kind, String),
    ended: Option<&Contention>,
    address: u64,
    waiters: &Waiters<'_>,
    object: Option<&Object>,
) -> Vec<Cell> {
    let mean = ended.and_then(Contention::mean);
    let going_on: Duration = waiters.iter().map(|(_, wait)| wait.waited).sum();
    let total = going_on + ended.map(|it| it.total).unwrap_or_default();
    vec![
        title.into(),
        waits::time(total).raised(kind.is_lock()),
        ended
            .map(|it| Cell::ranked(it.count, it.count_text()))
            .unwrap_or_default(),
        mean.map(waits::time).unwrap_or_default(),
        Cell::number(waiters.len() as u64),
        longest(waiters),
        holders(index, object).into(),
        state(waiters, object).unwrap_or_default().into(),
        format!("{address:#x}").into(),
    ]
}

fn is_object(kind: Kind) -> bool {
    !is_queue(kind) && !matches!(kind, Kind::Work | Kind::Timers)
}

/// The queues at which threads wait, those with the most waiters first, and then the others that
/// the process follows.
pub(crate) fn queues(index: &Index<'_>) -> Table {
    let is_shown = |waiters: &Waiters<'_>| {
        let is_of_pool = waiters[0].0.pool.is_some() && waiters[0].1.kind == Kind::QueueGet;
        is_queue(waiters[0].1.kind) && !is_of_pool
    };
    let queues = &index.snapshot.queues;
    let items = |queue: &QueueDepth| {
        let items = queue
            .items
            .map_or("?".to_owned(), |items| items.to_string());
        match queue.capacity {
            0 => items,
            capacity => format!("{items} of {capacity}"),
        }
    };
    let mut rows = rows(index, is_shown, |address, waiters, object| {
        let followed = queues.iter().find(|it| it.address == address);
        let count = |kind| {
            let of_kind = waiters.iter().filter(|(_, wait)| wait.kind == kind);
            Cell::number(of_kind.count() as u64)
        };
        vec![
            title(index, address, waiters, object).into(),
            followed.map(items).unwrap_or_default().into(),
            count(Kind::QueueGet),
            count(Kind::QueuePut),
            count(Kind::QueueJoin),
            longest(waiters),
            state(waiters, object).unwrap_or_default().into(),
            format!("{address:#x}").into(),
        ]
    });
    let idle = queues
        .iter()
        .filter(|it| index.waiters(it.address).is_empty());
    rows.extend(idle.map(|queue| Row {
        key: queue.address,
        mark: Mark::Plain,
        cells: vec![
            words::queue_title(queue).into(),
            items(queue).into(),
            Cell::number(0),
            Cell::number(0),
            Cell::number(0),
            "".to_owned().into(),
            "".to_owned().into(),
            format!("{:#x}", queue.address).into(),
        ],
    }));
    Table::of(QUEUES, rows, "no thread waits at a queue")
}

/// The rows of what threads wait for, those with the most waiters first.
fn rows<'a>(
    index: &Index<'a>,
    is_shown: impl Fn(&Waiters<'a>) -> bool,
    cells: impl Fn(u64, &Waiters<'a>, Option<&Object>) -> Vec<Cell>,
) -> Vec<Row> {
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
    shown.into_iter().map(row).collect()
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
    let class = waiters
        .first()
        .map_or(Kind::Unknown, |(_, wait)| wait.kind)
        .class();
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
    index.titles(&object.holders, NAMED)
}

//! The table of threads: what each waits for, and since when.

use super::index::Index;
use super::model::{Cell, Column, Mark, Row, Table, Width};
use crate::findings::is_idle;
use crate::graph::words;
use std::cmp::Reverse;
use std::time::Duration;
use weftline::park::{Kind, ObjectState};
use weftline::watch::{Party, Verdict, Wait};

const COLUMNS: &[Column] = &[
    Column::identifier("TID", 7, 50),
    Column::text("THREAD", Width::Share(4), 0),
    Column::text("STATE", Width::Of(9), 0),
    Column::number("TIME", 7, 0),
    Column::text("WAITS FOR", Width::Share(9), 0),
    Column::number("TIMEOUT IN", 10, 120),
    Column::text("AT", Width::Share(7), 100),
];

/// The columns by which other tables and keys go.
pub(crate) const STATE: usize = 2;
pub(crate) const TIME: usize = 3;

/// The threads, the longest wait first.
pub(crate) fn table(index: &Index<'_>) -> Table {
    let mut parties: Vec<&Party> = index.snapshot.parties.iter().collect();
    parties.sort_by_key(|party| {
        let waited = party.wait.as_ref().map(|wait| wait.waited);
        (Reverse(waited), party.number)
    });
    let rows = parties.iter().map(|party| row(index, party)).collect();
    Table::of(
        COLUMNS,
        rows,
        "no thread of this process has used the library",
    )
}

/// What a thread is known by from answer to answer.
pub(crate) fn key(party: &Party) -> u64 {
    match party.number {
        // Known to the interpreter alone.
        0 => party.os_ident | 1 << 63,
        number => number,
    }
}

fn row(index: &Index<'_>, party: &Party) -> Row {
    let state = state(index, party);
    let mark = match state.rank {
        0..=2 => Mark::Alarm,
        3 => Mark::Plain,
        _ => Mark::Quiet,
    };
    let wait = party.wait.as_ref();
    let time = wait.map(|wait| span(wait.waited)).unwrap_or_default();
    let waits_for = wait.map(|wait| waits_for(index, party, wait));
    let left = wait.and_then(|wait| wait.times_out_in).map(span);
    Row {
        key: key(party),
        mark,
        cells: vec![
            match party.native_id {
                0 => Cell::default(),
                tid => Cell::number(tid),
            },
            words::name_of(party).into(),
            Cell::ranked(state.rank, state.word),
            time,
            waits_for.unwrap_or_default().into(),
            left.unwrap_or_default(),
            words::short_place(party).unwrap_or_default().into(),
        ],
    }
}

/// A word for what a thread does, and its rank: the worst first.
struct State {
    rank: u64,
    word: &'static str,
}

fn state(index: &Index<'_>, party: &Party) -> State {
    let (rank, word) = match index.verdict_of(party.number) {
        Some(Verdict::PoolStarved) => (1, "starved"),
        Some(Verdict::Abandoned) => (2, "abandoned"),
        Some(_) => (0, "deadlock"),
        None if is_idle(party) => (4, "idle"),
        None if party.wait.is_some() => (3, "waits"),
        None => (5, "runs"),
    };
    State { rank, word }
}

/// A duration, which sorts by its length: `340 ms`, `12.3 s`, `5m 02s`, `3h 07m`, `12d 3h`. It has
/// six letters at most for a hundred days.
pub(crate) fn span(duration: Duration) -> Cell {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let (seconds, millis) = (duration.as_secs(), duration.subsec_millis());
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let text = match seconds {
        0 => format!("{millis} ms"),
        1..60 => format!("{seconds}.{} s", millis / 100),
        60..3_600 => format!("{minutes}m {:02}s", seconds % 60),
        3_600..86_400 => format!("{hours}h {:02}m", minutes % 60),
        _ => format!("{}d {}h", hours / 24, hours % 24),
    };
    Cell::ranked(nanos.max(1), text)
}

/// What a thread waits for, in a few words.
pub(crate) fn waits_for(index: &Index<'_>, party: &Party, wait: &Wait) -> String {
    let object = index.snapshot.object(wait.object);
    if let Some(ObjectState::Thread { number }) = object.and_then(|it| it.state) {
        return format!("the end of {}", index.title(number.get()));
    }
    let class = wait.kind.class();
    if matches!(wait.kind, Kind::Timers | Kind::Work | Kind::Scope) {
        return class.to_owned();
    }
    let mut text = match object {
        Some(object) => format!("{class} {}", words::object_title(object)),
        None => format!("{class} {:#x}", wait.object),
    };
    match wait.kind.purpose() {
        "" => {}
        purpose => text = text + " " + purpose,
    }
    let Some(object) = object else {
        return text;
    };
    match object.state {
        Some(ObjectState::Held { by, .. }) if by.get() == party.number => text + ", held by itself",
        Some(ObjectState::Held { by, .. }) => text + ", held by " + &index.title(by.get()),
        _ => match words::state(wait.kind, object) {
            Some(state) => text + ", " + &state,
            None => text,
        },
    }
}

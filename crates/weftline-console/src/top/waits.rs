//! The table of ended waits by kind, and their histograms.

use super::model::{Cell, Column, Mark, Row, Table, Width};
use crate::graph::words::counted;
use crate::measured::{HOW_TO_MEASURE, bound, briefly, mean, title_of};
use std::time::Duration;
use weftline::watch::{Measured, Waits};

const COLUMNS: &[Column] = &[
    Column::text("WAITS FOR", Width::Share(1), 0),
    Column::number("TOTAL", 7, 0),
    Column::number("WAITS", 9, 0),
    Column::number("MEAN", 7, 0),
    Column::number("TIMED OUT", 10, 60),
    Column::number("INTERRUPTED", 12, 74),
    Column::text("1µs       1ms       1s", Width::Of(27), 110),
];

/// The column by which the table is sorted.
pub(crate) const TOTAL: usize = 1;
/// The key of the pane with the histograms of all kinds.
pub(crate) const ALL: u64 = 0;
/// What is told of a process that has counted its waits.
pub(crate) const STOPPED: &str = "waits are counted no longer: the program has called watch.stop()";
/// The longest bar of a histogram.
const BAR: u64 = 48;

/// The kinds of waits that have ended.
pub(crate) fn table(measured: Option<&Measured>) -> Table {
    let Some(measured) = measured else {
        return Table::of(COLUMNS, Vec::new(), HOW_TO_MEASURE);
    };
    let rows = measured.waits.iter().map(row).collect();
    let mut table = Table::of(COLUMNS, rows, "no wait has ended since waits are counted");
    table.note = (!measured.goes_on).then_some(STOPPED);
    table
}

fn row(waits: &Waits) -> Row {
    Row {
        key: key(waits),
        mark: Mark::Plain,
        cells: vec![
            title_of(waits.kind).into(),
            time(waits.total),
            Cell::number(waits.count),
            mean(waits.total, waits.count).map(time).unwrap_or_default(),
            Cell::number(waits.timed_out),
            Cell::number(waits.interrupted),
            Cell::ranked(middle(&waits.histogram), strip(&waits.histogram)),
        ],
    }
}

fn key(waits: &Waits) -> u64 {
    waits.kind as u64
}

/// A duration, which sorts by its length.
pub(crate) fn time(duration: Duration) -> Cell {
    let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    Cell::ranked(nanos, briefly(duration))
}

/// The entry in which the median is.
fn middle(histogram: &[u64]) -> u64 {
    let half = histogram.iter().sum::<u64>() / 2;
    let mut sum = 0;
    let entry = histogram.iter().position(|count| {
        sum += count;
        sum > half
    });
    entry.unwrap_or_default() as u64
}

/// A histogram in a line.
fn strip(histogram: &[u64]) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let top = histogram.iter().copied().max().unwrap_or_default();
    let level = |&count: &u64| match count {
        0 => ' ',
        _ => LEVELS[share(count, top, 7) as usize],
    };
    histogram.iter().map(level).collect()
}

/// So much of `whole` as `count` is of `top`, rounded up.
fn share(count: u64, top: u64, whole: u64) -> u64 {
    let share = u128::from(count) * u128::from(whole);
    share.div_ceil(u128::from(top.max(1))) as u64
}

/// The title of the pane of a kind, or of all, and its lines.
pub(crate) fn details(measured: Option<&Measured>, key: u64) -> Option<(String, Vec<String>)> {
    if key == ALL {
        return Some(("ended waits by kind".to_owned(), all(measured)));
    }
    let waits = measured?.waits.iter().find(|it| self::key(it) == key)?;
    Some((title_of(waits.kind), histogram(waits)))
}

fn all(measured: Option<&Measured>) -> Vec<String> {
    let Some(measured) = measured else {
        return vec![HOW_TO_MEASURE.to_owned()];
    };
    let since = briefly(measured.duration);
    let mut lines = vec![match (measured.goes_on, measured.waits.is_empty()) {
        (true, true) => format!("counted for {since}: none has ended yet"),
        (true, false) => format!("counted for {since}"),
        (false, _) => STOPPED.to_owned(),
    }];
    // Those first that have cost most.
    let mut kinds: Vec<&Waits> = measured.waits.iter().collect();
    kinds.sort_by_key(|waits| std::cmp::Reverse(waits.total));
    for waits in kinds {
        lines.push(String::new());
        let mut own = histogram(waits);
        own[0] = format!("{}: {}", title_of(waits.kind), own[0]);
        lines.extend(own);
    }
    lines
}

/// A line of numbers, and a bar for each duration between the least and the greatest.
fn histogram(waits: &Waits) -> Vec<String> {
    let mut lines = vec![numbers(waits)];
    let counts = &waits.histogram;
    let is_full = |count: &u64| *count > 0;
    let (Some(first), Some(last)) = (
        counts.iter().position(is_full),
        counts.iter().rposition(is_full),
    ) else {
        return lines;
    };
    let top = counts.iter().copied().max().unwrap_or_default();
    for (entry, &count) in counts.iter().enumerate().take(last + 1).skip(first) {
        let (sign, bound) = match bound(entry, counts.len()) {
            Some(bound) => ('≤', Some(bound)),
            None => (
                '>',
                entry
                    .checked_sub(1)
                    .and_then(|it| self::bound(it, counts.len())),
            ),
        };
        let bound = bound.map(briefly).unwrap_or_default();
        let bar = "█".repeat(share(count, top, BAR) as usize);
        lines.push(
            format!("{sign} {bound:>7} {count:>10} {bar}")
                .trim_end()
                .to_owned(),
        );
    }
    lines
}

fn numbers(waits: &Waits) -> String {
    let mean = mean(waits.total, waits.count).map(briefly);
    format!(
        "{}, mean {}, {} timed out, {} interrupted",
        counted(waits.count as usize, "wait"),
        mean.unwrap_or_default(),
        waits.timed_out,
        waits.interrupted,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_seen_if_there_is_one_wait_among_millions() {
        assert_eq!(share(1, 10_000_000, BAR), 1);
        assert_eq!(share(u64::MAX, u64::MAX, BAR), BAR);
        assert_eq!(share(0, 7, BAR), 0);
        assert_eq!(strip(&[0, 1, 1_000, 500]), " ▂█▅");
    }

    #[test]
    fn the_middle_is_the_entry_of_the_median() {
        assert_eq!(middle(&[0, 3, 3, 1]), 2);
        assert_eq!(middle(&[5, 1]), 0);
        assert_eq!(middle(&[0, 0]), 0);
    }
}

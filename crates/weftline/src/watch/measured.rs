//! [`Measured`]: what was counted while waits were measured.

use super::field::Fields;
use crate::park::Kind;
use std::time::Duration;

/// What was counted while waits were measured. See [`start`](super::start).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Measured {
    /// For how long.
    pub duration: Duration,
    /// Whether waits are still measured.
    pub goes_on: bool,
    /// The waits by what they were for.
    pub waits: Vec<Waits>,
    /// The objects with the most waits, at most 128 of them, the most waited-for first.
    pub contended: Vec<Contended>,
}

/// The waits of a kind that have ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Waits {
    /// The kind.
    pub kind: Kind,
    /// How many there were.
    pub count: u64,
    /// How long they took together.
    pub total: Duration,
    /// How many of them timed out.
    pub timed_out: u64,
    /// How many of them were interrupted.
    pub interrupted: u64,
    /// How many lasted at most 2ᵏ microseconds, and longer than the entry before; the last entry
    /// has all that lasted longer.
    pub histogram: Vec<u64>,
}

/// The waits for one object that have ended.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Contended {
    /// What of the object they were for.
    pub kind: Kind,
    /// Its address. Another object may have been there before.
    pub address: u64,
    /// The name that the program gave it.
    pub name: Option<String>,
    /// How many there were.
    pub count: u64,
    /// By how much the count may be too high.
    pub overestimate: u64,
    /// How long they took together, as far as that was counted.
    pub total: Duration,
}

/// The line `measured` of `wire.rs`.
pub(super) fn read_measured(fields: &mut Fields<'_>, taken: u64) -> Option<Measured> {
    let since = fields.number()?;
    Some(Measured {
        duration: Duration::from_nanos(taken.saturating_sub(since)),
        goes_on: fields.number()? != 0,
        ..Measured::default()
    })
}

/// A line of what was counted: `waits` or `contended`.
pub(super) fn read_counted(line: &str, measured: &mut Measured) {
    let mut fields = Fields(line.split('\t'));
    match fields.0.next() {
        Some("waits") => measured.waits.extend(read_waits(&mut fields)),
        _ => measured.contended.extend(read_contended(&mut fields)),
    }
}

fn read_waits(fields: &mut Fields<'_>) -> Option<Waits> {
    Some(Waits {
        kind: Kind::of_name(fields.0.next()?),
        count: fields.number()?,
        total: Duration::from_nanos(fields.number()?),
        timed_out: fields.number()?,
        interrupted: fields.number()?,
        histogram: std::iter::from_fn(|| fields.number()).collect(),
    })
}

fn read_contended(fields: &mut Fields<'_>) -> Option<Contended> {
    Some(Contended {
        kind: Kind::of_name(fields.0.next()?),
        address: fields.number()?,
        count: fields.number()?,
        total: Duration::from_nanos(fields.number()?),
        overestimate: fields.number()?,
        name: fields.text(),
    })
}

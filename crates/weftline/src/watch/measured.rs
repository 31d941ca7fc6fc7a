//! [`Measured`]: what was counted while waits were measured.

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

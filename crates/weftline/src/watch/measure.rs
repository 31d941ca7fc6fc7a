//! What is counted while waits are measured: how many there were, how long they lasted, and for
//! which objects.
//!
//! # Implementation
//!
//! Counters of fixed size, which a signal handler can read. Each kind of wait has a histogram with
//! a bucket for each power of two in microseconds. Objects have a table of 128 rows: a wait for an
//! object that is not in it takes the row with the fewest waits, and goes on counting there. So a
//! row's counts are at most too high, by `overestimate`, and every object with more waits than the
//! smallest row is in the table. (Metwally, Agrawal and El Abbadi, *Efficient computation of
//! frequent and top-k elements in data streams*, 2005.)

use super::field::{Maybe, Text};
use super::names::name_at;
use crate::park::observer::{EndedWait, Outcome};
use crate::park::{ForgetWaiters, Kind, ListLock, now};
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The bucket at `k` has the waits of at most 2ᵏ microseconds; the last one has all longer ones.
pub(super) const BUCKETS: usize = 27;
const ROWS: usize = 128;

struct OfKind {
    count: AtomicU64,
    nanos: AtomicU64,
    timed_out: AtomicU64,
    interrupted: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

impl OfKind {
    const fn none() -> Self {
        Self {
            count: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
            timed_out: AtomicU64::new(0),
            interrupted: AtomicU64::new(0),
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
        }
    }
}

static KINDS: [OfKind; Kind::ALL.len()] = [const { OfKind::none() }; Kind::ALL.len()];
/// When measuring began, in nanoseconds of the monotonic clock; zero: never.
static SINCE: AtomicU64 = AtomicU64::new(0);
static IS_ON: AtomicBool = AtomicBool::new(false);

/// The waits for one object.
#[derive(Clone, Copy)]
struct Row {
    address: usize,
    /// Zero: the row is free.
    kind: u8,
    count: u64,
    nanos: u64,
    /// What the row counted before it was this object's.
    overestimate: u64,
}

struct Table([Row; ROWS]);

impl ForgetWaiters for Table {
    fn forget_waiters(&mut self, torn: bool) {
        if torn {
            *self = Self::new();
        }
    }
}

impl Table {
    const fn new() -> Self {
        Self(
            [Row {
                address: 0,
                kind: 0,
                count: 0,
                nanos: 0,
                overestimate: 0,
            }; ROWS],
        )
    }

    fn add(&mut self, wait: EndedWait) {
        let kind = wait.kind as u8;
        let known = |row: &&mut Row| row.address == wait.object && row.kind == kind;
        let row = match self.0.iter_mut().find(known) {
            Some(row) => row,
            None => {
                let fewest = self.0.iter_mut().min_by_key(|row| row.count);
                let row = fewest.expect("there are rows");
                *row = Row {
                    address: wait.object,
                    kind,
                    count: row.count,
                    nanos: 0,
                    overestimate: row.count,
                };
                row
            }
        };
        row.count += 1;
        row.nanos = row.nanos.saturating_add(wait.nanos());
    }
}

static TABLE: ListLock<Table> = ListLock::new(Table::new());

/// Waits are counted from now on, or no longer. What has been counted stays.
pub(super) fn set_on(is_on: bool) {
    if is_on {
        let _ = SINCE.compare_exchange(0, now().max(1), Ordering::Relaxed, Ordering::Relaxed);
    }
    IS_ON.store(is_on, Ordering::Relaxed);
}

/// Whether waits are counted.
pub(super) fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

pub(super) fn count(wait: EndedWait) {
    // Every ordering is relaxed: the numbers are of no use to anything but reports.
    let of_kind = &KINDS[wait.kind as usize - 1];
    let add = |to: &AtomicU64, more| {
        to.fetch_add(more, Ordering::Relaxed);
    };
    add(&of_kind.count, 1);
    add(&of_kind.nanos, wait.nanos());
    add(&of_kind.buckets[bucket(wait.nanos())], 1);
    match wait.outcome {
        Outcome::Granted => {}
        Outcome::TimedOut => add(&of_kind.timed_out, 1),
        Outcome::Interrupted => add(&of_kind.interrupted, 1),
    }
    // Idle workers contend for nothing.
    if wait.kind != Kind::Work {
        TABLE.lock().add(wait);
    }
}

fn bucket(nanos: u64) -> usize {
    let micros = nanos.div_ceil(1_000);
    let power = u64::BITS - micros.saturating_sub(1).leading_zeros();
    (power as usize).min(BUCKETS - 1)
}

/// Writes the lines of `wire.rs`. Safe in a signal handler if `out` is.
pub(super) fn write_measured(out: &mut impl Write) -> fmt::Result {
    let since = SINCE.load(Ordering::Relaxed);
    if since == 0 {
        return Ok(());
    }
    writeln!(out, "measured\t{since}\t{}", u8::from(is_on()))?;
    let read = |from: &AtomicU64| from.load(Ordering::Relaxed);
    for (kind, of_kind) in Kind::ALL.into_iter().zip(&KINDS) {
        let count = read(&of_kind.count);
        if count == 0 {
            continue;
        }
        let (nanos, timed_out) = (read(&of_kind.nanos), read(&of_kind.timed_out));
        let interrupted = read(&of_kind.interrupted);
        write!(
            out,
            "waits\t{kind:?}\t{count}\t{nanos}\t{timed_out}\t{interrupted}"
        )?;
        for bucket in &of_kind.buckets {
            write!(out, "\t{}", read(bucket))?;
        }
        writeln!(out)?;
    }
    // Another thread may be in the middle of a change: then the next report has the rows.
    let Some(table) = TABLE.try_lock() else {
        return Ok(());
    };
    for row in table.0.iter().filter(|row| row.kind != 0) {
        let kind = Kind::ALL[usize::from(row.kind) - 1];
        let name = name_at(row.address);
        writeln!(
            out,
            "contended\t{kind:?}\t{}\t{}\t{}\t{}\t{}",
            row.address,
            row.count,
            row.nanos,
            row.overestimate,
            Maybe(name.as_ref().and_then(|name| name.as_str()).map(Text)),
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(object: usize) -> EndedWait {
        EndedWait {
            kind: Kind::Lock,
            object,
            begun: 0,
            ended: 10,
            since: 0,
            waker: 0,
            woken_at: 0,
            outcome: Outcome::Granted,
        }
    }

    #[test]
    fn a_bucket_has_the_waits_up_to_a_power_of_two() {
        let micros = [0, 1, 2, 3, 4, 5, 1_024, 1_025, u64::MAX / 1_000];
        let buckets = micros.map(|micros| bucket(micros * 1_000));
        assert_eq!(buckets, [0, 0, 1, 2, 2, 3, 10, 11, BUCKETS - 1]);
        assert_eq!([bucket(1), bucket(1_001)], [0, 1]);
    }

    #[test]
    fn objects_with_many_waits_stay_in_the_table() {
        let mut table = Table::new();
        for turn in 0..10_000 {
            table.add(wait(64));
            table.add(wait(10_000 + turn * 8));
        }
        let row = table.0.iter().find(|row| row.address == 64).unwrap();
        assert_eq!(
            (row.count, row.overestimate, row.nanos),
            (10_000, 0, 100_000)
        );
        assert!(
            table
                .0
                .iter()
                .all(|row| row.count - row.overestimate <= 10_000)
        );
    }
}

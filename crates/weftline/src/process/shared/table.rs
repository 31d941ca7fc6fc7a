//! [`Table`]: cells of threads that hold a part of an object, or wait for it.
//!
//! A table follows its object in the segment. Only the holder of the object's own lock changes the
//! table. A cell's state is changed by its thread or by the holder of that lock, and the kernel
//! marks a cell whose thread died. Free rows are taken from the first on, so the file is as long as
//! the most rows that were ever used at once.

use super::error::SharedError;
use super::robust::RobustCell;
use super::segment::Segment;
use crate::park::Deadline;
use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};

/// No table has more rows.
pub(super) const ROWS: usize = 4096;
/// The address space that a table may need.
pub(super) const SPAN: usize = ROWS * ROW;
const ROW: usize = mem::size_of::<RobustCell>();

/// How far a table has been used. Part of the object.
#[repr(C)]
pub(super) struct Used(AtomicU32);

/// The rows that follow an object.
#[derive(Clone, Copy)]
pub(super) struct Table<'a> {
    segment: &'a Segment,
    start: usize,
    used: &'a Used,
}

/// Why there is no row.
#[derive(Debug)]
pub(super) enum NoRow {
    /// All rows are taken.
    Full,
    NoMemory(SharedError),
}

impl<'a> Table<'a> {
    /// The table that begins after `end` bytes of the segment.
    pub(super) fn new(segment: &'a Segment, end: usize, used: &'a Used) -> Self {
        Self {
            segment,
            start: end.next_multiple_of(ROW),
            used,
        }
    }

    fn row(self, number: usize) -> &'a RobustCell {
        // SAFETY: within the mapping; the file has memory for all used rows.
        unsafe {
            self.segment
                .at::<RobustCell>(self.start + number * ROW)
                .as_ref()
        }
    }

    /// How many rows were ever used, as far as the file has them.
    fn used(self) -> usize {
        let used = (self.used.0.load(Ordering::Relaxed) as usize).min(ROWS);
        if self.segment.reaches(self.start + used * ROW) {
            return used;
        }
        used.min(self.segment.length().saturating_sub(self.start) / ROW)
    }

    /// All rows that were ever used.
    pub(super) fn rows(self) -> impl Iterator<Item = &'a RobustCell> {
        (0..self.used()).map(move |number| self.row(number))
    }

    /// Takes a free row for this thread, after `fill` has written its contents. The caller holds
    /// the object's lock, and has [room](super::robust_list::expect_room) for the row.
    pub(super) fn take(self, fill: impl Fn(&RobustCell)) -> Result<&'a RobustCell, NoRow> {
        let takes = |row: &RobustCell| {
            fill(row);
            // No other thread takes a row while the object's lock is held, unless the memory is
            // damaged.
            row.take(Deadline::PASSED).is_ok()
        };
        let mut free = self
            .rows()
            .filter(|row| !row.is_held() && !row.is_abandoned());
        if let Some(row) = free.find(|row| takes(row)) {
            return Ok(row);
        }
        for _ in 0..ROWS {
            let row = self.add()?;
            if takes(row) {
                return Ok(row);
            }
        }
        Err(NoRow::Full)
    }

    #[cold]
    fn add(self) -> Result<&'a RobustCell, NoRow> {
        let number = self.used();
        if number == ROWS {
            return Err(NoRow::Full);
        }
        self.segment
            .extend(self.start + (number + 1) * ROW)
            .map_err(NoRow::NoMemory)?;
        self.used.0.store(number as u32 + 1, Ordering::Relaxed);
        Ok(self.row(number))
    }
}

//! [`Ring`]: the bytes of a queue's items, in shared memory, that may grow.
//!
//! A record is a length and so many bytes, rounded up to eight; it never goes around the end of the ring: what is left there is skipped, with a
//! length of [`SKIP`] if there is room for one. `first` and `next` count bytes from the beginning of time, so their difference is how much is in use.
//!
//! Each change becomes one by a single store: of `next` for a record that is added, of `first` for one that is taken, of `current` for the
//! ring as a whole when it grows. Who dies before that store has changed nothing.

use super::error::SharedError;
use super::segment::Segment;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, compiler_fence};

const SKIP: u32 = u32::MAX;
/// The length of a record, and what keeps the bytes after it aligned.
const HEAD: u64 = 8;
/// The longest item.
pub(super) const LONGEST: usize = 1 << 30;

/// Where the bytes are, and which of them are in use.
#[repr(C)]
struct Extent {
    /// From the start of the segment.
    start: AtomicU64,
    size: AtomicU64,
    first: AtomicU64,
    next: AtomicU64,
}

/// Part of a queue's state; the bytes lie behind it.
#[repr(C)]
pub(super) struct Ring {
    /// Which extent counts.
    current: AtomicU32,
    extents: [Extent; 2],
}

/// What a record takes.
fn room(bytes: usize) -> u64 {
    HEAD + (bytes as u64).next_multiple_of(HEAD)
}

impl Ring {
    /// The first extent, of `size` bytes, a power of two.
    pub(super) fn begin(&mut self, start: usize, size: usize) {
        *self.extents[0].start.get_mut() = start as u64;
        *self.extents[0].size.get_mut() = size as u64;
    }

    fn extent(&self) -> &Extent {
        &self.extents[self.current.load(Ordering::Relaxed) as usize & 1]
    }

    /// Adds a record, extending the file if there is too little room.
    pub(super) fn push(&self, segment: &Segment, bytes: &[u8]) -> Result<(), SharedError> {
        let room = room(bytes.len());
        let mut extent = self.extent();
        let at = match extent.place(room) {
            Some(at) => at,
            None => {
                self.grow(segment, room)?;
                extent = self.extent();
                extent.place(room).expect("grown to fit")
            }
        };
        let next = extent.next.load(Ordering::Relaxed);
        if at != next {
            extent.write(segment, next, SKIP, &[]);
        }
        extent.write(segment, at, bytes.len() as u32, bytes);
        // The bytes first, then that they count.
        compiler_fence(Ordering::SeqCst);
        extent.next.store(at + room, Ordering::Release);
        Ok(())
    }

    /// Takes the first record; `into` is emptied and filled with it.
    pub(super) fn pop(&self, segment: &Segment, into: &mut Vec<u8>) {
        let extent = self.extent();
        let at = extent.record(segment, extent.first.load(Ordering::Relaxed));
        let length = extent.length(segment, at) as usize;
        into.clear();
        into.reserve(length);
        // SAFETY: a record, whole, and room for it.
        unsafe {
            ptr::copy_nonoverlapping(extent.at(segment, at + HEAD), into.as_mut_ptr(), length);
            into.set_len(length);
        }
        compiler_fence(Ordering::SeqCst);
        extent.first.store(at + room(length), Ordering::Release);
    }

    /// Forgets all records.
    pub(super) fn clear(&self) {
        let extent = self.extent();
        let next = extent.next.load(Ordering::Relaxed);
        extent.first.store(next, Ordering::Relaxed);
    }

    /// How many records there are: goes through all of them.
    pub(super) fn count(&self, segment: &Segment) -> u64 {
        let extent = self.extent();
        let next = extent.next.load(Ordering::Relaxed);
        let mut at = extent.first.load(Ordering::Relaxed);
        let mut count = 0;
        while at < next {
            at = extent.record(segment, at);
            at += room(extent.length(segment, at) as usize);
            count += 1;
        }
        count
    }

    /// Moves everything to a larger place.
    #[cold]
    fn grow(&self, segment: &Segment, room: u64) -> Result<(), SharedError> {
        let old = self.extent();
        let (first, next) = (
            old.first.load(Ordering::Relaxed),
            old.next.load(Ordering::Relaxed),
        );
        let (start, size) = (
            old.start.load(Ordering::Relaxed),
            old.size.load(Ordering::Relaxed),
        );
        // What is skipped at the end may double what is needed.
        let new_size = (2 * (next - first + room))
            .next_power_of_two()
            .max(2 * size);
        let new_start = start + size;
        segment.extend((new_start + new_size) as usize)?;
        let other = self.current.load(Ordering::Relaxed) ^ 1;
        let new = &self.extents[other as usize & 1];
        new.start.store(new_start, Ordering::Relaxed);
        new.size.store(new_size, Ordering::Relaxed);
        let (mut from, mut to) = (first, 0);
        while from < next {
            from = old.record(segment, from);
            let length = old.length(segment, from);
            let taken = self::room(length as usize);
            // SAFETY: a whole record, and room for it in what was just added.
            unsafe {
                ptr::copy_nonoverlapping(
                    old.at(segment, from),
                    new.at(segment, to),
                    taken as usize,
                );
            }
            from += taken;
            to += taken;
        }
        new.first.store(0, Ordering::Relaxed);
        new.next.store(to, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        self.current.store(other, Ordering::Release);
        segment.forget(start as usize, size as usize);
        Ok(())
    }
}

impl Extent {
    /// Where a record of that much room would go: at `next`, or at the ring's beginning.
    fn place(&self, room: u64) -> Option<u64> {
        let size = self.size.load(Ordering::Relaxed);
        let first = self.first.load(Ordering::Relaxed);
        let next = self.next.load(Ordering::Relaxed);
        let left = size - (next & (size - 1));
        let at = if room <= left { next } else { next + left };
        (at + room - first <= size).then_some(at)
    }

    /// The record at `at`, or the one at the ring's beginning if the rest is skipped there.
    fn record(&self, segment: &Segment, at: u64) -> u64 {
        if self.length(segment, at) == SKIP {
            at.next_multiple_of(self.size.load(Ordering::Relaxed))
        } else {
            at
        }
    }

    fn at(&self, segment: &Segment, position: u64) -> *mut u8 {
        let size = self.size.load(Ordering::Relaxed);
        let offset = self.start.load(Ordering::Relaxed) + (position & (size - 1));
        segment.at::<u8>(offset as usize).as_ptr()
    }

    fn length(&self, segment: &Segment, at: u64) -> u32 {
        // SAFETY: in the ring, of which every multiple of eight has room for a length.
        unsafe { self.at(segment, at).cast::<u32>().read() }
    }

    fn write(&self, segment: &Segment, at: u64, length: u32, bytes: &[u8]) {
        let to = self.at(segment, at);
        // SAFETY: in the ring, in a place that is not in use.
        unsafe {
            to.cast::<u32>().write(length);
            ptr::copy_nonoverlapping(bytes.as_ptr(), to.add(HEAD as usize), bytes.len());
        }
    }
}

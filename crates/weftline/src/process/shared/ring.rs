//! [`Ring`]: the bytes of a queue's items, in shared memory, that may grow.
//!
//! A record is a length and that many bytes, rounded up to eight. It never wraps around the end of
//! the ring: the rest is skipped, with a length of [`SKIP`] if there is room for one. `first` and
//! `next` count bytes from the beginning of time, so their difference is the number in use.
//!
//! # Linearisation points
//!
//! Each change takes effect by a single store. A record is added by the store of `next`, and taken
//! by the store of `first`. The ring as a whole grows by the store of `current`. A thread that dies
//! before that store has changed nothing.
//!
//! # Which numbers are trusted
//!
//! The numbers here lead to places, and another program may have written them. So each operation
//! reads them once ([`View`]), checks that they lie in the file and fit each other, and goes by its
//! copy. The same holds for the length of a record. Numbers that do not fit are [`Damaged`].

use super::error::SharedError;
use super::segment::Segment;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, compiler_fence};

const SKIP: u32 = u32::MAX;
/// The length of a record, and padding that keeps the bytes after it aligned.
const HEAD: u64 = 8;
/// The longest item.
pub(super) const LONGEST: usize = 1 << 30;

/// The place of the bytes, and which of them are in use.
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
    /// The extent in use.
    current: AtomicU32,
    extents: [Extent; 2],
}

/// The memory is not as this library leaves it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Damaged;

/// Why a record was not added.
#[derive(Debug)]
pub(super) enum NotPushed {
    NoMemory(SharedError),
    Damaged,
}

/// Why a record was not taken.
#[derive(Debug)]
pub(super) enum NotPopped {
    NoMemory,
    Damaged,
}

impl From<Damaged> for NotPopped {
    fn from(Damaged: Damaged) -> Self {
        Self::Damaged
    }
}

impl From<Damaged> for NotPushed {
    fn from(Damaged: Damaged) -> Self {
        Self::Damaged
    }
}

impl From<SharedError> for NotPushed {
    fn from(why: SharedError) -> Self {
        Self::NoMemory(why)
    }
}

/// Where extents may lie.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) segment: &'a Segment,
    /// Behind the object.
    pub(super) begins: usize,
}

/// The room that a record takes.
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
    pub(super) fn push(&self, place: Place<'_>, bytes: &[u8]) -> Result<(), NotPushed> {
        let room = room(bytes.len());
        let mut extent = self.extent();
        let mut view = extent.view(place)?;
        let at = match view.place(room) {
            Some(at) => at,
            None => {
                self.grow(place, view, room)?;
                extent = self.extent();
                view = extent.view(place)?;
                view.place(room).ok_or(Damaged)?
            }
        };
        if at != view.next {
            view.write(view.next, SKIP, &[]);
        }
        view.write(at, bytes.len() as u32, bytes);
        // First the bytes, then the store by which they count.
        compiler_fence(Ordering::SeqCst);
        extent.next.store(at + room, Ordering::Release);
        Ok(())
    }

    /// Takes the first record: empties `into` and fills it with the record. Without memory for
    /// `into` the record stays where it is.
    pub(super) fn pop(&self, place: Place<'_>, into: &mut Vec<u8>) -> Result<(), NotPopped> {
        let extent = self.extent();
        let view = extent.view(place)?;
        let (at, length) = view.record(view.first)?;
        into.clear();
        into.try_reserve(length).map_err(|_| NotPopped::NoMemory)?;
        // SAFETY: a record, whole, and room for it.
        unsafe {
            ptr::copy_nonoverlapping(view.at(at + HEAD), into.as_mut_ptr(), length);
            into.set_len(length);
        }
        compiler_fence(Ordering::SeqCst);
        extent.first.store(at + room(length), Ordering::Release);
        Ok(())
    }

    /// Discards all records.
    pub(super) fn clear(&self) {
        let extent = self.extent();
        let next = extent.next.load(Ordering::Relaxed);
        extent.first.store(next, Ordering::Relaxed);
    }

    /// How many records there are, by a walk through all of them.
    pub(super) fn count(&self, place: Place<'_>) -> Result<u64, Damaged> {
        let view = self.extent().view(place)?;
        let mut at = view.first;
        let mut count = 0;
        while at < view.next {
            let (found, length) = view.record(at)?;
            at = found + room(length);
            count += 1;
        }
        Ok(count)
    }

    /// Moves all records to a larger place.
    #[cold]
    fn grow(&self, place: Place<'_>, old: View<'_>, room: u64) -> Result<(), NotPushed> {
        // The bytes skipped at the end may double the need.
        let new_size = (2 * (old.next - old.first + room))
            .next_power_of_two()
            .max(2 * old.size);
        let new_start = old.start + old.size;
        let segment = place.segment;
        segment.extend((new_start + new_size) as usize)?;
        let other = self.current.load(Ordering::Relaxed) ^ 1;
        let new = View {
            segment,
            start: new_start,
            size: new_size,
            first: 0,
            next: 0,
        };
        let (mut from, mut to) = (old.first, 0);
        while from < old.next {
            let (found, length) = old.record(from)?;
            let taken = self::room(length);
            // SAFETY: a whole record, and room for it in what was just added.
            unsafe {
                ptr::copy_nonoverlapping(old.at(found), new.at(to), taken as usize);
            }
            from = found + taken;
            to += taken;
        }
        let extent = &self.extents[other as usize & 1];
        extent.start.store(new_start, Ordering::Relaxed);
        extent.size.store(new_size, Ordering::Relaxed);
        extent.first.store(0, Ordering::Relaxed);
        extent.next.store(to, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        self.current.store(other, Ordering::Release);
        segment.forget(old.start as usize, old.size as usize);
        Ok(())
    }
}

impl Extent {
    /// Its numbers, if they are possible.
    fn view<'a>(&self, place: Place<'a>) -> Result<View<'a>, Damaged> {
        let view = View {
            segment: place.segment,
            start: self.start.load(Ordering::Relaxed),
            size: self.size.load(Ordering::Relaxed),
            first: self.first.load(Ordering::Relaxed),
            next: self.next.load(Ordering::Relaxed),
        };
        let is_aligned = (view.start | view.size | view.first | view.next).is_multiple_of(HEAD);
        let lies_behind = view.start >= place.begins as u64;
        let lies_in_file = view
            .start
            .checked_add(view.size)
            .is_some_and(|end| place.segment.reaches(end as usize));
        let fits = view.size.is_power_of_two()
            && view.next <= u64::MAX / 2
            && view.first <= view.next
            && view.next - view.first <= view.size;
        if is_aligned && lies_behind && lies_in_file && fits {
            Ok(view)
        } else {
            Err(Damaged)
        }
    }
}

/// An extent's numbers, read once, and checked. They lie in the file, the part in use is no more
/// than the size, and every number is a multiple of eight.
#[derive(Clone, Copy)]
struct View<'a> {
    segment: &'a Segment,
    start: u64,
    size: u64,
    first: u64,
    next: u64,
}

impl View<'_> {
    /// The place for a record of that much room: at `next`, or at the ring's beginning.
    fn place(&self, room: u64) -> Option<u64> {
        let left = self.left(self.next);
        let at = if room <= left {
            self.next
        } else {
            self.next + left
        };
        (at + room - self.first <= self.size).then_some(at)
    }

    /// The distance from `at` to the end of the ring.
    fn left(&self, at: u64) -> u64 {
        self.size - (at & (self.size - 1))
    }

    /// The place and length of the record at `at`, or of the record at the ring's beginning if the
    /// rest is skipped. All of it is in use, and none is beyond the end of the ring.
    fn record(&self, at: u64) -> Result<(u64, usize), Damaged> {
        let (mut at, mut length) = (at, self.length(at));
        if length == SKIP {
            at = at.next_multiple_of(self.size);
            length = self.length(at);
        }
        let room = room(length as usize);
        if at < self.next && room <= self.next - at && room <= self.left(at) {
            Ok((at, length as usize))
        } else {
            Err(Damaged)
        }
    }

    fn at(&self, position: u64) -> *mut u8 {
        let offset = self.start + (position & (self.size - 1));
        self.segment.at::<u8>(offset as usize).as_ptr()
    }

    fn length(&self, at: u64) -> u32 {
        // SAFETY: in the ring, where each multiple of eight has room for a length. Read once.
        unsafe { self.at(at).cast::<u32>().read_volatile() }
    }

    fn write(&self, at: u64, length: u32, bytes: &[u8]) {
        let to = self.at(at);
        // SAFETY: in the ring, in a place that is not in use.
        unsafe {
            to.cast::<u32>().write(length);
            ptr::copy_nonoverlapping(bytes.as_ptr(), to.add(HEAD as usize), bytes.len());
        }
    }
}

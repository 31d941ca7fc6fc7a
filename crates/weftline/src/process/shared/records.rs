//! [`Records`]: the cells that one thread holds, in this process's own memory.
//!
//! # Implementation
//!
//! A thread's records are a stack of the links of its cells, in the order in which it took them.
//! That thread alone writes the stack. The lowest record is the head of the thread's list; all
//! above the highest is null. The thread itself knows the place of its highest record. Two marks
//! lie in the low bits of a link's address:
//!
//! | mark | meaning |
//! |---|---|
//! | [`FOREIGN`] | mutexes of the C library's lie between this cell and the one below, or once did |
//! | [`STAYS`] | the cell outlives its thread: see `leaked.rs` |
//!
//! # The search for a segment
//!
//! Any thread may ask whether a segment lies under a thread's list ([`is_any_within`]): its memory
//! must then stay. By then no handle of the segment is left, so no thread takes or frees a cell of
//! it. A cell of it that is still held was leaked. Its record lies somewhere in a stack while the
//! stack's thread goes on with other cells. So the search needs no lock:
//!
//! - Pushes and pops above the record leave it where it is.
//! - A removal below moves the record down by one place, and leaves no null on the way. The copy is
//!   written before the original is overwritten, and the search goes downwards, so it meets one of
//!   the two. The stores release, and the loads of the search acquire.
//! - The cell may pass to another thread's stack. [`moving`] counts that before and after. A search
//!   that sees the two counts differ, or change, answers yes.
//!
//! Records are never freed. The records of a thread that has ended are reused by another thread.

use super::list_head::Link;
use crate::park::fork;
use std::alloc::{Layout, alloc_zeroed};
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// How many cells a thread may hold at a time. When the thread dies, the kernel checks 2,048 and no
/// more. The rest is for the objects' own locks, which are held for moments, and for the C
/// library's.
pub(super) const MOST: usize = 2_000;
const ROOM: usize = 2_048;

/// The module's header has a table.
pub(super) const FOREIGN: usize = 1;
/// The module's header has a table.
pub(super) const STAYS: usize = 2;
const MARKS: usize = FOREIGN | STAYS;
const _: () = assert!(MARKS < align_of::<Link>());

/// A value of `owner`: no thread has the records.
const NO_THREAD: u32 = 0;

/// All records of the process.
static ALL: AtomicPtr<Records> = AtomicPtr::new(ptr::null_mut());

/// What one thread holds; see the module's header. All zero means that no thread has it.
pub(super) struct Records {
    /// The records that were allocated before.
    next: AtomicPtr<Records>,
    /// The generation of forks in which a thread has taken the records, or [`NO_THREAD`].
    owner: AtomicU32,
    stack: [Record; ROOM],
}

impl Records {
    /// Records for the calling thread; `None` if no memory is left for new ones.
    pub(super) fn take(head: *mut Link) -> Option<&'static Self> {
        let generation = fork::generation();
        let takes = |records: &&Self| {
            // A parent's threads do not exist here, so their records are free, too.
            let owner = records.owner.load(Ordering::Relaxed);
            owner != generation
                && records
                    .owner
                    .compare_exchange(owner, generation, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
        };
        let records = all().find(takes).or_else(|| {
            // SAFETY: not of size zero.
            let fresh = unsafe { alloc_zeroed(Layout::new::<Self>()) };
            // SAFETY: all zero is a value; it is never freed.
            let fresh: &'static Self = unsafe { fresh.cast::<Self>().as_ref()? };
            fresh.owner.store(generation, Ordering::Relaxed);
            let link = |others| {
                fresh.next.store(others, Ordering::Relaxed);
                Some(ptr::from_ref(fresh).cast_mut())
            };
            let linked = ALL.fetch_update(Ordering::Release, Ordering::Relaxed, link);
            debug_assert!(linked.is_ok());
            Some(fresh)
        })?;
        // The records may hold links of threads that do not exist: the parent's, in the child of a
        // fork.
        for record in &records.stack {
            if record
                .link
                .swap(ptr::null_mut(), Ordering::Relaxed)
                .is_null()
            {
                break;
            }
        }
        records.stack[0].link.store(head.cast(), Ordering::Relaxed);
        Some(records)
    }

    /// Called at the end of the records' thread, which holds nothing.
    pub(super) fn give_back(&self) {
        self.owner.store(NO_THREAD, Ordering::Release);
    }

    /// The place below the lowest record of a cell: the head's.
    pub(super) fn lowest(&'static self) -> Place {
        Place(&raw const self.stack[0])
    }

    /// From this place on the thread takes no more cells.
    pub(super) fn limit(&'static self) -> Place {
        Place(&raw const self.stack[MOST])
    }
}

/// A thread's record of one cell, or of the head of its list.
struct Record {
    /// An address, with marks.
    link: AtomicPtr<()>,
    /// How often the thread took the `RLock` over the cell.
    depth: AtomicU32,
}

/// The place of a record. The places of one thread are ordered as the thread took the cells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(*const Record);

impl Place {
    /// The place for a thread that has no records: no room lies above it.
    pub(super) const NOWHERE: Self = Self(ptr::null());

    #[inline]
    fn record(self) -> &'static Record {
        // SAFETY: places come from `Records`, which are never freed, and from steps between the
        // head and the highest record: a thread holds [`MOST`] cells, and a few for moments.
        unsafe { &*self.0 }
    }

    #[inline]
    pub(super) fn above(self) -> Self {
        // Wrapping, because it costs nothing: the place above is never beyond the stack.
        Self(self.0.wrapping_add(1))
    }

    #[inline]
    pub(super) fn below(self) -> Self {
        Self(self.0.wrapping_sub(1))
    }

    #[inline]
    pub(super) fn marked(self) -> *mut () {
        self.record().link.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn link(self) -> *mut Link {
        unmarked(self.marked())
    }

    /// Sets the mark, or takes it away.
    pub(super) fn mark(self, mark: usize, is_set: bool) {
        let set = if is_set { mark } else { 0 };
        let marked = self.marked().map_addr(|address| address & !mark | set);
        self.record().link.store(marked, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn depth(self) -> &'static AtomicU32 {
        &self.record().depth
    }

    /// Puts a link at this place, which is the lowest null.
    #[inline]
    pub(super) fn push(self, link: *mut Link, marks: usize) {
        let marked = link.cast::<()>().map_addr(|address| address | marks);
        self.record().link.store(marked, Ordering::Release);
    }

    /// Takes out the record at this place, which is the highest.
    #[inline]
    pub(super) fn pop(self) {
        self.record().link.store(ptr::null_mut(), Ordering::Release);
    }

    /// Takes one record out; the records above it move down.
    pub(super) fn remove(self, highest: Self) {
        let mut at = self;
        while at < highest {
            let above = at.above();
            at.record().link.store(above.marked(), Ordering::Release);
            let depth = above.depth().load(Ordering::Relaxed);
            at.depth().store(depth, Ordering::Relaxed);
            at = above;
        }
        highest.pop();
    }
}

/// The link without its marks.
#[inline]
fn unmarked(marked: *mut ()) -> *mut Link {
    marked.map_addr(|address| address & !MARKS).cast()
}

fn all() -> impl Iterator<Item = &'static Records> {
    let mut next = &ALL;
    std::iter::from_fn(move || {
        // SAFETY: records are never freed.
        let records = unsafe { next.load(Ordering::Acquire).as_ref()? };
        next = &records.next;
        Some(records)
    })
}

/// How many moves of a cell from one thread's records to another's have begun, and how many have
/// ended.
static BEGUN: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);

/// Runs `moves`, which takes a cell from one thread's records to another's.
pub(super) fn moving(moves: impl FnOnce()) {
    BEGUN.fetch_add(1, Ordering::SeqCst);
    moves();
    ENDED.fetch_add(1, Ordering::SeqCst);
}

/// Whether a thread of this process holds a cell in `area`, of which no handle is left.
pub(super) fn is_any_within(area: &Range<usize>) -> bool {
    let begun = BEGUN.load(Ordering::SeqCst);
    if ENDED.load(Ordering::SeqCst) != begun {
        return true;
    }
    let generation = fork::generation();
    let is_within = |records: &'static Records| {
        if records.owner.load(Ordering::Acquire) != generation {
            return false;
        }
        let cells = &records.stack[1..];
        let link = |record: &Record| record.link.load(Ordering::Acquire);
        let count = cells.iter().take_while(|it| !link(it).is_null()).count();
        cells[..count]
            .iter()
            .rev()
            .any(|record| area.contains(&link(record).addr()))
    };
    all().any(is_within) || BEGUN.load(Ordering::SeqCst) != begun
}

//! [`Records`]: the cells that one thread holds, in this process's own memory.
//!
//! # Implementation
//!
//! A thread's records are a stack of the links of its cells, written by that thread alone, in the
//! order in which it took them. The lowest is the head of the thread's list; above the highest all
//! is null. The thread itself knows where its highest is. Two marks lie in the low bits of a link's
//! address:
//!
//! | mark | meaning |
//! |---|---|
//! | [`FOREIGN`] | mutexes of the C library's lie between this cell and the one below, or once did |
//! | [`STAYS`] | the cell outlives its thread: see `leaked.rs` |
//!
//! Any thread may ask whether a segment lies under a thread's list ([`is_any_within`]): its memory
//! must then stay. By then no handle of the segment is left, so no thread takes or frees a cell of
//! it; what there is was leaked, and lies somewhere in the stacks, while their threads go on with
//! other cells. So the question is answered without a lock:
//!
//! - What lies above is pushed and popped, and leaves it where it is.
//! - A removal below moves it down by one place, and leaves no null on the way. The copy is written
//!   before the original is overwritten, and the search goes downwards, so it meets one of them.
//!   The stores release, and the loads of the search acquire.
//! - It may pass to another thread's stack. [`moving`] counts that before and after; a search that
//!   sees the counts differ or change answers yes.
//!
//! Records are never freed. Those of a thread that has ended are another's next.

use super::list_head::Link;
use crate::park::fork;
use std::alloc::{Layout, alloc_zeroed};
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// How many cells a thread may hold at a time. When it dies, the kernel looks at 2,048 and no more;
/// the rest is for the objects' own locks, which are held for moments, and for the C library's.
pub(super) const MOST: usize = 2_000;
const ROOM: usize = 2_048;

/// See the module's table.
pub(super) const FOREIGN: usize = 1;
/// See the module's table.
pub(super) const STAYS: usize = 2;
const MARKS: usize = FOREIGN | STAYS;
const _: () = assert!(MARKS < align_of::<Link>());

/// No generation in which a thread takes records.
const NOBODY: u32 = 0;

/// All that there are.
static ALL: AtomicPtr<Records> = AtomicPtr::new(ptr::null_mut());

/// What one thread holds; see the module's text. All zero is no thread's.
pub(super) struct Records {
    /// Those that were made before.
    next: AtomicPtr<Records>,
    /// The generation of forks in which a thread has taken them, or [`NOBODY`].
    owner: AtomicU32,
    stack: [Record; ROOM],
}

impl Records {
    /// Records for the calling thread; `None` if no memory is left for them.
    pub(super) fn take(head: *mut Link) -> Option<&'static Self> {
        let generation = fork::generation();
        let takes = |records: &&Self| {
            // Those of a parent's threads, which are not there, are as free as those of none.
            let owner = records.owner.load(Ordering::Relaxed);
            owner != generation
                && records
                    .owner
                    .compare_exchange(owner, generation, Ordering::Acquire, Ordering::Relaxed)
                    .is_ok()
        };
        let records = all().find(takes).or_else(|| {
            // SAFETY: not of size zero.
            let made = unsafe { alloc_zeroed(Layout::new::<Self>()) };
            // SAFETY: all zero is a value; it is never freed.
            let made: &'static Self = unsafe { made.cast::<Self>().as_ref()? };
            made.owner.store(generation, Ordering::Relaxed);
            let link = |others| {
                made.next.store(others, Ordering::Relaxed);
                Some(ptr::from_ref(made).cast_mut())
            };
            let linked = ALL.fetch_update(Ordering::Release, Ordering::Relaxed, link);
            debug_assert!(linked.is_ok());
            Some(made)
        })?;
        // What a thread held that is not there: the parent's, in the child of a fork.
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

    /// Its thread has ended, and holds nothing.
    pub(super) fn give_back(&self) {
        self.owner.store(NOBODY, Ordering::Release);
    }

    /// Where the lowest record of a cell would lie, less one: the head's.
    pub(super) fn lowest(&'static self) -> Place {
        Place(&raw const self.stack[0])
    }

    /// From where on the thread takes no more.
    pub(super) fn limit(&'static self) -> Place {
        Place(&raw const self.stack[MOST])
    }
}

/// What a thread knows of one cell, or of the head of its list.
struct Record {
    /// With marks.
    link: AtomicPtr<()>,
    /// How often an `RLock` was taken.
    depth: AtomicU32,
}

/// Where a record lies. Those of one thread are ordered as it took their cells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(*const Record);

impl Place {
    /// Of a thread that has no records, with no room above.
    pub(super) const NOWHERE: Self = Self(ptr::null());

    #[inline]
    fn record(self) -> &'static Record {
        // SAFETY: places come from `Records`, which are never freed, and by steps between the head
        // and the highest: a thread holds [`MOST`] cells, and a few for moments.
        unsafe { &*self.0 }
    }

    #[inline]
    pub(super) fn above(self) -> Self {
        // Wrapping, as it costs nothing: what is there is never beyond the stack.
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

    /// Puts a link where the lowest null is.
    #[inline]
    pub(super) fn push(self, link: *mut Link, marks: usize) {
        let marked = link.cast::<()>().map_addr(|address| address | marks);
        self.record().link.store(marked, Ordering::Release);
    }

    /// Takes the highest out.
    #[inline]
    pub(super) fn pop(self) {
        self.record().link.store(ptr::null_mut(), Ordering::Release);
    }

    /// Takes one out; what is above moves down.
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

/// How often a cell has begun to pass from one thread's records to another's, and has ended.
static BEGUN: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);

/// Does what takes a cell from one thread's records to another's.
pub(super) fn moving(moves: impl FnOnce()) {
    BEGUN.fetch_add(1, Ordering::SeqCst);
    moves();
    ENDED.fetch_add(1, Ordering::SeqCst);
}

/// Whether a thread of this process holds a cell that lies there, of which no handle is left.
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

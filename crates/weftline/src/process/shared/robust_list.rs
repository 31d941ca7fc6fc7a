//! What the calling thread knows of itself and of the cells that it holds: [`Me`], and its
//! [`Hold`]s.
//!
//! # Implementation
//!
//! The kernel finds a thread's cells by the thread's list (`list_head.rs`). The links of a cell lie
//! in shared memory, where any program that has the file can write. So the thread keeps a record of
//! each cell in its own memory (`records.rs`), and follows no link of a cell. A cell's link points
//! to the cell of the record below. One case is left: mutexes of the C library may lie between two
//! cells, and only the upper cell's link says which. The records answer these questions:
//!
//! | question | answer |
//! |---|---|
//! | which cells does the thread hold | its records; no word in shared memory can add one or hide one |
//! | how often has it taken an `RLock` | the record's depth |
//! | what becomes of a cell when the thread ends | the record's mark, an [`AtEnd`] (`leaked.rs`) |
//! | may the memory of a segment go | yes, if no thread has a record of a cell in it |

use super::last_destructor;
use super::list_head::{self, Head, Link, Links, before};
use super::records::{FOREIGN, MOST, Place, Records, STAYS};
use crate::park::fork;
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering, compiler_fence};

/// The calling thread, as the kernel knows it.
#[derive(Clone, Copy)]
pub(super) struct Me {
    pub(super) head: *const Head,
    pub(super) thread: u32,
    pub(super) process: u32,
    /// Its highest record.
    top: Place,
}

/// A cell that the calling thread holds: the place of its record.
#[derive(Clone, Copy)]
pub(super) struct Hold {
    head: *const Head,
    /// The thread's highest record.
    top: Place,
    at: Place,
    /// The record is the highest, and nothing of the C library's lay between its cell and the cell
    /// below.
    is_plain: bool,
}

/// What becomes of a cell that its thread still holds when it ends, in a process that goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AtEnd {
    /// The cell is marked as a dead process's is: nothing in this process refers to what it
    /// protects.
    Dies,
    /// The cell stays held until the process ends: a guard was leaked, and a reference to what the
    /// cell protects may live on.
    Stays,
}

/// What a thread remembers of itself. Each field is a cell of its own: a reader loads the field
/// that it needs, without a copy of all on the stack. None has a destructor, so the memory is there
/// until the very end of the thread.
struct Memory {
    head: Cell<*const Head>,
    thread: Cell<u32>,
    process: Cell<u32>,
    /// The generation of forks in which the thread filled these fields, or [`NEVER`].
    generation: Cell<u32>,
    has_ended: Cell<bool>,
    /// The thread's highest record; [`NOWHERE`](Place::NOWHERE) before the fields are filled.
    top: Cell<Place>,
    /// The highest record that the thread may have.
    limit: Cell<Place>,
    records: Cell<Option<&'static Records>>,
}

/// Is no generation of forks.
const NEVER: u32 = u32::MAX;

thread_local! {
    static MEMORY: Memory = const {
        Memory {
            head: Cell::new(ptr::null()),
            thread: Cell::new(0),
            process: Cell::new(0),
            generation: Cell::new(NEVER),
            top: Cell::new(Place::NOWHERE),
            limit: Cell::new(Place::NOWHERE),
            records: Cell::new(None),
            has_ended: Cell::new(false),
        }
    };
}

#[inline]
pub(super) fn me() -> Me {
    MEMORY.with(|memory| {
        // The child of a fork is another process and thread; the C library has given it an empty
        // list.
        if memory.generation.get() != fork::generation() {
            remember(memory);
        }
        Me {
            head: memory.head.get(),
            thread: memory.thread.get(),
            process: memory.process.get(),
            top: memory.top.get(),
        }
    })
}

#[cold]
fn remember(memory: &Memory) {
    fork::watch();
    memory
        .head
        .set(list_head::head().unwrap_or_else(|why| panic!("{why}")));
    let thread = rustix::thread::gettid().as_raw_nonzero().get();
    memory.thread.set(thread.cast_unsigned());
    memory.process.set(std::process::id());
    // In the child of a fork, earlier records are the parent's.
    // SAFETY: no reference is made of the head, which the C library has for the thread.
    let first = unsafe { (&raw const (*memory.head.get()).first).cast_mut() };
    let Some(records) = Records::take(first) else {
        panic!("no memory is left for a thread to take its first shared lock or permit");
    };
    memory.records.set(Some(records));
    memory.top.set(records.lowest());
    if !memory.has_ended.get() {
        memory.limit.set(records.limit());
    }
    last_destructor::register_thread();
    memory.generation.set(fork::generation());
}

/// Checks for room before the thread takes a cell whose hold the user ends.
///
/// # Panics
/// When the thread holds so many that the kernel would not check all of them; when the thread is
/// past its end; when no memory is left.
#[inline]
pub(super) fn expect_room() {
    MEMORY.with(|memory| {
        if memory.top.get() >= memory.limit.get() {
            check_room(memory);
        }
    });
}

#[cold]
fn check_room(memory: &Memory) {
    // The first time, or in the child of a fork, where the records are the parent's.
    me();
    assert!(
        !memory.has_ended.get(),
        "a thread that has ended, destructors and all, cannot take shared locks and permits"
    );
    assert!(
        memory.top.get() < memory.limit.get(),
        "a thread holds at most {MOST} shared locks and permits at a time: of more, the system would not tell the others when it dies"
    );
}

/// The calling thread's record of the cell with these links, if the thread holds that.
#[inline]
pub(super) fn find(links: &Links) -> Option<Hold> {
    // The child of a fork holds nothing.
    let Me { head, top, .. } = me();
    let link = ptr::from_ref(&links.next).cast_mut();
    let is_plain = ptr::eq(top.marked().map_addr(|it| it & !STAYS), link.cast());
    let at = if is_plain {
        top
    } else {
        find_below(head, top, link)?
    };
    Some(Hold {
        head,
        top,
        at,
        is_plain,
    })
}

/// Cold: mostly the cell that was taken last is freed first.
#[cold]
fn find_below(head: *const Head, top: Place, link: *mut Link) -> Option<Place> {
    let mut at = top;
    while !ptr::eq(at.link().cast(), head) {
        if ptr::eq(at.link(), link) {
            return Some(at);
        }
        at = at.below();
    }
    None
}

/// The thread is at its end: it takes no more locks. All that it still holds was leaked.
pub(super) fn end() {
    me();
    MEMORY.with(|memory| {
        memory.has_ended.set(true);
        memory.limit.set(Place::NOWHERE);
    });
}

/// The link of the cell that the thread took last, of those that it still holds.
pub(super) fn last() -> Option<(*mut Link, AtEnd)> {
    let Me { top, head, .. } = me();
    if ptr::eq(top.link().cast(), head) {
        return None;
    }
    let at_end = match top.marked().addr() & STAYS {
        0 => AtEnd::Dies,
        _ => AtEnd::Stays,
    };
    Some((top.link(), at_end))
}

/// Gives the records back, at the end of a thread that holds nothing.
pub(super) fn give_back() {
    MEMORY.with(|memory| {
        if memory.generation.replace(NEVER) != NEVER
            && let Some(records) = memory.records.take()
        {
            memory.top.set(Place::NOWHERE);
            records.give_back();
        }
    });
}

impl Me {
    /// The thread's own head, of which no reference outlives the thread.
    #[inline]
    pub(super) fn head(&self) -> &Head {
        // SAFETY: the C library has it for as long as the thread lives, which `self` does not
        // leave.
        unsafe { &*self.head }
    }

    /// Finds what [`add`](Self::add) needs, before the cell is taken: after that each load would
    /// delay the next atomic operation.
    #[inline]
    pub(super) fn prepare(&self) -> Prepared {
        let first = self.head().first.load(Ordering::Relaxed);
        // Something of the C library's lies between this cell and the cell below.
        let is_foreign = !ptr::eq(first, self.top.link().cast());
        let marks = if is_foreign { FOREIGN } else { 0 };
        Prepared { first, marks }
    }

    /// Adds the cell with these links to the list and the records.
    ///
    /// # Safety
    /// The calling thread is this one, prepared `prepared` for the list as it is now, and holds the
    /// cell. The cell stays where it is until it is taken out.
    #[inline]
    pub(super) unsafe fn add(&self, links: &Links, at_end: AtEnd, prepared: Prepared) {
        let Prepared { first, marks } = prepared;
        let head = self.head();
        let this = ptr::from_ref(&links.next).cast_mut();
        links.next.store(first, Ordering::Relaxed);
        links
            .prev
            .store(ptr::from_ref(&head.first).cast_mut(), Ordering::Relaxed);
        // SAFETY: the first link of the list, a cell's or a mutex's.
        unsafe { head.set_prev(first, this) };
        compiler_fence(Ordering::SeqCst);
        head.first.store(this.cast(), Ordering::Relaxed);
        let stays = if at_end == AtEnd::Stays { STAYS } else { 0 };
        let top = self.top.above();
        top.push(this, marks | stays);
        MEMORY.with(|memory| memory.top.set(top));
    }
}

/// The first link, behind which a cell is added, and the marks of its record.
#[derive(Clone, Copy)]
pub(super) struct Prepared {
    first: *mut (),
    marks: usize,
}

impl Hold {
    /// How often the thread has taken the `RLock` over the cell.
    #[inline]
    pub(super) fn depth(&self) -> &'static AtomicU32 {
        self.at.depth()
    }

    #[inline]
    pub(super) fn head(&self) -> &Head {
        // SAFETY: as `Me::head`; only the thread that owns a record finds it.
        unsafe { &*self.head }
    }

    /// Takes the cell out of the list and the records.
    ///
    /// # Safety
    /// The calling thread has found the cell, and has taken and freed nothing since.
    #[inline]
    pub(super) unsafe fn remove(self) {
        let Self {
            top, at, is_plain, ..
        } = self;
        let head = self.head();
        // A mutex of the C library's may lie in front.
        if is_plain && ptr::eq(head.first.load(Ordering::Relaxed), at.link().cast()) {
            let below = at.below().link();
            // SAFETY: the neighbour is a link of this list, or its head.
            unsafe { head.set_prev(below.cast(), ptr::from_ref(&head.first).cast_mut()) };
            head.first.store(below.cast(), Ordering::Relaxed);
            at.pop();
        } else {
            // SAFETY: as the caller promises.
            unsafe { remove_between(head, at, top) };
        }
        MEMORY.with(|memory| memory.top.set(top.below()));
    }
}

/// As [`Hold::remove`], at any place in the list.
///
/// # Safety
/// As [`Hold::remove`], for the cell whose record is at `at`.
#[cold]
unsafe fn remove_between(head: &Head, at: Place, top: Place) {
    let is_foreign = |at: Place| at.marked().addr() & FOREIGN != 0;
    let (this, below) = (at.link(), at.below().link());
    // No link comes between two cells after the upper cell was taken. What lay between them before
    // is the C library's, which may have removed it.
    let next = if is_foreign(at) {
        // SAFETY: the link of a cell that is held.
        unsafe { (*this).load(Ordering::Relaxed) }
    } else {
        below.cast()
    };
    let above = (at < top).then(|| at.above());
    let prev = match above {
        Some(above) if !is_foreign(above) => above.link(),
        // SAFETY: links of this list, from which `this` is reached.
        Some(above) => unsafe { before(this, above.link()) },
        // SAFETY: as above.
        None => unsafe { before(this, ptr::from_ref(&head.first).cast_mut()) },
    };
    if let Some(above) = above
        && ptr::eq(prev, above.link())
    {
        above.mark(FOREIGN, !ptr::eq(next, below.cast()));
    }
    at.remove(top);
    // SAFETY: the neighbours are links of this list, or its head.
    unsafe {
        head.set_prev(next, prev);
        (*prev).store(next, Ordering::Relaxed);
    }
}

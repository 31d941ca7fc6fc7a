//! [`RobustCell`]: a word in shared memory that a thread holds. When the holder dies, the kernel
//! tells the other threads.
//!
//! # What the kernel does
//!
//! Each thread has a list of the words that it holds; the kernel knows the list's head
//! (`set_robust_list`). When the thread ends, in any way, the kernel walks the list. Where a word
//! still has the thread's number, the kernel replaces the number by [`DIED`] and wakes one sleeper.
//! It does the same with the *pending* word: the word that the thread is about to take or to free.
//!
//! The C library uses the same list for its robust mutexes, and registers it. A cell has the layout
//! of such a mutex as far as the list goes, so that both lie in one list.
//!
//! A thread that ends in a process that goes on does the same itself, for some of its words
//! (`leaked.rs`).
//!
//! Source: the kernel's `Documentation/locking/robust-futex-ABI.rst`; glibc's `nptl/descr.h` for
//! the order of the writes to the neighbours' links.
//!
//! # States
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | 0 | free | taken by compare-exchange → a thread's number |
//! | a thread's number, perhaps with [`WAITERS`] | held | freed by a swap → 0, and one sleeper is woken if the bit was set; its thread dies → [`DIED`]; another thread adopts it → that thread's number; lost → all of [`HOLDER`] |
//! | [`DIED`], perhaps with [`WAITERS`] | its holder died | taken, as when free; buried → 0 |
//! | all of [`HOLDER`], perhaps with [`WAITERS`] | lost: no thread holds it | never |
//!
//! # Invariants
//!
//! - `pid` is the holder's process from just after the taking until just before the freeing.
//! - A cell whose holder died with `pid` zero was not *entered*: nothing that it protects was
//!   touched. It counts as free. Otherwise the next taker is told which process died inside.
//! - A thread that sleeps has set [`WAITERS`] in the word of a holder. A sleeper that takes the
//!   cell sets the bit again, for there may be other sleepers.
//! - The cell is in its holder's list, or is the holder's pending word, or both.
//!
//! # Linearisation points
//!
//! A take is its compare-exchange, a free is its swap. The end of a holder is the kernel's write of
//! [`DIED`], or the compare-exchange in `change_holder`.
//!
//! # Happens-before
//!
//! The free's swap releases, and the next take's compare-exchange acquires. `change_holder`
//! releases in the same way. `pid` is relaxed: the word orders it. The kernel reads the list and
//! the pending word on the holder's own thread, so compiler fences order those.
//!
//! # Wake-ups are lost for half a second at most
//!
//! Freeing swaps the bit out and wakes one sleeper. If the freeing thread dies before it wakes, or
//! the woken thread dies before it takes the cell, then the cell is still that thread's pending
//! word. The kernel wakes another sleeper, if the word is free.
//!
//! If another thread has barged in meanwhile, the kernel does not, and the barging thread does not
//! know of the sleepers. That window is a microsecond. Against it no thread sleeps for longer than
//! half a second before it reads the word again (`sleep.rs`). `tests/process_protocol.rs` goes
//! through all orders of these steps, with deaths at each.

use super::list_head::{Link, Links, NEXT, WORD};
use super::robust_list::{self, AtEnd, Hold, me};
use super::sleep::{sleep, spin_until, wake};
use crate::error::TimedOut;
use crate::park::Deadline;
use std::mem;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, compiler_fence};

/// A thread sleeps on the word.
const WAITERS: u32 = libc::FUTEX_WAITERS;
/// The holder died.
const DIED: u32 = libc::FUTEX_OWNER_DIED;
/// The holder's thread number.
const HOLDER: u32 = libc::FUTEX_TID_MASK;

/// A word that a thread holds, in shared memory. The module's header has its states.
#[repr(C, align(64))]
pub(super) struct RobustCell {
    #[cfg(target_env = "musl")]
    pid: AtomicU32,
    word: AtomicU32,
    #[cfg(not(target_env = "musl"))]
    pid: AtomicU32,
    /// For the object to which the cell belongs.
    pub(super) note: AtomicU64,
    pub(super) state: AtomicU32,
    pub(super) count: AtomicU32,
    links: Links,
    _reserved: [u64; 3],
}

const _: () = assert!(mem::size_of::<RobustCell>() == 64);
const _: () = assert!(mem::offset_of!(RobustCell, links.next) as isize == NEXT);
const _: () = assert!(mem::offset_of!(RobustCell, word) as isize == WORD);

/// How a cell was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// As its previous holder left it.
    Whole,
    /// From a process that died inside; the number is that process's.
    Abandoned(u32),
}

impl RobustCell {
    /// The cell around its own link.
    ///
    /// # Safety
    /// The link is that of a cell, which stays where it is for `'a`.
    pub(super) unsafe fn around<'a>(next: *mut Link) -> &'a Self {
        // SAFETY: as the caller promises.
        unsafe { &*next.byte_offset(-NEXT).cast_const().cast() }
    }

    /// Takes the cell, waiting for it. The hold ends before the library's call returns.
    #[inline]
    pub(super) fn take(&self, deadline: Deadline) -> Result<Taken, TimedOut> {
        self.take_until(deadline, AtEnd::Dies)
    }

    /// Takes the cell, waiting for it. `at_end` says what becomes of it if its thread ends before
    /// it is freed.
    // Not inlined, it costs a third more.
    #[inline(always)]
    pub(super) fn take_until(&self, deadline: Deadline, at_end: AtEnd) -> Result<Taken, TimedOut> {
        let me = me();
        let (head, prepared) = (me.head(), me.prepare());
        head.expect(&self.links);
        let quick = self
            .word
            .compare_exchange(0, me.thread, Ordering::Acquire, Ordering::Relaxed);
        let taken = match quick {
            Ok(_) => Taken::Whole,
            Err(_) => match self.take_slowly(me.thread, deadline) {
                Ok(taken) => taken,
                Err(timed_out) => {
                    head.done();
                    return Err(timed_out);
                }
            },
        };
        // SAFETY: just taken, and the holder of a cell keeps its memory.
        unsafe { me.add(&self.links, at_end, prepared) };
        head.done();
        self.pid.store(me.process, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        Ok(taken)
    }

    #[cold]
    fn take_slowly(&self, thread: u32, deadline: Deadline) -> Result<Taken, TimedOut> {
        let mut others = 0;
        let mut has_spun = false;
        loop {
            let word = self.word.load(Ordering::Relaxed);
            if word & HOLDER == 0 {
                let taken = self.word.compare_exchange(
                    word,
                    thread | (word & WAITERS) | others,
                    Ordering::Acquire,
                    Ordering::Relaxed,
                );
                if taken.is_err() {
                    continue;
                }
                // Zero: its holder died before it entered, or after it had left.
                let died_inside = self.pid.swap(0, Ordering::Relaxed);
                return Ok(match word & DIED {
                    0 => Taken::Whole,
                    _ if died_inside == 0 => Taken::Whole,
                    _ => Taken::Abandoned(died_inside),
                });
            }
            if deadline.has_passed() {
                // A wake-up may have ended on this thread while others sleep: the holder has to
                // know.
                if others == 0 || word & WAITERS != 0 || self.mark(word) {
                    return Err(TimedOut);
                }
                continue;
            }
            if !has_spun {
                has_spun = true;
                spin_until(|| self.word.load(Ordering::Relaxed) & HOLDER == 0);
                continue;
            }
            if word & WAITERS == 0 && !self.mark(word) {
                continue;
            }
            sleep(&self.word, word | WAITERS, deadline);
            others = WAITERS;
        }
    }

    fn mark(&self, word: u32) -> bool {
        self.word
            .compare_exchange(word, word | WAITERS, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    }

    /// Frees the cell, if the calling thread holds it.
    ///
    /// # Safety
    /// The calling thread has taken it, or its parent has before a fork.
    #[inline]
    pub(super) unsafe fn free(&self) {
        // SAFETY: as the caller promises.
        unsafe { self.free_after(|_| true) };
    }

    /// Frees the cell if the calling thread holds it and `is_last` confirms it for that hold. What
    /// a thread held when it forked is the parent's: the child has a copy of the guard, and frees
    /// nothing.
    ///
    /// # Safety
    /// As [`free`](Self::free); and `is_last` takes and frees no cell.
    #[inline]
    pub(super) unsafe fn free_after(&self, is_last: impl FnOnce(Hold) -> bool) {
        let Some(hold) = robust_list::find(&self.links) else {
            return;
        };
        if !is_last(hold) {
            return;
        }
        let head = hold.head();
        compiler_fence(Ordering::SeqCst);
        self.pid.store(0, Ordering::Relaxed);
        head.expect(&self.links);
        // SAFETY: just found.
        unsafe { hold.remove() };
        compiler_fence(Ordering::SeqCst);
        if self.word.swap(0, Ordering::Release) & WAITERS != 0 {
            self.wake_one();
        }
        head.done();
    }

    /// Not inlined, so that a guard's drop is small enough to be.
    #[cold]
    #[inline(never)]
    fn wake_one(&self) {
        wake(&self.word, 1);
    }

    /// The calling thread's hold on the cell, by the thread's own record.
    #[inline]
    pub(super) fn mine(&self) -> Option<Hold> {
        robust_list::find(&self.links)
    }

    /// Takes the cell out of the list of the calling thread, which is about to end. `pass_on` marks
    /// it as the kernel would, or passes it on.
    pub(super) fn end(&self, pass_on: impl FnOnce(&Self)) {
        let Some(hold) = robust_list::find(&self.links) else {
            return;
        };
        let head = hold.head();
        // If the process dies now, the kernel still marks the cell.
        head.expect(&self.links);
        // SAFETY: just found.
        unsafe { hold.remove() };
        compiler_fence(Ordering::SeqCst);
        pass_on(self);
        head.done();
    }

    /// Marks the cell as the kernel would: its thread is at its end, and nothing in the process
    /// refers to what the cell protects.
    pub(super) fn die(&self) {
        let thread = me().thread;
        self.end(|cell| {
            if cell.change_holder(thread, DIED) & WAITERS != 0 {
                wake(&cell.word, 1);
            }
        });
    }

    /// The calling thread becomes the holder, in the place of thread `from`, which has the cell
    /// pending. The calling thread lives as long as the process.
    pub(super) fn adopt(&self, from: u32) {
        let me = me();
        let head = me.head();
        head.expect(&self.links);
        if self.change_holder(from, me.thread) & HOLDER == from {
            // SAFETY: just taken, and the memory of a cell that is held stays.
            unsafe { me.add(&self.links, AtEnd::Stays, me.prepare()) };
        }
        head.done();
    }

    /// From now on no thread holds the cell, and it is never free again.
    pub(super) fn lose(&self) {
        self.change_holder(me().thread, HOLDER);
    }

    /// Changes the holder if it is `from`; returns the word before the change.
    fn change_holder(&self, from: u32, to: u32) -> u32 {
        let change = |word| (word & HOLDER == from).then_some(word & WAITERS | to);
        let changed = self
            .word
            .fetch_update(Ordering::Release, Ordering::Relaxed, change);
        changed.unwrap_or_else(|other| other & !WAITERS)
    }

    /// Whether the cell is held by a living thread, or lost.
    pub(super) fn is_held(&self) -> bool {
        self.word.load(Ordering::Relaxed) & HOLDER != 0
    }

    /// Whether its holder died, and no thread has taken it since.
    pub(super) fn is_abandoned(&self) -> bool {
        self.word.load(Ordering::Relaxed) & DIED != 0
    }

    /// The process that holds it, or that held it when it died. Zero: there is none, or it died
    /// before it had entered.
    pub(super) fn process(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    /// Frees a cell whose holder died.
    pub(super) fn bury(&self) {
        let word = self.word.load(Ordering::Relaxed);
        if word & DIED != 0 {
            self.pid.store(0, Ordering::Relaxed);
            let _ = self
                .word
                .compare_exchange(word, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }
}

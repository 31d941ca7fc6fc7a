//! [`RobustCell`]: a word that a thread holds, and of which the kernel tells the others when that
//! thread dies.
//!
//! # What the kernel does
//!
//! Each thread has a list of the words that it holds; the kernel knows its head
//! (`set_robust_list`). When the thread ends, however it ends, the kernel goes through the list:
//! where a word still has the thread's number, it writes [`DIED`] there in its place and wakes one
//! that sleeps on it. One more word, the *pending* one, is looked at as well: that which the thread
//! is just about to take or to free. The C library uses the same list for its robust mutexes, and
//! registers it; a cell is laid out as such a mutex is, as far as the list goes, so that both lie
//! in one list.
//!
//! A thread that ends in a process that goes on does the same itself, for some of its words
//! (`leaked.rs`).
//!
//! Source: the kernel's `Documentation/locking/robust-futex-ABI.rst`; glibc's `nptl/descr.h` for
//! what is written into whose neighbour.
//!
//! # States
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | 0 | free | taken by compare-exchange → a thread's number |
//! | a thread's number, perhaps with [`WAITERS`] | held | freed by a swap → 0, and one sleeper is woken if the bit was set; its thread dies → [`DIED`] |
//! | [`DIED`], perhaps with [`WAITERS`] | its holder died | taken, as when free |
//!
//! `pid` is the holder's process from just after the taking until just before the freeing. A cell
//! whose holder died with `pid` zero was not *entered*: nothing that it protects was touched, and
//! it counts as free. Otherwise whoever takes it is told which process died inside.
//!
//! # No wake-up is lost, for long
//!
//! Who sleeps has set [`WAITERS`] in the word of a holder. Freeing swaps the bit out and wakes one
//! sleeper; that one sets the bit again when it takes the cell, for there may be others. If who
//! frees dies before it wakes, or the one that was woken before it takes the cell, the cell is
//! still the thread's pending one, and the kernel wakes another, if the word is free. If somebody
//! has barged in meanwhile it does not, and who barged in does not know that others sleep. That is
//! a matter of a microsecond, and against it nobody sleeps for longer than half a second without
//! looking (`sleep.rs`). `tests/process_protocol.rs` goes through all orders of these steps, with
//! deaths at each.

use super::list_head::Link;
use super::robust_list::{self, AtEnd, Hold, me};
use super::sleep::{look_out, sleep, wake};
use crate::TimedOut;
use crate::park::Deadline;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, compiler_fence};

/// Somebody sleeps on the word.
const WAITERS: u32 = libc::FUTEX_WAITERS;
/// The holder died.
const DIED: u32 = libc::FUTEX_OWNER_DIED;
/// The holder's thread number.
const HOLDER: u32 = libc::FUTEX_TID_MASK;

/// Where the C library's mutex has its word, seen from where its links lie in ours.
#[cfg(not(target_env = "musl"))]
pub(super) const WORD: isize = 0;
#[cfg(target_env = "musl")]
pub(super) const WORD: isize = 4;
pub(super) const NEXT: isize = 32;

/// A word that a thread holds, in shared memory; see the module's tables.
#[repr(C, align(64))]
pub(super) struct RobustCell {
    #[cfg(target_env = "musl")]
    pid: AtomicU32,
    word: AtomicU32,
    #[cfg(not(target_env = "musl"))]
    pid: AtomicU32,
    /// For the object that the cell belongs to.
    pub(super) note: AtomicU64,
    pub(super) state: AtomicU32,
    pub(super) count: AtomicU32,
    /// The list's links: addresses in the holder's process, touched by the holder's thread alone.
    /// `next` points to another `next`, or the head.
    pub(super) prev: AtomicPtr<Link>,
    pub(super) next: Link,
    _reserved: [u64; 3],
}

const _: () = assert!(std::mem::size_of::<RobustCell>() == 64);
const _: () = assert!(std::mem::offset_of!(RobustCell, next) as isize == NEXT);
const _: () = assert!(std::mem::offset_of!(RobustCell, word) as isize == WORD);

/// How a cell was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// As whoever had it before has left it.
    Whole,
    /// From a process that died inside; its number.
    Abandoned(u32),
}

impl RobustCell {
    /// Takes the cell, waiting for it, for a moment that ends before this library returns.
    #[inline]
    pub(super) fn take(&self, deadline: Deadline) -> Result<Taken, TimedOut> {
        self.take_until(deadline, AtEnd::Dies)
    }

    /// Takes the cell, waiting for it; says what becomes of it if its thread ends before it is
    /// freed.
    // It was inlined when it had one caller, and costs a third more when it is not.
    #[inline(always)]
    pub(super) fn take_until(&self, deadline: Deadline, at_end: AtEnd) -> Result<Taken, TimedOut> {
        let me = me();
        let (head, prepared) = (me.head(), me.prepare());
        head.expect(self);
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
        unsafe { me.add(self, at_end, prepared) };
        head.done();
        self.pid.store(me.process, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        Ok(taken)
    }

    #[cold]
    fn take_slowly(&self, thread: u32, deadline: Deadline) -> Result<Taken, TimedOut> {
        let mut others = 0;
        let mut has_looked = false;
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
                // This one may have been woken, and others sleep: the holder has to know.
                if others == 0 || word & WAITERS != 0 || self.mark(word) {
                    return Err(TimedOut);
                }
                continue;
            }
            if !has_looked {
                has_looked = true;
                look_out(|| self.word.load(Ordering::Relaxed) & HOLDER == 0);
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

    /// Frees the cell if the calling thread holds it, and `is_last` says so of its hold. What a
    /// thread held when it forked is the parent's: the child has a copy of the guard, and frees
    /// nothing.
    ///
    /// # Safety
    /// As [`free`](Self::free); and `is_last` takes and frees no cell.
    #[inline]
    pub(super) unsafe fn free_after(&self, is_last: impl FnOnce(Hold) -> bool) {
        let Some(hold) = robust_list::find(self) else {
            return;
        };
        if !is_last(hold) {
            return;
        }
        let head = hold.head();
        compiler_fence(Ordering::SeqCst);
        self.pid.store(0, Ordering::Relaxed);
        head.expect(self);
        // SAFETY: just found.
        unsafe { hold.remove() };
        compiler_fence(Ordering::SeqCst);
        if self.word.swap(0, Ordering::Release) & WAITERS != 0 {
            self.wake_one();
        }
        head.done();
    }

    /// Out of the way, so that a guard's drop is small enough to be inlined.
    #[cold]
    #[inline(never)]
    fn wake_one(&self) {
        wake(&self.word, 1);
    }

    /// The calling thread's hold on it, as its own record says.
    #[inline]
    pub(super) fn mine(&self) -> Option<Hold> {
        robust_list::find(self)
    }

    /// Takes the cell out of the list of the calling thread, which is about to end, and marks it as
    /// the kernel would, or passes it on.
    pub(super) fn end(&self, pass_on: impl FnOnce(&Self)) {
        let Some(hold) = robust_list::find(self) else {
            return;
        };
        let head = hold.head();
        // If the process dies now, the kernel marks it all the same.
        head.expect(self);
        // SAFETY: just found.
        unsafe { hold.remove() };
        compiler_fence(Ordering::SeqCst);
        pass_on(self);
        head.done();
    }

    /// Its thread is at its end, and nothing in the process refers to what it protects.
    pub(super) fn die(&self) {
        let thread = me().thread;
        self.end(|cell| {
            if cell.change_holder(thread, DIED) & WAITERS != 0 {
                wake(&cell.word, 1);
            }
        });
    }

    /// The calling thread, which lives as long as the process, holds the cell from now on in the
    /// place of thread `from`, which has it pending.
    pub(super) fn adopt(&self, from: u32) {
        let me = me();
        let head = me.head();
        head.expect(self);
        if self.change_holder(from, me.thread) & HOLDER == from {
            // SAFETY: just taken, and the memory of a cell that is held stays.
            unsafe { me.add(self, AtEnd::Stays, me.prepare()) };
        }
        head.done();
    }

    /// No thread holds the cell, and it is not free: for good.
    pub(super) fn lose(&self) {
        self.change_holder(me().thread, HOLDER);
    }

    /// What the word was; it has changed if its holder was `from`.
    fn change_holder(&self, from: u32, to: u32) -> u32 {
        let change = |word| (word & HOLDER == from).then_some(word & WAITERS | to);
        let changed = self
            .word
            .fetch_update(Ordering::Release, Ordering::Relaxed, change);
        changed.unwrap_or_else(|other| other & !WAITERS)
    }

    /// Whether it is held, by somebody who lives.
    pub(super) fn is_held(&self) -> bool {
        self.word.load(Ordering::Relaxed) & HOLDER != 0
    }

    /// Whether who held it died, and nobody has taken it since.
    pub(super) fn is_abandoned(&self) -> bool {
        self.word.load(Ordering::Relaxed) & DIED != 0
    }

    /// The process that holds it, or that held it when it died. Zero: none, or it died before it
    /// had entered.
    pub(super) fn process(&self) -> u32 {
        self.pid.load(Ordering::Relaxed)
    }

    /// Makes a cell whose holder died free again.
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

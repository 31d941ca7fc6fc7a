//! The blocked-on record: for which object a thread sleeps, since when, until when, and where in
//! the program.
//!
//! # Implementation
//!
//! A wait describes itself on its stack (`Wait`), which costs a few stores. Only a thread that
//! really sleeps shows the description, in its parker's [`Seqlock`]: after the spin, right before
//! the system call. It hides it right after. So the record has no cost for a wait that spins, and
//! shows no thread that runs.
//!
//! **Nested waits.** A signal handler may wait, at any point of the wait that it interrupts. The
//! inner sleep replaces the description of the outer one, and restores it when it ends, hidden or
//! shown as it was. A handler that the outer wait runs between two sleeps finds the record hidden.
//!
//! **A binding** that must attach to its interpreter before it looks at a wait again shows the wait
//! for that long, too (`Parker::show`). Otherwise no report would show it while another thread
//! holds the interpreter.
//!
//! **Forks.** In the child, the records of vanished threads still show their sleeps. Readers
//! compare the thread's number (`fork::is_alive`) and skip them.

use super::blocked_on::{BlockedOn, Marks, Signals};
use super::blocked_thread::Sleep;
use super::clock::now;
use super::deadline::Since;
use super::look::Look;
#[cfg(all(target_os = "linux", not(feature = "portable-parker")))]
use super::os_ident::native_id;
use super::seqlock::Seqlock;
use super::site::{SITE_WORDS, Site};
use super::{Deadline, Kind};
use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::{mem, ptr};

const OBJECT: usize = 0;
const LOOK: usize = 1;
const KIND: usize = 2;
const DEADLINE: usize = 3;
const SINCE: usize = 4;
const WAITER: usize = 5;
const SITE: usize = 6;
/// The bits of these marks and of the bytes that are looked at, beside the kind.
const ANSWERS: u32 = 8;
const ENDS: u32 = 9;
const BYTES: u32 = 16;

/// A thread's record, which its parker holds.
#[derive(Debug)]
pub(super) struct Blocked {
    shown: Seqlock<{ SITE + SITE_WORDS }>,
    /// The innermost wait that has begun. Touched by the thread and its signal handlers only,
    /// as `asleep` is.
    waits: AtomicPtr<Wait>,
    /// The innermost wait that sleeps.
    asleep: AtomicPtr<Wait>,
}

/// A wait's description of itself, on the stack of its thread.
#[derive(Debug)]
pub(super) struct Wait {
    object: usize,
    /// Where the state of its waiter is; zero: it has none.
    waiter: usize,
    look: Look,
    bytes: u16,
    kind: Kind,
    marks: Marks,
    deadline: Deadline,
    /// Nanoseconds of the monotonic clock; unknown until it first sleeps, if its waiter has no
    /// age.
    since: Cell<Option<u64>>,
    site: UnsafeCell<Site>,
}

impl Wait {
    pub(super) fn new(
        on: BlockedOn,
        waiter: usize,
        since: Since,
        deadline: Deadline,
        marks: Marks,
    ) -> Self {
        Self {
            marks,
            waiter,
            object: on.object,
            look: on.look,
            bytes: on.bytes,
            kind: on.kind,
            deadline,
            since: Cell::new(since.nanos()),
            site: UnsafeCell::new(Site::here(on.caller)),
        }
    }

    /// Names the place, for a wait that has not begun.
    pub(super) fn set_site(&self, site: Site) {
        // SAFETY: the wait has not begun, so no one reads it.
        unsafe { *self.site.get() = site };
    }

    /// When it began, in nanoseconds of the monotonic clock, if that is known.
    pub(super) fn since(&self) -> Option<u64> {
        self.since.get()
    }

    /// The wait is the innermost of its thread as long as the result exists.
    #[inline]
    pub(super) fn begin<'a>(&'a self, blocked: &'a Blocked) -> Begun<'a> {
        // Releases and acquires order the description for a signal handler of this thread.
        let outer = blocked.waits.load(Ordering::Acquire);
        let this = ptr::from_ref(self).cast_mut();
        blocked.waits.store(this, Ordering::Release);
        Begun {
            blocked,
            outer,
            wait: PhantomData,
        }
    }

    /// Has the blocker name the place, which is cheap if there is nothing to name.
    #[inline]
    pub(super) fn name_site(&self, name: impl FnOnce(&mut Site)) {
        // SAFETY: the wait is not asleep, so no signal handler reads it; and it is this
        // thread's.
        name(unsafe { &mut *self.site.get() });
    }

    fn write(&self, shown: &Seqlock<{ SITE + SITE_WORDS }>) {
        let mut words = [0; SITE + SITE_WORDS];
        words[OBJECT] = self.object as u64;
        words[LOOK] = self.look as usize as u64;
        words[KIND] = self.kind as u64
            | u64::from(self.marks.answers) << ANSWERS
            | u64::from(self.marks.ends) << ENDS
            | u64::from(self.bytes) << BYTES;
        words[DEADLINE] = self.deadline.nanos().unwrap_or(u64::MAX);
        words[SINCE] = self.since.get().unwrap_or(u64::MAX);
        words[WAITER] = self.waiter as u64;
        let site = (&mut words[SITE..]).try_into().expect("the rest");
        // SAFETY: the wait is asleep or about to be, so its site does not change.
        let used = unsafe { &*self.site.get() }.write(site);
        shown.write(&words[..SITE + used]);
    }
}

/// A wait that has begun. Its end makes the outer wait the innermost again.
pub(super) struct Begun<'a> {
    blocked: &'a Blocked,
    outer: *mut Wait,
    wait: PhantomData<&'a Wait>,
}

impl Drop for Begun<'_> {
    #[inline]
    fn drop(&mut self) {
        self.blocked.waits.store(self.outer, Ordering::Release);
    }
}

impl Blocked {
    pub(super) const fn new() -> Self {
        Self {
            shown: Seqlock::new(),
            waits: AtomicPtr::new(ptr::null_mut()),
            asleep: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Shows the innermost wait as long as the result exists, unless it is shown already.
    /// Called by a thread that is about to sleep.
    pub(super) fn show(&self) -> Option<Shown<'_>> {
        let wait = self.waits.load(Ordering::Acquire);
        let outer = self.asleep.load(Ordering::Acquire);
        let is_outer_shown = self.shown.is_shown();
        if is_outer_shown && ptr::eq(outer, wait) {
            // Its blocker shows it already.
            return None;
        }
        let interrupted = Shown {
            blocked: self,
            outer,
            is_outer_shown,
        };
        // SAFETY: null, or a wait that has not ended, on this thread's stack.
        if let Some(wait) = unsafe { wait.as_ref() } {
            if wait.since.get().is_none() {
                wait.since.set(Some(now()));
            }
            if interrupted.is_outer_shown {
                self.shown.hide();
            }
            // First: a handler that interrupts the writing writes the words anew.
            self.asleep
                .store(ptr::from_ref(wait).cast_mut(), Ordering::Release);
            wait.write(&self.shown);
            self.shown.show();
        }
        Some(interrupted)
    }

    /// When the wait that sleeps began. Only for the thread itself.
    pub(super) fn since(&self) -> Option<u64> {
        // SAFETY: null, or a wait on this thread's stack that has not ended.
        unsafe { self.asleep.load(Ordering::Acquire).as_ref() }?
            .since
            .get()
    }

    /// Whether the wait that sleeps wants to know of signals that the thread takes. Only for
    /// the thread itself.
    #[cfg(all(target_os = "linux", not(feature = "portable-parker")))]
    pub(super) fn handles_signals(&self) -> bool {
        // SAFETY: as in `since`.
        let wait = unsafe { self.asleep.load(Ordering::Acquire).as_ref() };
        match wait.map_or(Signals::OnAnyThread, |wait| wait.marks.signals) {
            Signals::OnNoThread => false,
            Signals::OnMainThread => native_id() == Some(std::process::id().into()),
            Signals::OnAnyThread => true,
        }
    }

    /// Whether the sleep with that sequence is still shown.
    pub(super) fn is_still(&self, sequence: u64) -> bool {
        self.shown.is_still(sequence)
    }

    /// What the thread sleeps for, and what `beside` returned while it did.
    pub(super) fn read<R>(&self, beside: impl Fn() -> R) -> Option<(Sleep, R)> {
        let (sequence, words, beside) = self.shown.read(beside)?;
        let site = words[SITE..].try_into().expect("the rest");
        let sleep = Sleep {
            sequence,
            object: words[OBJECT] as usize,
            // SAFETY: shown, so `Wait::write` wrote it, in this process or in one of which it
            // is a fork.
            look: unsafe {
                mem::transmute::<*const (), Look>(ptr::with_exposed_provenance(
                    words[LOOK] as usize,
                ))
            },
            bytes: (words[KIND] >> BYTES) as u16,
            kind: Kind::ALL[usize::from(words[KIND] as u8) - 1],
            marks: Marks {
                answers: words[KIND] >> ANSWERS & 1 != 0,
                ends: words[KIND] >> ENDS & 1 != 0,
                // Only for the thread itself.
                signals: Signals::OnNoThread,
            },
            deadline: Deadline::from_nanos(words[DEADLINE]),
            since: words[SINCE],
            waiter: words[WAITER] as usize,
            // SAFETY: shown, so `Wait::write` wrote it.
            site: unsafe { Site::read(site) },
        };
        Some((sleep, beside))
    }
}

/// A sleep that is shown, until this is dropped, on the thread that sleeps. Its end hides it,
/// and restores that of the outer wait, which this one has interrupted.
pub struct Shown<'a> {
    blocked: &'a Blocked,
    outer: *mut Wait,
    is_outer_shown: bool,
}

// SAFETY: what it points to belongs to the thread that sleeps, and lives as long as the parker
// or the wait. A binding passes it out of a closure that runs on that thread.
unsafe impl Send for Shown<'_> {}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        let shown = &self.blocked.shown;
        if shown.is_shown() {
            shown.hide();
        }
        // First, as in `show`.
        self.blocked.asleep.store(self.outer, Ordering::Release);
        // SAFETY: null, or a wait on this thread's stack, which this sleep has interrupted.
        if let Some(outer) = unsafe { self.outer.as_ref() } {
            outer.write(shown);
        }
        if self.is_outer_shown {
            shown.show();
        }
    }
}

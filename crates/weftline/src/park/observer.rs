//! The seam for measuring waits: each wait that has gone through a list tells a floor above how it
//! ended, if that has asked.
//!
//! A wait that spins and takes what it wants before it enlists is none here.

use super::thread_number::{number_if_any, reserve_number, set_number};
use super::{Kind, now};
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// A wait that has ended.
#[derive(Clone, Copy)]
pub(crate) struct EndedWait {
    pub(crate) kind: Kind,
    /// The address of the object.
    pub(crate) object: usize,
    /// When it began, and when it ended: nanoseconds of the monotonic clock.
    pub(crate) begun: u64,
    pub(crate) ended: u64,
    /// Since when reports have shown it: a wait that spins is shown from its first sleep on.
    pub(crate) since: u64,
    pub(crate) outcome: Outcome,
    /// The number of the thread that woke the waiter last; zero: none.
    pub(crate) waker: u64,
    /// When it did.
    pub(crate) woken_at: u64,
}

impl EndedWait {
    /// How long it lasted, in nanoseconds.
    pub(crate) fn nanos(&self) -> u64 {
        self.ended.saturating_sub(self.begun)
    }
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With what it waited for.
    Granted,
    TimedOut,
    Interrupted,
}

/// What the record of a thread has for the observer.
pub(super) struct Observed {
    /// See [`EndedWait::waker`]; written by wakers of the thread's waiter, before they wake it.
    waker: AtomicU64,
    woken_at: AtomicU64,
    /// Where the floor above keeps waits of the thread; it is not freed.
    kept: AtomicPtr<()>,
}

impl Observed {
    pub(super) const fn new() -> Self {
        Self {
            waker: AtomicU64::new(0),
            woken_at: AtomicU64::new(0),
            kept: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// The calling thread wakes the thread of this record.
    #[inline]
    pub(super) fn note_waker(&self) {
        if is_observed() {
            self.note();
        }
    }

    /// Under the lock of a list, where no record can be made. The thread gets one after the wake.
    #[cold]
    fn note(&self) {
        if number_if_any() == 0 {
            // Whatever locks a list has the fork handler installed.
            set_number(reserve_number());
        }
        // Relaxed: the wake, which comes later, publishes both.
        self.waker.store(number_if_any(), Ordering::Relaxed);
        self.woken_at.store(now(), Ordering::Relaxed);
    }

    pub(super) fn kept(&self) -> &AtomicPtr<()> {
        &self.kept
    }
}

/// A `fn(EndedWait)`, or null.
static OBSERVER: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Has each wait that ends call `f`, on its thread and under no lock of the library; or none.
pub(crate) fn set_observer(f: Option<fn(EndedWait)>) {
    OBSERVER.store(
        f.map_or(ptr::null_mut(), |f| f as *mut ()),
        Ordering::Release,
    );
}

/// Whether waits are measured.
pub(crate) fn is_observed() -> bool {
    !OBSERVER.load(Ordering::Relaxed).is_null()
}

/// A wait of the thread that begins: when, if it is to be measured.
#[inline]
pub(super) fn begun(thread: &Observed) -> Option<u64> {
    is_observed().then(|| {
        thread.waker.store(0, Ordering::Relaxed);
        now()
    })
}

/// The end of that wait.
#[cold]
pub(super) fn ended(
    thread: &Observed,
    (begun, since): (u64, Option<u64>),
    kind: Kind,
    object: usize,
    outcome: Outcome,
) {
    // Pairs with the store: what the function needs has been written before.
    let f = OBSERVER.load(Ordering::Acquire);
    if f.is_null() {
        return;
    }
    // SAFETY: stored by `set_observer`.
    let f = unsafe { mem::transmute::<*mut (), fn(EndedWait)>(f) };
    f(EndedWait {
        kind,
        object,
        begun,
        ended: now(),
        since: since.unwrap_or(begun),
        outcome,
        waker: thread.waker.load(Ordering::Relaxed),
        woken_at: thread.woken_at.load(Ordering::Relaxed),
    });
}

//! The seam for measuring waits: each wait that has gone through a list tells a floor above how it
//! ended, if that has asked.
//!
//! A wait that spins and takes what it wants before it enlists is none here.

use super::{Kind, now};
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A wait that has ended.
#[derive(Clone, Copy)]
pub(crate) struct EndedWait {
    pub(crate) kind: Kind,
    /// The address of the object.
    pub(crate) object: usize,
    /// How long it lasted, in nanoseconds.
    pub(crate) nanos: u64,
    pub(crate) outcome: Outcome,
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With what it waited for.
    Granted,
    TimedOut,
    Interrupted,
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

/// A wait that begins: when, if it is to be measured.
#[inline]
pub(super) fn begun() -> Option<u64> {
    is_observed().then(now)
}

/// The end of that wait.
#[cold]
pub(super) fn ended(begun: u64, kind: Kind, object: usize, outcome: Outcome) {
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
        nanos: now().saturating_sub(begun),
        outcome,
    });
}

//! Keeps forks out while the standard library starts or ends a thread.
//!
//! When the standard library starts a thread, and again when it ends one, it takes a lock of its
//! own. A process forked in such a moment has that lock taken for ever, and no thread that it
//! starts gets further. So a thread counts as *inside* from the call that starts it until its own
//! function begins. It counts again from that function's end until the first of its thread-locals
//! is destroyed. No user code runs in between, except the destructor of a function that could not
//! be started.
//!
//! # Implementation
//!
//! | thread | store | then the load |
//! |---|---|---|
//! | a thread that goes inside | counts itself in `INSIDE` | of `FORKING`: while a thread forks, it takes its count back and waits |
//! | a thread that forks | counts itself in `FORKING` | of `INSIDE`: it waits until no other thread is inside |
//!
//! Linearisation point of both: the store. Store and load are sequentially consistent on both
//! sides, so one of the two threads sees the other. A fork waits for a second at most, because a
//! fork at a bad moment is better than none. Threads that others start through the standard library
//! are not counted.

use crate::park::{Deadline, spin_until};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LONGEST_WAIT: Duration = Duration::from_secs(1);

static INSIDE: AtomicUsize = AtomicUsize::new(0);
static FORKING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How often this thread itself is inside.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static LEAVES: Leaves = const { Leaves };
}

/// The starting thread is inside. Dropped, it no longer is, and the start has failed.
pub(crate) struct Starts(());

impl Starts {
    pub(super) fn enter() -> Self {
        enter();
        Self(())
    }

    /// The start has succeeded: the new thread counts as inside until it says otherwise.
    pub(super) fn succeeded(self) {
        std::mem::forget(self);
        DEPTH.set(DEPTH.get() - 1);
    }
}

impl Drop for Starts {
    fn drop(&mut self) {
        leave();
    }
}

/// Called first on a thread that was started.
pub(super) fn has_started() {
    INSIDE.fetch_sub(1, Ordering::SeqCst);
}

/// Called last on a thread, before the standard library ends it.
pub(super) fn is_ending() {
    enter();
    // Registered last, so destroyed first.
    if LEAVES.try_with(|_| ()).is_err() {
        leave();
    }
}

struct Leaves;

impl Drop for Leaves {
    fn drop(&mut self) {
        leave();
    }
}

fn enter() {
    let mut deadline = None;
    loop {
        INSIDE.fetch_add(1, Ordering::SeqCst);
        // A thread that is inside already must go on, because the fork waits for it.
        if FORKING.load(Ordering::SeqCst) == 0
            || DEPTH.get() > 0
            || deadline.is_some_and(Deadline::has_passed)
        {
            break;
        }
        INSIDE.fetch_sub(1, Ordering::SeqCst);
        let deadline = *deadline.get_or_insert_with(|| Deadline::after(LONGEST_WAIT));
        spin_until(|| FORKING.load(Ordering::SeqCst) == 0 || deadline.has_passed());
    }
    DEPTH.set(DEPTH.get() + 1);
}

fn leave() {
    DEPTH.set(DEPTH.get() - 1);
    INSIDE.fetch_sub(1, Ordering::SeqCst);
}

/// Called before a fork, on the thread that forks.
pub(super) extern "C" fn before_fork() {
    FORKING.fetch_add(1, Ordering::SeqCst);
    let deadline = Deadline::after(LONGEST_WAIT);
    spin_until(|| INSIDE.load(Ordering::SeqCst) <= DEPTH.get() || deadline.has_passed());
}

/// Called after the fork, in the parent.
pub(super) extern "C" fn after_fork_in_parent() {
    FORKING.fetch_sub(1, Ordering::SeqCst);
}

/// Called after the fork, in the child, whose only thread this is.
pub(super) fn after_fork_in_child() {
    FORKING.store(0, Ordering::SeqCst);
    INSIDE.store(DEPTH.get(), Ordering::SeqCst);
}

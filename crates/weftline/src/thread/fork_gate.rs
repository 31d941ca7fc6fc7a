//! Keeps forks out of the moments in which a thread is in the standard library's hands.
//!
//! When the standard library starts a thread, and again when it ends one, it takes a lock of its
//! own. A process forked in such a moment has that lock taken for ever, and no thread that it
//! starts gets further. So a thread counts as *inside* from the call that starts it until its own
//! function begins, and from that function's end until the first of its thread-locals is destroyed;
//! no user code runs in between, except the destructor of a function that could not be started.
//!
//! # Implementation
//!
//! | who | does | then |
//! |---|---|---|
//! | who goes inside | counts itself in `INSIDE` | looks at `FORKING`: if somebody forks, goes back and waits |
//! | who forks | counts itself in `FORKING` | looks at `INSIDE`: waits until it is zero, apart from itself |
//!
//! Both are sequentially consistent, so one of the two sees the other. A fork waits for a second at
//! most: it is better to fork at a bad moment than not to. Threads that others start through the
//! standard library are not counted.

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

/// The thread that starts another is inside; dropped, it is not any more, and there is no other.
pub(crate) struct Starts(());

impl Starts {
    pub(super) fn enter() -> Self {
        enter();
        Self(())
    }

    /// There is another, which will say so itself when it is no longer inside.
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

/// No fork, other than by this thread, until this is dropped: what the calling thread has open for
/// a moment belongs to one process.
pub(crate) fn keep_forks_out() -> Starts {
    super::registry::watch_forks();
    Starts::enter()
}

/// Calls `f`, while no other thread can fork: for what takes a lock that is not ours, and that a
/// child would find taken for ever.
///
/// `f` must be short, and must not wait for anything that a thread may hold while it forks.
pub fn without_forks<R>(f: impl FnOnce() -> R) -> R {
    let _inside = keep_forks_out();
    f()
}

/// First thing on a thread that was started.
pub(super) fn has_started() {
    INSIDE.fetch_sub(1, Ordering::SeqCst);
}

/// Last thing on a thread, before it goes back into the standard library's hands.
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
        // Who is inside already must go on, for the fork waits for it.
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

/// Before a fork, on the thread that forks.
pub(super) extern "C" fn before_fork() {
    FORKING.fetch_add(1, Ordering::SeqCst);
    let deadline = Deadline::after(LONGEST_WAIT);
    spin_until(|| INSIDE.load(Ordering::SeqCst) <= DEPTH.get() || deadline.has_passed());
}

/// After it, in the parent.
pub(super) extern "C" fn after_fork_in_parent() {
    FORKING.fetch_sub(1, Ordering::SeqCst);
}

/// After it, in the child, which has this thread alone.
pub(super) fn after_fork_in_child() {
    FORKING.store(0, Ordering::SeqCst);
    INSIDE.store(DEPTH.get(), Ordering::SeqCst);
}

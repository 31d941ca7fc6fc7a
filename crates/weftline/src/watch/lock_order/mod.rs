//! The order of locks: an inversion is reported when it happens, before anything hangs.
//!
//! # Implementation
//!
//! | file | what it holds |
//! |---|---|
//! | `witness.rs` | what follows when a watched lock is taken and released |
//! | `edge.rs` | the addition of an edge, and the report of the inversion that it makes |
//! | `order.rs` | the graph of this process, and the inversions so far |
//! | `graph.rs`, `node.rs` | which locks were taken under which others, by class or one by one |
//! | `lock_use.rs` | a use of an edge: a thread took a lock while it held another one |
//! | `manner.rs` | how a thread took a lock: what tells whether threads may meet |
//! | `search.rs` | the search for a circle in that |
//! | `writers.rs` | the threads that wait to write, and so stop later readers |
//! | `held.rs` | the locks that a thread holds |
//! | `gates.rs` | the locks that a thread holds beside those of an edge |
//! | `classes.rs` | the places at which locks are made |
//! | `forever.rs` | lists that only grow, which every fork leaves whole |
//! | `stack.rs`, `stack_interner.rs` | the stack of a thread that adds an edge; equal ones are kept once |
//! | `interpreter.rs` | the interpreter that tells such stacks |
//! | `inversion.rs` | a circle, as a value and as text |
//! | `actions.rs` | what happens when there is one |
//! | `suppressions.rs` | which inversions are not reported |
//!
//! Watched locks tell this module of each acquisition and release (`park/witness.rs`). Before a
//! thread takes a lock and may wait without a limit, an edge leads there from each lock that it
//! holds. A try or a timed acquisition adds none: it gives up. What it took counts as held.
//!
//! Threads hold a read-write lock in ways that exclude each other, or do not (`Access`). Edges and
//! gates keep how a thread holds and wants each lock.
//!
//! A lock that another thread than its owner releases orders nothing: it is a signal. It leaves the
//! order for good, and its edges go with it.
//!
//! Each thread remembers edges that it has added, so an acquisition that is like an earlier one
//! takes no lock of this module. The graph is under a `ListLock`, whose owner allocates here: the
//! child of a fork begins with an empty graph if another thread was changing it. Classes and
//! suppressions are no part of it, and outlive every fork.
//!
//! While no locks are watched, no thread tells what it releases. So a thread forgets what it held
//! when locks are watched again.

mod actions;
mod classes;
mod edge;
mod forever;
mod gates;
mod graph;
mod held;
mod interpreter;
mod inversion;
mod lock_use;
mod manner;
mod node;
mod order;
mod search;
mod stack;
mod stack_interner;
mod suppressions;
mod witness;
mod writers;

pub use actions::{OnInversion, on_inversion};
pub(super) use interpreter::set_interpreter;
pub use inversion::{Inversion, Link, OrderedLock, OtherWriter};
pub use order::{forget_lock_order, inversions};

use crate::park::LockClass;
use crate::park::witness::{is_on, set_witness};
use witness::{WITNESS, begin_period};

/// Watches the order in which threads take locks, or no longer does.
///
/// Watched are the locks of the Python face that are made from then on; those of the Rust face, if
/// the crate has its feature `lock-order`. An acquisition and release of a watched lock takes some
/// hundred nanoseconds.
pub fn lock_order(watched: bool) {
    if watched && !is_on() {
        begin_period();
    }
    set_witness(watched.then_some(&WITNESS));
}

/// As [`lock_order`], if the environment variable `WEFTLINE_LOCK_ORDER` is `1`. Names and places of
/// locks in `WEFTLINE_LOCK_ORDER_SUPPRESS`, between commas, are suppressed. Returns whether locks
/// are watched.
pub fn lock_order_as_told() -> bool {
    let told = |name| std::env::var(name).unwrap_or_default();
    if matches!(told("WEFTLINE_LOCK_ORDER").trim(), "" | "0") {
        return false;
    }
    for pattern in told("WEFTLINE_LOCK_ORDER_SUPPRESS").split(',') {
        suppress_inversions(pattern);
    }
    lock_order(true);
    true
}

/// Whether new locks are to be watched.
#[inline]
#[must_use]
pub fn watches_lock_order() -> bool {
    is_on()
}

/// The class of the locks that are made at that place. For bindings.
#[must_use]
pub fn lock_class(function: Option<&str>, file: &str, line: u32) -> LockClass {
    classes::of(function, file, line)
}

/// Does not report inversions in which a lock has that name, or is made or taken at that place:
/// `file:line` or `file`, as a whole path or its last parts.
pub fn suppress_inversions(pattern: &str) {
    suppressions::add(pattern);
}

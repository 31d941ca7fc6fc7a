//! Queues: first in first out, last in first out, smallest first, and the simple one.
//!
//! | file | what it holds |
//! |---|---|
//! | `core/` | the core, generic over the order: one lock, and the lists of the getters, the putters and the joiners |
//! | `order.rs` | the trait of an order; first in first out, last in first out |
//! | `priority.rs` | smallest first |
//! | `heap.rs` | where an item goes in a heap, found before anything moves |
//! | `sorting.rs` | how a comparison, which is user code, runs while no list's lock is held |
//! | `typed.rs`, `simple.rs` | the faces for Rust programs |

mod core;
mod heap;
mod order;
mod priority;
#[cfg(not(weftline_model))]
mod simple;
mod sorting;
#[cfg(not(weftline_model))]
mod typed;

#[cfg(not(weftline_model))]
pub use simple::SimpleQueue;
#[cfg(not(weftline_model))]
pub use typed::{Iter, LifoQueue, PriorityQueue, Queue};

/// The forms without guards, for bindings: every wait takes a [`crate::park::Blocker`] and a
/// [`crate::park::Deadline`].
pub mod raw {
    pub use super::core::{Content, Forwarded, GetFailure, PutFailure, RawQueue};
    pub use super::heap::{Reading, parent, plan_pop, plan_push};
    pub use super::order::{Fifo, Lifo, Order, WorkerFifo};
    pub use super::priority::Heap;
    pub use super::sorting::Compare;
}

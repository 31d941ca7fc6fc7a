//! How a thread sleeps and is woken: the only room that calls the operating system.
//!
//! Everything that blocks in weftline is built from two things:
//!
//! - [`Parker`], one per thread: `park(deadline)` sleeps until somebody calls `unpark`, the
//!   deadline passes, or a signal arrives;
//! - a wait list, one per object: first in first out, whose waiters *settle exactly once*.
//!
//! What is public here is what a binding to another language needs: [`Deadline`], [`Blocker`] and
//! [`WaitError`]. A binding writes its own [`Blocker`] (for Python: let go of the interpreter,
//! park, run signal handlers) and calls the raw forms in [`crate::sync::raw`] and
//! [`crate::queue::raw`] with it. Rust programs never see this module.
//!
//! # Implementation
//!
//! | file | what it holds | who may touch it |
//! |---|---|---|
//! | `parker.rs`, `portable.rs` | the futex parker, and the portable one | the thread itself parks; anyone unparks |
//! | `adaptive_spin.rs` | whether to spin for a moment before sleeping | the thread itself |
//! | `deadline.rs` | the monotonic clock and points on it | anyone |
//! | `list_lock.rs` | the short lock over a list, which carries the fork generation | never held while user code runs |
//! | `waiter.rs` | a thread's wait for an object, and how it settles | its thread sleeps; a waker settles it under the list's lock |
//! | `wait_list.rs` | the waiters of an object, first in first out | under the list's lock |
//! | `wait_until.rs` | the wait for what is then there for everybody | whoever waits |
//! | `cache_padded.rs` | a place on cache lines of its own | anyone |
//! | `blocker.rs` | the trait that a blocked thread sleeps through | implemented by faces |
//! | `record.rs` | thread numbers, one record per thread that ever slept | leaked and recycled, so a late wake is harmless |
//! | `relay.rs` | the order in which many threads of an interpreter are woken | wakers of many, and the woken |
//! | `thread_end.rs` | what returns a record when even thread-locals are gone | `record.rs` |
//! | `fork.rs` | the fork generation, and who survived | the `pthread_atfork` child handler |
//! | `model.rs` | the seam: atomics, cells and yields, real or modelled | everyone in the core |
//!
//! **Why a late wake is harmless.** The waker settles a waiter under the list's lock, copies the
//! `&'static` record of its thread, lets go of the lock and only then unparks, unless that thread
//! watches the waiter. By then the waiter may have seen its new state and gone; its record is never
//! freed, so the worst that happens is one spurious wake-up of whoever uses the record now, and
//! every sleeper looks at its state again.

#[cfg(not(weftline_model))]
mod adaptive_spin;
mod blocker;
mod cache_padded;
mod deadline;
pub(crate) mod fork;
mod list_lock;
pub(crate) mod model;
mod parker;
#[cfg(all(
    not(weftline_model),
    any(not(target_os = "linux"), feature = "portable-parker")
))]
mod portable;
mod record;
mod relay;
#[cfg(all(unix, not(weftline_model)))]
mod thread_end;
mod wait_list;
mod wait_until;
mod waiter;

#[cfg(not(weftline_model))]
pub(crate) use adaptive_spin::processors;
#[cfg(all(
    feature = "process",
    target_os = "linux",
    target_pointer_width = "64",
    not(weftline_model)
))]
pub(crate) use adaptive_spin::{AdaptiveSpin, SpinLength};
#[cfg(not(weftline_model))]
pub(crate) use blocker::panic_without_memory;
pub(crate) use blocker::ready;
pub use blocker::{Blocker, Spin, ThreadBlocker, WaitError};
#[cfg(not(weftline_model))]
pub(crate) use blocker::{LockBlocker, TokenBlocker};
pub(crate) use cache_padded::CachePadded;
pub use deadline::Deadline;
#[cfg(not(weftline_model))]
pub(crate) use deadline::now;
#[cfg(weftline_model)]
pub use deadline::{Alarm, everyone_starves};
pub use parker::{Parker, Wake};
pub use record::{ThreadNumber, current_number, os_ident_of};
pub use relay::open_relay;

pub(crate) use list_lock::{ForgetWaiters, ListGuard, ListLock};
pub(crate) use record::{
    ThreadRecord, current as current_record, has_record, number, try_current as try_current_record,
};
#[cfg(not(weftline_model))]
pub(crate) use record::{adopt_number, os_ident, replace_number, reserve_number};
pub(crate) use wait_list::{Chain, Claimed, List};
pub(crate) use wait_until::wait_until;
pub(crate) use waiter::{Ended, Waiter, Wakeup, spin_until};

//! Locks, conditions, events, semaphores and barriers.
//!
//! Each file holds a primitive in two forms: the *raw* one, generic over [`crate::park::Blocker`] and without guards, which
//! bindings use (collected in [`raw`]), and the typed one for Rust programs, which is a thin face over it.

mod barrier;
mod condition;
mod event;
mod lock;
mod rlock;
mod semaphore;

#[cfg(not(weftline_model))]
pub use barrier::{Arrival, Barrier};
#[cfg(not(weftline_model))]
pub use condition::{Condition, ConditionGuard};
#[cfg(not(weftline_model))]
pub use event::Event;
#[cfg(not(weftline_model))]
pub use lock::{Holder, Lock, LockGuard};
#[cfg(not(weftline_model))]
pub use rlock::{RLock, RLockGuard};
#[cfg(not(weftline_model))]
pub use semaphore::{BoundedSemaphore, Permit, Semaphore};

/// The unguarded forms, for bindings: every wait takes a [`crate::park::Blocker`] and a [`crate::park::Deadline`].
pub mod raw {
    pub use super::barrier::{BarrierError, RawBarrier};
    pub use super::condition::RawCondition;
    pub use super::event::RawEvent;
    pub use super::lock::RawLock;
    pub use super::rlock::{RLockError, RawRLock};
    pub use super::semaphore::RawSemaphore;
}

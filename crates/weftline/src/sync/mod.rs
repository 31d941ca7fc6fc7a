//! Locks, conditions, events, semaphores and barriers.
//!
//! Each primitive has two forms, in a file each: the *raw* one in [`raw`], generic over
//! [`crate::park::Blocker`] and without guards, which bindings use, and the typed one here, for
//! Rust programs, which is a thin face over it.

#[cfg(not(weftline_model))]
mod barrier;
#[cfg(not(weftline_model))]
mod condition;
#[cfg(not(weftline_model))]
mod event;
#[cfg(not(weftline_model))]
mod lock;
#[cfg(not(weftline_model))]
mod lock_guard;
pub mod raw;
#[cfg(not(weftline_model))]
mod rlock;
#[cfg(not(weftline_model))]
mod semaphore;

#[cfg(not(weftline_model))]
pub use barrier::{Arrival, Barrier};
#[cfg(not(weftline_model))]
pub use condition::{Condition, ConditionGuard};
#[cfg(not(weftline_model))]
pub use event::Event;
#[cfg(not(weftline_model))]
pub use lock::Lock;
#[cfg(not(weftline_model))]
pub use lock_guard::{LockGuard, MappedLockGuard};
#[cfg(not(weftline_model))]
pub use rlock::{RLock, RLockGuard};
#[cfg(not(weftline_model))]
pub use semaphore::{BoundedSemaphore, OwnedPermit, Permit, Semaphore};

//! Locks, conditions, events, semaphores and barriers.
//!
//! Each primitive has two forms, in a file each. The *raw* form in [`raw`] is for bindings: it has
//! no guards and is generic over [`crate::park::Blocker`]. The typed form here is for Rust programs
//! and is a thin face over the raw one.

#[cfg(not(weftline_model))]
mod barrier;
#[cfg(not(weftline_model))]
mod condition;
#[cfg(not(weftline_model))]
mod event;
#[cfg(not(weftline_model))]
mod lock;
pub mod raw;
#[cfg(not(weftline_model))]
mod rlock;
#[cfg(not(weftline_model))]
mod rwlock;
#[cfg(not(weftline_model))]
mod rwlock_guards;
#[cfg(not(weftline_model))]
mod semaphore;

#[cfg(not(weftline_model))]
pub use barrier::{Arrival, Barrier};
#[cfg(not(weftline_model))]
pub use condition::{Condition, ConditionGuard};
#[cfg(not(weftline_model))]
pub use event::Event;
#[cfg(not(weftline_model))]
pub use lock::{Lock, LockGuard, MappedLockGuard};
#[cfg(not(weftline_model))]
pub use rlock::{RLock, RLockGuard};
#[cfg(not(weftline_model))]
pub use rwlock::RwLock;
#[cfg(not(weftline_model))]
pub use rwlock_guards::{
    MappedRwLockReadGuard, MappedRwLockWriteGuard, RwLockReadGuard, RwLockUpgradableReadGuard,
    RwLockWriteGuard,
};
#[cfg(not(weftline_model))]
pub use semaphore::{BoundedSemaphore, OwnedPermit, Permit, Semaphore};

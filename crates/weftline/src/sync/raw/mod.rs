//! The primitives without guards, for bindings. Every wait takes a
//! [`crate::park::Blocker`] and a [`crate::park::Deadline`].

mod barrier;
mod barrier_forwarding;
mod barrier_state;
mod condition;
mod event;
mod forwarding;
mod lock;
mod lock_waiting;
mod lock_word;
mod rlock;
mod rwlock;
mod rwlock_read;
mod rwlock_upgrade;
mod rwlock_waiting;
mod rwlock_watched;
mod rwlock_word;
mod rwlock_write;
mod semaphore;
mod semaphore_forwarding;
mod semaphore_release;

pub use barrier::{BarrierError, RawBarrier};
pub use barrier_forwarding::ForwardedBarrier;
pub use condition::RawCondition;
pub use event::RawEvent;
pub use forwarding::ForwardOutcome;
pub use lock::RawLock;
pub use rlock::{RLockError, RawRLock};
pub use rwlock::{RawRwLock, RwLockError};
pub use rwlock_upgrade::DowngradeError;
pub use semaphore::RawSemaphore;

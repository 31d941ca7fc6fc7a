//! Objects that several processes share: in a file in memory, with futexes that are not private to a process.
//!
//! | file | what it holds |
//! |---|---|
//! | `segment.rs` | the file, how long it is and what is in it, its name, and how it goes to another process |
//! | `robust.rs` | a word that a thread holds, and of which the others learn when it dies |
//! | `object.rs` | an object in a segment, as one process has it |
//! | `mutex.rs` | a lock that knows of deaths, its guards and its errors |
//! | `table.rs` | rows of such words after an object: who holds a part of it, or waits |
//! | `ring.rs` | the bytes of a queue's items |
//! | `lock.rs`, `rlock.rs`, `semaphore.rs`, `event.rs`, `condition.rs`, `barrier.rs`, `queue.rs`, `value.rs`, `array.rs` | the objects |

mod array;
mod barrier;
mod condition;
mod event;
mod lock;
mod mutex;
mod object;
mod queue;
mod ring;
mod rlock;
mod robust;
mod segment;
mod semaphore;
mod table;
mod value;

pub use array::Array;
pub use barrier::{Arrival, Barrier, BarrierError};
pub use condition::{Condition, ConditionGuard, WaitError};
pub use event::Event;
pub use lock::Lock;
pub use mutex::{Abandoned, LockError, LockGuard, Plain, Recover};
pub(super) use queue::Refused;
pub use queue::{GetError, Iter, PutError, Queue};
pub use rlock::{RLock, RLockGuard};
pub use segment::{SharedError, unlink};
pub use semaphore::{BoundedSemaphore, Permit, Semaphore};
pub use value::{Value, ValueGuard};

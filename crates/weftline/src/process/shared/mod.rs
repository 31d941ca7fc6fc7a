//! Objects that several processes share: in a file in memory, with futexes that are not private to
//! a process.
//!
//! | file | what it holds |
//! |---|---|
//! | `segment.rs` | the file, its length and contents, its name, and its transfer to another process |
//! | `header.rs` | the beginning of the file, by which another process recognises the object |
//! | `reserve.rs` | memory for a part of the file |
//! | `robust.rs`, `robust_list.rs` | a word that a thread holds, and of whose death the other threads learn; what the thread knows of its own words |
//! | `list_head.rs` | the list by which the kernel finds these words |
//! | `records.rs` | the words that each thread holds, in the process's own memory |
//! | `leaked.rs` | what becomes of a leaked guard's lock when its thread ends |
//! | `last_destructor.rs` | a destructor that runs after all others of its thread |
//! | `sleep.rs` | sleeping on a word, and waking |
//! | `object.rs` | an object in a segment, as one process has it |
//! | `mutex.rs` | a lock that remembers its holder's death, its guards and its errors |
//! | `table.rs` | rows of such words after an object: a row for each holder of a part of it, or each waiter |
//! | `items.rs`, `ring.rs` | the items of a queue as bytes; where those lie |
//! | `semaphore_core.rs`, `barrier_core.rs` | the core of both kinds of semaphore, and that of the barrier |
//! | `error.rs`, `operation_error.rs` | why there is no object; why an operation on one has failed |
//! | `lock.rs`, `rlock.rs`, `semaphore.rs`, `event.rs`, `condition.rs` and `condition_forms.rs`, `barrier.rs`, `queue.rs`, `value.rs`, `array.rs` | the objects |

mod array;
mod barrier;
mod barrier_core;
mod condition;
mod condition_forms;
mod error;
mod event;
mod header;
mod items;
mod last_destructor;
mod leaked;
mod list_head;
mod lock;
mod mutex;
mod object;
mod operation_error;
mod queue;
mod records;
mod reserve;
mod ring;
mod rlock;
mod robust;
mod robust_list;
mod segment;
mod semaphore;
mod semaphore_core;
mod sleep;
mod table;
mod value;

pub use array::Array;
pub use barrier::{Arrival, Barrier};
pub use condition::{Condition, ConditionGuard};
pub use error::SharedError;
pub use event::Event;
pub(super) use items::Refused;
pub use lock::Lock;
pub use mutex::{Abandoned, LockError, LockGuard, Plain, Recover};
pub use operation_error::{BarrierError, GetError, PutError, WaitError};
pub use queue::{Iter, Queue};
pub use rlock::{RLock, RLockGuard};
pub use segment::unlink;
pub use semaphore::{BoundedSemaphore, Permit, Semaphore};
pub use value::{Value, ValueGuard};

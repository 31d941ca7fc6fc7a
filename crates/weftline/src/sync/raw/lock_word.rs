//! The word of a lock. `lock.rs` has the table of its states.

use crate::park::{ThreadNumber, fork};

pub(super) const FREE: u64 = 0;
/// A release reads the list.
pub(super) const WAITERS: u64 = 1;
/// The lock is watched (`park/witness.rs`), so no fast path takes or releases it.
pub(super) const WATCHED: u64 = 2;
/// The word of a new lock. With the feature `lock-order` it is watched: the first acquisition
/// decides whether it stays so.
pub(super) const INITIAL: u64 = if cfg!(feature = "lock-order") {
    WATCHED
} else {
    FREE
};
/// Where the owner begins.
const OWNER: u32 = 2;

/// Held by the thread with that number.
#[inline]
pub(super) const fn held_by(owner: u64) -> u64 {
    owner << OWNER
}

/// The number of the owner; zero: the lock is free.
#[inline]
pub(super) const fn owner_of(word: u64) -> u64 {
    word >> OWNER
}

/// Held by no thread.
#[inline]
pub(super) const fn is_free(word: u64) -> bool {
    owner_of(word) == 0
}

/// Held by a thread that does not exist in this process.
pub(super) fn is_orphan(word: u64) -> bool {
    !is_free(word) && !fork::is_alive(owner_of(word))
}

/// The owner, if it exists in this process.
pub(super) fn living_owner(word: u64) -> Option<ThreadNumber> {
    ThreadNumber::new(owner_of(word)).filter(|owner| fork::is_alive(owner.get()))
}

//! What a watched [`RawRwLock`] tells the witness. Its slow paths call this file.

use super::rwlock::{RawRwLock, RwLockError};
use super::rwlock_waiting::Waiting;
use super::rwlock_word::{WATCHED, Word};
use crate::park::model::AtomicU64;
use crate::park::witness::{self, Access, READERS, WatchedLock};
use crate::park::{Deadline, ListLock, LockClass, number};
use std::panic::Location;

impl RawRwLock {
    /// A free lock that is watched, of that class.
    pub fn watched(class: LockClass) -> Self {
        let lock = Self {
            word: AtomicU64::new(WATCHED),
            waiters: ListLock::new(Waiting::new()),
        };
        lock.waiters.tag().set_class(class);
        lock
    }

    /// Whether the slow paths tell of the lock.
    #[doc(hidden)]
    pub fn is_watched(&self) -> bool {
        self.load().is_watched()
    }

    /// The lock as the witness sees it.
    fn seen(&self, access: Access) -> WatchedLock<'_> {
        WatchedLock {
            address: std::ptr::from_ref(self).addr(),
            access,
            tag: self.waiters.tag(),
        }
    }

    /// Takes the lock by `take`.
    pub(super) fn take_seen<I>(
        &self,
        access: Access,
        place: &'static Location<'static>,
        deadline: Deadline,
        take: impl FnOnce() -> Result<(), RwLockError<I>>,
    ) -> Result<(), RwLockError<I>> {
        if deadline.is_never() && self.load().is_watched() {
            witness::wants(self.seen(access), place);
        }
        take()?;
        self.tell_taken(access, place);
        Ok(())
    }

    /// The calling thread has taken the lock.
    pub(super) fn tell_taken(&self, access: Access, place: &'static Location<'static>) {
        if self.load().is_watched() {
            witness::taken(self.seen(access), place);
        }
    }

    /// The calling thread has released the lock, whose word was that one.
    #[cold]
    pub(super) fn tell_released(&self, access: Access, was: Word) {
        if was.is_watched() {
            witness::released(self.seen(access), number());
        }
    }

    /// The lock is about to be gone, perhaps while a guard was forgotten.
    #[inline]
    pub(super) fn will_be_gone(&self) {
        let word = self.load();
        if word.is_watched() {
            let access = match word.owner() {
                Some(_) => Access::Write,
                None => Access::Read,
            };
            let owner =
                (!word.is_free()).then(|| word.owner().map_or(READERS, |owner| owner.get()));
            witness::gone(self.seen(access), owner);
        }
    }
}

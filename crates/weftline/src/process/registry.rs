//! [`Registry`]: handles that any thread adds, and any thread takes out.
//!
//! # Implementation
//!
//! A list under a [`ListLock`]: room is allocated before the lock is taken, and removed entries are
//! dropped after it. In the child of a fork the list is empty: its entries are the parent's.

use crate::park::{ForgetWaiters, ListLock};
use std::mem;

pub(super) struct Registry<T>(ListLock<Entries<T>>);

struct Entries<T>(Vec<T>);

impl<T> ForgetWaiters for Entries<T> {
    fn forget_waiters(&mut self, _torn: bool) {
        // Not dropped: it may be half changed, and destructors do not run under the lock.
        mem::forget(mem::take(&mut self.0));
    }
}

impl<T: Clone + PartialEq> Registry<T> {
    pub(super) const fn new() -> Self {
        Self(ListLock::new(Entries(Vec::new())))
    }

    /// Adds `entry`.
    pub(super) fn enter(&self, entry: T) {
        let mut entry = Some(entry);
        let mut room: Vec<T> = Vec::new();
        loop {
            let needed = {
                let mut entries = self.0.lock();
                let entries = &mut entries.0;
                if entries.len() == entries.capacity() && room.capacity() > entries.len() {
                    room.append(entries);
                    mem::swap(entries, &mut room);
                }
                if entries.len() < entries.capacity()
                    && let Some(entry) = entry.take()
                {
                    entries.push(entry);
                    return;
                }
                (entries.len() * 2).max(16)
            };
            room = Vec::with_capacity(needed);
        }
    }

    /// Takes out the entry that equals `entry`, if there is one.
    pub(super) fn leave(&self, entry: &T) {
        let taken = {
            let mut entries = self.0.lock();
            let place = entries.0.iter().position(|other| other == entry);
            place.map(|place| entries.0.swap_remove(place))
        };
        drop(taken);
    }

    /// Clones of all entries.
    pub(super) fn all(&self) -> Vec<T> {
        let mut all = Vec::new();
        loop {
            let needed = {
                let entries = self.0.lock();
                if all.capacity() >= entries.0.len() {
                    all.extend_from_slice(&entries.0);
                    return all;
                }
                entries.0.len()
            };
            all = Vec::with_capacity(needed + needed / 8);
        }
    }
}

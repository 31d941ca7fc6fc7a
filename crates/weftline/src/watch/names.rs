//! The names that a program gives to its objects, for reports.
//!
//! # Implementation
//!
//! A table beside the objects, so that they are no larger for it. An entry is a range of addresses:
//! a wait knows the address of a part of the object. A report, also in a signal handler, tries the
//! table's lock; entries are added in memory that was allocated before.

use crate::park::{ForgetWaiters, ListLock, ShortName, panic_without_memory};
use std::marker::PhantomData;

struct Entry {
    start: usize,
    bytes: usize,
    name: ShortName,
}

struct Names(Vec<Entry>);

impl ForgetWaiters for Names {
    fn forget_waiters(&mut self, torn: bool) {
        if torn {
            // Not dropped: it may be half changed.
            std::mem::forget(std::mem::take(&mut self.0));
        }
    }
}

static NAMES: ListLock<Names> = ListLock::new(Names(Vec::new()));

/// The name of an object in reports, until it is dropped. [`Named::for_good`] keeps it.
#[must_use = "the object loses its name when this is dropped"]
#[derive(Debug)]
pub struct Named<'a> {
    start: usize,
    object: PhantomData<&'a ()>,
}

impl Named<'static> {
    /// The object, which lives as long as the program, keeps its name.
    pub fn for_good(self) {
        std::mem::forget(self);
    }
}

impl Drop for Named<'_> {
    fn drop(&mut self) {
        unname_range(self.start);
    }
}

/// Names an object in reports: a lock, a queue, an event, or a value of which it is a part. Of a
/// long name the first 47 bytes are kept.
///
/// # Panics
/// When there is no memory for it.
///
/// ```
/// use weftline::{Lock, watch};
///
/// static CACHE: Lock<Vec<u8>> = Lock::new(Vec::new());
/// watch::name(&CACHE, "cache").for_good();
/// ```
pub fn name<'a, T>(object: &'a T, name: &str) -> Named<'a> {
    let start = std::ptr::from_ref(object).addr();
    name_range(start, size_of::<T>(), name);
    Named {
        start,
        object: PhantomData,
    }
}

/// Names whatever lies in a range of addresses, instead of what began there before. For bindings.
///
/// # Panics
/// When there is no memory for it.
pub fn name_range(start: usize, bytes: usize, name: &str) {
    let entry = Entry {
        start,
        bytes,
        name: ShortName::new(name),
    };
    let mut room: Vec<Entry> = Vec::new();
    loop {
        let needed = {
            let mut names = NAMES.lock();
            let entries = &mut names.0;
            if let Some(known) = entries.iter_mut().find(|it| it.start == start) {
                *known = entry;
                return;
            }
            if entries.len() == entries.capacity() && room.capacity() > entries.len() {
                room.append(entries);
                std::mem::swap(entries, &mut room);
            }
            if entries.len() < entries.capacity() {
                entries.push(entry);
                return;
            }
            entries.len() * 2 + 16
        };
        room = Vec::new();
        if room.try_reserve_exact(needed).is_err() {
            panic_without_memory();
        }
    }
}

/// Takes the name of what begins at that address away.
pub fn unname_range(start: usize) {
    let mut names = NAMES.lock();
    if let Some(index) = names.0.iter().position(|it| it.start == start) {
        names.0.swap_remove(index);
    }
}

/// The name of the object that has this address in it. Safe in a signal handler: `None` also if the
/// table is being changed.
pub(super) fn name_at(address: usize) -> Option<ShortName> {
    let names = NAMES.try_lock()?;
    let has = |entry: &&Entry| address.wrapping_sub(entry.start) < entry.bytes;
    names.0.iter().find(has).map(|entry| entry.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Lock;

    #[test]
    fn an_object_has_its_name_until_the_guard_is_dropped() {
        let object = (0_u64, Lock::new(1), 0_u64);
        let address = std::ptr::from_ref(&object.1).addr();
        let known = |address| name_at(address).and_then(|name| name.as_str().map(str::to_owned));
        let first = name(&object, "first");
        assert_eq!(known(address).as_deref(), Some("first"));
        name_range(first.start, size_of_val(&object), "second");
        assert_eq!(known(address).as_deref(), Some("second"));
        assert_eq!(known(first.start + size_of_val(&object)), None);
        drop(first);
        assert_eq!(known(address), None);
    }

    #[test]
    fn many_objects_have_names() {
        let objects: Vec<u64> = (0..500).collect();
        let named: Vec<Named<'_>> = objects
            .iter()
            .map(|it| name(it, &format!("n{it}")))
            .collect();
        for (index, object) in objects.iter().enumerate() {
            let found = name_at(std::ptr::from_ref(object).addr()).unwrap();
            assert_eq!(found.as_str(), Some(format!("n{index}").as_str()));
        }
        drop(named);
        assert!(name_at(std::ptr::from_ref(&objects[7]).addr()).is_none());
    }
}

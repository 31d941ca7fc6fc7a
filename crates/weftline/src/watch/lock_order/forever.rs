//! [`Forever`]: values that are added and never taken away.
//!
//! # Implementation
//!
//! A list in one word. A value is made whole before it is published, and none is changed or freed.
//! So a reader takes no lock, and the child of a fork finds each value whole that another thread
//! was adding.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

struct Entry<T> {
    value: T,
    next: *const Entry<T>,
}

/// The values, the last one first.
pub(super) struct Forever<T: 'static> {
    newest: AtomicPtr<Entry<T>>,
}

// SAFETY: it hands out shared references to values, from whatever thread.
unsafe impl<T: Send + Sync> Sync for Forever<T> {}

impl<T> Forever<T> {
    pub(super) const fn new() -> Self {
        Self {
            newest: AtomicPtr::new(ptr::null_mut()),
        }
    }

    pub(super) fn iter(&'static self) -> impl Iterator<Item = &'static T> {
        // Pairs with the store in `find_or_add`: the value was written before.
        let newest = self.newest.load(Ordering::Acquire);
        from(newest)
    }

    /// The value that `is` finds, or the one that `make` makes.
    pub(super) fn find_or_add(
        &'static self,
        is: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> &'static T {
        let mut newest = self.newest.load(Ordering::Acquire);
        if let Some(known) = from(newest).find(|value| is(value)) {
            return known;
        }
        let mut entry = Box::new(Entry {
            value: make(),
            next: newest,
        });
        loop {
            let made = Box::into_raw(entry);
            match self
                .newest
                .compare_exchange(newest, made, Ordering::Release, Ordering::Acquire)
            {
                // SAFETY: entries are never freed.
                Ok(_) => return unsafe { &(*made).value },
                Err(now) => {
                    // SAFETY: made above, and not published.
                    entry = unsafe { Box::from_raw(made) };
                    newest = now;
                    if let Some(known) = from(newest).find(|value| is(value)) {
                        return known;
                    }
                    entry.next = newest;
                }
            }
        }
    }
}

fn from<T: 'static>(entry: *const Entry<T>) -> impl Iterator<Item = &'static T> {
    let mut next = entry;
    std::iter::from_fn(move || {
        // SAFETY: null, or a published entry, which is never freed.
        let entry = unsafe { next.as_ref() }?;
        next = entry.next;
        Some(&entry.value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_add_the_same_values_get_the_same_ones() {
        static VALUES: Forever<String> = Forever::new();
        let add = || {
            let mut places = Vec::new();
            for number in 0..100 {
                let text = number.to_string();
                places.push(
                    ptr::from_ref(VALUES.find_or_add(|it| *it == text, || text.clone())) as usize,
                );
            }
            places
        };
        let places = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(add)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect::<Vec<_>>()
        });
        assert_eq!(VALUES.iter().count(), 100);
        assert!(places.iter().all(|those| *those == places[0]));
    }
}

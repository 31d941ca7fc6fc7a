//! Allocations that fail with a value: what `Box::new` and `Arc::new` do, where the standard
//! library's abort the process when there is no memory.

use crate::NoMemory;
use std::alloc::Layout;
use std::ops::Deref;
use std::process;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `Box::new`; the value comes back when there is no memory for it.
///
/// # Errors
/// The value.
pub fn try_box<T>(value: T) -> Result<Box<T>, T> {
    let layout = Layout::new::<T>();
    if layout.size() == 0 {
        return Ok(Box::new(value));
    }
    // SAFETY: the layout has a size.
    let Some(place) = NonNull::new(unsafe { std::alloc::alloc(layout) }.cast::<T>()) else {
        return Err(value);
    };
    // SAFETY: fresh memory of that layout, from the allocator of boxes, and filled before it is one.
    unsafe {
        place.write(value);
        Ok(Box::from_raw(place.as_ptr()))
    }
}

/// What several owners share, as by an `Arc`, made by [`Counted::try_new`].
pub struct Counted<T>(NonNull<Inner<T>>);

struct Inner<T> {
    /// How many owners there are.
    owners: AtomicUsize,
    value: T,
}

// SAFETY: as an `Arc`: each owner has shared references, and the last one drops the value.
unsafe impl<T: Send + Sync> Send for Counted<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Counted<T> {}

impl<T> Counted<T> {
    /// The first owner of `value`.
    ///
    /// # Errors
    /// [`NoMemory`].
    pub fn try_new(value: T) -> Result<Self, NoMemory> {
        let inner = try_box(Inner {
            owners: AtomicUsize::new(1),
            value,
        });
        match inner {
            Ok(inner) => Ok(Self(NonNull::from(Box::leak(inner)))),
            Err(_) => Err(NoMemory),
        }
    }

    fn inner(&self) -> &Inner<T> {
        // SAFETY: there as long as it has an owner, which `self` is.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Clone for Counted<T> {
    fn clone(&self) -> Self {
        // Relaxed: whoever gets the new owner gets it from an owner.
        let owners = self.inner().owners.fetch_add(1, Ordering::Relaxed);
        if owners > usize::MAX / 2 {
            // So many only if each is leaked: the count would begin anew.
            process::abort();
        }
        Self(self.0)
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner().value
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        // Pairs with the load of the last owner, which sees what every other one has done. A load and
        // not a fence: the thread sanitizer knows none.
        if self.inner().owners.fetch_sub(1, Ordering::Release) == 1 {
            self.inner().owners.load(Ordering::Acquire);
            // SAFETY: made from a box, and this was the last owner.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

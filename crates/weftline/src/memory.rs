//! Allocations that fail with a value: `Box::new` and `Arc::new`, whose standard forms abort the
//! process when there is no memory.

#[cfg(not(weftline_model))]
use crate::error::NoMemory;
use std::alloc::Layout;
#[cfg(not(weftline_model))]
use std::fmt::{self, Write};
#[cfg(not(weftline_model))]
use std::mem::{ManuallyDrop, offset_of};
use std::ops::Deref;
use std::process;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `Box::new`. Without memory the value is returned.
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
    // SAFETY: fresh memory of that layout, from the allocator of boxes, and filled before it is
    // one.
    unsafe {
        place.write(value);
        Ok(Box::from_raw(place.as_ptr()))
    }
}

/// The text as a `String`.
///
/// # Errors
/// [`NoMemory`].
#[cfg(not(weftline_model))]
pub(crate) fn try_string(text: &str) -> Result<String, NoMemory> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len()).map_err(|_| NoMemory)?;
    copy.push_str(text);
    Ok(copy)
}

/// `format!`.
///
/// # Errors
/// [`NoMemory`].
#[cfg(not(weftline_model))]
pub(crate) fn try_format(arguments: fmt::Arguments<'_>) -> Result<String, NoMemory> {
    struct Growing(String);

    impl Write for Growing {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0.try_reserve(part.len()).map_err(|_| fmt::Error)?;
            self.0.push_str(part);
            Ok(())
        }
    }

    let mut text = Growing(String::new());
    text.write_fmt(arguments).map_err(|_| NoMemory)?;
    Ok(text.0)
}

/// A value shared by several owners, as by an `Arc`; [`Counted::try_new`] makes one.
pub struct Counted<T: ?Sized>(NonNull<Inner<T>>);

pub(crate) struct Inner<T: ?Sized> {
    /// How many owners there are.
    owners: AtomicUsize,
    value: T,
}

// SAFETY: as an `Arc`: each owner has shared references, and the last one drops the value.
unsafe impl<T: ?Sized + Send + Sync> Send for Counted<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for Counted<T> {}

impl<T> Counted<T> {
    /// The first owner of `value`. Without memory the value is returned.
    ///
    /// # Errors
    /// The value.
    pub fn try_new(value: T) -> Result<Self, T> {
        let inner = try_box(Inner {
            owners: AtomicUsize::new(1),
            value,
        });
        match inner {
            Ok(inner) => Ok(Self(NonNull::from(Box::leak(inner)))),
            Err(inner) => Err(inner.value),
        }
    }

    /// The value, for the last owner.
    #[cfg(not(weftline_model))]
    pub(crate) fn into_inner(self) -> Option<T> {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped.
        let inner = unsafe { this.leave() };
        inner.map(|inner| inner.value)
    }

    /// A pointer to the value, without a share in it.
    #[cfg(not(weftline_model))]
    pub(crate) fn as_ptr(this: &Self) -> *const T {
        // SAFETY: the value exists as long as it has an owner, which `this` is.
        unsafe { &raw const (*this.0.as_ptr()).value }
    }

    /// One more owner of the value that [`Self::as_ptr`] points to.
    ///
    /// # Safety
    /// The value has an owner.
    #[cfg(not(weftline_model))]
    pub(crate) unsafe fn one_more(value: *const T) -> Self {
        // SAFETY: the value lies in an `Inner`; the pointer was made from one to the whole of it.
        let inner = unsafe { value.byte_sub(offset_of!(Inner<T>, value)) };
        // SAFETY: as above, so it is not null.
        let inner = unsafe { NonNull::new_unchecked(inner.cast_mut().cast()) };
        Self::clone(&ManuallyDrop::new(Self(inner)))
    }

    /// The same owner as a pointer, which does not end by itself.
    #[cfg(not(weftline_model))]
    pub(crate) fn into_raw(self) -> *mut Inner<T> {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// The owner that [`Self::into_raw`] returned.
    ///
    /// # Safety
    /// The owner has not ended. Of several values that stand for it at most one is dropped.
    #[cfg(not(weftline_model))]
    pub(crate) unsafe fn from_raw(raw: NonNull<Inner<T>>) -> Self {
        Self(raw)
    }
}

impl<T: ?Sized> Counted<T> {
    /// The same owner, with the value as a trait object. `unsize` coerces the pointer.
    ///
    /// # Safety
    /// `unsize` returns the pointer that it gets.
    #[cfg(not(weftline_model))]
    pub(crate) unsafe fn unsize<U: ?Sized>(
        self,
        unsize: impl FnOnce(NonNull<Inner<T>>) -> NonNull<Inner<U>>,
    ) -> Counted<U> {
        Counted(unsize(ManuallyDrop::new(self).0))
    }

    /// Removes an owner; the last one gets the memory.
    ///
    /// # Safety
    /// `self` is not used after that, nor dropped.
    unsafe fn leave(&self) -> Option<Box<Inner<T>>> {
        // Pairs with the load of the last owner, which sees all accesses of the other owners. A
        // load and not a fence, because the thread sanitizer does not know fences.
        if self.inner().owners.fetch_sub(1, Ordering::Release) != 1 {
            return None;
        }
        self.inner().owners.load(Ordering::Acquire);
        // SAFETY: made from a box, and this was the last owner.
        Some(unsafe { Box::from_raw(self.0.as_ptr()) })
    }

    fn inner(&self) -> &Inner<T> {
        // SAFETY: the value exists as long as it has an owner, which `self` is.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ?Sized> Clone for Counted<T> {
    fn clone(&self) -> Self {
        // Relaxed, because a thread gets the new owner from an owner.
        let owners = self.inner().owners.fetch_add(1, Ordering::Relaxed);
        if owners > usize::MAX / 2 {
            // Only leaked owners reach so many; without the abort the count would wrap.
            process::abort();
        }
        Self(self.0)
    }
}

impl<T: ?Sized> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner().value
    }
}

impl<T: ?Sized> Drop for Counted<T> {
    fn drop(&mut self) {
        // SAFETY: this is its drop.
        drop(unsafe { self.leave() });
    }
}

//! [`Value`]: a thread's value in a [`Local`](super::Local), counted as by an `Rc`.
//!
//! The standard library's `Rc` aborts the process where there is no memory for it.

use crate::memory::try_box;
use std::any::Any;
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::ptr::NonNull;

/// A value with several owners, all on one thread.
pub(super) struct Value<T: ?Sized = dyn Any>(NonNull<Inner<T>>);

struct Inner<T: ?Sized> {
    owners: Cell<usize>,
    value: T,
}

impl<T: 'static> Value<T> {
    /// The first owner of `value`, which is returned when there is no memory for it.
    ///
    /// # Errors
    /// The value.
    pub(super) fn try_new(value: T) -> Result<Self, T> {
        let owners = Cell::new(1);
        match try_box(Inner { owners, value }) {
            Ok(inner) => Ok(Self(NonNull::from(Box::leak(inner)))),
            Err(inner) => Err(inner.value),
        }
    }

    /// The same owner, without the type.
    pub(super) fn of_any_type(self) -> Value {
        let inner: NonNull<Inner<dyn Any>> = ManuallyDrop::new(self).0;
        Value(inner)
    }

    /// The value, for its only owner.
    ///
    /// # Errors
    /// `self`, if there are others.
    pub(super) fn try_unwrap(self) -> Result<T, Self> {
        if self.inner().owners.get() != 1 {
            return Err(self);
        }
        let inner = ManuallyDrop::new(self).0;
        // SAFETY: made from a box, and the only owner does not use it any more.
        Ok(unsafe { Box::from_raw(inner.as_ptr()) }.value)
    }
}

impl Value {
    /// The same owner, with the type.
    ///
    /// # Panics
    /// When the value is of another type.
    pub(super) fn downcast<T: 'static>(self) -> Value<T> {
        assert!(
            self.inner().value.is::<T>(),
            "a token belongs to one Local, of one type"
        );
        Value(ManuallyDrop::new(self).0.cast())
    }
}

impl<T: ?Sized> Value<T> {
    fn inner(&self) -> &Inner<T> {
        // SAFETY: the value exists as long as it has an owner, which `self` is.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ?Sized> Clone for Value<T> {
    fn clone(&self) -> Self {
        let owners = &self.inner().owners;
        // Only leaked owners reach so many; without the abort the count would wrap.
        let more = owners.get().checked_add(1);
        owners.set(more.unwrap_or_else(|| std::process::abort()));
        Self(self.0)
    }
}

impl<T: ?Sized> Deref for Value<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.inner().value
    }
}

impl<T: ?Sized> Drop for Value<T> {
    fn drop(&mut self) {
        let owners = &self.inner().owners;
        owners.set(owners.get() - 1);
        if owners.get() == 0 {
            // SAFETY: made from a box, and this was the last owner.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

//! [`CachePadded`]: a value on cache lines of its own.

use std::ops::Deref;

/// On cache lines of its own.
#[repr(align(64))]
pub(crate) struct CachePadded<T>(pub(crate) T);

impl<T> Deref for CachePadded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

//! [`Shared`]: an object that lies in a segment, as one process has it.

use super::error::SharedError;
use super::segment::{Demands, OBJECT, Segment, Shape, damaged, deserialize};
use serde::Deserializer;
use std::mem;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

/// What lies in a segment. All zero is a valid value, before it is initialised.
///
/// # Safety
/// `#[repr(C)]`, without addresses that other processes would follow, and changed through atomics or by who holds its lock.
pub(super) unsafe trait Object {
    /// What opens as such an object.
    fn shape() -> Shape;

    /// Whether a thread of this process has a part of it in its list of what it holds: then the memory must stay.
    fn is_held_here(&self, segment: &Segment) -> bool;

    /// Where what belongs to it ends that lies behind it from the beginning.
    fn end(&self, end_of_self: usize) -> Option<usize> {
        Some(end_of_self)
    }
}

/// An object, mapped. Clones are the same object.
pub(super) struct Shared<S: Object> {
    segment: Arc<Segment>,
    object: NonNull<S>,
}

// SAFETY: an `Object` is made to be used by several processes, let alone threads.
unsafe impl<S: Object> Send for Shared<S> {}
// SAFETY: as above.
unsafe impl<S: Object> Sync for Shared<S> {}

impl<S: Object> Shared<S> {
    /// Where the object begins in its segment.
    const START: usize = OBJECT.next_multiple_of(mem::align_of::<S>());
    /// Where it ends, and a table may follow.
    pub(super) const END: usize = Self::START + mem::size_of::<S>();

    /// A new object, with memory for `more` bytes after it and address space for `span`.
    pub(super) fn create(
        name: Option<&str>,
        more: usize,
        span: usize,
        fill: impl FnOnce(&mut S),
    ) -> Result<Self, SharedError> {
        const {
            assert!(
                mem::align_of::<S>() <= 4096,
                "a value is aligned to a page at most"
            )
        };
        let length = Self::END - OBJECT;
        let segment = Segment::create(
            name,
            Self::demands(),
            length + more,
            length + span.max(more),
            // SAFETY: all zero, which is a value; nobody else has the segment yet.
            |segment| fill(unsafe { segment.at::<S>(Self::START).as_mut() }),
        )?;
        Ok(Self::of(segment))
    }

    fn demands() -> Demands {
        Demands {
            shape: S::shape(),
            end: Self::END,
            is_held_here: |segment| {
                // SAFETY: where the object lies in each segment that is made or opened with these demands, all zero or more than that.
                let object = unsafe { segment.at::<S>(Self::START).as_ref() };
                object.is_held_here(segment)
            },
        }
    }

    /// The object of that name.
    pub(super) fn open(name: &str) -> Result<Self, SharedError> {
        let shared = Self::of(Segment::open(name, Self::demands())?);
        match shared.end(Self::END) {
            Some(end) if end <= shared.segment.length() => Ok(shared),
            _ => Err(damaged()),
        }
    }

    /// The object that came along with a parcel.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Self, D::Error> {
        Ok(Self::of(deserialize(Self::demands(), deserializer)?))
    }

    fn of(segment: Arc<Segment>) -> Self {
        Self {
            object: segment.at(Self::START),
            segment,
        }
    }

    pub(super) fn segment(&self) -> &Segment {
        &self.segment
    }
}

impl<S: Object> Deref for Shared<S> {
    type Target = S;

    #[inline]
    fn deref(&self) -> &S {
        // SAFETY: mapped as long as the segment is there.
        unsafe { self.object.as_ref() }
    }
}

impl<S: Object> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self {
            segment: Arc::clone(&self.segment),
            object: self.object,
        }
    }
}

/// Gives a handle of a shared object what all of them have: clones, and the way to other processes.
macro_rules! shared_handle {
    ($name:ident $(<$t:ident $(: $bound:ident)?>)?) => {
        impl$(<$t $(: $bound)?>)? Clone for $name$(<$t>)? {
            fn clone(&self) -> Self {
                Self::of(self.0.clone())
            }
        }

        impl$(<$t $(: $bound)?>)? serde::Serialize for $name$(<$t>)? {
            fn serialize<Z: serde::Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
                $crate::process::shared::segment::serialize(self.0.segment(), serializer)
            }
        }

        impl<'de $(, $t $(: $bound)?)?> serde::Deserialize<'de> for $name$(<$t>)? {
            fn deserialize<Z: serde::Deserializer<'de>>(deserializer: Z) -> Result<Self, Z::Error> {
                Shared::deserialize(deserializer).map(Self::of)
            }
        }

        impl$(<$t $(: $bound)?>)? $name$(<$t>)? {
            /// The object of that name, which this or another process has created.
            ///
            /// # Errors
            /// [`SharedError`]: there is none, it is something else, or the system refuses.
            pub fn open(name: &str) -> Result<Self, SharedError> {
                Shared::open(name).map(Self::of)
            }
        }
    };
}

/// The two constructors of an object that holds a value, over `make(name, value)`.
macro_rules! over_value {
    ($a:literal) => {
        #[doc = concat!($a, " `value`, without a name.")]
        ///
        /// # Errors
        /// [`SharedError`]: no memory, too many files.
        pub fn new(value: T) -> Result<Self, SharedError> {
            Self::make(None, value)
        }

        #[doc = concat!($a, " `value` that other programs can [`open`](Self::open) by its name, until [`unlink`](crate::process::unlink).")]
        ///
        /// # Errors
        /// [`SharedError`]: the name is taken, or none; no memory, too many files.
        pub fn create(name: &str, value: T) -> Result<Self, SharedError> {
            Self::make(Some(name), value)
        }
    };
}

pub(super) use {over_value, shared_handle};

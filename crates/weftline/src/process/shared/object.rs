//! [`Shared`]: an object that lies in a segment, as one process has it.

use super::error::SharedError;
use super::header::{OBJECT, Shape};
use super::segment::{Demands, Segment, damaged, deserialize};
use serde::Deserializer;
use std::mem;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::Arc;

/// A type that lies in a segment. All zero is a valid value, before it is initialised.
///
/// # Safety
/// `#[repr(C)]`, without addresses that other processes would follow. Changed through atomics, or
/// by the holder of its lock.
pub(super) unsafe trait Object {
    /// The part that never changes.
    type Fixed: Copy + Send + Sync;

    /// The shape by which a segment is recognised as such an object.
    fn shape() -> Shape;

    /// Reads once the part that never changes: from then on this process goes by its own copy.
    /// `room` is the number of bytes that the file has behind the object. `None` if no such object
    /// has these values.
    fn fix(&self, room: usize) -> Option<Self::Fixed>;
}

/// An object, mapped. Clones are the same object.
pub(super) struct Shared<S: Object> {
    segment: Arc<Segment>,
    object: NonNull<S>,
    fixed: S::Fixed,
}

// SAFETY: an `Object` is made to be used by several processes, let alone threads.
unsafe impl<S: Object> Send for Shared<S> {}
// SAFETY: as above.
unsafe impl<S: Object> Sync for Shared<S> {}

impl<S: Object> Shared<S> {
    /// Where the object begins in its segment.
    const START: usize = OBJECT.next_multiple_of(mem::align_of::<S>());
    /// Where the object ends, and a table may follow.
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
            // SAFETY: all zero, which is a value; no other thread has the segment yet.
            |segment| fill(unsafe { segment.at::<S>(Self::START).as_mut() }),
        )?;
        Self::of(segment)
    }

    fn demands() -> Demands {
        Demands {
            shape: S::shape(),
            end: Self::END,
        }
    }

    /// The object of that name, which belongs to `user`.
    pub(super) fn open(name: &str, user: u32) -> Result<Self, SharedError> {
        Self::of(Segment::open(name, user, Self::demands())?)
    }

    /// The object that came with an envelope.
    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let attach = |segment: Arc<Segment>| Self::of(segment);
        deserialize(Self::demands(), attach, deserializer)
    }

    fn of(segment: Arc<Segment>) -> Result<Self, SharedError> {
        let object: NonNull<S> = segment.at(Self::START);
        // SAFETY: the object is there, as `Demands` says, and mapped as long as the segment lives.
        let fixed = unsafe { object.as_ref() }.fix(segment.length() - Self::END);
        Ok(Self {
            object,
            segment,
            fixed: fixed.ok_or_else(damaged)?,
        })
    }

    /// The copy of the part that never changes.
    pub(super) fn fixed(&self) -> S::Fixed {
        self.fixed
    }

    pub(super) fn segment(&self) -> &Segment {
        &self.segment
    }
}

impl<S: Object> Deref for Shared<S> {
    type Target = S;

    #[inline]
    fn deref(&self) -> &S {
        // SAFETY: mapped as long as the segment lives.
        unsafe { self.object.as_ref() }
    }
}

impl<S: Object> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self {
            segment: Arc::clone(&self.segment),
            object: self.object,
            fixed: self.fixed,
        }
    }
}

/// Gives a handle of a shared object the impls that all of them have: clones, and the transfer to
/// other processes.
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
            /// The object of that name, which this or another process of this user has created.
            ///
            /// # Errors
            /// [`SharedError`]: there is no such object, it is of another kind, it belongs to
            /// another user or others may write to it, or the system refuses.
            ///
            /// # Safety
            /// As for all [named objects](crate::process#named-objects): no program writes to the
            /// file, or shortens it, except through this library.
            pub unsafe fn open(name: &str) -> Result<Self, SharedError> {
                Shared::open(name, $crate::process::shared::segment::this_user()).map(Self::of)
            }

            /// The object of that name, which the user with that number has created. The caller
            /// needs the right to write to that user's files, as root has it.
            ///
            /// # Errors
            /// As [`open`](Self::open).
            ///
            /// # Safety
            /// As [`open`](Self::open), and the other user is trusted as this one is.
            pub unsafe fn open_of_user(name: &str, user: u32) -> Result<Self, SharedError> {
                Shared::open(name, user).map(Self::of)
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
        ///
        /// # Safety
        /// As for all [named objects](crate::process#named-objects): no program writes to the file,
        /// or shortens it, except through this library.
        pub unsafe fn create(name: &str, value: T) -> Result<Self, SharedError> {
            Self::make(Some(name), value)
        }
    };
}

pub(super) use {over_value, shared_handle};

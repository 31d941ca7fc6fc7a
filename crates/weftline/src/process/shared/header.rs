//! [`Header`]: the beginning of a segment, by which another process recognises the object in it.

use super::error::SharedError;
use std::mem;
use std::os::fd::OwnedFd;
use std::ptr;
use std::sync::atomic::AtomicU64;

const MAGIC: u64 = u64::from_le_bytes(*b"weftline");
/// The layout of all that lies in shared memory. Processes of different builds may meet at a named
/// object.
const LAYOUT: u32 = 1;

/// The kind of object in a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Kind {
    Lock = 1,
    RLock = 2,
    Semaphore = 3,
    BoundedSemaphore = 4,
    Event = 5,
    Condition = 6,
    Barrier = 7,
    Queue = 8,
    Value = 9,
    Array = 10,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Lock,
        Self::RLock,
        Self::Semaphore,
        Self::BoundedSemaphore,
        Self::Event,
        Self::Condition,
        Self::Barrier,
        Self::Queue,
        Self::Value,
        Self::Array,
    ];

    fn of(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u32 == number)
    }
}

/// The kind of an object, and size and alignment of its values; `open` compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) kind: Kind,
    /// Size and alignment of the values. The type itself has no number that other programs agree
    /// on.
    pub(super) size: u32,
    pub(super) align: u32,
}

impl Shape {
    pub(super) fn of<T>(kind: Kind) -> Self {
        Self {
            kind,
            size: u32::try_from(mem::size_of::<T>()).expect("a shared value is smaller than 4 GiB"),
            align: mem::align_of::<T>() as u32,
        }
    }

    pub(super) const fn plain(kind: Kind) -> Self {
        Self {
            kind,
            size: 0,
            align: 1,
        }
    }
}

#[repr(C)]
pub(super) struct Header {
    magic: u64,
    layout: u32,
    kind: u32,
    size: u32,
    align: u32,
    /// How much address space each process maps.
    pub(super) span: u64,
    /// The length of the file for which memory is reserved. Changed by the holder of the object's
    /// lock.
    pub(super) length: AtomicU64,
}

/// Where the object begins.
pub(super) const OBJECT: usize = 64;
const _: () = assert!(mem::size_of::<Header>() <= OBJECT);

impl Header {
    /// The header of a new segment.
    pub(super) fn new(shape: Shape, span: usize, length: usize) -> Self {
        Self {
            magic: MAGIC,
            layout: LAYOUT,
            kind: shape.kind as u32,
            size: shape.size,
            align: shape.align,
            span: span as u64,
            length: AtomicU64::new(length as u64),
        }
    }

    /// A copy of the file's header, if the object has that shape.
    pub(super) fn read(file: &OwnedFd, shape: Shape) -> Result<Self, SharedError> {
        let mut bytes = [0_u8; mem::size_of::<Header>()];
        let whole = rustix::io::pread(file, &mut bytes, 0)? == bytes.len();
        // SAFETY: the bytes are as long as a header, and each field of it may have any value.
        let header: Header = unsafe { ptr::read_unaligned(bytes.as_ptr().cast()) };
        if !whole || header.magic != MAGIC {
            return Err(SharedError::Mismatch(
                "the file is no object of this library".to_owned(),
            ));
        }
        if header.layout != LAYOUT {
            return Err(SharedError::Mismatch(format!(
                "the shared object was made by another version of this library (layout {}, here {LAYOUT})",
                header.layout
            )));
        }
        let found = (header.kind, header.size, header.align);
        if found != (shape.kind as u32, shape.size, shape.align) {
            return Err(SharedError::Mismatch(format!(
                "the shared object is a {} of values of {} bytes (alignment {}), not a {:?} of values of {} bytes (alignment {})",
                Kind::of(header.kind)
                    .map_or_else(|| "thing".to_owned(), |kind| format!("{kind:?}")),
                header.size,
                header.align,
                shape.kind,
                shape.size,
                shape.align
            )));
        }
        Ok(header)
    }
}

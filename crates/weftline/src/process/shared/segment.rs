//! [`Segment`]: a file in memory that several processes have mapped.
//!
//! | bytes | contents |
//! |---|---|
//! | 0 to 64 | the [`Header`]: the kind of object, and the address space to which it may grow |
//! | from 64 | the object |
//!
//! A segment's file is as long as its used part. Each process maps as much as the object may ever
//! need (`span`). Pages beyond the end of the file become usable in every mapping when any process
//! [extends](Segment::extend) the file: no process has to map again. The extension reserves memory
//! (`fallocate`), so a machine without memory reports an error there, and never by a `SIGBUS`
//! later.
//!
//! A segment with a name lies in `/dev/shm`. It gets its name when it is complete, in one step, so
//! `open` never finds half of one.
//!
//! # Which numbers are trusted
//!
//! No number in a segment is trusted because it was right before: another program may write to the
//! file. The header is read once, as a copy. Its length counts only as far as the system says that
//! the file is as long ([`Segment::reaches`]). The kernel seals a file without a name against
//! shortening. The object reads once the part that never changes
//! ([`Object::fix`](super::object::Object::fix)). It checks each number that leads to a place, each
//! time, before it goes there.

use super::super::descriptor::above_streams;
use super::super::envelope;
use super::error::SharedError;
use super::header::{Header, OBJECT, Shape};
use super::reserve::{give_back, reserve};
use super::{leaked, records};
use rustix::fs::{self, AtFlags, MemfdFlags, Mode, OFlags, SealFlags};
use rustix::io::Errno;
use rustix::mm::{self, MapFlags, ProtFlags};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::mem;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const PAGE: usize = 4096;
const DIRECTORY: &str = "/dev/shm";

/// A file in memory, mapped. Clones of an object share one; see the module's header.
pub(super) struct Segment {
    file: OwnedFd,
    start: NonNull<u8>,
    span: usize,
    /// The length of the file that this process has verified.
    known: AtomicUsize,
}

/// The requirements of a kind of object on its segment.
#[derive(Clone, Copy)]
pub(super) struct Demands {
    pub(super) shape: Shape,
    /// Where the object ends.
    pub(super) end: usize,
}

// SAFETY: the mapping belongs to no thread; its contents are accessed through atomics and locks.
unsafe impl Send for Segment {}
// SAFETY: as above.
unsafe impl Sync for Segment {}

impl Segment {
    /// A segment of `length` bytes after the header, all zero, that may grow to `span`. `fill`
    /// completes it before any other thread sees it.
    pub(super) fn create(
        name: Option<&str>,
        demands: Demands,
        length: usize,
        span: usize,
        fill: impl FnOnce(&Self),
    ) -> Result<Arc<Self>, SharedError> {
        leaked::prepare().map_err(SharedError::Unsupported)?;
        let path = name.map(path_of).transpose()?;
        let file = match path {
            None => fs::memfd_create(c"weftline", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?,
            Some(_) => fs::open(
                DIRECTORY,
                OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC,
                Mode::RUSR | Mode::WUSR,
            )?,
        };
        let file = above_streams(file)?;
        let length = (OBJECT + length).next_multiple_of(PAGE);
        let span = (OBJECT + span).next_multiple_of(PAGE).max(length);
        reserve(&file, 0, length)?;
        let segment = Self::map(file, span, length, length)?;
        let span = segment.span;
        // SAFETY: the file is new and long enough; no other thread has it.
        unsafe {
            let header = Header::new(demands.shape, span, length);
            segment.start.cast().write(header);
        }
        fill(&segment);
        match (name, path) {
            (Some(name), Some(path)) => {
                let nameless = format!("/proc/self/fd/{}", segment.file.as_raw_fd());
                let named = fs::linkat(fs::CWD, nameless, fs::CWD, path, AtFlags::SYMLINK_FOLLOW);
                match named {
                    Err(Errno::EXIST) => return Err(SharedError::Exists(name.to_owned())),
                    named => named?,
                }
            }
            // A file that shrinks takes memory away from its users.
            _ => fs::fcntl_add_seals(&segment.file, SealFlags::SHRINK)?,
        }
        Ok(Arc::new(segment))
    }

    /// The segment of that name, if its file belongs to `user` and no other user may write to it.
    pub(super) fn open(name: &str, user: u32, demands: Demands) -> Result<Arc<Self>, SharedError> {
        let opened = fs::open(
            path_of(name)?,
            OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW,
            Mode::empty(),
        );
        match opened {
            Err(Errno::NOENT) => Err(SharedError::NotFound(name.to_owned())),
            opened => {
                let file = above_streams(opened?)?;
                check_owner(name, &file, user)?;
                Self::attach(file, demands)
            }
        }
    }

    /// The segment of a file that another process has made.
    fn attach(file: OwnedFd, demands: Demands) -> Result<Arc<Self>, SharedError> {
        leaked::prepare().map_err(SharedError::Unsupported)?;
        let header = Header::read(&file, demands.shape)?;
        // Asked after the header was read: the file may grow meanwhile, and never shrinks.
        let there = fs::fstat(&file)?.st_size as usize;
        let (length, span) = (header.length.into_inner() as usize, header.span as usize);
        if !(demands.end <= length && length <= there && length <= span && span % PAGE == 0) {
            return Err(damaged());
        }
        Ok(Arc::new(Self::map(file, span, span, length)?))
    }

    /// Maps `span` bytes. Where address space is limited, it maps as much as it gets, and at least
    /// `least`.
    fn map(
        file: OwnedFd,
        mut span: usize,
        least: usize,
        known: usize,
    ) -> Result<Self, SharedError> {
        loop {
            // SAFETY: a new mapping, wherever there is room.
            let mapped = unsafe {
                mm::mmap(
                    ptr::null_mut(),
                    span,
                    ProtFlags::READ | ProtFlags::WRITE,
                    MapFlags::SHARED | MapFlags::NORESERVE,
                    &file,
                    0,
                )
            };
            match mapped {
                Err(Errno::NOMEM) if span > least => {
                    span = (span / 2).next_multiple_of(PAGE).max(least);
                }
                mapped => {
                    return Ok(Self {
                        file,
                        start: NonNull::new(mapped?.cast()).ok_or(Errno::NOMEM)?,
                        span,
                        known: AtomicUsize::new(known),
                    });
                }
            }
        }
    }

    /// The address `offset` bytes into the segment.
    ///
    /// # Panics
    /// When the `T` there does not lie in the mapping.
    pub(super) fn at<T>(&self, offset: usize) -> NonNull<T> {
        assert!(
            offset + mem::size_of::<T>() <= self.span
                && offset.is_multiple_of(mem::align_of::<T>())
        );
        // SAFETY: within the mapping, as just checked.
        unsafe { self.start.byte_add(offset) }.cast()
    }

    /// Returns the memory of a part to the system; its bytes are zero from now on.
    pub(super) fn forget(&self, start: usize, length: usize) {
        give_back(&self.file, start, length);
    }

    /// The length of the file that this process has verified.
    pub(super) fn length(&self) -> usize {
        self.known.load(Ordering::Relaxed)
    }

    /// Whether the file has memory up to `end`.
    #[inline]
    pub(super) fn reaches(&self, end: usize) -> bool {
        end <= self.length() || (end <= self.span && end <= self.ask())
    }

    /// The length that both the header and the system confirm; it never gets shorter.
    #[cold]
    fn ask(&self) -> usize {
        let there = fs::fstat(&self.file).map_or(0, |stat| stat.st_size as usize);
        let stated = self.stated_length().load(Ordering::Relaxed) as usize;
        let length = there.min(stated).min(self.span);
        self.known.fetch_max(length, Ordering::Relaxed).max(length)
    }

    fn stated_length(&self) -> &AtomicU64 {
        // SAFETY: the header is there as long as the mapping.
        unsafe { &self.at::<Header>(0).as_ref().length }
    }

    /// Makes the file at least `end` bytes long. The caller holds the object's lock.
    pub(super) fn extend(&self, end: usize) -> Result<(), SharedError> {
        if end > self.span {
            return Err(Errno::NOMEM.into());
        }
        if self.reaches(end) {
            return Ok(());
        }
        let old = self.length();
        let new = end.next_multiple_of(PAGE);
        reserve(&self.file, old, new - old)?;
        self.stated_length().store(new as u64, Ordering::Relaxed);
        self.known.fetch_max(new, Ordering::Relaxed);
        Ok(())
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // A guard was leaked: the list of the thread's held cells runs through this memory.
        let start = self.start.as_ptr().addr();
        if records::is_any_within(&(start..start + self.span)) {
            return;
        }
        // SAFETY: mapped by `map`; each user of the mapping had a reference.
        let unmapped = unsafe { mm::munmap(self.start.as_ptr().cast(), self.span) };
        debug_assert!(unmapped.is_ok());
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segment")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// The error for a file that another program cut off or wrote to.
pub(super) fn damaged() -> SharedError {
    SharedError::Mismatch("the shared object is damaged: its file has less than it says".to_owned())
}

/// The user that this process acts for.
pub(super) fn this_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Refuses a file that other users can write to: they could write any numbers into it, and lead
/// this process anywhere.
fn check_owner(name: &str, file: &OwnedFd, user: u32) -> Result<(), SharedError> {
    const OTHERS_WRITE: u32 = 0o022;
    let stat = fs::fstat(file)?;
    if fs::FileType::from_raw_mode(stat.st_mode) != fs::FileType::RegularFile {
        return Err(SharedError::Mismatch(format!("{name:?} is no file")));
    }
    if stat.st_uid != user || stat.st_mode & OTHERS_WRITE != 0 {
        return Err(SharedError::NotTrusted {
            name: name.to_owned(),
            owner: stat.st_uid,
            mode: stat.st_mode & 0o7777,
        });
    }
    Ok(())
}

/// Sends an object to another process, as its file.
pub(super) fn serialize<S: Serializer>(
    segment: &Segment,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let number = envelope::attach(segment.file.as_fd()).map_err(serde::ser::Error::custom)?;
    number.serialize(serializer)
}

/// The object that another process has written with [`serialize`].
pub(super) fn deserialize<'de, D: Deserializer<'de>, T>(
    demands: Demands,
    object: impl FnOnce(Arc<Segment>) -> Result<T, SharedError>,
    deserializer: D,
) -> Result<T, D::Error> {
    let number = u32::deserialize(deserializer)?;
    let Some(file) = envelope::detach(number) else {
        envelope::refuse("the file of a shared object did not come along");
        return Err(serde::de::Error::custom("no file"));
    };
    let attached = Segment::attach(file, demands).and_then(object);
    attached.map_err(|why| {
        envelope::refuse(&why);
        serde::de::Error::custom("no object")
    })
}

fn path_of(name: &str) -> Result<String, SharedError> {
    let fits = (1..=255).contains(&name.len())
        && !name.contains(['/', '\0'])
        && !matches!(name, "." | "..");
    if !fits {
        return Err(SharedError::BadName(name.to_owned()));
    }
    Ok(format!("{DIRECTORY}/{name}"))
}

/// Takes a shared object's name away: Python's `SharedMemory.unlink`. Processes that have the
/// object open keep it; its memory is freed with the last of them.
///
/// # Errors
/// [`SharedError::NotFound`], [`SharedError::BadName`], and other refusals of the system.
pub fn unlink(name: &str) -> Result<(), SharedError> {
    match fs::unlink(path_of(name)?) {
        Err(Errno::NOENT) => Err(SharedError::NotFound(name.to_owned())),
        unlinked => Ok(unlinked?),
    }
}

//! [`Word`]: what the word of a read-write lock says. `rwlock.rs` has the table of its states.

use crate::park::{ThreadNumber, fork, witness};

pub(super) const WAITERS: u64 = 1;
pub(super) const EXCLUSIVE: u64 = 2;
pub(super) const UPGRADABLE: u64 = 4;
/// The lock is watched (`park/witness.rs`), so no fast path takes or releases it.
pub(super) const WATCHED: u64 = 8;
/// One reader in the word.
pub(super) const ONE: u64 = 16;
/// Where the owner, or the number of forks, begins.
const OWNER: u32 = 4;
const FORKS: u32 = 32;
/// Acquires fail from this many readers on. As many again fit into the word: readers that get the
/// lock by handoff are not counted beforehand.
const MOST_READERS: u64 = 1 << 27;

/// A value of the word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(pub(super) u64);

impl Word {
    pub(super) const FREE: Self = Self(0);
    /// That of a new lock. With the feature `lock-order` it is watched: the first acquire decides
    /// whether it stays so.
    pub(super) const INITIAL: Self = if cfg!(feature = "lock-order") {
        Self(WATCHED)
    } else {
        Self::FREE
    };

    /// Held by the writer with that number.
    #[inline]
    pub(super) const fn written_by(owner: u64) -> Self {
        Self((owner << OWNER) | EXCLUSIVE)
    }

    /// Read by no thread, in this process.
    #[inline]
    fn unread() -> Self {
        Self(u64::from(fork::forks()) << FORKS)
    }

    /// Held by so many readers, in this process.
    #[inline]
    pub(super) fn read_by(readers: u64) -> Self {
        Self(Self::unread().0 + readers * ONE)
    }

    /// As seen by a reader that does not wait: with one more, if it is free or read in this
    /// process, not watched, and no thread waits. `extra` is [`ONE`], with [`UPGRADABLE`] or
    /// without.
    #[inline]
    pub(super) fn read_once_more(self, extra: u64) -> Option<Self> {
        let unread = Self::unread().0;
        let seen = if self == Self::FREE { unread } else { self.0 };
        let is_open = seen & (WAITERS | EXCLUSIVE | WATCHED | (extra & UPGRADABLE)) == 0;
        // Of another process if the upper halves differ.
        let has_room = seen ^ unread < MOST_READERS * ONE;
        (is_open && has_room).then(|| Self(seen + extra))
    }

    /// As [`Self::read_once_more`], of a word that is not stale, whatever waits.
    pub(super) fn shared_by_one_more(self, extra: u64) -> Option<Self> {
        let is_open = !self.is_exclusive() && self.0 & extra & UPGRADABLE == 0;
        let read = if self.is_free() {
            Self(Self::unread().0 | (self.0 & WAITERS))
        } else {
            Self(self.0 & !WATCHED)
        };
        let read = Self(read.0 | self.kept());
        (is_open && !read.is_full()).then(|| Self(read.0 + extra))
    }

    #[inline]
    pub(super) const fn is_exclusive(self) -> bool {
        self.0 & EXCLUSIVE != 0
    }

    #[inline]
    pub(super) const fn has_waiters(self) -> bool {
        self.0 & WAITERS != 0
    }

    pub(super) const fn has_upgradable(self) -> bool {
        !self.is_exclusive() && self.0 & UPGRADABLE != 0
    }

    #[inline]
    pub(super) const fn is_watched(self) -> bool {
        self.0 & WATCHED != 0
    }

    /// What an acquire keeps of the word.
    pub(super) fn kept(self) -> u64 {
        if self.is_watched() && witness::is_on() {
            WATCHED
        } else {
            0
        }
    }

    /// Whether a reader's release has more to do than to subtract its hold.
    #[inline]
    pub(super) const fn is_marked(self) -> bool {
        self.0 & (WAITERS | WATCHED) != 0
    }

    /// Not held, whether threads wait or not.
    #[inline]
    pub(super) const fn is_free(self) -> bool {
        self.0 as u32 as u64 & !(WAITERS | WATCHED) == 0
    }

    /// How many threads read, the upgradable reader included.
    pub(super) const fn readers(self) -> u64 {
        if self.is_exclusive() {
            0
        } else {
            (self.0 as u32 as u64) / ONE
        }
    }

    /// No further reader is admitted.
    pub(super) const fn is_full(self) -> bool {
        self.readers() >= MOST_READERS
    }

    /// The upgradable reader is the only reader.
    pub(super) const fn is_upgradable_alone(self) -> bool {
        self.has_upgradable() && self.readers() == 1
    }

    #[must_use]
    pub(super) const fn with_waiters(self, yes: bool) -> Self {
        if yes {
            Self(self.0 | WAITERS)
        } else {
            Self(self.0 & !WAITERS)
        }
    }

    #[inline]
    pub(super) const fn is_written_by(self, owner: u64) -> bool {
        self.0 & !(WAITERS | WATCHED) == Self::written_by(owner).0
    }

    /// The writer.
    pub(super) fn owner(self) -> Option<ThreadNumber> {
        let owner = self.0 >> OWNER;
        self.is_exclusive().then(|| ThreadNumber::new(owner))?
    }

    /// Held as of another process: its writer did not survive a fork, or its readers were counted
    /// before one.
    pub(super) fn is_stale(self) -> bool {
        if self.is_exclusive() {
            !fork::is_alive(self.0 >> OWNER)
        } else {
            self.0 as u32 != 0 && (self.0 ^ Self::unread().0) >> FORKS != 0
        }
    }
}

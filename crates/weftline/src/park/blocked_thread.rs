//! [`BlockedThread`]: a thread that sleeps in a wait for an object, as another thread reads it.

use super::blocked_on::Marks;
use super::clock::now;
use super::look::{Copied, Look, ObjectState};
use super::site::Site;
use super::{Deadline, Kind, ThreadNumber};
use std::time::Duration;

/// A sleep as another thread reads it.
pub(super) struct Sleep {
    pub(super) sequence: u64,
    pub(super) object: usize,
    pub(super) look: Look,
    pub(super) bytes: u16,
    pub(super) kind: Kind,
    pub(super) marks: Marks,
    pub(super) deadline: Deadline,
    pub(super) since: u64,
    pub(super) waiter: usize,
    pub(super) site: Site,
}

/// A thread that sleeps in a wait for an object. Out of date at once.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct BlockedThread {
    /// The thread.
    pub thread: ThreadNumber,
    /// What [`os_ident_of`](crate::park::os_ident_of) returns for it.
    pub os_ident: u64,
    /// The kind of the object.
    pub kind: Kind,
    /// The address of the object. Another thread may have destroyed it since.
    pub object: usize,
    /// When the wait times out.
    pub deadline: Deadline,
    /// The place of the program that waits.
    pub site: Site,
    /// Different for each sleep of the thread: two reads with the same number saw one sleep.
    pub sequence: u64,
    since: u64,
    waiter: usize,
    look: Look,
    bytes: u16,
    marks: Marks,
}

impl BlockedThread {
    pub(super) fn new(thread: ThreadNumber, os_ident: u64, sleep: Sleep) -> Self {
        let Sleep {
            sequence,
            object,
            look,
            bytes,
            kind,
            marks,
            deadline,
            since,
            waiter,
            site,
        } = sleep;
        Self {
            thread,
            os_ident,
            kind,
            object,
            deadline,
            site,
            sequence,
            since,
            waiter,
            look,
            bytes,
            marks,
        }
    }

    /// Where the state of the waiter is; zero: it has none.
    pub(super) fn waiter(&self) -> usize {
        self.waiter
    }

    /// Whether the thread can be stirred.
    pub(crate) fn answers(&self) -> bool {
        self.marks.answers
    }

    /// Whether a verdict can end the wait.
    pub(crate) fn ends(&self) -> bool {
        self.marks.ends
    }

    /// Since when, in nanoseconds of the monotonic clock.
    pub(crate) fn since(&self) -> u64 {
        self.since
    }

    /// What the object says of itself. True of it only if the thread sleeps in the same wait
    /// afterwards.
    pub(crate) fn look(&self) -> Option<ObjectState> {
        self.look_in(&Copied::from(self.object, self.bytes.into())?)
    }

    /// How many bytes of the object [`Self::look_in`] needs.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.into()
    }

    /// As [`Self::look`], in a copy that was made while the thread slept.
    pub(super) fn look_in(&self, copied: &Copied) -> Option<ObjectState> {
        (self.look)(copied)
    }

    /// How long the wait has lasted: since it was enlisted, or since it first slept.
    #[must_use]
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(now().saturating_sub(self.since))
    }
}

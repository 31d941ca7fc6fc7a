//! The blocked-on record in models: none, because shown sleeps would multiply their interleavings.
//! `tests/models/seqlock.rs` models the record by itself.

use super::blocked_on::{BlockedOn, Marks};
use super::deadline::Since;
use super::{Deadline, Site};

pub(super) struct Wait;

impl Wait {
    pub(super) fn new(_: BlockedOn, _: usize, _: Since, _: Deadline, _: Marks) -> Self {
        Self
    }

    pub(super) fn name_site(&self, _: impl FnOnce(&mut Site)) {}
}

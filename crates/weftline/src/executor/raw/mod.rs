//! The forms without guards, for bindings: every wait takes a [`crate::park::Blocker`] and a
//! [`crate::park::Deadline`].

mod future;
mod group;
mod registrations;

pub use future::{Data, Phase, RawFuture, Unchanged};
pub use group::{RawGroup, Want};

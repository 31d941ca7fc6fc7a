//! The unguarded forms, for bindings: every wait takes a [`crate::park::Blocker`] and a
//! [`crate::park::Deadline`].

mod future;
mod group;

pub use future::{Data, Phase, RawFuture, Unchanged};
pub use group::{RawGroup, Want};

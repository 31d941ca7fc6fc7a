//! The forms without guards, for bindings: every wait takes a [`crate::park::Blocker`] and a
//! [`crate::park::Deadline`].

mod future;
mod future_waiting;
mod group;
mod phase;
mod registrations;

pub use future::{Data, RawFuture, Unchanged};
pub use group::{RawGroup, Want};
pub use phase::Phase;

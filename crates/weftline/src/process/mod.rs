//! Processes, and objects that they share.
//!
//! | file | what it holds |
//! |---|---|
//! | `parcel.rs` | what goes from one process to another, as bytes and the file descriptors that come along |

mod parcel;

pub use parcel::{DecodeError, EncodeError};

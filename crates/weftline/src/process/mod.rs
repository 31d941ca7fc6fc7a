//! Processes, and objects that they share.
//!
//! | file | what it holds |
//! |---|---|
//! | `parcel.rs` | what goes from one process to another, as bytes and the file descriptors that come along |
//! | `shared/` | what lies in memory that processes share |

mod parcel;
mod shared;

pub use bytemuck;
pub use parcel::{DecodeError, EncodeError};
pub use shared::*;

//! Processes, and objects that they share.
//!
//! | file | what it holds |
//! |---|---|
//! | `function.rs` | [`register!`]: the functions that a process can be started for |
//! | `start.rs` | [`Process`]: what a process is to be, and its start |
//! | `entry.rs` | where a process begins |
//! | `child.rs` | [`Child`]: a started process, and the wait for its end |
//! | `family.rs` | the children of this process, and what becomes of them at its end |
//! | `identity.rs` | who this process is, and its parent |
//! | `sentinel.rs` | a process that can be waited for, whoever's child it is |
//! | `channel.rs`, `message.rs` | the socket between a process and its child, and what they tell each other |
//! | `error.rs` | what a start or the end of a process can fail with |
//! | `descriptor.rs` | [`Descriptor`]: an open file, as an argument or a result |
//! | `parcel.rs` | what goes from one process to another, as bytes and the file descriptors that come along |

mod channel;
mod child;
mod descriptor;
mod entry;
mod error;
mod family;
mod function;
mod identity;
mod message;
mod parcel;
mod sentinel;
mod start;

pub(crate) use entry::begin;
pub(crate) use family::{end_daemons, wait_for_any};
use parcel::Parcel;

#[doc(inline)]
pub use crate::__register_process_function as register;
pub use child::{Child, ChildProcess};
pub use descriptor::Descriptor;
pub use entry::init;
pub use error::{JoinError, ProcessError, RemotePanic, StartError, Who};
pub use family::active_children;
pub use function::RemoteFn;
pub use identity::{ParentProcess, current_name, parent_process};
pub use parcel::{DecodeError, EncodeError};
pub use start::{Process, Stdio, spawn};

/// For what [`register!`] expands to.
#[doc(hidden)]
pub mod __private {
    pub use super::function::Function;
    pub use inventory::submit;
}

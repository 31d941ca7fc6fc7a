//! The command `weftline`: what each thread of a running or hung process waits for.
//!
//! It reads [`Snapshot`](weftline::watch::Snapshot)s, which processes tell, and shows them.
//!
//! | file | what it holds |
//! |---|---|
//! | `command.rs` | the command line: subcommands and help |
//! | `status.rs` | how a command ends: its statuses, and the texts that it prints |
//! | `dump.rs` | `weftline dump`: which processes are asked, and in which form the answers are shown |
//! | `top/` | `weftline top`: the same in a terminal, again and again |
//! | `source.rs` | a process that is asked twice a second |
//! | `findings.rs` | what is wrong in a snapshot |
//! | `measured.rs` | measured waits in words |
//! | `web/` | `weftline web`: a page that shows a process while it runs |
//! | `doctor.rs` | `weftline doctor`: what works on this machine |
//! | `json.rs` | a snapshot as JSON |
//! | `graph/` | the waits of a process as nodes and edges |
//! | `signals.rs` | the signals that end a command |
//! | `starvation.rs` | the starved pools in a snapshot |
//! | `dot.rs` | such graphs as text for Graphviz |
//! | `picture/` | such graphs as a picture |
//! | `record/` | `weftline record`: a timeline for Perfetto |

mod command;
#[cfg(target_os = "linux")]
mod doctor;
#[cfg(target_os = "linux")]
mod dot;
#[cfg(target_os = "linux")]
mod dump;
#[cfg(all(test, target_os = "linux"))]
mod example;
#[cfg(target_os = "linux")]
mod findings;
#[cfg(target_os = "linux")]
mod graph;
#[cfg(target_os = "linux")]
mod json;
#[cfg(target_os = "linux")]
mod measured;
#[cfg(target_os = "linux")]
mod picture;
#[cfg(target_os = "linux")]
mod record;
#[cfg(target_os = "linux")]
mod signals;
#[cfg(target_os = "linux")]
mod source;
#[cfg(target_os = "linux")]
mod starvation;
mod status;
#[cfg(target_os = "linux")]
mod top;
#[cfg(target_os = "linux")]
mod web;

pub use command::main;
pub use status::Status;

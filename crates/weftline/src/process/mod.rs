//! Processes, and objects that they share. On Linux (5.4 or later) with 64 bits, with the feature
//! `process` (which is on by default).
//!
//! | Python | here |
//! |---|---|
//! | `multiprocessing.Process(target=f, args=a, name=n, daemon=d)` | [`Process::new(f, a)`](Process::new), [`name`](Process::name), [`daemon`](Process::daemon) |
//! | `Process.start` | [`Process::start`], [`spawn`] |
//! | `Process.join`, and the function's result (only here) | [`Child::join`] and its three other forms |
//! | `pid`, `name`, `daemon`, `is_alive`, `exitcode`, `sentinel`, `terminate`, `kill`, `close` | the same, of [`ChildProcess`] and [`Child`] |
//! | `active_children`, `parent_process`, `current_process().name` | [`active_children`], [`parent_process`], [`current_name`] |
//! | `Lock`, `RLock`, `Semaphore`, `BoundedSemaphore`, `Event`, `Condition`, `Barrier` | [`Lock<T>`], [`RLock<T>`], [`Semaphore`], [`BoundedSemaphore`], [`Event`], [`Condition<T>`], [`Barrier`] |
//! | `Queue`, `Value`, `Array`, a name for shared memory | [`Queue<T>`], [`Value<T>`], [`Array<T>`], their `create`, `open` and [`unlink`] |
//! | `concurrent.futures.ProcessPoolExecutor` | [`ProcessPoolExecutor`] |
//! | `if __name__ == "__main__"` | [`weftline::run`](crate::run), or [`init`] |
//!
//! # A process runs a function
//!
//! ```no_run
//! use weftline::process::{self, register};
//!
//! fn count_primes(from: u64, to: u64) -> usize {
//!     (from..to).filter(|&n| n > 1 && (2..n).take_while(|d| d * d <= n).all(|d| n % d != 0)).count()
//! }
//! register!(count_primes);
//!
//! fn main() {
//!     weftline::run(|| {
//!         let halves = [(0, 50_000), (50_000, 100_000)];
//!         let children = halves.map(|half| process::spawn(count_primes, half).unwrap());
//!         let primes: usize = children.into_iter().map(|child| child.join().unwrap()).sum();
//!         assert_eq!(primes, 9592);
//!     });
//! }
//! ```
//!
//! A child is this program, started again: it has no copy of anything. So its function is told to
//! it by [name](register!), and arguments and result are encoded with serde. Open files travel as
//! [`Descriptor`]s. A static that is changed in one process is unchanged in every other.
//!
//! *`main` must begin with [`weftline::run`](crate::run) or [`init`].* There a child leaves for its
//! function. In a program that calls neither, each child would run `main`, so none can be started.
//! The test harness of `cargo test` is such a program. A test that needs processes has a `main` of
//! its own and `harness = false`.
//!
//! In the child the function has the role that `f` has for [`run`](crate::run). Its threads, timers
//! and processes are waited for, the callbacks of [`at_exit`](crate::at_exit) are called, and then
//! the result is sent. A panic is printed, carried to the join as [`RemotePanic`], and makes the
//! exit code 101. Of the parent's open files the child has its three standard streams and the files
//! that were passed to it, and no others.
//!
//! # Which processes are waited for
//!
//! | at the end of | processes that are not daemons | daemons |
//! |---|---|---|
//! | `run` | are waited for | are asked to end (`SIGTERM`), and killed after a second |
//! | a program without `run`, or one that is killed | go on | are killed |
//!
//! # What processes share
//!
//! Objects in shared memory go to a child as arguments, or are found by a name. Each of them
//! detects when a process dies that holds a part of it or waits for it. The other processes then
//! learn of the death ([`Abandoned`]) instead of waiting for ever.
//!
//! ```no_run
//! use weftline::process::{self, Queue, register};
//!
//! fn shout(words: Queue<String>, loud: Queue<String>) {
//!     for word in &words {
//!         loud.put(word.to_uppercase()).unwrap();
//!     }
//!     loud.shutdown(false);
//! }
//! register!(shout);
//!
//! fn main() {
//!     weftline::run(|| {
//!         let (words, loud) = (Queue::bounded(16).unwrap(), Queue::bounded(16).unwrap());
//!         process::spawn(shout, (words.clone(), loud.clone())).unwrap();
//!         words.put("quiet".to_owned()).unwrap();
//!         words.shutdown(false);
//!         assert_eq!(loud.get().unwrap(), "QUIET");
//!     });
//! }
//! ```
//!
//! # Named objects
//!
//! `create(name, …)` gives an object a file in `/dev/shm`, and `open(name)` finds it. Each program
//! of the user can also write to that file, or shorten it, by itself:
//! `File::create("/dev/shm/name")` is safe code. No check protects a program that has the object
//! open from that. So both functions are `unsafe`, and their caller promises: *until the object is
//! unlinked and closed everywhere, no program writes to its file or shortens it, except through
//! this library.*
//!
//! | another program | named object | object without a name |
//! |---|---|---|
//! | another user's | has no access: the file has mode 0600, and `open` refuses a file of another user or a file that others may write to | has no access |
//! | shortens the file | `SIGBUS` at the next use | the kernel refuses it: the file is sealed |
//! | writes to the file | see below | takes `/proc/PID/fd`, as `/proc/PID/mem` would: outside of what Rust promises |
//! | writes before `open` | an error, or an object with other values | |
//!
//! After a write of another program an operation returns an error ([`GetError::Damaged`],
//! [`SharedError::Mismatch`]), gives a wrong value, or waits for ever. It does not crash and
//! follows no address from the file. Lengths and limits are read once, and positions are checked at
//! each use. A thread keeps the record of its held locks in its own memory.
//!
//! Two cases are left, for which the promise is there. One is a write to a value while a guard
//! gives a reference to it. The other is a write to a lock that its holder has between robust
//! mutexes of the C library's.
//!
//! An object without a name goes only to processes that get it as an argument or result; they run
//! this same program.
//!
//! ```
//! use weftline::process::{Event, unlink};
//!
//! let name = format!("ready-{}", std::process::id());
//! // SAFETY: no other program uses files of that name.
//! let ready = unsafe { Event::create(&name) }?;
//! // In another program:
//! // SAFETY: as above.
//! let there = unsafe { Event::open(&name) }?;
//! there.set();
//! ready.wait();
//! unlink(&name)?;
//! # Ok::<(), weftline::process::SharedError>(())
//! ```
//!
//! # Leaked guards
//!
//! A leaked guard (`std::mem::forget`, `Box::leak`) keeps its lock until its *process* ends, as a
//! guard of [`Lock`](crate::Lock) does. The reason is that a reference to the value may live on in
//! any thread. When the process ends, the next thread that takes the lock gets [`Abandoned`].
//! Leaked [`Permit`]s return when their thread ends. An object of which a guard was leaked keeps
//! its memory.
//!
//! # Other systems
//!
//! On macOS and Windows, and on Linux with 32 bits, this module does not exist, with any features:
//! a program that names it does not compile. Its foundations are missing there:
//!
//! - a child that is killed when its parent dies,
//! - a descriptor that says that a process has ended,
//! - a kernel that marks the locks of a dead thread and wakes their waiters.
//!
//! A program for all systems asks for
//! `#[cfg(all(target_os = "linux", target_pointer_width = "64"))]`, as the examples do.
//!
//! # Implementation
//!
//! | file | what it holds |
//! |---|---|
//! | `function.rs` | [`register!`]: the functions that a process can be started for |
//! | `start.rs` | [`Process`]: the description of a process, and its start |
//! | `stdio.rs` | [`Stdio`]: a standard stream of a process |
//! | `entry.rs` | where a process begins |
//! | `permission.rs` | whether this process can start others |
//! | `child.rs` | [`ChildProcess`]: a process that this one has started, and the wait for its end |
//! | `join.rs` | [`Child`]: the same, owned, and the result of its function |
//! | `children.rs` | the children of this process, and what becomes of them at its end |
//! | `registry.rs` | the list of those that have not been waited for |
//! | `identity.rs` | the name of this process, and its parent |
//! | `parent_death.rs` | the end of this process with its parent |
//! | `sentinel.rs` | the wait for the end of any process, of this parent or another |
//! | `channel.rs`, `message.rs` | the socket between a process and its child, and its messages |
//! | `error.rs`, `failure.rs` | why a process was not started; why it ended without a value |
//! | `descriptor.rs` | [`Descriptor`]: an open file, as an argument or a result |
//! | `envelope.rs` | a value between processes: bytes, and the file descriptors that travel with them |
//! | `shared/` | objects in memory that processes share |
//! | `pool/` | processes that run one task after the other |

mod channel;
mod child;
mod children;
mod descriptor;
mod entry;
mod envelope;
mod error;
mod failure;
mod function;
mod identity;
mod join;
mod message;
mod parent_death;
mod permission;
mod pool;
mod registry;
mod sentinel;
mod shared;
mod start;
mod stdio;

pub(crate) use entry::begin;
use envelope::Envelope;

#[doc(inline)]
pub use crate::__register_process_function as register;
pub use bytemuck;
pub use child::ChildProcess;
pub use children::active_children;
pub use descriptor::Descriptor;
pub use entry::init;
pub use envelope::{DecodeError, EncodeError};
pub use error::StartError;
pub use failure::{ProcessError, RemotePanic, Who};
pub use function::RemoteFn;
pub use identity::{ParentProcess, current_name, parent_process};
pub use join::{Child, JoinError};
pub use pool::{Calls, ProcessPoolBuilder, ProcessPoolExecutor};
pub use shared::*;
pub use start::{Process, spawn};
pub use stdio::Stdio;

/// For the expansion of [`register!`].
#[doc(hidden)]
pub mod __private {
    pub use super::function::Function;
    pub use inventory::submit;
}

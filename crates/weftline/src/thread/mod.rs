//! Threads: their start, their end, the registry of running threads, thread-locals, timers, and the
//! end of a program.
//!
//! # Implementation
//!
//! | file | what it holds |
//! |---|---|
//! | `identity.rs` | what is known of one thread; which thread is the calling one, and which the main one |
//! | `handle.rs` | [`Thread`]: the handle of an identity, and the wait for the thread's end |
//! | `service.rs` | an owner of threads, a pool, which the end of the program finishes |
//! | `until_forked.rs` | the wait of one thread for another, which a fork may end |
//! | `join.rs` | [`JoinHandle`], and the packet in which a thread leaves its outcome |
//! | `spawn.rs` | [`Builder`] and [`spawn`]: how a thread starts |
//! | `current.rs` | the calling thread: how it is bound, and what happens at its end |
//! | `main_thread.rs` | the main thread: how it is found |
//! | `registry.rs` | the list of the running threads |
//! | `default_name.rs` | the names of threads that were given none |
//! | `fork_gate.rs` | no fork while the standard library starts or ends a thread |
//! | `forks.rs` | the fork handlers of threads, and how a thread keeps forks out |
//! | `panic.rs` | [`Panic`]: the message, place and payload of a panic, and how it is caught |
//! | `except_hook.rs` | the hook for a panic that no thread joined |
//! | `scope.rs`, `scope_state.rs` | [`scope`]: threads that borrow, and the wait for all of them |
//! | `local.rs`, `local_value.rs`, `local_values.rs` | [`Local`]: a value for each thread |
//! | `exit.rs` | the end of a program: its stages, and [`at_exit`] |
//! | `timer/` | functions that run later, or periodically |
//! | `system.rs` | facts of a thread that only the operating system has |
//!
//! # The life of a thread
//!
//! | step | on | what is true after it |
//! |---|---|---|
//! | entered in the registry | the starting thread | it is alive and enumerated |
//! | started | the starting thread | a refusal takes the entry out again, and the thread never existed |
//! | bound | the thread | it knows itself; its identifiers are known to others |
//! | the function has returned or panicked | the thread | its outcome lies where the handle finds it |
//! | the destructors of its thread-locals have run | the thread | |
//! | left the registry | the thread, in the first destructor that it registered | it is not enumerated |
//! | the end is announced | the same | every `join` returns, and a scope may end |
//!
//! The last two steps are a destructor of a thread-local that is registered before the thread's
//! function runs. The standard library runs destructors in the reverse order of their registration,
//! so by then the others have run.

#[cfg(not(weftline_model))]
mod current;
#[cfg(not(weftline_model))]
mod default_name;
#[cfg(not(weftline_model))]
pub(crate) mod except_hook;
#[cfg(not(weftline_model))]
mod exit;
#[cfg(not(weftline_model))]
mod fork_gate;
#[cfg(not(weftline_model))]
mod forks;
#[cfg(not(weftline_model))]
mod handle;
#[cfg(not(weftline_model))]
mod identity;
#[cfg(not(weftline_model))]
mod join;
#[cfg(not(weftline_model))]
mod local;
#[cfg(not(weftline_model))]
mod local_value;
#[cfg(not(weftline_model))]
mod local_values;
#[cfg(not(weftline_model))]
mod main_thread;
#[cfg(not(weftline_model))]
pub(crate) mod panic;
#[cfg(not(weftline_model))]
mod registry;
#[cfg(not(weftline_model))]
mod scope;
#[cfg(not(weftline_model))]
mod scope_state;
#[cfg(not(weftline_model))]
mod service;
#[cfg(not(weftline_model))]
mod spawn;
#[cfg(not(weftline_model))]
mod system;
#[cfg(not(weftline_model))]
mod until_forked;

pub mod timer;

#[cfg(not(weftline_model))]
pub(crate) use self::{
    current::catch, except_hook::report, exit::end, panic::note_all, service::Service,
};
#[cfg(not(weftline_model))]
pub use self::{
    current::current,
    except_hook::{reset_except_hook, set_except_hook},
    exit::at_exit,
    handle::Thread,
    join::{JoinError, JoinHandle},
    local::Local,
    main_thread::main_thread,
    panic::{Panic, note_panic},
    registry::{active_count, enumerate},
    scope::{Scope, ScopeError, ScopedBuilder, ScopedJoinHandle, scope},
    spawn::{Builder, spawn},
};
#[cfg(all(
    feature = "process",
    target_os = "linux",
    target_pointer_width = "64",
    not(weftline_model)
))]
pub(crate) use self::{
    exit::{ExitStage, register_exit_stage},
    forks::keep_forks_out,
    spawn::spawn_servant,
    system::{print, set_name, without_nul},
};

//! The main thread: how it is found, and how the calling one is known to be it.

use super::{Thread, forks, identity, system};
use crate::error::NoMemory;
use crate::memory::try_string;
use crate::park::{fork, panic_without_memory};

/// The thread that the process began with; in the child of a fork the one that forked.
///
/// Where the system does not say which thread that is (other than on Linux), it is the thread that
/// runs the `main` of a Rust program.
///
/// # Panics
/// When there is no memory to enter it, the first time.
///
/// ```
/// assert!(weftline::main_thread().is_main());
/// assert!(!weftline::spawn(|| weftline::current().is_main()).join().unwrap());
/// ```
#[must_use]
pub fn main_thread() -> Thread {
    match try_main_thread() {
        Ok(thread) => thread,
        Err(NoMemory) => panic_without_memory(),
    }
}

/// The main thread. It exists before it has used the library, so the first caller that asks for it
/// creates its [`Thread`].
pub(super) fn try_main_thread() -> Result<Thread, NoMemory> {
    if let Some(known) = Thread::main_if_known() {
        return Ok(known);
    }
    forks::register_handlers();
    let created = Thread::unbound(try_string("MainThread")?, false)?;
    Ok(Thread(identity::become_main(created.0)))
}

/// Whether the calling thread, which is not bound, is the main one.
pub(super) fn is_caller() -> bool {
    system::is_main().unwrap_or_else(seems_main)
}

/// Whether the calling thread is the main one, as far as can be told without the system. No other
/// thread has been found to be it. And it has the name that the standard library gives to that
/// thread, or is the one that forked this process.
fn seems_main() -> bool {
    let is_vacant = Thread::main_if_known().is_none_or(|main| main.reserved_number() == 0);
    is_vacant && (fork::generation() > 1 || std::thread::current().name() == Some("main"))
}

//! The calling thread: how a thread is bound, and what happens at its end.
//!
//! # Implementation
//!
//! Each thread that knows itself holds its [`Thread`] in a thread-local. The destructor takes the
//! thread out of the registry and announces its end. A thread that another library started becomes
//! known when it first asks for itself.

use super::scope_state::ScopeState;
use super::{Panic, Thread, default_name, forks, identity, main_thread, panic, registry};
use crate::error::NoMemory;
use crate::memory::Counted;
use crate::park::fork::generation;
use crate::park::{adopt_number, name_current, number, panic_without_memory, replace_number};
use std::cell::{Cell, RefCell};

thread_local! {
    /// The first thread-local with a destructor, which is therefore the last to be destroyed.
    static GUARD: RefCell<Option<Guard>> = const { RefCell::new(None) };
    /// What a file above has the thread do at its end, before it leaves the registry.
    static AT_END: Cell<Option<fn()>> = const { Cell::new(None) };
}

/// A thread's reference to itself, and to its scope, while it runs.
struct Guard {
    thread: Thread,
    scope: Option<Counted<ScopeState>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(at_end) = AT_END.get() {
            at_end();
        }
        registry::leave(&self.thread);
        identity::end_current();
        self.thread.0.has_ended();
        if let Some(scope) = &self.scope {
            scope.caller_has_ended();
        }
    }
}

/// Binds the calling thread to `thread`, of that scope, until it ends. Called before anything with
/// a destructor enters its thread-locals, apart from those that weftline itself needs to the last.
pub(super) fn bind(thread: Thread, scope: Option<Counted<ScopeState>>) {
    forks::register_handlers();
    adopt_number(thread.reserved_number());
    thread.0.has_started(number());
    // Fails only while the thread's locals are being destroyed. Then only the caller knows the
    // thread.
    let _ = GUARD.try_with(|guard| {
        if let Some(scope) = &scope {
            scope.caller_has_started();
        }
        drop(guard.replace(Some(Guard { thread, scope })));
        if let Some(guard) = &*guard.borrow() {
            // SAFETY: the guard holds a reference, and calls `end_current` when it is dropped.
            unsafe { identity::become_current(&guard.thread.0) };
        }
    });
}

/// Has `f` called whenever the calling thread ends the [`Thread`] that it is bound to. There is one
/// such function.
pub(super) fn at_end(f: fn()) {
    AT_END.set(Some(f));
}

/// Calls `f` as `thread`: until it has returned, the calling thread, which is not registered,
/// counts as `thread`, also for the locks that it takes. `f` does not panic.
pub(super) fn as_thread<R>(thread: Thread, f: impl FnOnce() -> R) -> R {
    let (servant, born) = (replace_number(thread.reserved_number()), generation());
    // Without memory it is not enumerated.
    let _ = registry::enter(&thread);
    bind(thread, None);
    let result = f();
    // Ends `thread` as any other ends.
    drop(GUARD.take());
    // In the child of a fork the number of the thread that forked counts.
    if generation() == born {
        replace_number(servant);
        name_current("");
    }
    result
}

/// The calling thread.
///
/// A thread that weftline did not start is entered under the name `Dummy-N`, as a daemon, and
/// forgotten when it ends.
///
/// # Panics
/// When there is no memory to enter it, or the main thread, the first time.
///
/// ```
/// let handle = weftline::spawn(|| weftline::current());
/// let thread = handle.thread().clone();
/// assert_eq!(handle.join().unwrap(), thread);
/// ```
#[doc(alias = "current_thread")]
#[must_use]
pub fn current() -> Thread {
    match try_current() {
        Ok(thread) => thread,
        Err(NoMemory) => panic_without_memory(),
    }
}

pub(super) fn try_current() -> Result<Thread, NoMemory> {
    match Thread::current_if_bound() {
        Some(thread) => Ok(thread),
        None => introduce(),
    }
}

/// Runs `f` and returns a panic in it, as one of the calling thread, with its place if the panic
/// hook notes it.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    panic::catch(f, || Some(try_current().ok()?.shared_name()))
}

/// Enters a thread that asks for itself for the first time.
#[cold]
fn introduce() -> Result<Thread, NoMemory> {
    if main_thread::is_caller() {
        let main = main_thread::try_main_thread()?;
        bind(main.clone(), None);
        return Ok(main);
    }
    let dummy = Thread::unbound(default_name::next("Dummy")?, true)?;
    registry::enter(&dummy)?;
    bind(dummy.clone(), None);
    if !dummy.is_current() {
        // Its locals are being destroyed, so it would never be taken out again.
        registry::leave(&dummy);
    }
    Ok(dummy)
}

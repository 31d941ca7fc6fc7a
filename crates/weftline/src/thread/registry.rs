//! The running threads, and the calling one.
//!
//! # Implementation
//!
//! The registry is a list under a [`ListLock`]. Room is allocated before the lock is taken, and
//! removed threads are dropped after it. The main thread stands beside the list: it exists before
//! it has used the library, and does not end before the process.
//!
//! Each thread that knows itself holds its [`Thread`] in a thread-local. The destructor takes the
//! thread out of the registry and announces its end. A thread that another library started becomes
//! known when it first asks for itself.
//!
//! Invariant, under the lock: *each listed thread's `place` is its index in the list*.
//!
//! Linearisation point of `enter`, `leave`, `enumerate` and `active_count`: the change or the read
//! of the list under the lock. Happens-before: the lock orders all of them, so `place` is relaxed.
//!
//! **Forks.** The handler that runs in the child records the thread that forked. The next thread
//! that locks the registry finds it of an older generation. Then the list is forgotten unread, and
//! the survivor is the main thread.

use super::Thread;
use super::handle::Inner;
use super::scope_state::{self, ScopeState};
use super::{default_name, fork_gate, local_values, system};
use crate::error::NoMemory;
use crate::memory::{Counted, try_string};
use crate::park::fork::generation;
use crate::park::{
    ForgetWaiters, ListLock, adopt_number, number, panic_without_memory, replace_number,
};
use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

static REGISTRY: ListLock<Registry> = ListLock::new(Registry {
    threads: Vec::new(),
    main: None,
});
/// The thread that forked, if it knew itself; written in the child.
static SURVIVOR: AtomicPtr<Inner> = AtomicPtr::new(ptr::null_mut());

struct Registry {
    /// Unordered; each thread knows its place.
    threads: Vec<Thread>,
    main: Option<Thread>,
}

impl ForgetWaiters for Registry {
    fn forget_waiters(&mut self, _torn: bool) {
        // Not dropped: it may be half changed, and destructors do not run under the lock.
        std::mem::forget(std::mem::take(&mut self.threads));
        let survivor = SURVIVOR.load(Ordering::Relaxed);
        let main = (!survivor.is_null()).then(|| {
            // SAFETY: the survivor holds a reference to itself until it ends, and locks the
            // registry before it drops that reference.
            unsafe { Thread(Counted::one_more(survivor)) }
        });
        std::mem::forget(std::mem::replace(&mut self.main, main));
    }
}

thread_local! {
    /// The calling thread, also while its thread-locals are being destroyed: the guard is the last
    /// of them.
    static CURRENT: Cell<*const Inner> = const { Cell::new(ptr::null()) };
    static GUARD: RefCell<Option<Guard>> = const { RefCell::new(None) };
}

/// A thread's reference to itself, and to its scope, while it runs.
struct Guard {
    thread: Thread,
    scope: Option<Counted<ScopeState>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Nothing is left by now where the system's thread-locals are destroyed in the reverse
        // order of their first use.
        local_values::drop_all();
        leave(&self.thread);
        CURRENT.set(ptr::null());
        self.thread.has_ended();
        if let Some(scope) = &self.scope {
            scope.caller_has_ended();
        }
    }
}

/// Binds the calling thread to `thread`, of that scope, until it ends. Called before anything with
/// a destructor enters its thread-locals, apart from those that weftline itself needs to the last.
pub(super) fn bind(thread: Thread, scope: Option<Counted<ScopeState>>) {
    adopt_number(thread.reserved_number());
    let inner = Counted::as_ptr(&thread.0);
    thread.has_started(number());
    // Fails only while the thread's locals are being destroyed. Then only the caller knows the
    // thread.
    let _ = GUARD.try_with(|guard| {
        if let Some(scope) = &scope {
            scope.caller_has_started();
        }
        guard.replace(Some(Guard { thread, scope }));
        CURRENT.set(inner);
    });
}

/// Calls `f` as `thread`: until it has returned, the calling thread, which is not registered,
/// counts as `thread`, also for the locks that it takes. `f` does not panic.
pub(super) fn as_thread<R>(thread: Thread, f: impl FnOnce() -> R) -> R {
    let (servant, born) = (replace_number(thread.reserved_number()), generation());
    // Without memory it is not enumerated.
    let _ = enter(&thread);
    bind(thread, None);
    let result = f();
    // Ends `thread` as any other ends.
    drop(GUARD.take());
    // In the child of a fork the number of the thread that forked counts.
    if generation() == born {
        replace_number(servant);
    }
    result
}

/// Registers the fork handlers. Called before there is a thread whose fork matters. Two threads
/// that both register do no harm.
pub(super) fn register_fork_handlers() {
    static IS_REGISTERED: AtomicBool = AtomicBool::new(false);
    if !IS_REGISTERED.load(Ordering::Relaxed) {
        crate::park::fork::watch();
        system::around_forks(
            fork_gate::before_fork,
            fork_gate::after_fork_in_parent,
            in_child,
        );
        IS_REGISTERED.store(true, Ordering::Relaxed);
    }
}

extern "C" fn in_child() {
    fork_gate::after_fork_in_child();
    scope_state::after_fork_in_child();
    let survivor = CURRENT.get();
    SURVIVOR.store(survivor.cast_mut(), Ordering::Relaxed);
}

/// Adds `thread` to the running threads.
pub(super) fn enter(thread: &Thread) -> Result<(), NoMemory> {
    let mut entry = Some(thread.clone());
    let mut room: Vec<Thread> = Vec::new();
    loop {
        let needed = {
            let mut registry = REGISTRY.lock();
            let threads = &mut registry.threads;
            if threads.len() == threads.capacity() && room.capacity() > threads.len() {
                room.append(threads);
                std::mem::swap(threads, &mut room);
            }
            if threads.len() < threads.capacity()
                && let Some(entry) = entry.take()
            {
                entry.0.place.store(threads.len(), Ordering::Relaxed);
                threads.push(entry);
                return Ok(());
            }
            (threads.len() * 2).max(16)
        };
        room = Vec::new();
        room.try_reserve_exact(needed).map_err(|_| NoMemory)?;
    }
}

/// Removes `thread`, which has ended, or never started.
pub(super) fn leave(thread: &Thread) {
    let taken = {
        let mut registry = REGISTRY.lock();
        let place = thread.0.place.load(Ordering::Relaxed);
        // Absent are the main thread, and a thread of a process that has forked since.
        if registry.threads.get(place) == Some(thread) {
            let taken = registry.threads.swap_remove(place);
            if let Some(moved) = registry.threads.get(place) {
                moved.0.place.store(place, Ordering::Relaxed);
            }
            Some(taken)
        } else {
            None
        }
    };
    drop(taken);
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
    match current_if_known() {
        Some(thread) => Ok(thread),
        None => introduce(),
    }
}

pub(super) fn current_if_known() -> Option<Thread> {
    let inner = CURRENT.get();
    // SAFETY: while the pointer is there, so is the guard, which holds a reference to the thread.
    (!inner.is_null()).then(|| unsafe { Thread(Counted::one_more(inner)) })
}

pub(super) fn is_current(thread: &Thread) -> bool {
    ptr::eq(CURRENT.get(), Counted::as_ptr(&thread.0))
}

/// Enters a thread that asks for itself for the first time.
#[cold]
fn introduce() -> Result<Thread, NoMemory> {
    if system::is_main().unwrap_or_else(seems_main) {
        let main = try_main_thread()?;
        bind(main.clone(), None);
        return Ok(main);
    }
    let dummy = Thread::unbound(default_name::next("Dummy")?, true)?;
    enter(&dummy)?;
    bind(dummy.clone(), None);
    if !is_current(&dummy) {
        // Its locals are being destroyed, so it would never be taken out again.
        leave(&dummy);
    }
    Ok(dummy)
}

/// Whether the calling thread is the main one, as far as can be told without the system. No other
/// thread has been found to be it. And it has the name that the standard library gives to that
/// thread, or is the one that forked this process.
fn seems_main() -> bool {
    let is_vacant = {
        let registry = REGISTRY.lock();
        let main = registry.main.as_ref();
        main.is_none_or(|main| main.reserved_number() == 0)
    };
    is_vacant && (generation() > 1 || std::thread::current().name() == Some("main"))
}

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

fn try_main_thread() -> Result<Thread, NoMemory> {
    let known = REGISTRY.lock().main.clone();
    if let Some(known) = known {
        return Ok(known);
    }
    let created = Thread::unbound(try_string("MainThread")?, false)?;
    let mut registry = REGISTRY.lock();
    let main = registry.main.get_or_insert_with(|| created.clone()).clone();
    drop(registry);
    Ok(main)
}

pub(super) fn is_main(thread: &Thread) -> bool {
    REGISTRY.lock().main.as_ref() == Some(thread)
}

/// The threads that run now: the main thread first, the others by age.
///
/// # Panics
/// When there is no memory for them.
///
/// ```
/// let before = weftline::enumerate().len();
/// let end = weftline::Event::new();
/// weftline::scope(|s| {
///     let waits = s.spawn(|| end.wait());
///     assert!(weftline::enumerate().contains(waits.thread()));
///     end.set();
/// });
/// # let _ = before;
/// assert_eq!(weftline::enumerate()[0], weftline::main_thread());
/// ```
#[must_use]
pub fn enumerate() -> Vec<Thread> {
    // Before the lock is taken, because the answer may need it.
    let main = Some(main_thread()).filter(Thread::is_alive);
    let mut running: Vec<Thread> = Vec::new();
    loop {
        let needed = {
            let registry = REGISTRY.lock();
            let needed = registry.threads.len() + 1;
            if running.capacity() >= needed {
                running.extend(main.clone());
                running.extend_from_slice(&registry.threads);
                break;
            }
            needed
        };
        if running.try_reserve_exact(needed + needed / 8).is_err() {
            panic_without_memory();
        }
    }
    let others = usize::from(main.is_some());
    running[others..].sort_unstable_by_key(Thread::reserved_number);
    running
}

/// The number of threads that run now, as [`enumerate`] would count them.
///
/// # Panics
/// As [`main_thread`].
///
/// ```
/// assert!(weftline::active_count() >= 1);
/// ```
#[must_use]
pub fn active_count() -> usize {
    let main = usize::from(main_thread().is_alive());
    main + REGISTRY.lock().threads.len()
}

/// A thread that the end of the program waits for; not the calling one. `serves` chooses between
/// the threads of services and the others.
pub(super) fn any_to_wait_for(serves: bool) -> Option<Thread> {
    let registry = REGISTRY.lock();
    let awaited = |thread: &&Thread| {
        !thread.is_daemon() && thread.0.is_of_service == serves && !is_current(thread)
    };
    registry.threads.iter().find(awaited).cloned()
}

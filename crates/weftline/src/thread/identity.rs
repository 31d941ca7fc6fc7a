//! [`Identity`]: what is known of one thread, which thread is the calling one, and which the main
//! one.
//!
//! # Implementation
//!
//! | role | pointer | the thread has the role |
//! |---|---|---|
//! | the calling thread | `CURRENT`, a thread-local | from its binding until it announces its end (`current.rs`) |
//! | the main thread | `MAIN` | once it is created (`main_thread.rs`); in the child of a fork, the thread that forked |
//!
//! Invariant: *`MAIN` holds a reference that never ends*. The main thread does not end before the
//! process, and the child of a fork leaks the main thread of its parent.
//!
//! Happens-before: the release in `become_main` pairs with the acquire in `main`, so the identity
//! is seen whole.

use super::service::{Serves, Service};
use crate::error::NoMemory;
use crate::memory::Counted;
use crate::park::{
    ForgetWaiters, ListLock, MaybeGone, ObjectState, ThreadNumber, Watched, fork, name_current,
    name_thread, native_id, os_ident,
};
use crate::sync::raw::RawEvent;
use std::cell::Cell;
use std::mem::offset_of;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

pub(super) struct Identity {
    name: ListLock<Name>,
    pub(super) is_daemon: bool,
    /// The fork generation in which it was started. A child of that process has this thread only if
    /// it is the thread that forked.
    generation: u32,
    /// Facts that others may ask for before the thread runs. Zero stands for unknown. Written
    /// before `started` is set.
    number: AtomicU64,
    ident: AtomicU64,
    native_id: AtomicU64,
    pub(super) started: RawEvent,
    pub(super) ended: RawEvent,
    /// Its place in the registry, under the registry's lock.
    pub(super) place: AtomicUsize,
    /// Whether it belongs to a service.
    pub(super) is_of_service: bool,
    pub(super) serves: Serves,
}

/// One word, so that a fork in the middle of a change leaves the child one of the two names.
struct Name(Counted<String>);

impl ForgetWaiters for Name {
    fn forget_waiters(&mut self, _torn: bool) {}
}

impl Watched for Identity {
    fn look(thread: MaybeGone<'_, Self>) -> Option<ObjectState> {
        let number = ThreadNumber::new(thread.u64_at(offset_of!(Self, number))?)?;
        Some(ObjectState::Thread { number })
    }
}

impl Identity {
    pub(super) fn try_new(
        name: String,
        is_daemon: bool,
        serves: Option<Counted<dyn Service>>,
        number: u64,
    ) -> Result<Counted<Self>, NoMemory> {
        // The generations count from here.
        fork::watch();
        let name = Counted::try_new(name).map_err(|_| NoMemory)?;
        let identity = Self {
            name: ListLock::new(Name(name)),
            is_daemon,
            generation: fork::generation(),
            number: AtomicU64::new(number),
            ident: AtomicU64::new(0),
            native_id: AtomicU64::new(0),
            started: RawEvent::new(),
            ended: RawEvent::new(),
            place: AtomicUsize::new(usize::MAX),
            is_of_service: serves.is_some(),
            serves: Serves::new(serves),
        };
        Counted::try_new(identity).map_err(|_| NoMemory)
    }

    /// Called on the thread itself. Writes the facts that others may ask for.
    pub(super) fn has_started(&self, number: u64) {
        self.number.store(number, Ordering::Relaxed);
        let (ident, native_id) = (os_ident(), native_id());
        self.ident.store(ident, Ordering::Relaxed);
        self.native_id
            .store(native_id.unwrap_or(0), Ordering::Relaxed);
        name_current(&self.name());
        self.started.set();
    }

    /// Wakes all threads that wait for the end.
    pub(super) fn has_ended(&self) {
        self.ended.set();
    }

    /// The system has refused to start it, so all waits for it end.
    pub(super) fn has_not_started(&self) {
        self.serves.end();
        self.started.set();
        self.ended.set();
    }

    pub(super) fn name(&self) -> Counted<String> {
        self.name.lock().0.clone()
    }

    pub(super) fn rename(&self, name: Counted<String>) {
        if let Some(number) = ThreadNumber::new(self.number()) {
            name_thread(number, &name);
        }
        let previous = std::mem::replace(&mut self.name.lock().0, name);
        drop(previous);
    }

    /// Its number, or the one reserved for it; zero if it has none.
    pub(super) fn number(&self) -> u64 {
        self.number.load(Ordering::Relaxed)
    }

    pub(super) fn ident(&self) -> Option<u64> {
        some(self.ident.load(Ordering::Relaxed))
    }

    pub(super) fn native_id(&self) -> Option<u64> {
        some(self.native_id.load(Ordering::Relaxed))
    }

    pub(super) fn is_current(&self) -> bool {
        ptr::eq(CURRENT.get(), self)
    }

    pub(super) fn is_main(&self) -> bool {
        // Only the address counts.
        ptr::eq(MAIN.load(Ordering::Relaxed), self)
    }

    /// Whether the thread did not survive a fork.
    pub(super) fn is_lost(&self) -> bool {
        self.generation != fork::generation() && {
            let number = self.number();
            if number == 0 {
                // A main thread without a number is the survivor, or no longer the main thread.
                !self.is_main()
            } else {
                !fork::is_alive(number)
            }
        }
    }
}

fn some(number: u64) -> Option<u64> {
    (number != 0).then_some(number)
}

thread_local! {
    static CURRENT: Cell<*const Identity> = const { Cell::new(ptr::null()) };
}
static MAIN: AtomicPtr<Identity> = AtomicPtr::new(ptr::null_mut());

/// The calling thread, if it is bound.
pub(super) fn current() -> Option<Counted<Identity>> {
    let current = CURRENT.get();
    // SAFETY: null, or an identity to which this thread holds a reference (`become_current`).
    (!current.is_null()).then(|| unsafe { Counted::one_more(current) })
}

/// Makes `thread` the calling thread.
///
/// # Safety
/// The calling thread holds a reference to it until it calls [`end_current`].
pub(super) unsafe fn become_current(thread: &Counted<Identity>) {
    CURRENT.set(Counted::as_ptr(thread));
}

/// The calling thread is bound no longer.
pub(super) fn end_current() {
    CURRENT.set(ptr::null());
}

/// The main thread, if it is known.
pub(super) fn main() -> Option<Counted<Identity>> {
    let main = MAIN.load(Ordering::Acquire);
    // SAFETY: null, or an identity to which `MAIN` holds a reference.
    (!main.is_null()).then(|| unsafe { Counted::one_more(main) })
}

/// Makes `thread` the main one, unless that is known already. Returns the main thread.
pub(super) fn become_main(thread: Counted<Identity>) -> Counted<Identity> {
    let own = Counted::as_ptr(&thread).cast_mut();
    match MAIN.compare_exchange(ptr::null_mut(), own, Ordering::Release, Ordering::Acquire) {
        Ok(_) => {
            // The reference of `MAIN`.
            std::mem::forget(thread.clone());
            thread
        }
        // SAFETY: an identity to which `MAIN` holds a reference.
        Err(first) => unsafe { Counted::one_more(first) },
    }
}

/// Called after a fork, in the child, on its only thread, which is the main one there. If it is not
/// bound, its identity is created when it is asked for.
pub(super) fn after_fork_in_child() {
    let survivor = CURRENT.get().cast_mut();
    // Relaxed: the child has no other thread yet.
    if survivor != MAIN.load(Ordering::Relaxed) {
        // The reference of `MAIN`.
        std::mem::forget(current());
        MAIN.store(survivor, Ordering::Relaxed);
    }
}

//! [`BlockedOn`]: what a wait is for, and [`Marks`]: what can be done with it from outside.

use super::Kind;
use super::look::{Look, Watched};
use std::panic::Location;
use std::ptr;

/// What a wait is for.
#[derive(Clone, Copy)]
#[cfg_attr(weftline_model, allow(dead_code, reason = "models show no sleeps"))]
pub(crate) struct BlockedOn {
    pub(super) object: usize,
    pub(super) look: Look,
    /// How many bytes of the object `look` needs.
    pub(super) bytes: u16,
    pub(super) kind: Kind,
    pub(super) caller: &'static Location<'static>,
}

impl BlockedOn {
    /// The place of the program's Rust face.
    pub(crate) fn place(&self) -> &'static Location<'static> {
        self.caller
    }
}

/// What can be done with a wait from outside: the constants of its
/// [`Blocker`](super::Blocker).
#[derive(Clone, Copy, Debug)]
#[cfg_attr(weftline_model, allow(dead_code, reason = "models show no sleeps"))]
pub(super) struct Marks {
    pub(super) answers: bool,
    pub(super) ends: bool,
    #[cfg_attr(
        any(not(target_os = "linux"), feature = "portable-parker"),
        allow(dead_code, reason = "the portable parker sees no signals")
    )]
    pub(super) signals: Signals,
}

/// On which threads a [`Blocker`](super::Blocker) handles signals.
///
/// A signal that comes while a thread looks for a deadlock (`watch/verdict.rs`) does not end its
/// sleep. So the look does, where the blocker wants to know of signals. Elsewhere the sleep goes
/// on: otherwise thousands of waiters would attach to an interpreter for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signals {
    /// On none: a signal changes no wait.
    OnNoThread,
    /// On the main thread of the process, as an interpreter does.
    OnMainThread,
    /// On any thread.
    OnAnyThread,
}

impl Kind {
    /// A wait for `object`, at the place of the program that called.
    #[inline]
    #[track_caller]
    pub(crate) fn of<T: Watched>(self, object: &T) -> BlockedOn {
        BlockedOn {
            object: ptr::from_ref(object).addr(),
            look: T::look_at,
            bytes: const { T::BYTES as u16 },
            kind: self,
            caller: Location::caller(),
        }
    }

    /// A wait for what an identifier names; `look` gets the identifier as the address.
    #[cfg(not(weftline_model))]
    pub(super) fn of_ident(self, ident: u64, look: Look) -> BlockedOn {
        BlockedOn {
            object: ident as usize,
            look,
            bytes: 0,
            kind: self,
            caller: Location::caller(),
        }
    }
}

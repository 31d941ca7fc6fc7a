//! [`Blocker`]: how a blocked thread sleeps, and where it spins.

use super::blocked_on::Signals;
use super::out_of_memory::panic_without_memory;
use crate::park::{Deadline, Parker, Site, Wake, try_current_record};
use std::convert::Infallible;

/// How a blocked thread sleeps. Every slow path of the core is written once, generic over this.
///
/// The library's own [`ThreadBlocker`] parks, and parks again when interrupted. A binding detaches
/// from its interpreter around the sleep. On [`Wake::Interrupted`] it runs the pending signal
/// handlers. An error of theirs ends the wait, after the waiter has left its list or has given back
/// what it was granted.
///
/// `block` must not unwind: the waiter lies on this thread's stack and is linked into a list. The
/// process is aborted if it does.
pub trait Blocker {
    /// What can end a wait besides a grant and a timeout; [`Infallible`] when nothing can.
    type Interrupt;

    /// Where a wait spins.
    const SPIN: Spin = Spin::BeforeWait;

    /// Whether a woken thread needs one lock that all others need too, that of an interpreter to
    /// which it attaches. A call that wakes many such threads unparks a few. Each of them unparks
    /// the next when `block` calls [`Parker::go_on`].
    const ATTACHES: bool = false;

    /// Whether a sleeping thread can be stirred (`stir.rs`): it is detached from its interpreter.
    const ANSWERS: bool = false;

    /// Whether a verdict can end the wait (`watch/verdict.rs`): `block` then returns an error after
    /// [`Wake::Interrupted`].
    const ENDS: bool = false;

    /// Whether objects that are used through such blockers do not move until they are dropped.
    const OBJECTS_STAY: Option<ObjectsStay> = None;

    /// Which threads `block` handles signals on.
    const SIGNALS: Signals = Signals::OnAnyThread;

    /// Whether a wait for an item or a slot yields the processor a few times before it enlists.
    /// Items that come in quick succession are then taken without handoffs.
    fn may_yield(&mut self) -> bool {
        Self::SPIN.is_before_wait()
    }

    /// Names the place of the program that waits, for the reports of blocked threads. Called before
    /// each sleep, where `site` is the caller of the raw object. A blocker whose program is written
    /// in another language sets or forgets it.
    #[inline]
    fn site(&mut self, _site: &mut Site) {}

    /// What ends an operation for which there is no memory. Nothing has changed.
    ///
    /// # Panics
    /// Where nothing can interrupt an operation, as by default.
    #[track_caller]
    fn no_memory(&mut self) -> Self::Interrupt {
        panic_without_memory()
    }

    /// Parks once. On `Ok` the wait looks at its waiter, and parks again if that has not settled.
    ///
    /// # Errors
    /// What a signal handler raised.
    fn block(
        &mut self,
        parker: &'static Parker,
        deadline: Deadline,
    ) -> Result<Wake, Self::Interrupt>;
}

/// Where a wait spins, if `AdaptiveSpin` finds that this has paid lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spin {
    /// Nowhere. For a thread that holds a lock which the thread that it waits for needs.
    Never,
    /// Before the waiter enlists: on the word of a lock, or for an item that comes meanwhile.
    BeforeWait,
    /// There, and on the waiter before each sleep. A waker does not unpark a spinning thread.
    OnWaiter,
}

/// The promise that objects used through a [`Blocker`] do not move until they are dropped.
/// Reports refer to such objects, so it takes `unsafe` to give it.
#[derive(Clone, Copy, Debug)]
pub struct ObjectsStay(());

impl ObjectsStay {
    /// The promise.
    ///
    /// # Safety
    /// No object moves after its first use through a blocker of the type that has this, until it is
    /// dropped.
    #[must_use]
    pub const unsafe fn promise() -> Self {
        Self(())
    }
}

impl Spin {
    pub(crate) const fn is_before_wait(self) -> bool {
        !matches!(self, Self::Never)
    }

    pub(crate) const fn is_on_waiter(self) -> bool {
        matches!(self, Self::OnWaiter)
    }
}

/// The library's own [`Blocker`]: plain threads, which nothing interrupts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadBlocker;

impl Blocker for ThreadBlocker {
    type Interrupt = Infallible;

    const SIGNALS: Signals = Signals::OnNoThread;

    // An event, a notification or an item comes within the time that a sleep costs, or takes long.
    const SPIN: Spin = if cfg!(weftline_model) {
        Spin::BeforeWait
    } else {
        Spin::OnWaiter
    };

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        Ok(parker.park_adaptively(deadline))
    }
}

/// Makes the calling thread's record if it has none. Called before a wait changes anything.
///
/// # Errors
/// The blocker's [`Blocker::no_memory`].
#[inline]
pub(crate) fn ready<B: Blocker>(blocker: &mut B) -> Result<(), B::Interrupt> {
    match try_current_record() {
        Some(_) => Ok(()),
        None => Err(blocker.no_memory()),
    }
}

/// As [`ThreadBlocker`], for a waiter that is woken without handoff, or before its waker is done:
/// it spins on the parker's token and not on the waiter.
#[cfg(not(weftline_model))]
pub(crate) struct TokenBlocker;

#[cfg(not(weftline_model))]
impl Blocker for TokenBlocker {
    type Interrupt = Infallible;

    const SIGNALS: Signals = Signals::OnNoThread;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        parker.spin(|| true);
        Ok(parker.park_adaptively(deadline))
    }
}

/// As [`ThreadBlocker`], for locks. The spin is short: a spinning thread competes for the lock's
/// cache line with the threads that use it.
#[cfg(not(weftline_model))]
pub(crate) struct LockBlocker;

#[cfg(not(weftline_model))]
impl Blocker for LockBlocker {
    type Interrupt = Infallible;

    const SIGNALS: Signals = Signals::OnNoThread;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        parker.spin_for_lock();
        Ok(parker.park(deadline))
    }
}

/// Why a wait ended without what it waited for. The waiter has left its list: nothing was taken and
/// nothing is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitError<I> {
    /// The deadline passed.
    TimedOut,
    /// The [`Blocker`] reported an interrupt.
    Interrupted(I),
}

#[cfg(not(weftline_model))]
impl WaitError<Infallible> {
    /// A wait through the [`ThreadBlocker`] fails in one way only.
    #[inline]
    pub(crate) fn timed_out(self) -> crate::error::TimedOut {
        match self {
            Self::TimedOut => crate::error::TimedOut,
        }
    }
}

//! [`Blocker`]: what a blocked thread sleeps through.

use crate::park::{Deadline, Parker, Wake, try_current_record};
use std::convert::Infallible;

/// How a blocked thread sleeps. Every slow path of the core is written once, generic over this.
///
/// The library's own [`ThreadBlocker`] parks, and parks again when interrupted. A binding lets go
/// of its interpreter around the sleep, and on [`Wake::Interrupted`] runs the pending signal
/// handlers; an error that they raise ends the wait, after the waiter has left its list or has
/// given back what it was granted.
///
/// `block` must not unwind: the waiter that it sleeps for lies on this thread's stack and is linked
/// into a list. The process is aborted if it does.
pub trait Blocker {
    /// What can end a wait besides a grant and a timeout; [`Infallible`] when nothing can.
    type Interrupt;

    /// Whether a short spin before the sleep can help. It cannot while a lock is held that the
    /// thread to wait for needs to go on.
    const MAY_SPIN: bool = true;

    /// Whether a wait watches for a moment whether it is granted what it waits for, before it
    /// sleeps through `block`: then the waker need not wake it.
    const WATCHES: bool = false;

    /// Whether a woken thread contends with all others for one lock before it goes on: that of an
    /// interpreter to which it attaches. A call that wakes many such threads unparks a few, and
    /// each of them the next, when `block` has called [`Parker::go_on`].
    const ATTACHES: bool = false;

    /// Whether whoever waits for an item does the same with it. Then the one that came last is
    /// served first: it is the likeliest to be awake still. Otherwise the one that has waited
    /// longest.
    const ANYONE_WILL_DO: bool = false;

    /// Whether a wait for an item that is about to enlist looks out for a moment instead, so that
    /// items that come one on the other need not be handed over one by one.
    fn looks_out(&mut self) -> bool {
        Self::MAY_SPIN
    }

    /// What ends an operation for which there is no memory. Nothing has changed, and nobody sleeps.
    ///
    /// # Panics
    /// Where nothing can interrupt an operation, as by default.
    #[track_caller]
    fn no_memory(&mut self) -> Self::Interrupt {
        panic_without_memory()
    }

    /// Parks once. `Ok` in any case in which the wait should look at its state and, if need be, go
    /// on.
    ///
    /// # Errors
    /// What a signal handler raised.
    fn block(
        &mut self,
        parker: &'static Parker,
        deadline: Deadline,
    ) -> Result<Wake, Self::Interrupt>;
}

/// The library's own [`Blocker`]: plain threads, which nothing interrupts.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadBlocker;

impl Blocker for ThreadBlocker {
    type Interrupt = Infallible;

    // Whoever answers an event, a notification or an item does so within the time that a sleep
    // costs, or takes long.
    const WATCHES: bool = cfg!(not(weftline_model));

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        Ok(parker.rest(deadline))
    }
}

/// Makes what the calling thread needs to wait, if it has never waited before. Called before a wait
/// changes anything.
///
/// # Errors
/// What the blocker says when there is no memory.
#[inline]
pub(crate) fn ready<B: Blocker>(blocker: &mut B) -> Result<(), B::Interrupt> {
    match try_current_record() {
        Some(_) => Ok(()),
        None => Err(blocker.no_memory()),
    }
}

/// How an operation without an error for it ends when there is no memory.
#[cold]
#[track_caller]
pub(crate) fn panic_without_memory() -> ! {
    panic!("out of memory: nothing has changed")
}

/// As [`ThreadBlocker`], for what a waiter is woken for without being granted it, or is to wake up
/// to only when its waker has done more: it looks for that.
#[cfg(not(weftline_model))]
pub(crate) struct TokenBlocker;

#[cfg(not(weftline_model))]
impl Blocker for TokenBlocker {
    type Interrupt = Infallible;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        parker.spin(|| true);
        Ok(parker.rest(deadline))
    }
}

/// As [`ThreadBlocker`], for locks: a thread that spins for one competes with those that use it, so
/// it looks only for a moment.
#[cfg(not(weftline_model))]
pub(crate) struct LockBlocker;

#[cfg(not(weftline_model))]
impl Blocker for LockBlocker {
    type Interrupt = Infallible;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        parker.spin_briefly();
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
    pub(crate) fn timed_out(self) -> crate::TimedOut {
        match self {
            Self::TimedOut => crate::TimedOut,
        }
    }
}

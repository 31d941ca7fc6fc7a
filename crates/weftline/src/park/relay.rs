//! The relay: the wakes of many threads of an interpreter by one call, a few at a time.
//!
//! A woken thread of an interpreter needs the interpreter's lock before it does anything. Thousands
//! that are woken at once all contend for it, which takes most of the processor's time. So the
//! waker unparks [`IN_FLIGHT`] of them and queues the others here. Each unparked thread unparks the
//! next when it has attached to the interpreter.
//!
//! # Implementation
//!
//! Each parker has a place in the relay (`relay_place.rs`). Its states change under the relay's
//! lock:
//!
//! | state | meaning | leaves by |
//! |---|---|---|
//! | `IDLE` | the thread is not in the relay | a waker of many → `RELEASED` while fewer than `IN_FLIGHT` are, else `QUEUED` |
//! | `QUEUED` | granted, and not unparked yet | the end of another thread's turn → `RELEASED`; its own thread, awake for another reason → `IDLE` |
//! | `RELEASED` | unparked, or about to be: it has a *turn* | its own thread, attached, ends the turn → `IDLE`; its waker, which finds it awake, → `IDLE` |
//!
//! At the end of a turn the thread in front of the queue gets one.
//!
//! Invariants, whenever the lock is free:
//!
//! - `in_flight` parkers are `RELEASED`, at most `IN_FLIGHT`;
//! - the queue holds the `QUEUED` parkers, and is empty unless there are `IN_FLIGHT` turns: some
//!   thread always goes on with it;
//! - a thread with a turn is awake, or the thread that gave it the turn unparks it.
//!
//! The last invariant makes the queue live. A thread that was parked returns from its park and ends
//! its turn when it has attached, before it runs signal handlers. A thread that was not parked may
//! be busy for ever, in a signal handler around whose wait it was granted. So its waker takes the
//! turn back ([`Parker::unpark`] tells whether it was parked).
//!
//! *A thread that leaves its wait misses nothing.* A waiter is granted under the relay's lock,
//! after its parker was queued. The thread acquires the grant, so it sees that its parker is not
//! `IDLE`, and [`Parker::go_on`] takes the lock. A queued thread whose deadline passes, or that a
//! signal wakes, finds its grant and leaves the queue by itself.
//!
//! In the child of a fork the relay is empty: each place has the fork generation in which it was
//! queued. An interpreter that begins to exit opens the relay, and every waker unparks all from
//! then on: a thread that attaches may be stopped for good.

use super::model::Ordering;
use super::relay_place::{IDLE, Links, QUEUED, RELEASED};
use super::{ForgetWaiters, ListLock, Parker, fork};
use std::cell::Cell;

/// How many of the threads that one call wakes contend for the interpreter's lock at a time. More
/// than one: an idle processor takes longer to run again than the thread before may hold the lock.
pub(super) const IN_FLIGHT: usize = if cfg!(weftline_model) { 1 } else { 4 };

struct Relay(ListLock<State>);

struct State {
    front: Option<&'static Parker>,
    back: Option<&'static Parker>,
    in_flight: usize,
    is_open: bool,
}

impl ForgetWaiters for State {
    fn forget_waiters(&mut self, _torn: bool) {
        *self = Self::new();
    }
}

impl Relay {
    super::model::const_fn! {
        fn new() -> Self {
            Self(ListLock::new(State::new()))
        }
    }
}

#[cfg(not(weftline_model))]
static RELAY: Relay = Relay::new();
#[cfg(weftline_model = "loom")]
loom::lazy_static! { static ref RELAY: Relay = Relay::new(); }
#[cfg(weftline_model = "shuttle")]
shuttle::lazy_static! { static ref RELAY: Relay = Relay::new(); }

#[cfg(not(weftline_model))]
thread_local! {
    /// How many threads this thread has woken, each by itself, since it last slept.
    static WOKEN: Cell<usize> = const { Cell::new(0) };
}
#[cfg(weftline_model)]
super::model::thread_local! {
    static WOKEN: Cell<usize> = Cell::new(0);
}

/// Counts a thread that this thread is about to wake. `true`: it has woken so many one by one that
/// further ones are queued too.
pub(super) fn is_crowded() -> bool {
    WOKEN
        .try_with(|woken| {
            woken.set(woken.get().saturating_add(1));
            woken.get() > IN_FLIGHT
        })
        .unwrap_or(true)
}

/// Called before a sleep, which leaves the interpreter to the woken threads.
pub(super) fn begins_to_sleep() {
    let _ = WOKEN.try_with(|woken| woken.set(0));
}

impl State {
    const fn new() -> Self {
        Self {
            front: None,
            back: None,
            in_flight: 0,
            is_open: false,
        }
    }

    fn links<R>(&mut self, parker: &Parker, f: impl FnOnce(&mut Links<Parker>) -> R) -> R {
        // SAFETY: the relay's lock is held (`&mut self`).
        parker
            .place
            .links
            .with_mut(|links| f(unsafe { &mut *links }))
    }

    fn mark(&mut self, parker: &'static Parker, state: u32) {
        self.links(parker, |links| links.generation = fork::generation());
        parker.place.state.store(state, Ordering::Relaxed);
    }

    fn push(&mut self, parker: &'static Parker) {
        let previous = self.back.replace(parker);
        self.links(parker, |links| {
            (links.previous, links.next) = (previous, None)
        });
        match previous {
            Some(previous) => self.links(previous, |links| links.next = Some(parker)),
            None => self.front = Some(parker),
        }
    }

    fn unlink(&mut self, parker: &'static Parker) {
        let (previous, next) =
            self.links(parker, |links| (links.previous.take(), links.next.take()));
        match previous {
            Some(previous) => self.links(previous, |links| links.next = next),
            None => self.front = next,
        }
        match next {
            Some(next) => self.links(next, |links| links.previous = previous),
            None => self.back = previous,
        }
    }

    /// Gives the turn of a thread that needs it no more to the next thread, which the caller
    /// unparks.
    fn pass_on(&mut self) -> Option<&'static Parker> {
        let Some(next) = self.front else {
            self.in_flight -= 1;
            return None;
        };
        self.unlink(next);
        self.mark(next, RELEASED);
        Some(next)
    }

    /// Whether the place's state is of this process. The state of an older process becomes `IDLE`.
    fn is_of_this_process(&mut self, parker: &'static Parker) -> bool {
        let is_so = self.links(parker, |links| links.generation) == fork::generation();
        if !is_so {
            parker.place.state.store(IDLE, Ordering::Relaxed);
        }
        is_so
    }
}

/// When a thread whose waiter is granted is unparked.
#[derive(Clone, Copy)]
pub(super) enum Turn {
    /// Now, and without a turn: the relay is open, or the thread is busy with an earlier turn.
    Outside,
    /// Now: the waker calls [`unpark`].
    Now,
    /// When it gets a turn.
    Later,
}

/// Decides when the thread of `parker`, which attaches, is unparked. Calls `grant`, which grants
/// its waiter, under the relay's lock and after the thread was queued.
pub(super) fn enter<R>(parker: &'static Parker, grant: impl FnOnce(Turn) -> R) -> R {
    let mut state = RELAY.0.lock();
    let is_busy =
        parker.place.state.load(Ordering::Relaxed) != IDLE && state.is_of_this_process(parker);
    if state.is_open || is_busy {
        return grant(Turn::Outside);
    }
    let turn = if state.in_flight < IN_FLIGHT {
        state.in_flight += 1;
        state.mark(parker, RELEASED);
        Turn::Now
    } else {
        state.push(parker);
        state.mark(parker, QUEUED);
        Turn::Later
    };
    grant(turn)
}

/// Unparks a thread that has a turn; if that thread is awake, the next.
pub(super) fn unpark(released: &'static Parker) {
    let mut next = Some(released);
    while let Some(parker) = next
        && !parker.unpark()
    {
        let mut state = RELAY.0.lock();
        // Unless it has ended its turn meanwhile.
        let has_turn = parker.place.state.load(Ordering::Relaxed) == RELEASED
            && state.is_of_this_process(parker);
        next = if has_turn {
            parker.place.state.store(IDLE, Ordering::Relaxed);
            state.pass_on()
        } else {
            None
        };
    }
}

impl Parker {
    /// Ends this thread's turn in the relay, if it has one: the next of the woken threads is
    /// unparked.
    ///
    /// A blocker whose threads attach to an interpreter calls this as soon as the thread has
    /// attached. Only the thread that the parker belongs to may call it.
    #[inline]
    pub fn go_on(&'static self) {
        if self.place.state.load(Ordering::Relaxed) != IDLE {
            self.leave_relay();
        }
    }

    #[cold]
    fn leave_relay(&'static self) {
        let next = {
            let mut state = RELAY.0.lock();
            let next = if !state.is_of_this_process(self) {
                None
            } else {
                match self.place.state.load(Ordering::Relaxed) {
                    QUEUED => {
                        state.unlink(self);
                        None
                    }
                    RELEASED => state.pass_on(),
                    _ => None,
                }
            };
            self.place.state.store(IDLE, Ordering::Relaxed);
            next
        };
        if let Some(next) = next {
            unpark(next);
        }
    }
}

/// Unparks every thread that waits for its turn. From now on, until the process forks, each waker
/// unparks all.
///
/// For a binding whose interpreter is about to exit: threads that attach then may be stopped for
/// good.
pub fn open_relay() {
    loop {
        let next = {
            let mut state = RELAY.0.lock();
            state.is_open = true;
            let next = state.front;
            if let Some(parker) = next {
                state.unlink(parker);
                parker.place.state.store(IDLE, Ordering::Relaxed);
            }
            next
        };
        match next {
            Some(parker) => parker.unpark(),
            None => return,
        };
    }
}

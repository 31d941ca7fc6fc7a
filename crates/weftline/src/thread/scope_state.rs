//! What the threads of a scope share: how many run, and which panics nobody has heard of.
//!
//! # Implementation
//!
//! A [`ListLock`] over both, and the condition of whoever waits for them to change. A change is
//! made under the lock and notified after it: a waiter enlists before it lets go of the lock, so
//! the notifier sees it, or the waiter has seen the change.
//!
//! Untold panics are a chain of boxes in the order in which they came. In the child of a fork there
//! are none: their threads ended in the parent, which tells of them; and of the scope's threads
//! only the one that forked runs.

use super::handle::{Forked, UntilForked};
use super::{Panic, Thread, registry};
use crate::memory::try_box;
use crate::park::{Deadline, ForgetWaiters, ListLock, WaitError};
use crate::sync::raw::RawCondition;
use crate::{NoMemory, TimedOut};
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) struct ScopeState {
    /// Unique in the process and its children.
    id: u64,
    members: ListLock<Members>,
    changed: RawCondition,
}

struct Members {
    id: u64,
    running: usize,
    untold: Option<Box<Untold>>,
}

/// The panic of a thread that has not been joined yet, or the room for one.
pub(super) struct Untold {
    thread: Thread,
    panicked: Option<Panic>,
    next: Option<Box<Untold>>,
}

impl Untold {
    /// The room, for a thread that is about to start.
    pub(super) fn by(thread: &Thread) -> Result<Box<Self>, NoMemory> {
        let untold = Self {
            thread: thread.clone(),
            panicked: None,
            next: None,
        };
        try_box(untold).map_err(|_| NoMemory)
    }
}

impl ForgetWaiters for Members {
    fn forget_waiters(&mut self, _torn: bool) {
        self.running = usize::from(registry::survivor_is_in(self.id));
        std::mem::forget(self.untold.take());
    }
}

impl ScopeState {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            id,
            members: ListLock::new(Members {
                id,
                running: 0,
                untold: None,
            }),
            changed: RawCondition::new(),
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// A thread is about to start.
    pub(super) fn one_more(&self) {
        self.members.lock().running += 1;
    }

    /// One has left, and touches nothing that is borrowed any more.
    pub(super) fn one_has_ended(&self) {
        let is_last = {
            let mut members = self.members.lock();
            members.running -= 1;
            members.running == 0
        };
        if is_last {
            self.changed.notify(usize::MAX);
        }
    }

    pub(super) fn one_has_panicked(&self, mut untold: Box<Untold>, panicked: Panic) {
        untold.panicked = Some(panicked);
        *last(&mut self.members.lock().untold) = Some(untold);
        self.changed.notify(usize::MAX);
    }

    /// Somebody has joined that thread, and knows of its panic, if it did.
    pub(super) fn claim(&self, thread: &Thread) {
        let claimed = {
            let mut members = self.members.lock();
            let mut place = &mut members.untold;
            while place
                .as_ref()
                .is_some_and(|untold| untold.thread != *thread)
            {
                place = &mut place.as_mut().expect("it has just been looked at").next;
            }
            let claimed = place.take();
            claimed.map(|mut claimed| {
                *place = claimed.next.take();
                claimed
            })
        };
        drop(claimed);
    }

    /// Takes the first panic that nobody has heard of.
    pub(super) fn take_untold(&self) -> Option<(Thread, Panic)> {
        let untold = {
            let mut members = self.members.lock();
            let mut untold = members.untold.take()?;
            members.untold = untold.next.take();
            untold
        };
        let Untold {
            thread, panicked, ..
        } = *untold;
        panicked.map(|panicked| (thread, panicked))
    }

    /// Waits until no thread runs or, if `for_panics` says so, until one has panicked that nobody
    /// has heard of.
    pub(super) fn wait(&self, for_panics: bool, deadline: Deadline) -> Result<(), TimedOut> {
        loop {
            let mut blocker = UntilForked::new();
            let members = self.members.lock();
            if members.running == 0 || (for_panics && members.untold.is_some()) {
                return Ok(());
            }
            if deadline.has_passed() {
                return Err(TimedOut);
            }
            let let_go = |_: &mut UntilForked| {
                drop(members);
                Ok(())
            };
            match self.changed.wait_with(&mut blocker, deadline, let_go) {
                Ok(()) | Err(WaitError::TimedOut | WaitError::Interrupted(Forked)) => {}
            }
        }
    }
}

fn last(mut place: &mut Option<Box<Untold>>) -> &mut Option<Box<Untold>> {
    while let Some(untold) = place {
        place = &mut untold.next;
    }
    place
}

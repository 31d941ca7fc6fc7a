//! The state that a scope shares with its threads: how many run, and the unreported panics.
//!
//! # Implementation
//!
//! A [`ListLock`] over both, and a condition for the waits for their change. A change is made under
//! the lock and notified after it. A waiter enlists before it releases the lock. So either the
//! notifier sees the waiter, or the waiter has seen the change.
//!
//! Invariant: *a panic is unreported until a join, a `take_unreported` or the scope's end takes
//! it*. Linearisation point of each operation: its change or read of `Members` under the lock,
//! which also orders them.
//!
//! The unreported panics are a chain of boxes in the order in which they came. The child of a fork
//! has none: their threads ended in the parent, which reports them. Of the scope's threads only the
//! one that forked runs there. The fork handler records that thread's scope.

use super::until_forked::{Forked, UntilForked};
use super::{Panic, Thread};
use crate::error::{NoMemory, TimedOut};
use crate::memory::try_box;
use crate::park::{
    Deadline, ForgetWaiters, Kind, ListLock, MaybeGone, ObjectState, WaitError, Watched,
};
use crate::sync::raw::RawCondition;
use std::cell::Cell;
use std::mem::offset_of;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    /// The scope that the calling thread belongs to, or 0.
    static OF_CALLER: Cell<u64> = const { Cell::new(0) };
}
/// The scope that the thread which forked belongs to, or 0; written in the child.
static OF_SURVIVOR: AtomicU64 = AtomicU64::new(0);

pub(super) struct ScopeState {
    /// Unique in the process and its children.
    id: u64,
    members: ListLock<Members>,
    changed: RawCondition,
}

struct Members {
    id: u64,
    running: usize,
    unreported: Option<Box<Unreported>>,
}

/// The panic of a thread that has not been joined yet, or the room for one.
pub(super) struct Unreported {
    thread: Thread,
    panicked: Option<Panic>,
    next: Option<Box<Unreported>>,
}

impl Unreported {
    /// The room, for a thread that is about to start.
    pub(super) fn by(thread: &Thread) -> Result<Box<Self>, NoMemory> {
        let unreported = Self {
            thread: thread.clone(),
            panicked: None,
            next: None,
        };
        try_box(unreported).map_err(|_| NoMemory)
    }
}

impl ForgetWaiters for Members {
    fn forget_waiters(&mut self, _torn: bool) {
        self.running = usize::from(OF_SURVIVOR.load(Ordering::Relaxed) == self.id);
        std::mem::forget(self.unreported.take());
    }
}

impl Watched for ScopeState {
    fn look(scope: MaybeGone<'_, Self>) -> Option<ObjectState> {
        let members = offset_of!(Self, members) + ListLock::<Members>::DATA;
        Some(ObjectState::Awaits {
            count: scope.usize_at(members + offset_of!(Members, running))?,
        })
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
                unreported: None,
            }),
            changed: RawCondition::new(),
        }
    }

    /// A thread is about to start.
    pub(super) fn one_more(&self) {
        self.members.lock().running += 1;
    }

    /// The calling thread is one of those that were about to start.
    pub(super) fn caller_has_started(&self) {
        OF_CALLER.set(self.id);
    }

    /// The calling thread has ended.
    pub(super) fn caller_has_ended(&self) {
        self.one_has_ended();
        OF_CALLER.set(0);
    }

    /// A thread has ended, or has not started. It touches nothing that is borrowed any more.
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

    pub(super) fn one_has_panicked(&self, mut unreported: Box<Unreported>, panicked: Panic) {
        unreported.panicked = Some(panicked);
        *last(&mut self.members.lock().unreported) = Some(unreported);
        self.changed.notify(usize::MAX);
    }

    /// A join of that thread returns its panic, if it had one.
    pub(super) fn claim(&self, thread: &Thread) {
        let claimed = {
            let mut members = self.members.lock();
            let mut place = &mut members.unreported;
            while place
                .as_ref()
                .is_some_and(|unreported| unreported.thread != *thread)
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

    /// Takes the first unreported panic.
    pub(super) fn take_unreported(&self) -> Option<(Thread, Panic)> {
        let unreported = {
            let mut members = self.members.lock();
            let mut unreported = members.unreported.take()?;
            members.unreported = unreported.next.take();
            unreported
        };
        let Unreported {
            thread, panicked, ..
        } = *unreported;
        panicked.map(|panicked| (thread, panicked))
    }

    /// Waits until no thread runs or, with `for_panics`, until there is an unreported panic.
    #[track_caller]
    pub(super) fn wait(&self, for_panics: bool, deadline: Deadline) -> Result<(), TimedOut> {
        let on = Kind::Scope.of(self);
        loop {
            let mut blocker = UntilForked::new();
            let members = self.members.lock();
            if members.running == 0 || (for_panics && members.unreported.is_some()) {
                return Ok(());
            }
            if deadline.has_passed() {
                return Err(TimedOut);
            }
            let let_go = |_: &mut UntilForked| {
                drop(members);
                Ok(())
            };
            match self.changed.wait_as(on, &mut blocker, deadline, let_go) {
                Ok(()) | Err(WaitError::TimedOut | WaitError::Interrupted(Forked)) => {}
            }
        }
    }
}

/// Called after a fork, in the child, whose only thread this is.
pub(super) fn after_fork_in_child() {
    OF_SURVIVOR.store(OF_CALLER.get(), Ordering::Relaxed);
}

fn last(mut place: &mut Option<Box<Unreported>>) -> &mut Option<Box<Unreported>> {
    while let Some(unreported) = place {
        place = &mut unreported.next;
    }
    place
}

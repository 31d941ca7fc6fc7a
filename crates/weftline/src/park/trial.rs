//! Objects of a few lines for which tasks and threads wait side by side: the subjects of the models
//! and unit tests of `task_waiter.rs`. They are in no other build.
//!
//! | object | as | a grant carries | passed on by |
//! |---|---|---|---|
//! | [`Baton`] | a lock | its ownership | a release |
//! | [`Mailbox`] | a queue | an item | a handoff to the next getter, or its return in front of the others |
//! | [`Bell`] | a condition | a notification | a notification of the next waiter |

use super::task_waiter::{Awaited, TaskWaiter};
use super::{
    Blocker, Deadline, Ended, ForgetWaiters, Kind, List, ListGuard, ListLock, Waiter, Wakeup,
    Watched, number,
};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A task's wait, as a future.
struct Wait<'a, O: Awaited>(TaskWaiter<'a, O>);

impl<O: Awaited> Future for Wait<'_, O> {
    type Output = O::Payload;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<O::Payload> {
        // SAFETY: the waiter is pinned with the future, and is not moved out of it.
        unsafe { self.map_unchecked_mut(|wait| &mut wait.0) }.poll(context)
    }
}

/// A thread's wait in the list of `object`, without a deadline.
fn wait<O: Awaited, B: Blocker<Interrupt = Infallible>>(object: &O, blocker: &mut B) -> O::Payload {
    let me = number();
    let waiter = Waiter::new::<B>(O::payload(me));
    {
        let mut data = object.lock();
        if let Some(taken) = object.take(&mut data, me, None) {
            return taken;
        }
        // SAFETY: the wait below ends when it is granted, or unlinked by `take`.
        unsafe { O::waiters(&mut data).push_back(&waiter) };
    }
    let mut taken = None;
    let ended = waiter.wait_or_take(Kind::Work.of(object), blocker, Deadline::NEVER, || {
        let mut data = object.lock();
        if !waiter.is_claimed() {
            taken = object.take(&mut data, me, Some(&waiter));
        }
        if taken.is_some() {
            O::waiters(&mut data).remove(&waiter);
        }
        taken.is_some()
    });
    assert!(matches!(ended, Ended::Granted));
    taken.unwrap_or_else(|| waiter.into_payload())
}

/// A lock.
pub struct Baton(ListLock<BatonState>);

pub(crate) struct BatonState {
    /// Zero: free.
    owner: u64,
    /// Each waiter's payload is its number.
    waiters: List<u64>,
}

impl ForgetWaiters for BatonState {
    fn forget_waiters(&mut self, torn: bool) {
        self.waiters.forget_waiters(torn);
    }
}

impl Watched for Baton {}

impl Awaited for Baton {
    type Data = BatonState;
    type Payload = u64;

    fn lock(&self) -> ListGuard<'_, BatonState> {
        self.0.lock()
    }

    fn waiters(state: &mut BatonState) -> &mut List<u64> {
        &mut state.waiters
    }

    fn payload(number: u64) -> u64 {
        number
    }

    fn take(&self, state: &mut BatonState, number: u64, _: Option<&Waiter<u64>>) -> Option<u64> {
        (state.owner == 0).then(|| {
            state.owner = number;
            number
        })
    }

    fn left(&self, state: &mut BatonState) -> Option<Wakeup> {
        let front = state.waiters.front().filter(|_| state.owner == 0);
        front.map(Waiter::wake_without_handoff)
    }

    fn pass_on(&self, owner: u64) {
        assert_eq!(self.owner(), owner);
        self.hand_off();
    }
}

impl Baton {
    /// A free one.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "nothing needs it")]
    pub fn new() -> Self {
        Self(ListLock::new(BatonState {
            owner: 0,
            waiters: List::new(),
        }))
    }

    /// Takes it, as a task; the future's output is the task's number.
    pub fn acquire(&self) -> impl Future<Output = u64> + '_ {
        Wait(TaskWaiter::new(self))
    }

    /// Takes it, as a thread.
    pub fn acquire_with<B: Blocker<Interrupt = Infallible>>(&self, blocker: &mut B) -> u64 {
        wait(self, blocker)
    }

    /// The number of the thread or task that holds it, or zero.
    pub fn owner(&self) -> u64 {
        self.0.lock().owner
    }

    /// Releases it to the longest-waiting waiter.
    pub fn hand_off(&self) {
        let woken = {
            let mut state = self.0.lock();
            let BatonState { owner, waiters } = &mut *state;
            let next = waiters.claim_front().map(|mut waiter| {
                *owner = waiter.payload(|number| *number);
                waiter.grant()
            });
            if next.is_none() {
                *owner = 0;
            }
            next
        };
        if let Some(next) = woken {
            next.call();
        }
    }

    /// Frees it, and wakes the longest-waiting waiter without handoff.
    pub fn release(&self) {
        let woken = {
            let mut state = self.0.lock();
            state.owner = 0;
            self.left(&mut state)
        };
        if let Some(next) = woken {
            next.call();
        }
    }
}

/// A queue without a bound.
pub struct Mailbox<T>(ListLock<MailboxState<T>>);

pub(crate) struct MailboxState<T> {
    items: VecDeque<T>,
    getters: List<Option<T>>,
}

impl<T> ForgetWaiters for MailboxState<T> {
    fn forget_waiters(&mut self, torn: bool) {
        self.getters.forget_waiters(torn);
    }
}

impl<T> Watched for Mailbox<T> {}

impl<T> Awaited for Mailbox<T> {
    type Data = MailboxState<T>;
    type Payload = Option<T>;

    fn lock(&self) -> ListGuard<'_, MailboxState<T>> {
        self.0.lock()
    }

    fn waiters(state: &mut MailboxState<T>) -> &mut List<Option<T>> {
        &mut state.getters
    }

    fn payload(_: u64) -> Option<T> {
        None
    }

    fn take(
        &self,
        state: &mut MailboxState<T>,
        _: u64,
        _: Option<&Waiter<Option<T>>>,
    ) -> Option<Option<T>> {
        state.items.pop_front().map(Some)
    }

    fn left(&self, _: &mut MailboxState<T>) -> Option<Wakeup> {
        None
    }

    fn pass_on(&self, item: Option<T>) {
        self.give(item.expect("a grant carries an item"), VecDeque::push_front);
    }
}

impl<T> Mailbox<T> {
    /// An empty one.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "nothing needs it")]
    pub fn new() -> Self {
        Self(ListLock::new(MailboxState {
            items: VecDeque::new(),
            getters: List::new(),
        }))
    }

    /// Takes an item, as a task.
    pub fn get(&self) -> impl Future<Output = Option<T>> + '_ {
        Wait(TaskWaiter::new(self))
    }

    /// Takes an item, as a thread.
    pub fn get_with<B: Blocker<Interrupt = Infallible>>(&self, blocker: &mut B) -> Option<T> {
        wait(self, blocker)
    }

    /// Puts an item.
    pub fn put(&self, item: T) {
        self.give(item, VecDeque::push_back);
    }

    fn give(&self, item: T, push: fn(&mut VecDeque<T>, T)) {
        let woken = {
            let mut state = self.0.lock();
            let MailboxState { items, getters } = &mut *state;
            match getters.claim_front() {
                Some(mut getter) => {
                    getter.payload(|slot| *slot = Some(item));
                    Some(getter.grant())
                }
                None => {
                    push(items, item);
                    None
                }
            }
        };
        if let Some(getter) = woken {
            getter.call();
        }
    }

    /// How many items there are; `None` while the lock is held.
    pub fn try_len(&self) -> Option<usize> {
        self.0.try_lock().map(|state| state.items.len())
    }
}

/// A condition.
pub struct Bell(ListLock<List<()>>);

impl Watched for Bell {}

impl Awaited for Bell {
    type Data = List<()>;
    type Payload = ();

    fn lock(&self) -> ListGuard<'_, List<()>> {
        self.0.lock()
    }

    fn waiters(waiters: &mut List<()>) -> &mut List<()> {
        waiters
    }

    fn payload(_: u64) {}

    fn take(&self, _: &mut List<()>, _: u64, _: Option<&Waiter<()>>) -> Option<()> {
        None
    }

    fn left(&self, _: &mut List<()>) -> Option<Wakeup> {
        None
    }

    fn pass_on(&self, (): ()) {
        self.ring(1);
    }
}

impl Bell {
    /// One without waiters.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "nothing needs it")]
    pub fn new() -> Self {
        Self(ListLock::new(List::new()))
    }

    /// Waits for a notification, as a task.
    pub fn heard(&self) -> impl Future<Output = ()> + '_ {
        Wait(TaskWaiter::new(self))
    }

    /// Notifies the `n` waiters that have waited longest, claimed under one hold of the lock;
    /// returns how many.
    pub fn ring(&self, n: usize) -> usize {
        let chain = self.0.lock().claim_many(n, |()| ());
        chain.wake()
    }

    /// Whether a task or thread waits.
    pub fn has_waiters(&self) -> bool {
        !self.0.lock().is_empty()
    }
}

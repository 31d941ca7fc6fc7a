//! What a queue's lock guards: the items, and the lists of those who wait.
//!
//! | list | who waits | what a waker hands over |
//! |---|---|---|
//! | `getters` | for an item; only while there are none | the item itself, or nothing: look again |
//! | `putters` | for a slot; only while there is none | a slot, reserved (`reserved`), or nothing: look again |
//! | `joiners` | for `unfinished` to be zero | (nothing) |
//! | `sorters` | for the sorter to be done (`sorter.rs`) | (nothing): everyone looks again |
//!
//! So an item that meets a waiting getter never enters the order, and a slot that meets a waiting putter cannot be taken by another.
//! 'Look again' is what everyone gets when the queue is shut down or retired.
//!
//! Where anyone will do (`Blocker::ANYONE_WILL_DO`), an item for which a getter is already on its way waits for that one, which is awake, instead of waking another.
//!
//! Invariants, whenever the lock is free: *getters wait ⇒ there are no more items than getters about to enlist (`coming`), and the queue is open*; *putters wait ⇒ `len + reserved ≥
//! capacity` and the queue is open*; *`sorter` is set ⇒ only that thread changes the items*.
//!
//! An interrupted waiter that was granted gives back: the item to the next getter or in front of the others, the slot to the next putter.
//!
//! After a fork the lists are empty, reserved slots are free and a sorter that did not survive is none. If a thread that did not survive was
//! changing the items in that very moment (it held the lock), the items cannot be trusted: they are forgotten, not dropped.

use crate::park::{Blocker, ForgetWaiters, List, Wakeup, fork};
use crate::queue::order::Order;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    ShutDown,
    Retired,
}

/// In the order of use: what putting and getting touch, if nobody has to wait, is within a hundred bytes from the lock, which comes right before.
#[repr(C)]
pub(super) struct State<T, O> {
    pub(super) phase: Phase,
    /// The thread that is comparing, or zero.
    pub(super) sorter: u64,
    /// How many getters have found no item and are about to enlist; counted where anyone will do.
    pub(super) coming: usize,
    pub(super) getters: List<Option<T>>,
    pub(super) items: O,
    pub(super) unfinished: usize,
    /// Zero: unbounded.
    pub(super) capacity: usize,
    /// Slots handed to putters that have not filled them yet.
    pub(super) reserved: usize,
    pub(super) putters: List<bool>,
    pub(super) joiners: List<()>,
    pub(super) sorters: List<()>,
}

impl<T, O: Default> ForgetWaiters for State<T, O> {
    fn forget_waiters(&mut self, torn: bool) {
        self.getters.forget_waiters(torn);
        self.putters.forget_waiters(torn);
        self.joiners.forget_waiters(torn);
        self.sorters.forget_waiters(torn);
        self.reserved = 0;
        self.coming = 0;
        if !fork::is_alive(self.sorter) {
            self.sorter = 0;
        }
        if torn {
            std::mem::forget(std::mem::take(&mut self.items));
        }
    }
}

/// A waiter to wake once the lock has been let go.
pub(super) type Woken = Option<Wakeup>;

pub(super) fn wake(woken: Woken) {
    if let Some(waiter) = woken {
        waiter.call();
    }
}

impl<T, O> State<T, O> {
    pub(super) const fn new(items: O, capacity: usize) -> Self {
        Self {
            items,
            capacity,
            reserved: 0,
            unfinished: 0,
            phase: Phase::Open,
            sorter: 0,
            coming: 0,
            getters: List::new(),
            putters: List::new(),
            joiners: List::new(),
            sorters: List::new(),
        }
    }

    /// Hands a slot to the putter that has waited longest.
    pub(super) fn hand_slot<B: Blocker>(&mut self) -> Woken
    where
        O: Order<T, B>,
    {
        if self.putters.is_empty() || !self.has_room::<B>() {
            return None;
        }
        let mut putter = self.putters.claim_front()?;
        self.reserved += 1;
        putter.payload(|has_slot| *has_slot = true);
        Some(putter.grant())
    }

    pub(super) fn has_room<B: Blocker>(&self) -> bool
    where
        O: Order<T, B>,
    {
        self.capacity == 0 || self.items.count() + self.reserved < self.capacity
    }

    /// Whether the next item is to be handed to a getter that waits.
    #[inline]
    pub(super) fn wants_item<B: Blocker>(&self) -> bool
    where
        O: Order<T, B>,
    {
        !self.getters.is_empty() && (!B::ANYONE_WILL_DO || self.coming <= self.items.count())
    }

    /// Hands an item to the getter whose turn it is, or returns it.
    #[inline]
    pub(super) fn hand_item<B: Blocker>(&mut self, item: T) -> Result<Wakeup, T> {
        let getter = if B::ANYONE_WILL_DO {
            self.getters.claim_back()
        } else {
            self.getters.claim_front()
        };
        match getter {
            Some(mut getter) => {
                getter.payload(|slot| *slot = Some(item));
                Ok(getter.grant())
            }
            None => Err(item),
        }
    }
}

//! What a queue's lock guards: the items, and the lists of those who wait.
//!
//! | list | who waits | what a waker hands over |
//! |---|---|---|
//! | `getters` | for an item; only while there are none | the item itself, or nothing: look again |
//! | `putters` | for a slot; only while there is none | a slot, reserved (`reserved`), or nothing: look again |
//! | `joiners` | for `unfinished` to be zero | (nothing) |
//! | `sorters` | for the sorter to be done (`sorter.rs`) | (nothing): everyone looks again |
//!
//! So an item that meets a waiting getter never enters the order, and a slot that meets a waiting
//! putter cannot be taken by another. 'Look again' is what everyone gets when the queue is shut
//! down or forwarded.
//!
//! Where anyone will do (`Blocker::ANYONE_WILL_DO`), an item waits for a moment for a getter that
//! may be about to come, and is awake, instead of waking another. The putter defers the wake: it
//! stays awake for that moment, and hands the item over if it is still there then.
//!
//! Invariants, whenever the lock is free: *getters wait ⇒ there are no more items than deferred
//! wakes, and the queue is open*; *putters wait ⇒ `len + reserved ≥ capacity` and the queue is
//! open*; *`sorter` is set ⇒ only that thread changes the items*.
//!
//! An interrupted waiter that was granted gives back: the item to the next getter or in front of
//! the others, the slot to the next putter.
//!
//! After a fork the lists are empty, reserved slots are free and a sorter that did not survive is
//! none. If a thread that did not survive was changing the items in that very moment (it held the
//! lock), the items cannot be trusted: they are forgotten, not dropped.

use crate::park::{Blocker, Claimed, ForgetWaiters, List, Wakeup, fork};
use crate::queue::order::Order;

/// Of getters that have to be woken one after the other, one in so many is the one that has waited
/// longest, even where the last would be served first.
///
/// A thread that takes turns with its waker may be woken on the processor that this one runs on,
/// and then neither is awake when the other has done its part: they stay there. Another may be
/// woken elsewhere, and once both are awake nobody is woken.
const TRY_ANOTHER: u16 = 8;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    ShutDown,
    Forwarded,
}

/// In the order of use: what putting and getting touch, if nobody has to wait, is within a hundred
/// bytes from the lock, which comes right before.
#[repr(C)]
pub(super) struct State<T, O> {
    pub(super) phase: Phase,
    /// A getter has enlisted since the last was handed an item. Kept where anyone will do.
    pub(super) has_newcomer: bool,
    /// How many getters in a row slept when they were handed an item. Kept where anyone will do.
    pub(super) woken: u16,
    /// How many putters attend to an item each. Counted where anyone will do.
    pub(super) deferred_wakes: u32,
    /// The thread that is comparing, or zero.
    pub(super) sorter: u64,
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
        self.deferred_wakes = 0;
        self.has_newcomer = false;
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

/// Settles the getter whose turn it is.
#[inline]
fn claim_getter<T, B: Blocker>(
    getters: &mut List<Option<T>>,
    woken: u16,
) -> Option<Claimed<'_, Option<T>>> {
    if B::ANYONE_WILL_DO && woken % TRY_ANOTHER != TRY_ANOTHER - 1 {
        getters.claim_back()
    } else {
        getters.claim_front()
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
            has_newcomer: false,
            woken: 0,
            deferred_wakes: 0,
            sorter: 0,
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
        !self.getters.is_empty()
            && (!B::ANYONE_WILL_DO || self.deferred_wakes as usize <= self.items.count())
    }

    /// Whether the next item, where anyone will do, would wake a getter that sleeps while others
    /// may be about to come.
    ///
    /// One that has just enlisted is not looked at: its thread watches it, and would lose the cache
    /// line.
    #[inline]
    pub(super) fn would_wake<B: Blocker>(&self) -> bool {
        B::ANYONE_WILL_DO
            && !self.has_newcomer
            && self
                .getters
                .back()
                .is_some_and(|getter| !getter.is_watched())
    }

    /// Hands an item to the getter whose turn it is, or returns it.
    #[inline]
    pub(super) fn hand_item<B: Blocker>(&mut self, item: T) -> Result<Wakeup, T> {
        let Some(mut getter) = claim_getter::<T, B>(&mut self.getters, self.woken) else {
            return Err(item);
        };
        getter.payload(|slot| *slot = Some(item));
        let wakeup = getter.grant();
        self.count_handed::<B>(&wakeup);
        Ok(wakeup)
    }

    /// Counts an item that was handed to a getter.
    #[inline]
    fn count_handed<B: Blocker>(&mut self, wakeup: &Wakeup) {
        if B::ANYONE_WILL_DO {
            self.has_newcomer = false;
            if wakeup.is_needed() {
                self.woken = self.woken.wrapping_add(1);
            } else if self.woken > 0 {
                self.woken = 0;
            }
        }
    }

    /// Hands the item that comes out next to a getter, if there are more items than deferred wakes.
    pub(super) fn hand_next<B: Blocker>(&mut self) -> Woken
    where
        O: Order<T, B>,
    {
        if self.getters.is_empty() || self.items.count() <= self.deferred_wakes as usize {
            return None;
        }
        // Claimed first: an item that is out always has a place to go to.
        let mut getter = claim_getter::<T, B>(&mut self.getters, self.woken)?;
        let item = if self.sorter == 0 {
            self.items.pop_now()
        } else {
            None
        };
        let Some(item) = item else {
            // It takes comparing: the getter does that.
            return Some(getter.grant());
        };
        getter.payload(|slot| *slot = Some(item));
        let wakeup = getter.grant();
        self.count_handed::<B>(&wakeup);
        Some(wakeup)
    }
}

//! What a queue's lock guards: the items, and the lists of waiters.
//!
//! | list | waiters | a waker hands over |
//! |---|---|---|
//! | `getters` | threads that wait for an item | the item, or nothing: retry |
//! | `putters` | threads that wait for a slot | a slot, reserved (`reserved`), or nothing: retry |
//! | `joiners` | threads that wait until `unfinished` is zero | nothing |
//! | `sorters` | threads that wait for the sorter's end (`sorter.rs`) | nothing: retry |
//!
//! An item that meets a waiting getter never enters the order. A slot that meets a waiting putter
//! cannot be taken by another. A getter or putter retries when the queue is shut down or forwarded.
//!
//! *Wake order of getters.* LIFO for interchangeable getters (a pool's workers), whose core is
//! still awake; FIFO otherwise: `Order::LATEST_GETTER_FIRST`.
//!
//! *Deferred wakes.* A putter defers its wake where getters are interchangeable: a getter that is
//! about to come takes the item, which costs less than a wake. The putter stays awake for that
//! moment, and hands the item over if it is still there then.
//!
//! # Invariants
//!
//! Whenever the lock is free:
//!
//! - getters wait ⇒ there are no more items than deferred wakes, and the queue is open;
//! - putters wait ⇒ `len + reserved ≥ capacity`, and the queue is open;
//! - `sorter` is set ⇒ only that thread changes the items. Others may put an item back: a heap
//!   keeps such items beside its tree (the other orders have no sorter).
//!
//! An interrupted waiter that was granted gives back: the item to the next getter or in front of
//! the others, the slot to the next putter.
//!
//! After a fork the lists are empty, reserved slots are free, and a sorter that did not survive is
//! none. A thread that did not survive may have been changing the items at the fork (it held the
//! lock). Such items cannot be trusted: they are forgotten, not dropped.

#[cfg(not(weftline_model))]
use crate::park::followed::Following;
use crate::park::{Blocker, Claimed, ForgetWaiters, List, Wakeup, fork};
use crate::queue::order::Order;

/// Of so many handoffs in a row that each wake a getter, one goes to the longest-waiting getter
/// where the latest would get it.
///
/// A getter that takes turns with its waker may be woken on the waker's processor. Neither is then
/// awake when the other has done its part, and they stay there. Another getter may be woken
/// elsewhere; once both run, neither needs a wake.
const TRY_ANOTHER: u8 = 8;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    ShutDown,
    Forwarded,
}

/// Fields in the order of use: what a put and a get without a wait touch lies within a hundred
/// bytes of the lock, which comes right before.
#[repr(C)]
pub(super) struct State<T, O> {
    pub(super) phase: Phase,
    /// A getter has enlisted since the last handoff of an item. Kept where getters are
    /// interchangeable, as `woken` and `deferred_wakes` are.
    pub(super) has_newcomer: bool,
    /// How many handoffs in a row needed a wake, modulo 256.
    pub(super) woken: u8,
    /// Whether reports tell of the queue without a waiter.
    #[cfg(not(weftline_model))]
    pub(super) following: Following,
    /// How many putters have deferred a wake.
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

/// The thread to wake after the lock is released.
pub(super) type Woken = Option<Wakeup>;

pub(super) fn wake(woken: Woken) {
    if let Some(waiter) = woken {
        waiter.call();
    }
}

/// Claims the getter that gets the next item.
#[inline]
fn claim_getter<T>(
    getters: &mut List<Option<T>>,
    latest_first: bool,
    woken: u8,
) -> Option<Claimed<'_, Option<T>>> {
    if latest_first && woken % TRY_ANOTHER != TRY_ANOTHER - 1 {
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
            #[cfg(not(weftline_model))]
            following: Following::new(),
            deferred_wakes: 0,
            sorter: 0,
            getters: List::new(),
            putters: List::new(),
            joiners: List::new(),
            sorters: List::new(),
        }
    }

    /// Hands a slot to the longest-waiting putter.
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

    /// Whether the next item goes to a waiting getter.
    #[inline]
    pub(super) fn wants_item<B: Blocker>(&self) -> bool
    where
        O: Order<T, B>,
    {
        !self.getters.is_empty()
            && (!O::LATEST_GETTER_FIRST || self.deferred_wakes as usize <= self.items.count())
    }

    /// Whether a handoff, among interchangeable getters, would wake one that sleeps while another
    /// may be about to come.
    ///
    /// A getter that has just enlisted is not looked at: its thread spins on it, and would lose the
    /// cache line.
    #[inline]
    pub(super) fn would_wake<B: Blocker>(&self) -> bool
    where
        O: Order<T, B>,
    {
        O::LATEST_GETTER_FIRST
            && !self.has_newcomer
            && self
                .getters
                .back()
                .is_some_and(|getter| !getter.is_spinning())
    }

    /// Hands an item to the getter that gets the next one, or returns it.
    #[inline]
    pub(super) fn hand_item<B: Blocker>(&mut self, item: T) -> Result<Wakeup, T>
    where
        O: Order<T, B>,
    {
        let latest_first = O::LATEST_GETTER_FIRST;
        let Some(mut getter) = claim_getter(&mut self.getters, latest_first, self.woken) else {
            return Err(item);
        };
        getter.payload(|slot| *slot = Some(item));
        let wakeup = getter.grant();
        self.count_handoff::<B>(&wakeup);
        Ok(wakeup)
    }

    #[inline]
    fn count_handoff<B: Blocker>(&mut self, wakeup: &Wakeup)
    where
        O: Order<T, B>,
    {
        if O::LATEST_GETTER_FIRST {
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
        let latest_first = O::LATEST_GETTER_FIRST;
        let mut getter = claim_getter(&mut self.getters, latest_first, self.woken)?;
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
        self.count_handoff::<B>(&wakeup);
        Some(wakeup)
    }
}

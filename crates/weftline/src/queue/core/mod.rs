//! [`RawQueue`]: the core of every queue.
//!
//! # Implementation
//!
//! | file | content |
//! |---|---|
//! | `state.rs` | the data under the one lock, its invariants, and the handoffs of items and slots |
//! | `put.rs`, `get.rs` | putting and getting, each with its wait |
//! | `sorter.rs` | the thread that compares, and the wait for its end |
//! | `tasks.rs` | the count of items that are not done, and the wait for zero |
//! | `following.rs` | reports tell of a queue without waiters |
//! | `shutdown.rs` | the end of a queue: shut down, or forwarded |
//!
//! Where spins are allowed, a wait yields a few times before it enlists, and reads `seen_len`
//! without the lock meanwhile. A putter that meets no waiting getter wakes none, so such a getter
//! finds many items at once. The same holds for slots.
//!
//! # Linearisation points
//!
//! All but the timeout of a wait are under the lock of `state`:
//!
//! | operation | point |
//! |---|---|
//! | `put` | the push to the order, or the claim of a waiting getter |
//! | `get` | the pop from the order, or the claim by its putter |
//! | `put` or `get` that may not wait | finding the queue full or empty |
//! | `put` or `get` that times out after a wait | the waiter's compare-exchange to `ABANDONED` (`park/waiter.rs`), without the lock: nothing was handed over, so no item is lost |
//! | `task_done`, `shutdown`, `forward` | the change of `unfinished` or `phase` |
//!
//! A put happens before the get of its item: both are under the lock, and a handoff is a release
//! that pairs with the getter's acquire of its grant.

#[cfg(not(weftline_model))]
mod following;
mod get;
mod put;
mod shutdown;
mod sorter;
mod state;
mod tasks;

pub use get::GetFailure;
pub use put::PutFailure;
pub use shutdown::{Content, Forwarded};

use super::order::Order;
use crate::park::model::{AtomicUsize, Ordering, const_fn};
#[cfg(not(weftline_model))]
use crate::park::serve;
use crate::park::{Blocker, ListGuard, ListLock, MaybeGone, ObjectState, Watched};
use state::{State, wake};
use std::marker::PhantomData;
use std::mem::offset_of;

/// A queue of `T` in the order `O`, used through blockers of the kind `B`.
#[repr(C)]
pub struct RawQueue<T, O, B> {
    /// The number of items, for waits that spin; written under the lock, and only where waits may
    /// spin. It is written whenever the items are, so it lies beside them.
    seen_len: AtomicUsize,
    state: ListLock<State<T, O>>,
    blockers: PhantomData<fn(B)>,
}

impl<T, O, B: Blocker> RawQueue<T, O, B>
where
    O: Order<T, B>,
{
    /// A queue of at most `capacity` items; zero means any number.
    pub fn new(capacity: usize) -> Self {
        Self::with_order(O::default(), capacity)
    }

    const_fn! {
        /// A queue in an order that is made already.
        pub(in crate::queue) fn with_order(items: O, capacity: usize) -> Self {
            Self { state: ListLock::new(State::new(items, capacity)), seen_len: AtomicUsize::new(0), blockers: PhantomData }
        }
    }

    /// Whether a wait spins, without the lock, before it enlists.
    const SPINS: bool = B::SPIN.is_before_wait() && cfg!(not(weftline_model));

    /// The lock, with a backoff that suits puts and gets.
    ///
    /// With more than one item, other threads probably put and get back to back: a contended
    /// acquire backs off for longer. With one or none they may be two threads that wait for each
    /// other in turn, and a long backoff would delay both.
    #[inline]
    fn lock(&self) -> ListGuard<'_, State<T, O>> {
        self.state
            .lock_considering(|| !Self::SPINS || self.seen_len.load(Ordering::Relaxed) > 1)
    }

    #[inline]
    fn show_len(&self, state: &State<T, O>) {
        if Self::SPINS {
            self.seen_len.store(state.items.count(), Ordering::Relaxed);
        }
    }

    /// The calling thread works for the pool with that number, whose tasks are the items. Only for
    /// queues whose waits spin: the others do not show their length.
    #[cfg(not(weftline_model))]
    pub(crate) fn shows_len_to_reports(&self, pool: u32) {
        serve(pool, &self.seen_len);
    }

    /// How many items are there.
    #[inline]
    pub fn len(&self) -> usize {
        self.lock().items.count()
    }

    /// Whether no item is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items there can be; zero means any number.
    pub fn capacity(&self) -> usize {
        self.lock().capacity
    }

    /// Changes how many items there can be (zero: any number). Items that are too many stay;
    /// putters that now have room go on.
    pub fn set_capacity(&self, capacity: usize) {
        self.lock().capacity = capacity;
        loop {
            let woken = self.lock().hand_slot();
            if woken.is_none() {
                return;
            }
            wake(woken);
        }
    }

    /// Calls `visit` with the items, for a garbage collector: not at all while they are being
    /// changed further up this thread's stack, or another thread compares them. `visit` must not
    /// use the queue.
    pub fn try_visit(&self, visit: impl FnOnce(&O)) {
        if let Some(state) = self.state.lock_for_visit()
            && !self.another_sorts(&state)
        {
            visit(&state.items);
        }
    }

    /// Takes all items out, for a garbage collector that breaks a cycle; as [`Self::try_visit`].
    pub fn try_drain(&self) -> Vec<T> {
        match self.state.lock_for_visit() {
            Some(mut state) if state.sorter == 0 => state.items.drain(),
            _ => Vec::new(),
        }
    }
}

impl<T, O, B> Watched for RawQueue<T, O, B> {
    fn look(queue: MaybeGone<'_, Self>) -> Option<ObjectState> {
        let state = offset_of!(Self, state) + ListLock::<State<T, O>>::DATA;
        Some(ObjectState::Queue {
            capacity: queue.usize_at(state + offset_of!(State<T, O>, capacity))?,
            unfinished: queue.usize_at(state + offset_of!(State<T, O>, unfinished))?,
        })
    }
}

impl<T, O, B> std::fmt::Debug for RawQueue<T, O, B>
where
    B: Blocker,
    O: Order<T, B>,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawQueue")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish()
    }
}

//! The order in which items come out: the trait [`Order`], and [`Fifo`] and [`Lifo`], which never
//! compare. `priority.rs` has the third.
//!
//! An order is plain data under the queue's lock. Without a comparison it works at once. Where it
//! must compare, it makes a *plan* without the lock (see `sorting.rs`). Then it carries the plan
//! out under the lock, without any comparison.

use crate::error::NoMemory;
use crate::park::Blocker;
use std::collections::VecDeque;

/// The order of a queue of `T` that is used through a `B`.
///
/// Sealed: the queue's correctness depends on the contracts below.
pub trait Order<T, B: Blocker>: Default + sealed::Sealed {
    /// Where an item goes, or which item comes out, as found by comparing.
    #[doc(hidden)]
    type Plan;

    #[doc(hidden)]
    type Frozen: Copy;

    /// Which getter gets the next item: with `true` the one that began to wait last.
    #[doc(hidden)]
    const LATEST_GETTER_FIRST: bool = false;

    /// Whether a comparison may use the queue that it belongs to.
    #[doc(hidden)]
    const MAY_NEST: bool;

    #[doc(hidden)]
    fn count(&self) -> usize;

    /// Adds `item` if that needs no comparison and there is memory.
    #[doc(hidden)]
    fn push_now(&mut self, item: T) -> Result<(), NotPushed<T>>;

    /// Takes an item if neither choosing it nor closing its gap needs a comparison.
    #[doc(hidden)]
    fn pop_now(&mut self) -> Option<T>;

    /// Puts back an item that was taken and not used: it is the next to come out. Without memory
    /// the item is returned.
    #[doc(hidden)]
    fn give_back(&mut self, item: T) -> Result<(), T>;

    /// Reserves the memory that `drain` needs. No other thread is the sorter.
    #[doc(hidden)]
    fn prepare_drain(&mut self) -> Result<(), NoMemory> {
        Ok(())
    }

    /// Takes all items, in an order that needs no comparison (for a FIFO the order in which they
    /// would come out). After `prepare_drain` it allocates nothing.
    #[doc(hidden)]
    fn drain(&mut self) -> Vec<T>;

    /// The data that a plan reads. While there is a sorter, only that thread may move or change it.
    #[doc(hidden)]
    fn frozen(&self) -> Self::Frozen;

    /// Compares to find where `item` goes. `Ok(None)`: a comparison changed the order, so plan
    /// again.
    ///
    /// # Safety
    /// `frozen` is of this order, and the calling thread is the sorter.
    #[doc(hidden)]
    unsafe fn plan_push(
        frozen: Self::Frozen,
        item: &T,
        comparing: &mut B,
    ) -> Result<Option<Self::Plan>, B::Interrupt>;

    /// As `plan_push`, for taking the item that comes out next.
    ///
    /// # Safety
    /// As `plan_push`; and there are items, and `pop_now` has just returned `None`.
    #[doc(hidden)]
    unsafe fn plan_pop(
        frozen: Self::Frozen,
        comparing: &mut B,
    ) -> Result<Option<Self::Plan>, B::Interrupt>;

    /// Carries out a plan of `plan_push`. Without memory the item is returned.
    #[doc(hidden)]
    fn push_planned(&mut self, item: T, plan: Self::Plan) -> Result<(), T>;

    #[doc(hidden)]
    fn pop_planned(&mut self, plan: Self::Plan) -> T;
}

/// Why an item was not added; it holds the item.
#[derive(Debug)]
#[doc(hidden)]
pub enum NotPushed<T> {
    /// Its place depends on comparisons.
    NeedsComparing(T),
    /// There is no memory for it.
    NoMemory(T),
}

pub(super) mod sealed {
    pub trait Sealed {}
}

/// First in, first out.
///
/// Items go to the getter that has waited longest. With `LATEST_GETTER_FIRST` they go to the getter
/// that began to wait last: for interchangeable getters, whose core is likeliest to be awake still.
#[derive(Debug)]
pub struct Fifo<T, const LATEST_GETTER_FIRST: bool = false>(VecDeque<T>);

/// As [`Fifo`], for getters that are interchangeable, as the workers of a pool are.
pub type WorkerFifo<T> = Fifo<T, true>;

/// Last in, first out.
#[derive(Debug)]
pub struct Lifo<T>(Vec<T>);

impl<T, const G: bool> sealed::Sealed for Fifo<T, G> {}
impl<T> sealed::Sealed for Lifo<T> {}

impl<T, const G: bool> Fifo<T, G> {
    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Lifo<T> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }
}

impl<T, const G: bool> Default for Fifo<T, G> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Default for Lifo<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A buffer above this capacity shrinks when less than an eighth of it is in use. So the memory of
/// a burst is freed once the queue has drained; smaller buffers stay.
const KEPT_CAPACITY: usize = 1024;

pub(super) fn is_oversized(len: usize, capacity: usize) -> bool {
    capacity > KEPT_CAPACITY && len < capacity / 8
}

macro_rules! never_compares {
    () => {
        type Plan = std::convert::Infallible;
        type Frozen = ();

        // Without comparisons nothing nests. `true` compiles the check for that away.
        const MAY_NEST: bool = true;

        fn frozen(&self) {}

        unsafe fn plan_push((): (), _: &T, _: &mut B) -> Result<Option<Self::Plan>, B::Interrupt> {
            unreachable!("this order pushes without comparing")
        }

        unsafe fn plan_pop((): (), _: &mut B) -> Result<Option<Self::Plan>, B::Interrupt> {
            unreachable!("this order pops without comparing")
        }

        fn push_planned(&mut self, _: T, plan: Self::Plan) -> Result<(), T> {
            match plan {}
        }

        fn pop_planned(&mut self, plan: Self::Plan) -> T {
            match plan {}
        }
    };
}

impl<T, B: Blocker, const G: bool> Order<T, B> for Fifo<T, G> {
    const LATEST_GETTER_FIRST: bool = G;

    #[inline]
    fn count(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn push_now(&mut self, item: T) -> Result<(), NotPushed<T>> {
        if !self.has_room() {
            return Err(NotPushed::NoMemory(item));
        }
        self.0.push_back(item);
        Ok(())
    }

    #[inline]
    fn pop_now(&mut self) -> Option<T> {
        let item = self.0.pop_front();
        if is_oversized(self.0.len(), self.0.capacity()) {
            self.0.shrink_to(self.0.capacity() / 4);
        }
        item
    }

    fn give_back(&mut self, item: T) -> Result<(), T> {
        if !self.has_room() {
            return Err(item);
        }
        self.0.push_front(item);
        Ok(())
    }

    fn drain(&mut self) -> Vec<T> {
        std::mem::take(&mut self.0).into()
    }

    never_compares!();
}

impl<T, B: Blocker> Order<T, B> for Lifo<T> {
    #[inline]
    fn count(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn push_now(&mut self, item: T) -> Result<(), NotPushed<T>> {
        self.place(item).map_err(NotPushed::NoMemory)
    }

    #[inline]
    fn pop_now(&mut self) -> Option<T> {
        let item = self.0.pop();
        if is_oversized(self.0.len(), self.0.capacity()) {
            self.0.shrink_to(self.0.capacity() / 4);
        }
        item
    }

    fn give_back(&mut self, item: T) -> Result<(), T> {
        self.place(item)
    }

    fn drain(&mut self) -> Vec<T> {
        std::mem::take(&mut self.0)
    }

    never_compares!();
}

impl<T, const G: bool> Fifo<T, G> {
    /// Reserves memory for one more item if there is none; `false` when there is no memory.
    #[inline]
    fn has_room(&mut self) -> bool {
        if self.0.len() == self.0.capacity() && !self.grow() {
            return false;
        }
        // SAFETY: there was room, or the reservation made some. So the push does not check again.
        unsafe { std::hint::assert_unchecked(self.0.len() < self.0.capacity()) };
        true
    }

    /// Reserves memory for more items; `false` when there is no memory.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> bool {
        self.0.try_reserve(1).is_ok()
    }

    /// All items, the next to come out first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// How many items the allocated memory holds.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<T> Lifo<T> {
    /// Reserves memory for one more item if there is none; `false` when there is no memory.
    #[inline]
    fn has_room(&mut self) -> bool {
        if self.0.len() == self.0.capacity() && !self.grow() {
            return false;
        }
        // SAFETY: there was room, or the reservation made some. So the push does not check again.
        unsafe { std::hint::assert_unchecked(self.0.len() < self.0.capacity()) };
        true
    }

    /// Reserves memory for more items; `false` when there is no memory.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> bool {
        self.0.try_reserve(1).is_ok()
    }

    /// Puts an item where the next one comes out. Without memory the item is returned.
    #[inline]
    fn place(&mut self, item: T) -> Result<(), T> {
        if !self.has_room() {
            return Err(item);
        }
        self.0.push(item);
        Ok(())
    }

    /// All items, the next to come out last.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// How many items the allocated memory holds.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

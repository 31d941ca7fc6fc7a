//! In which order items come out: what a queue asks of an [`Order`]; [`Fifo`] and [`Lifo`], which
//! never compare. `priority.rs` has the third.
//!
//! An order is plain data under the queue's lock. What it can do without comparing it does at once;
//! where it has to compare, it makes a *plan* while the lock is not held (see `sorting.rs`) and
//! carries it out, without any comparison, when it is.

use crate::NoMemory;
use crate::park::Blocker;
use std::collections::VecDeque;

/// A discipline of a queue of `T`, used through a `B`.
///
/// Sealed: the queue's correctness rests on what is said here.
pub trait Order<T, B: Blocker>: Default + sealed::Sealed {
    /// Where an item goes, or which one comes out, found out by comparing.
    #[doc(hidden)]
    type Plan;

    #[doc(hidden)]
    type Frozen: Copy;

    /// Whether a comparison may use the queue that it is made for.
    #[doc(hidden)]
    const MAY_NEST: bool;

    #[doc(hidden)]
    fn count(&self) -> usize;

    /// Adds `item` if no comparison is needed to do so, and there is memory.
    #[doc(hidden)]
    fn push_now(&mut self, item: T) -> Result<(), NotPushed<T>>;

    /// Takes an item if no comparison is needed to know which, or what to do afterwards.
    #[doc(hidden)]
    fn pop_now(&mut self) -> Option<T>;

    /// Puts an item back that was taken and not used: it is the next to come out. Without memory it
    /// comes back.
    #[doc(hidden)]
    fn give_back(&mut self, item: T) -> Result<(), T>;

    /// Makes the room that `drain` needs. No other thread is the sorter.
    #[doc(hidden)]
    fn prepare_drain(&mut self) -> Result<(), NoMemory> {
        Ok(())
    }

    /// Takes everything, in no order that needs comparing (that in which it would come out, for a
    /// FIFO). After `prepare_drain` nothing is allocated.
    #[doc(hidden)]
    fn drain(&mut self) -> Vec<T>;

    /// What a plan reads. It stays where it is and as it is while there is a sorter, but for what
    /// that thread itself does.
    #[doc(hidden)]
    fn frozen(&self) -> Self::Frozen;

    /// Compares until it is known where `item` goes. `Ok(None)`: the order was changed by a
    /// comparison, so plan again.
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
    /// As `plan_push`; and there are items, and `pop_now` has just declined to take one.
    #[doc(hidden)]
    unsafe fn plan_pop(
        frozen: Self::Frozen,
        comparing: &mut B,
    ) -> Result<Option<Self::Plan>, B::Interrupt>;

    /// Without memory the item comes back.
    #[doc(hidden)]
    fn push_planned(&mut self, item: T, plan: Self::Plan) -> Result<(), T>;

    #[doc(hidden)]
    fn pop_planned(&mut self, plan: Self::Plan) -> T;
}

/// Why an item was not added; it comes back.
#[derive(Debug)]
#[doc(hidden)]
pub enum NotPushed<T> {
    /// It takes comparing to know where.
    NeedsComparing(T),
    /// There is no memory for it.
    NoMemory(T),
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for super::Fifo<T> {}
    impl<T> Sealed for super::Lifo<T> {}
    impl<T> Sealed for crate::queue::priority::Heap<T> {}
}

/// First in, first out.
#[derive(Debug)]
pub struct Fifo<T>(VecDeque<T>);

/// Last in, first out.
#[derive(Debug)]
pub struct Lifo<T>(Vec<T>);

impl<T> Fifo<T> {
    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Lifo<T> {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }
}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Default for Lifo<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// A burst's memory goes back when most of it has been unused for as long as it took to drain;
/// small buffers stay.
const KEPT_CAPACITY: usize = 1024;

pub(super) fn is_oversized(len: usize, capacity: usize) -> bool {
    capacity > KEPT_CAPACITY && len < capacity / 8
}

macro_rules! never_compares {
    () => {
        type Plan = std::convert::Infallible;
        type Frozen = ();

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

impl<T, B: Blocker> Order<T, B> for Fifo<T> {
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

impl<T> Fifo<T> {
    /// Makes room for one more item where there is none; `false` when there is no memory.
    #[inline]
    fn has_room(&mut self) -> bool {
        if self.0.len() == self.0.capacity() && !self.grow() {
            return false;
        }
        // SAFETY: there was room, or the reservation made some. The push does not look again.
        unsafe { std::hint::assert_unchecked(self.0.len() < self.0.capacity()) };
        true
    }

    /// Makes room for more items; `false` when there is no memory.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> bool {
        self.0.try_reserve(1).is_ok()
    }

    /// Every item, the next to come out first.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// For how many items there is memory.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<T> Lifo<T> {
    /// Makes room for one more item where there is none; `false` when there is no memory.
    #[inline]
    fn has_room(&mut self) -> bool {
        if self.0.len() == self.0.capacity() && !self.grow() {
            return false;
        }
        // SAFETY: there was room, or the reservation made some. The push does not look again.
        unsafe { std::hint::assert_unchecked(self.0.len() < self.0.capacity()) };
        true
    }

    /// Makes room for more items; `false` when there is no memory.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> bool {
        self.0.try_reserve(1).is_ok()
    }

    /// Puts an item where the next comes out. Without memory it comes back.
    #[inline]
    fn place(&mut self, item: T) -> Result<(), T> {
        if !self.has_room() {
            return Err(item);
        }
        self.0.push(item);
        Ok(())
    }

    /// Every item, the next to come out last.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// For how many items there is memory.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

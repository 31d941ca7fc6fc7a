//! In which order items come out: [`Fifo`], [`Lifo`], and [`Heap`], smallest first.
//!
//! An order is plain data under the queue's lock. What it can do without comparing it does at once; where it has to compare, it makes a *plan* while the
//! lock is not held (see `sorting.rs`) and carries it out, without any comparison, when it is.

use crate::park::Blocker;
use crate::queue::heap::{Reading, parent, plan_pop, plan_push};
use crate::queue::sorting::Compare;
use std::collections::VecDeque;
use std::ptr::NonNull;

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

    /// Adds `item` if no comparison is needed to do so.
    #[doc(hidden)]
    fn push_now(&mut self, item: T) -> Result<(), T>;

    /// Takes an item if no comparison is needed to know which, or what to do afterwards.
    #[doc(hidden)]
    fn pop_now(&mut self) -> Option<T>;

    /// Puts an item back that was taken and not used: it is the next to come out.
    #[doc(hidden)]
    fn give_back(&mut self, item: T);

    /// Takes everything, in no order that needs comparing (that in which it would come out, for a FIFO).
    #[doc(hidden)]
    fn drain(&mut self) -> Vec<T>;

    /// What a plan reads. It stays where it is and as it is while there is a sorter, but for what that thread itself does.
    #[doc(hidden)]
    fn frozen(&self) -> Self::Frozen;

    /// Compares until it is known where `item` goes. `Ok(None)`: the order was changed by a comparison, so plan again.
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

    #[doc(hidden)]
    fn push_planned(&mut self, item: T, plan: Self::Plan);

    #[doc(hidden)]
    fn pop_planned(&mut self, plan: Self::Plan) -> T;
}

mod sealed {
    pub trait Sealed {}
    impl<T> Sealed for super::Fifo<T> {}
    impl<T> Sealed for super::Lifo<T> {}
    impl<T> Sealed for super::Heap<T> {}
}

/// First in, first out.
#[derive(Debug)]
pub struct Fifo<T>(VecDeque<T>);

/// Last in, first out.
#[derive(Debug)]
pub struct Lifo<T>(Vec<T>);

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> Default for Lifo<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// A burst's memory goes back when most of it has been unused for as long as it took to drain; small buffers stay.
const KEPT_CAPACITY: usize = 1024;

fn is_oversized(len: usize, capacity: usize) -> bool {
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

        fn push_planned(&mut self, _: T, plan: Self::Plan) {
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
    fn push_now(&mut self, item: T) -> Result<(), T> {
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

    fn give_back(&mut self, item: T) {
        self.0.push_front(item);
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
    fn push_now(&mut self, item: T) -> Result<(), T> {
        self.0.push(item);
        Ok(())
    }

    #[inline]
    fn pop_now(&mut self) -> Option<T> {
        let item = self.0.pop();
        if is_oversized(self.0.len(), self.0.capacity()) {
            self.0.shrink_to(self.0.capacity() / 4);
        }
        item
    }

    fn give_back(&mut self, item: T) {
        self.0.push(item);
    }

    fn drain(&mut self) -> Vec<T> {
        std::mem::take(&mut self.0)
    }

    never_compares!();
}

/// Smallest first: a binary heap (`heap.rs`).
pub struct Heap<T> {
    /// Behind a pointer of its own, because the sorter reads it while others change what else is under the queue's lock.
    tree: NonNull<Tree<T>>,
    /// Items that were given back; they come out first, without a comparison.
    returned: Vec<T>,
}

#[doc(hidden)]
pub struct Tree<T> {
    /// `items[i]` does not come after `items[2 * i + 1]` and `items[2 * i + 2]`.
    items: Vec<T>,
    /// Counts changes, so that a plan knows whether it is still one.
    version: u64,
}

// SAFETY: the tree is the heap's own, as in a box.
unsafe impl<T: Send> Send for Heap<T> {}

impl<T> Default for Heap<T> {
    fn default() -> Self {
        let tree = Box::new(Tree {
            items: Vec::new(),
            version: 0,
        });
        Self {
            tree: NonNull::from(Box::leak(tree)),
            returned: Vec::new(),
        }
    }
}

impl<T> Drop for Heap<T> {
    fn drop(&mut self) {
        // SAFETY: made from a box, and nobody reads it: the queue is going.
        drop(unsafe { Box::from_raw(self.tree.as_ptr()) });
    }
}

/// For a push, where the new item ends. For a pop, where the last item ends, after the first has come out.
#[derive(Debug)]
#[doc(hidden)]
pub struct Position(usize);

impl<T> Heap<T> {
    fn tree(&self) -> &Tree<T> {
        // SAFETY: changed under the queue's lock only, as this is.
        unsafe { self.tree.as_ref() }
    }

    /// Counts the change that the caller is about to make.
    fn change(&mut self) -> &mut Vec<T> {
        // SAFETY: under the queue's lock, and no other thread is the sorter: nobody reads the tree.
        let tree = unsafe { self.tree.as_mut() };
        tree.version += 1;
        &mut tree.items
    }

    /// Every item, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.tree().items.iter().chain(&self.returned)
    }

    /// For how many items there is memory.
    pub fn capacity(&self) -> usize {
        self.tree().items.capacity() + self.returned.capacity()
    }
}

impl<T> Fifo<T> {
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
    /// Every item, the next to come out last.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter()
    }

    /// For how many items there is memory.
    pub fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

/// A tree that the sorter reads, at one version of it, and how it compares.
struct Snapshot<'a, T, B> {
    tree: NonNull<Tree<T>>,
    version: u64,
    comparing: &'a mut B,
}

impl<'a, T, B> Snapshot<'a, T, B> {
    /// # Safety
    /// As [`Order::plan_push`], as long as this is used.
    unsafe fn take(tree: NonNull<Tree<T>>, comparing: &'a mut B) -> Self {
        // SAFETY: only this thread changes the tree.
        let version = unsafe { (*tree.as_ptr()).version };
        Self {
            tree,
            version,
            comparing,
        }
    }
}

impl<T, B: Compare<T>> Reading for Snapshot<'_, T, B> {
    type Held = B::Held;
    type Error = B::Interrupt;

    fn len(&self) -> usize {
        // SAFETY: as in `take`; the reference does not outlive this line.
        unsafe { self.tree.as_ref().items.len() }
    }

    fn hold(&self, index: usize) -> B::Held {
        // SAFETY: as in `take`. Where comparisons may not nest, nothing changes the tree before the plan is carried out.
        unsafe { B::hold(&self.tree.as_ref().items[index]) }
    }

    fn less(&mut self, a: &B::Held, b: &B::Held) -> Result<Option<bool>, B::Interrupt> {
        let is_less = self.comparing.less(a, b)?;
        // SAFETY: as in `take`.
        let is_current = unsafe { (*self.tree.as_ptr()).version } == self.version;
        Ok(is_current.then_some(is_less))
    }
}

impl<T, B: Compare<T>> Order<T, B> for Heap<T> {
    type Plan = Position;
    type Frozen = NonNull<Tree<T>>;

    const MAY_NEST: bool = B::MAY_NEST;

    #[inline]
    fn count(&self) -> usize {
        self.tree().items.len() + self.returned.len()
    }

    #[inline]
    fn push_now(&mut self, item: T) -> Result<(), T> {
        if !self.tree().items.is_empty() {
            return Err(item);
        }
        self.change().push(item);
        Ok(())
    }

    #[inline]
    fn pop_now(&mut self) -> Option<T> {
        if let Some(item) = self.returned.pop() {
            return Some(item);
        }
        match self.tree().items.len() {
            0 => None,
            // With two items the second takes the first one's place, and has nobody to be compared with.
            1 | 2 => Some(self.change().swap_remove(0)),
            _ => None,
        }
    }

    fn give_back(&mut self, item: T) {
        self.returned.push(item);
    }

    fn drain(&mut self) -> Vec<T> {
        // What was given back comes out first: to the root with it, and its path down by one, so that what comes is a heap.
        for item in std::mem::take(&mut self.returned) {
            Order::<T, B>::push_planned(self, item, Position(0));
        }
        std::mem::take(self.change())
    }

    fn frozen(&self) -> NonNull<Tree<T>> {
        self.tree
    }

    unsafe fn plan_push(
        tree: NonNull<Tree<T>>,
        item: &T,
        comparing: &mut B,
    ) -> Result<Option<Position>, B::Interrupt> {
        // SAFETY: the contract is passed on; the item outlives the plan.
        let (mut tree, item) = unsafe { (Snapshot::take(tree, comparing), B::hold(item)) };
        Ok(plan_push(&mut tree, &item)?.map(Position))
    }

    unsafe fn plan_pop(
        tree: NonNull<Tree<T>>,
        comparing: &mut B,
    ) -> Result<Option<Position>, B::Interrupt> {
        // SAFETY: the contract is passed on.
        let mut tree = unsafe { Snapshot::take(tree, comparing) };
        Ok(plan_pop(&mut tree)?.map(Position))
    }

    fn push_planned(&mut self, item: T, Position(end): Position) {
        let items = self.change();
        let mut index = items.len();
        items.push(item);
        while index > end {
            items.swap(index, parent(index));
            index = parent(index);
        }
    }

    fn pop_planned(&mut self, Position(end): Position) -> T {
        let items = self.change();
        let first = items.swap_remove(0);
        // The last item stands in front now. Each item on the path from there to `end` moves up by one.
        let mut path = [0; usize::BITS as usize];
        let mut depth = 0;
        let mut index = end;
        while index > 0 {
            path[depth] = index;
            depth += 1;
            index = parent(index);
        }
        for &index in path[..depth].iter().rev() {
            items.swap(index, parent(index));
        }
        if is_oversized(items.len(), items.capacity()) {
            items.shrink_to(items.capacity() / 4);
        }
        first
    }
}

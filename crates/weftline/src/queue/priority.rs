//! [`Heap`]: smallest first.
//!
//! # Implementation
//!
//! The tree lies behind a pointer of its own, counted by versions. Whoever compares, the sorter, reads it while nobody holds the queue's lock, and finds out
//! in a [`Snapshot`] of one version where an item goes (`heap.rs`); that is carried out under the lock, by swaps alone. Where a
//! comparison may itself use the queue, the version tells that the plan is none any more.

use super::heap::{Reading, parent, plan_pop, plan_push};
use super::order::{Order, is_oversized};
use super::sorting::Compare;
use std::ptr::NonNull;

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

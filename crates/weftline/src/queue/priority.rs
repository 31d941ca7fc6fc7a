//! [`Heap`]: smallest first.
//!
//! # Implementation
//!
//! The tree is behind its own pointer and has a version, which counts its changes. A thread that
//! compares is the sorter (`sorting.rs`). It reads the tree while no thread holds the queue's lock.
//! In a [`Snapshot`] of one version it finds where an item goes (`heap.rs`). That plan is carried
//! out under the lock, by swaps alone. Where a comparison may itself use the queue, a changed
//! version shows that the plan is void.

use super::heap::{Reading, parent, plan_pop, plan_push};
use super::order::{NotPushed, Order, is_oversized, sealed::Sealed};
use super::sorting::Compare;
use crate::error::NoMemory;
use crate::memory::try_box;
use std::ptr::NonNull;

/// Smallest first: a binary heap (`heap.rs`).
pub struct Heap<T> {
    /// Behind its own pointer: the sorter reads it while other threads change the rest of the data
    /// under the queue's lock. It does not exist before the first item, and never moves afterwards.
    tree: Option<NonNull<Tree<T>>>,
    /// Items that were put back; they come out first, without a comparison.
    returned: Vec<T>,
}

#[doc(hidden)]
pub struct Tree<T> {
    /// `items[i]` does not come after `items[2 * i + 1]` and `items[2 * i + 2]`.
    items: Vec<T>,
    /// Counts changes, so that a plan can be checked.
    version: u64,
}

// SAFETY: the tree belongs to the heap alone, as in a box.
unsafe impl<T: Send> Send for Heap<T> {}

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Self {
            tree: None,
            returned: Vec::new(),
        }
    }
}

impl<T> Drop for Heap<T> {
    fn drop(&mut self) {
        if let Some(tree) = self.tree {
            // SAFETY: made from a box, and no thread reads it: the queue is being dropped.
            drop(unsafe { Box::from_raw(tree.as_ptr()) });
        }
    }
}

/// For a push, where the new item ends. For a pop, where the last item ends, after the first has
/// come out.
#[derive(Debug)]
#[doc(hidden)]
pub struct Position(usize);

impl<T> Heap<T> {
    #[inline]
    fn items(&self) -> &[T] {
        match self.tree {
            // SAFETY: changed under the queue's lock only, as here.
            Some(tree) => unsafe { &(*tree.as_ptr()).items },
            None => &[],
        }
    }

    /// Counts the change that the caller is about to make; `None` when there is no tree yet.
    #[inline]
    fn change(&mut self) -> Option<&mut Vec<T>> {
        // SAFETY: under the queue's lock, and no other thread is the sorter: no thread reads the
        // tree.
        let tree = unsafe { self.tree?.as_mut() };
        tree.version += 1;
        Some(&mut tree.items)
    }

    /// As [`Self::change`], with a tree and room for one more item; `None` when there is no memory.
    #[inline]
    fn change_with_room(&mut self) -> Option<&mut Vec<T>> {
        if self.tree.is_none() {
            self.plant()?;
        }
        let items = self.change()?;
        if items.len() == items.capacity() && items.try_reserve(1).is_err() {
            return None;
        }
        // SAFETY: there was room, or the reservation made some. So the push does not check again.
        unsafe { std::hint::assert_unchecked(items.len() < items.capacity()) };
        Some(items)
    }

    #[cold]
    fn plant(&mut self) -> Option<()> {
        let tree = try_box(Tree {
            items: Vec::new(),
            version: 0,
        });
        self.tree = Some(NonNull::from(Box::leak(tree.ok()?)));
        Some(())
    }

    /// Moves the items that were put back into the tree, if there is memory for them. Each comes
    /// out first: it goes to the root, and the items on that path move down by one.
    fn take_returned_in(&mut self) -> Option<()> {
        if self.returned.is_empty() {
            return Some(());
        }
        let more = self.returned.len();
        self.change_with_room()?.try_reserve(more).ok()?;
        for item in std::mem::take(&mut self.returned) {
            let inserted = self.insert(item, 0);
            debug_assert!(inserted.is_ok(), "there is room");
        }
        Some(())
    }

    /// Adds an item that ends at `end`, while the items on its path move down. Without memory the
    /// item is returned.
    fn insert(&mut self, item: T, end: usize) -> Result<(), T> {
        let Some(items) = self.change_with_room() else {
            return Err(item);
        };
        let mut index = items.len();
        items.push(item);
        while index > end {
            items.swap(index, parent(index));
            index = parent(index);
        }
        Ok(())
    }

    /// All items, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.items().iter().chain(&self.returned)
    }

    /// How many items the allocated memory holds.
    pub fn capacity(&self) -> usize {
        let tree = match self.tree {
            // SAFETY: as in `items`.
            Some(tree) => unsafe { (*tree.as_ptr()).items.capacity() },
            None => 0,
        };
        tree + self.returned.capacity()
    }
}

/// The tree at one version, as the sorter reads it, and the means to compare.
struct Snapshot<'a, T, B> {
    tree: NonNull<Tree<T>>,
    version: u64,
    comparing: &'a mut B,
}

impl<'a, T, B> Snapshot<'a, T, B> {
    /// # Safety
    /// As [`Order::plan_push`], for the lifetime of the snapshot.
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
    type Operand = B::Operand;
    type Error = B::Interrupt;

    fn len(&self) -> usize {
        // SAFETY: as in `take`; the reference does not outlive this line.
        unsafe { self.tree.as_ref().items.len() }
    }

    fn operand(&self, index: usize) -> B::Operand {
        // SAFETY: as in `take`. Where comparisons may not nest, nothing changes the tree before the
        // plan is carried out.
        unsafe { B::operand(&self.tree.as_ref().items[index]) }
    }

    fn less(&mut self, a: &B::Operand, b: &B::Operand) -> Result<Option<bool>, B::Interrupt> {
        let is_less = self.comparing.less(a, b)?;
        // SAFETY: as in `take`.
        let is_current = unsafe { (*self.tree.as_ptr()).version } == self.version;
        Ok(is_current.then_some(is_less))
    }
}

impl<T> Sealed for Heap<T> {}

impl<T, B: Compare<T>> Order<T, B> for Heap<T> {
    type Plan = Position;
    type Frozen = NonNull<Tree<T>>;

    const MAY_NEST: bool = B::MAY_NEST;

    #[inline]
    fn count(&self) -> usize {
        self.items().len() + self.returned.len()
    }

    #[inline]
    fn push_now(&mut self, item: T) -> Result<(), NotPushed<T>> {
        if !self.items().is_empty() {
            return Err(NotPushed::NeedsComparing(item));
        }
        self.insert(item, 0).map_err(NotPushed::NoMemory)
    }

    #[inline]
    fn pop_now(&mut self) -> Option<T> {
        if let Some(item) = self.returned.pop() {
            return Some(item);
        }
        match self.items().len() {
            0 => None,
            // With two items the second takes the first one's place, and no item is left to compare
            // it with.
            1 | 2 => self.change().map(|items| items.swap_remove(0)),
            _ => None,
        }
    }

    fn give_back(&mut self, item: T) -> Result<(), T> {
        if self.returned.try_reserve(1).is_err() {
            return Err(item);
        }
        self.returned.push(item);
        Ok(())
    }

    fn prepare_drain(&mut self) -> Result<(), NoMemory> {
        self.take_returned_in().ok_or(NoMemory)
    }

    fn drain(&mut self) -> Vec<T> {
        // When `prepare_drain` was not called and memory is lacking, the items that were put back
        // are dropped with the heap.
        let _ = self.take_returned_in();
        self.change().map(std::mem::take).unwrap_or_default()
    }

    fn frozen(&self) -> NonNull<Tree<T>> {
        self.tree.expect("there are items to compare")
    }

    unsafe fn plan_push(
        tree: NonNull<Tree<T>>,
        item: &T,
        comparing: &mut B,
    ) -> Result<Option<Position>, B::Interrupt> {
        // SAFETY: the contract is passed on; the item outlives the plan.
        let (mut tree, item) = unsafe { (Snapshot::take(tree, comparing), B::operand(item)) };
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

    fn push_planned(&mut self, item: T, Position(end): Position) -> Result<(), T> {
        self.insert(item, end)
    }

    fn pop_planned(&mut self, Position(end): Position) -> T {
        let items = self.change().expect("there are items");
        let first = items.swap_remove(0);
        // The last item is in front now. Each item on the path from there to `end` moves up by one.
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

//! Plans of changes to a binary heap: where a new item goes, and what moves when the first one is
//! taken. They are found by comparing, before anything moves.
//!
//! # Implementation
//!
//! The comparisons are those of Python's `heapq`, in the same sequence, so equal items come out in
//! the same order as there. They are user code: they may fail, and they may change the very heap. A
//! [`Reading`] reports that change, and then there is no plan.

/// A binary heap (an array whose element `i` does not come after `2 * i + 1` and `2 * i + 2`) as a
/// comparing thread reads it.
pub trait Reading {
    /// Keeps an item alive during a comparison.
    type Operand;

    /// The error of a comparison.
    type Error;

    /// How many items there are, as long as nothing has changed.
    fn len(&self) -> usize;

    /// Whether there are no items.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Keeps the item at `index`, which is below the length, alive.
    fn operand(&self, index: usize) -> Self::Operand;

    /// Whether `a` comes out before `b`. `None`: the heap has changed.
    ///
    /// # Errors
    /// The error of the comparison.
    fn less(&mut self, a: &Self::Operand, b: &Self::Operand) -> Result<Option<bool>, Self::Error>;
}

/// The index of the element above.
#[must_use]
pub fn parent(index: usize) -> usize {
    (index - 1) / 2
}

/// Where a new item ends, when the items on the path from the end of the array to there each move
/// down by one. `None`: the heap has changed.
///
/// # Errors
/// The error of a comparison.
pub fn plan_push<R: Reading>(heap: &mut R, item: &R::Operand) -> Result<Option<usize>, R::Error> {
    let end = heap.len();
    climb(heap, item, end, parent)
}

/// Where the last item ends, when the first has come out and the items on the path to there each
/// move up by one. `None`: the heap has changed.
///
/// # Errors
/// The error of a comparison.
///
/// # Panics
/// When the heap is empty.
pub fn plan_pop<R: Reading>(heap: &mut R) -> Result<Option<usize>, R::Error> {
    let len = heap.len() - 1;
    // Down to a leaf along the smaller children, each of which would move up by one.
    let mut index = 0;
    while 2 * index + 1 < len {
        let left = 2 * index + 1;
        index = left;
        if left + 1 < len {
            let (a, b) = (heap.operand(left), heap.operand(left + 1));
            match heap.less(&a, &b)? {
                None => return Ok(None),
                Some(true) => {}
                Some(false) => index = left + 1,
            }
        }
    }
    // And up again to the place of the last item: `index`, unless it is smaller than the item that
    // is there now.
    let last = heap.operand(len);
    climb(heap, &last, index, |index| index)
}

/// Up from `index` while `item` is smaller than the item that would be above it, which is now at
/// `above(index)`.
fn climb<R: Reading>(
    heap: &mut R,
    item: &R::Operand,
    mut index: usize,
    above: impl Fn(usize) -> usize,
) -> Result<Option<usize>, R::Error> {
    while index > 0 {
        let there = heap.operand(above(index));
        match heap.less(item, &there)? {
            None => return Ok(None),
            Some(false) => break,
            Some(true) => index = parent(index),
        }
    }
    Ok(Some(index))
}

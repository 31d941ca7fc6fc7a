//! [`Heap`]: actions by the time at which they are due, the next in front.
//!
//! # Implementation
//!
//! A binary heap of `(due, sequence, slot)`, and beside it a slot for each entry. The slot holds
//! the entry's place in the heap, and its action. So a cancelled entry is taken out in logarithmic
//! time, and leaves nothing behind.
//!
//! Invariants:
//!
//! - *An item's slot holds the item's place*, and the slot's sequence is the item's.
//! - *A sequence number is never reused*, though slots are. So an [`Entry`] that has been taken out
//!   is never mistaken for a later one in the same slot.
//! - *No memory is allocated or freed here while a lock over the heap is held.* [`Heap::has_room`]
//!   says whether an entry fits. [`Heap::move_into`] takes larger memory from the caller, which
//!   frees the old.

/// The function that the timer thread runs at the due time.
pub(super) type Action = Box<dyn FnOnce() + Send>;

/// Names a scheduled action, also after it was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    slot: u32,
    sequence: u64,
}

#[derive(Clone, Copy)]
struct Item {
    due: u64,
    sequence: u64,
    slot: u32,
}

impl Item {
    /// Entries that are due at the same time run in the order in which they were scheduled.
    fn is_before(&self, other: &Self) -> bool {
        (self.due, self.sequence) < (other.due, other.sequence)
    }
}

struct Slot {
    sequence: u64,
    /// The entry's place in the heap; of a free slot, the next free one.
    place: u32,
    action: Option<Action>,
}

const NO_SLOT: u32 = u32::MAX;

pub(super) struct Heap {
    items: Vec<Item>,
    slots: Vec<Slot>,
    first_free: u32,
    sequence: u64,
}

impl Heap {
    pub(super) const fn new() -> Self {
        Self {
            items: Vec::new(),
            slots: Vec::new(),
            first_free: NO_SLOT,
            sequence: 0,
        }
    }

    /// An empty heap with room for `entries`, for [`Self::move_into`]; `None` when there is no
    /// memory.
    pub(super) fn with_room_for(entries: usize) -> Option<Self> {
        let mut heap = Self::new();
        heap.items.try_reserve_exact(entries).ok()?;
        heap.slots.try_reserve_exact(entries).ok()?;
        Some(heap)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// When the next entry is due.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.items.first().map(|item| item.due)
    }

    /// Whether an entry can be added without allocating.
    pub(super) fn has_room(&self) -> bool {
        self.items.len() < self.items.capacity()
            && (self.first_free != NO_SLOT || self.slots.len() < self.slots.capacity())
    }

    /// Moves everything into `larger`, which is empty, and swaps the two. Does nothing if `larger`
    /// has no more room.
    pub(super) fn move_into(&mut self, larger: &mut Self) {
        let fits = larger.items.capacity() > self.items.len()
            && larger.slots.capacity() > self.slots.len();
        if fits {
            larger.items.append(&mut self.items);
            larger.slots.append(&mut self.slots);
            std::mem::swap(&mut self.items, &mut larger.items);
            std::mem::swap(&mut self.slots, &mut larger.slots);
        }
    }

    /// Adds an entry. [`Self::has_room`] must have returned `true`.
    pub(super) fn add(&mut self, due: u64, action: Action) -> Entry {
        self.sequence += 1;
        let sequence = self.sequence;
        let place = self.items.len();
        let filled = Slot {
            sequence,
            place: place as u32,
            action: Some(action),
        };
        let slot = self.first_free;
        let slot = if slot == NO_SLOT {
            self.slots.push(filled);
            (self.slots.len() - 1) as u32
        } else {
            self.first_free = self.slots[slot as usize].place;
            self.slots[slot as usize] = filled;
            slot
        };
        self.items.push(Item {
            due,
            sequence,
            slot,
        });
        self.rise(place);
        Entry { slot, sequence }
    }

    /// Takes an entry out; `None` if it was taken out before.
    pub(super) fn remove(&mut self, entry: Entry) -> Option<Action> {
        let slot = self.slots.get(entry.slot as usize)?;
        if slot.sequence != entry.sequence || slot.action.is_none() {
            return None;
        }
        self.take(slot.place as usize)
    }

    /// Takes the next entry out if it is due. An entry due at the end of time never is.
    pub(super) fn take_due(&mut self, now: u64) -> Option<Action> {
        let due = self.next_due()?;
        if due > now || due == u64::MAX {
            return None;
        }
        self.take(0)
    }

    /// Forgets every entry without destroying any, in the child of a fork.
    pub(super) fn forget(&mut self) {
        std::mem::forget(std::mem::take(&mut self.items));
        std::mem::forget(std::mem::take(&mut self.slots));
        self.first_free = NO_SLOT;
    }

    fn take(&mut self, place: usize) -> Option<Action> {
        let taken = self.items.swap_remove(place);
        if place < self.items.len() {
            // The last item is here now, perhaps from another branch.
            let place = self.rise(place);
            self.sink(place);
        }
        let slot = &mut self.slots[taken.slot as usize];
        slot.place = std::mem::replace(&mut self.first_free, taken.slot);
        slot.action.take()
    }

    fn put_at(&mut self, place: usize, item: Item) {
        self.items[place] = item;
        self.slots[item.slot as usize].place = place as u32;
    }

    /// Moves the item at `place` up to its place in the order, and returns that place.
    fn rise(&mut self, mut place: usize) -> usize {
        let item = self.items[place];
        while place > 0 {
            let parent = (place - 1) / 2;
            if !item.is_before(&self.items[parent]) {
                break;
            }
            self.put_at(place, self.items[parent]);
            place = parent;
        }
        self.put_at(place, item);
        place
    }

    /// Moves the item at `place` down to its place in the order.
    fn sink(&mut self, mut place: usize) {
        let item = self.items[place];
        loop {
            let left = 2 * place + 1;
            let right = left + 1;
            let Some(mut child) = self.items.get(left).map(|_| left) else {
                break;
            };
            if right < self.items.len() && self.items[right].is_before(&self.items[left]) {
                child = right;
            }
            if !self.items[child].is_before(&item) {
                break;
            }
            self.put_at(place, self.items[child]);
            place = child;
        }
        self.put_at(place, item);
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Heap};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Not random, but unordered.
    fn scrambled(n: u64) -> u64 {
        n.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17) % 1000
    }

    fn add(heap: &mut Heap, due: u64, seen: &Arc<AtomicU64>) -> Entry {
        let seen = Arc::clone(seen);
        heap.add(due, Box::new(move || seen.store(due, Ordering::Relaxed)))
    }

    #[test]
    fn entries_come_in_the_order_of_their_times_although_others_are_cancelled() {
        const MANY: u64 = if cfg!(miri) { 50 } else { 500 };
        let mut heap = Heap::with_room_for(MANY as usize).unwrap();
        let seen = Arc::new(AtomicU64::new(0));
        let entries: Vec<_> = (0..MANY)
            .map(|n| (n, add(&mut heap, scrambled(n), &seen)))
            .collect();
        assert!(!heap.has_room());
        for (n, entry) in &entries {
            if n % 3 == 0 {
                assert!(heap.remove(*entry).is_some());
                assert!(heap.remove(*entry).is_none());
            }
        }
        let mut expected: Vec<_> = (0..MANY).filter(|n| n % 3 != 0).map(scrambled).collect();
        expected.sort_unstable();
        for due in expected {
            if due > 0 {
                assert!(heap.take_due(due - 1).is_none());
            }
            heap.take_due(due).unwrap()();
            assert_eq!(seen.load(Ordering::Relaxed), due);
        }
        assert!(heap.is_empty());
    }

    #[test]
    fn an_entry_that_was_taken_out_is_never_mistaken_for_the_next_one_in_its_slot() {
        let mut heap = Heap::with_room_for(1).unwrap();
        let old = heap.add(1, Box::new(|| ()));
        assert!(heap.take_due(1).is_some());
        let new = heap.add(2, Box::new(|| ()));
        assert!(heap.remove(old).is_none());
        assert!(heap.remove(new).is_some());
    }

    #[test]
    fn all_entries_move_into_larger_memory() {
        let mut heap = Heap::with_room_for(1).unwrap();
        let entry = heap.add(7, Box::new(|| ()));
        let mut larger = Heap::with_room_for(4).unwrap();
        heap.move_into(&mut larger);
        assert!(heap.has_room() && larger.is_empty());
        assert_eq!(heap.next_due(), Some(7));
        assert!(heap.remove(entry).is_some());
    }
}

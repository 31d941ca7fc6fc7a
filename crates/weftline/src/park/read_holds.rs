//! [`ReadHolds`]: the read locks that a thread holds.
//!
//! The word of a read lock counts its readers and cannot name them. So each thread keeps a record
//! of its own holds: it answers whether the thread reads a lock already, also after a fork.
//!
//! # Implementation
//!
//! A *hold* is a number: the address of the lock, plus one for the hold of an upgradable reader. A
//! record is a multiset of holds, in slots. It lies in the thread's [`super::ThreadRecord`], so it
//! is never freed.
//!
//! | slot | meaning | leaves by |
//! |---|---|---|
//! | at or above `len` | unused, whatever is in it | `add` → a hold |
//! | a hold | the thread holds that lock | `remove` → unused if it is the last slot, else empty; `forget` → empty |
//! | `0` | empty | `add`, when the first slots are full → a hold |
//!
//! Only its thread adds and removes. Holds are mostly released in the reverse order, so both are a
//! comparison and two stores. A thread with more holds than the record has slots gets further slots
//! in blocks of memory, which stay with the record.
//!
//! **A hold never moves**, so another thread may read the slots while their thread changes them:
//!
//! - [`ReadHolds::count`], of the thread that forked, in the child: `sync/raw/rwlock.rs` shows that
//!   a hold which it counts is not removed meanwhile;
//! - [`ReadHolds::locks`], of a report, which believes it only while the thread sleeps;
//! - [`ReadHolds::forget`], of a lock that is dropped while its word counts readers. No thread uses
//!   such a lock, so no thread adds or removes the hold.
//!
//! `inherited` is the number of slots that were in use at the last fork. A release of a hold in
//! them takes the slow path.

use crate::error::NoMemory;
use crate::memory::try_box;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

const EMPTY: usize = 0;
/// So many that a record is one cache line.
const SLOTS: usize = 6;
const BLOCK_SLOTS: usize = 63;

// The standard atomics in models too: in a model no other thread reads a record.
/// The read locks that a thread holds.
#[repr(align(64))]
pub(crate) struct ReadHolds {
    len: AtomicU32,
    inherited: AtomicU32,
    slots: [AtomicUsize; SLOTS],
    more: AtomicPtr<Block>,
}

struct Block {
    slots: [AtomicUsize; BLOCK_SLOTS],
    next: AtomicPtr<Block>,
}

impl ReadHolds {
    pub(crate) const fn new() -> Self {
        Self {
            len: AtomicU32::new(0),
            inherited: AtomicU32::new(0),
            slots: [const { AtomicUsize::new(EMPTY) }; SLOTS],
            more: AtomicPtr::new(ptr::null_mut()),
        }
    }

    #[inline]
    fn len(&self) -> usize {
        // Pairs with the release in `remove_slow`, for another thread that counts.
        self.len.load(Ordering::Acquire) as usize
    }

    #[inline]
    fn set_len(&self, len: usize, order: Ordering) {
        self.len.store(len as u32, order);
    }

    /// Whether [`Self::add`] needs no memory.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.len() < SLOTS
    }

    /// Adds a hold.
    ///
    /// # Errors
    /// [`NoMemory`] when all slots are full and there is no memory for more; the hold is not added.
    #[inline]
    pub(crate) fn add(&self, hold: usize) -> Result<(), NoMemory> {
        let len = self.len();
        match self.slots.get(len) {
            Some(slot) => {
                slot.store(hold, Ordering::Relaxed);
                self.set_len(len + 1, Ordering::Relaxed);
                Ok(())
            }
            None => self.add_slow(hold),
        }
    }

    #[cold]
    fn add_slow(&self, hold: usize) -> Result<(), NoMemory> {
        self.reserve()?;
        let empty = self
            .all_slots()
            .find(|slot| slot.load(Ordering::Relaxed) == EMPTY);
        empty.ok_or(NoMemory)?.store(hold, Ordering::Relaxed);
        Ok(())
    }

    /// Makes room for a hold.
    ///
    /// # Errors
    /// [`NoMemory`] when all slots are full and there is no memory for more.
    pub(crate) fn reserve(&self) -> Result<(), NoMemory> {
        if self.has_room()
            || self
                .all_slots()
                .any(|slot| slot.load(Ordering::Relaxed) == EMPTY)
        {
            return Ok(());
        }
        let block = Block {
            slots: [const { AtomicUsize::new(EMPTY) }; BLOCK_SLOTS],
            next: AtomicPtr::new(self.more.load(Ordering::Relaxed)),
        };
        let block: &'static Block = Box::leak(try_box(block).map_err(|_| NoMemory)?);
        // Pairs with the acquire in `blocks`.
        self.more
            .store(ptr::from_ref(block).cast_mut(), Ordering::Release);
        Ok(())
    }

    /// Removes a hold if it is the latest, and younger than the last fork; the fast path of
    /// [`Self::remove_slow`].
    #[inline]
    pub(crate) fn remove_latest(&self, hold: usize) -> bool {
        let len = self.len();
        let last = len.wrapping_sub(1);
        let is_latest = len > self.inherited.load(Ordering::Relaxed) as usize
            && self
                .slots
                .get(last)
                .is_some_and(|slot| slot.load(Ordering::Relaxed) == hold);
        if is_latest {
            self.set_len(last, Ordering::Relaxed);
        }
        is_latest
    }

    /// Removes a hold; returns whether the thread had it.
    #[cold]
    pub(crate) fn remove_slow(&self, hold: usize) -> bool {
        let in_blocks = self.blocks().flat_map(|block| &block.slots);
        let found = in_blocks
            .chain(self.slots[..self.len()].iter().rev())
            .find(|slot| slot.load(Ordering::Relaxed) == hold);
        // Pairs with the acquire in `count`.
        let was_held = found.map(|slot| slot.store(EMPTY, Ordering::Release));
        let used = self.slots[..self.len()]
            .iter()
            .rposition(|slot| slot.load(Ordering::Relaxed) != EMPTY);
        self.set_len(used.map_or(0, |last| last + 1), Ordering::Release);
        was_held.is_some()
    }

    /// How often the thread has this hold.
    pub(crate) fn count(&self, hold: usize) -> usize {
        self.all_slots()
            .filter(|slot| slot.load(Ordering::Acquire) == hold)
            .count()
    }

    /// The locks that are held, by address, for reports.
    #[cfg(not(weftline_model))]
    pub(super) fn locks(&self) -> impl Iterator<Item = usize> {
        self.all_slots()
            .map(|slot| slot.load(Ordering::Acquire) & !1)
            .filter(|&lock| lock != EMPTY)
    }

    /// Empties the slots with this hold, whichever thread's they are. Also the unused slots, so
    /// that the thread may change their number meanwhile.
    #[cfg(not(weftline_model))]
    pub(super) fn forget(&self, hold: usize) {
        let in_blocks = self.blocks().flat_map(|block| &block.slots);
        for slot in self.slots.iter().chain(in_blocks) {
            // The slot may get another hold at any time.
            let _ = slot.compare_exchange(hold, EMPTY, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// Forgets all holds, for the next thread that gets the record.
    #[cfg(not(weftline_model))]
    pub(super) fn clear(&self) {
        for slot in self.all_slots() {
            slot.store(EMPTY, Ordering::Relaxed);
        }
        self.set_len(0, Ordering::Relaxed);
        self.inherited.store(0, Ordering::Relaxed);
    }

    /// The slots in use, and those of the blocks.
    fn all_slots(&self) -> impl Iterator<Item = &AtomicUsize> {
        let in_blocks = self.blocks().flat_map(|block| &block.slots);
        self.slots[..self.len()].iter().chain(in_blocks)
    }

    fn blocks(&self) -> impl Iterator<Item = &'static Block> {
        let block = |place: &AtomicPtr<Block>| {
            // SAFETY: null, or a block that was leaked and published whole by a release store.
            unsafe { place.load(Ordering::Acquire).as_ref() }
        };
        std::iter::successors(block(&self.more), move |this| block(&this.next))
    }
}

#[cfg(not(weftline_model))]
pub(crate) use real::read_holds;
#[cfg(not(weftline_model))]
pub(super) use real::set_read_holds;
#[cfg(all(unix, not(weftline_model)))]
pub(super) use real::survive_fork;
pub(crate) use survivor::survivors_read_holds;

/// The record of the thread that forked, in the child.
mod survivor {
    use super::ReadHolds;
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, Ordering};

    pub(super) static SURVIVOR: AtomicPtr<ReadHolds> = AtomicPtr::new(ptr::null_mut());

    /// The holds of the thread that forked last; `None` if it had no record.
    pub(crate) fn survivors_read_holds() -> Option<&'static ReadHolds> {
        // SAFETY: null, or made from a `'static` reference. It was written before the child had a
        // second thread.
        unsafe { SURVIVOR.load(Ordering::Relaxed).as_ref() }
    }
}

#[cfg(not(weftline_model))]
mod real {
    use super::ReadHolds;
    use std::cell::Cell;

    thread_local! {
        static CURRENT: Cell<Option<&'static ReadHolds>> = const { Cell::new(None) };
    }

    /// The calling thread's holds, if it has a record.
    #[inline]
    pub(crate) fn read_holds() -> Option<&'static ReadHolds> {
        CURRENT.get()
    }

    /// Makes `holds` the calling thread's, when it gets its record or leaves it.
    pub(crate) fn set_read_holds(holds: Option<&'static ReadHolds>) {
        CURRENT.set(holds);
    }

    /// In the child of a fork: what the thread holds now it held before. Safe in a fork's child
    /// handler.
    #[cfg(unix)]
    pub(crate) fn survive_fork() {
        use std::ptr;
        use std::sync::atomic::Ordering;

        let survivor = read_holds().map_or(ptr::null_mut(), |holds| {
            holds
                .inherited
                .store(holds.len.load(Ordering::Relaxed), Ordering::Relaxed);
            ptr::from_ref(holds).cast_mut()
        });
        super::survivor::SURVIVOR.store(survivor, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(weftline_model)))]
mod tests {
    use super::*;

    #[test]
    fn holds_are_a_multiset_of_any_size() {
        let holds = ReadHolds::new();
        for hold in 1..=200 {
            holds.add(hold * 8).unwrap();
        }
        holds.add(16).unwrap();
        assert_eq!(holds.count(16), 2);
        assert!(!holds.remove_latest(24), "not the latest");
        for hold in (1..=200).rev() {
            assert!(holds.remove_latest(hold * 8) || holds.remove_slow(hold * 8));
        }
        assert_eq!((holds.count(16), holds.count(24)), (1, 0));
        assert!(!holds.remove_slow(24));
        assert!(holds.remove_slow(16));
        assert_eq!(
            holds
                .all_slots()
                .filter(|it| it.load(Ordering::Relaxed) != EMPTY)
                .count(),
            0
        );
    }

    #[test]
    fn locks_that_are_taken_hand_over_hand_need_no_further_slots() {
        let holds = ReadHolds::new();
        holds.add(8).unwrap();
        for hold in 2..1_000 {
            holds.add(hold * 8).unwrap();
            assert!(holds.remove_slow((hold - 1) * 8));
        }
        assert!(holds.more.load(Ordering::Relaxed).is_null());
        assert_eq!(holds.count(999 * 8), 1);
    }

    #[test]
    fn a_forgotten_hold_leaves_its_slot_to_another() {
        let holds = ReadHolds::new();
        for hold in [8, 16, 8] {
            holds.add(hold).unwrap();
        }
        holds.forget(8);
        assert_eq!((holds.count(8), holds.count(16)), (0, 1));
        assert!(holds.remove_latest(16) || holds.remove_slow(16));
        assert_eq!(holds.len(), 0);
        holds.add(8).unwrap();
        holds.clear();
        assert_eq!(holds.count(8), 0);
    }
}

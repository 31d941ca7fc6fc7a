//! The pool for which a thread works, where reports find it.
//!
//! A pool has a number. Its workers have it in their records, and the futures of its tasks beside
//! their phase. So a report knows which threads can end the wait for a future, without following a
//! pointer to the pool.

use super::look::number_at;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicIsize, AtomicPtr, AtomicU32, AtomicUsize, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(1);

/// The number of a pool: not zero, and another one for each of the first 2³² pools.
#[must_use]
pub fn next_pool() -> u32 {
    NEXT.fetch_add(1, Ordering::Relaxed).max(1)
}

/// The pool in a thread's record.
pub(crate) struct ServedPool {
    number: AtomicU32,
    /// The address that the next one reads.
    place: AtomicUsize,
    /// A `fn(usize) -> Option<u64>`: how many tasks wait.
    waiting: AtomicPtr<()>,
}

impl ServedPool {
    pub(super) const fn none() -> Self {
        Self {
            number: AtomicU32::new(0),
            place: AtomicUsize::new(0),
            waiting: AtomicPtr::new(ptr::null_mut()),
        }
    }

    pub(super) fn clear(&self) {
        self.number.store(0, Ordering::Relaxed);
    }

    fn set(&self, number: u32, place: usize, waiting: fn(usize) -> Option<u64>) {
        self.place.store(place, Ordering::Relaxed);
        self.waiting.store(waiting as *mut (), Ordering::Relaxed);
        // Pairs with the load in `number`: the other two are seen.
        self.number.store(number, Ordering::Release);
    }

    /// Zero: the thread works for no pool.
    pub(super) fn number(&self) -> u32 {
        self.number.load(Ordering::Acquire)
    }

    /// How many tasks of the pool wait, if it can be read.
    pub(super) fn waiting(&self) -> Option<u64> {
        let waiting = self.waiting.load(Ordering::Relaxed);
        if self.number() == 0 || waiting.is_null() {
            return None;
        }
        // SAFETY: stored by `set`.
        let waiting = unsafe { mem::transmute::<*mut (), fn(usize) -> Option<u64>>(waiting) };
        waiting(self.place.load(Ordering::Relaxed))
    }
}

/// The calling thread works for that pool, until it ends. `len` is the number of its waiting tasks.
pub(crate) fn serve(number: u32, len: &AtomicUsize) {
    serve_by(number, ptr::from_ref(len).addr(), number_at);
}

/// The calling thread works for that pool, until it ends. `free` is the number of its free workers,
/// less that of its waiting tasks.
pub fn serve_counted(number: u32, free: &AtomicIsize) {
    serve_by(number, ptr::from_ref(free).addr(), |place| {
        let free = number_at(place)?;
        Some((free as isize).min(0).unsigned_abs() as u64)
    });
}

fn serve_by(number: u32, place: usize, waiting: fn(usize) -> Option<u64>) {
    if let Some(record) = super::try_current_record() {
        record.pool.set(number, place, waiting);
    }
}

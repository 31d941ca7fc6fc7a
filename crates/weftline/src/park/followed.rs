//! The queues that reports tell of whether threads wait at them or not, and [`Following`].
//!
//! A report of a wait reads a copy of the object, which may be gone. The number of items is known
//! under the queue's lock alone. So such a queue stands in a table, and leaves it before it is
//! gone. A report locks the table while it reads. It may run in a signal handler, so it tries both
//! locks.

use super::list_lock::{ForgetWaiters, ListLock};
use std::sync::atomic::{AtomicU8, Ordering};

/// The most queues in the table.
const MOST: usize = 1_024;

/// How full a queue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Depth {
    pub(crate) items: usize,
    /// Zero: any number.
    pub(crate) capacity: usize,
}

/// How full the queue at that address is; `None`: its lock is held.
///
/// # Safety
/// The queue is there, and stays there meanwhile.
pub(crate) type ReadDepth = unsafe fn(*const ()) -> Option<Depth>;

#[derive(Clone, Copy)]
struct Entry {
    /// The address of its [`Following`].
    key: usize,
    queue: *const (),
    read: ReadDepth,
}

struct Table {
    entries: [Option<Entry>; MOST],
    len: usize,
}

// SAFETY: of the queues only the number of items and the capacity are read, under their locks. That
// is sound on any thread, whatever the items are.
unsafe impl Send for Table {}

impl ForgetWaiters for Table {
    fn forget_waiters(&mut self, torn: bool) {
        if torn {
            self.len = 0;
        }
    }
}

static TABLE: ListLock<Table> = ListLock::new(Table {
    entries: [None; MOST],
    len: 0,
});

/// What a queue keeps of that. When it is dropped, the queue leaves the table.
pub(crate) struct Following(AtomicU8);

/// Between these: how often it has been asked for.
const NO: u8 = 0;
const FOR_GOOD: u8 = 254;
const NEVER: u8 = 255;

impl Following {
    pub(crate) const fn new() -> Self {
        Self(AtomicU8::new(NO))
    }

    /// Adds the queue, of which this is a part, unless the table is full. For good, or until
    /// [`Self::end`] is called as often. Returns whether it is there.
    ///
    /// # Safety
    /// The queue does not move as long as it is in the table, and `read` reads such a queue.
    pub(crate) unsafe fn begin(&self, queue: *const (), read: ReadDepth, for_good: bool) -> bool {
        // Relaxed: the table's lock orders the rest.
        if matches!(self.0.load(Ordering::Relaxed), FOR_GOOD | NEVER) {
            return self.0.load(Ordering::Relaxed) == FOR_GOOD;
        }
        let mut table = TABLE.lock();
        let (before, at) = (self.0.load(Ordering::Relaxed), table.len);
        if before == NEVER || before == NO && at == MOST {
            return false;
        }
        if before == NO {
            let key = self.key();
            table.entries[at] = Some(Entry { key, queue, read });
            table.len = at + 1;
        }
        let next = if for_good {
            FOR_GOOD
        } else {
            before.saturating_add(1).min(FOR_GOOD)
        };
        self.0.store(next, Ordering::Relaxed);
        true
    }

    /// Does not add the queue when it is asked to, from now on: other lines of reports have it.
    pub(crate) fn refuse(&self) {
        self.leave(|_| NEVER);
    }

    /// Takes the queue away, if it has been asked for once.
    pub(crate) fn end(&self) {
        self.leave(|times| match times {
            NO | FOR_GOOD | NEVER => times,
            _ => times - 1,
        });
    }

    #[cold]
    fn leave(&self, left: impl FnOnce(u8) -> u8) {
        let key = self.key();
        let mut table = TABLE.lock();
        let left = left(self.0.load(Ordering::Relaxed));
        self.0.store(left, Ordering::Relaxed);
        if !matches!(left, NO | NEVER) {
            return;
        }
        let len = table.len;
        let is = |entry: &Option<Entry>| entry.is_some_and(|entry| entry.key == key);
        if let Some(at) = table.entries[..len].iter().position(is) {
            table.entries.swap(at, len - 1);
            table.len = len - 1;
        }
    }

    fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl Drop for Following {
    #[inline]
    fn drop(&mut self) {
        if !matches!(*self.0.get_mut(), NO | NEVER) {
            self.leave(|_| NO);
        }
    }
}

/// How many queues are read before the table is free again.
const AT_ONCE: usize = 32;

/// Calls `f` with the address of each queue in the table, and how full it is. Safe in a signal
/// handler if `f` is; the rest is left out if the table is being changed.
pub(crate) fn depths_now<E>(
    mut f: impl FnMut(usize, Option<Depth>) -> Result<(), E>,
) -> Result<(), E> {
    for from in (0..MOST).step_by(AT_ONCE) {
        let mut read = [None; AT_ONCE];
        {
            let Some(table) = TABLE.try_lock() else {
                return Ok(());
            };
            let entries = table.entries[..table.len].iter().flatten();
            for (entry, place) in entries.skip(from).zip(&mut read) {
                // SAFETY: `begin` was promised so, and the queue waits for the table's lock before
                // it is gone.
                let depth = unsafe { (entry.read)(entry.queue) };
                *place = Some((entry.queue.addr(), depth));
            }
        }
        let mut read = read.into_iter().flatten().peekable();
        if read.peek().is_none() {
            return Ok(());
        }
        read.try_for_each(|(address, depth)| f(address, depth))?;
    }
    Ok(())
}

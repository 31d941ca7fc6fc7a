//! [`Writers`]: the threads that wait to write, and so stop later readers.
//!
//! Two threads that only read do not wait for each other. But one that wants to read waits for a
//! writer that waits for one that reads. So a circle counts where two of its threads only read, if
//! there is such a writer beside them.

use super::gates::{Gate, Gates};
use super::lock_use::{LONGEST, Use};
use super::manner::{self, HasManner, Manner};
use super::node::nodes;
use crate::park::{Access, LockClass};
use crate::watch::snapshot::Frame;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most writers of a class that are kept: one of them is in no circle.
const MOST_WRITERS: usize = LONGEST + 1;

/// A thread that waited to write, or might have.
pub(super) struct Writer {
    manner: Manner,
    /// The address of the lock.
    lock: usize,
    pub(super) thread_title: String,
    /// Where.
    pub(super) at: Option<Frame>,
}

impl HasManner for Arc<Writer> {
    fn manner(&self) -> &Manner {
        &self.manner
    }
}

impl Writer {
    /// `gates`: all locks that it held.
    pub(super) fn new(
        thread: u64,
        lock: usize,
        gates: Gates,
        thread_title: String,
        at: Option<Frame>,
    ) -> Self {
        Self {
            manner: Self::manner(thread, gates),
            lock,
            thread_title,
            at,
        }
    }

    pub(super) fn manner(thread: u64, gates: Gates) -> Manner {
        Manner {
            thread,
            held: Access::Write,
            wanted: Access::Write,
            gates,
        }
    }

    /// Whether it may wait while that thread is in the middle of the use.
    fn may_be_beside(&self, it: &Use) -> bool {
        self.manner.thread != it.manner.thread && !self.manner.gates.meet_with_all(&it.manner.gates)
    }
}

/// The writers of each class of locks, and of each lock by itself.
pub(super) struct Writers {
    of_class: BTreeMap<LockClass, Vec<Arc<Writer>>>,
    /// By its address, of so many locks.
    of_lock: BTreeMap<usize, Vec<Arc<Writer>>>,
}

/// Of so many locks the writers are kept by lock. Programs nest few locks of one class.
const MOST_LOCKS: usize = 4_096;

impl Writers {
    pub(super) const fn new() -> Self {
        Self {
            of_class: BTreeMap::new(),
            of_lock: BTreeMap::new(),
        }
    }

    /// Those of what a use wants: of the lock, where it is told apart from others of its class.
    fn of(&self, it: &Use) -> &[Arc<Writer>] {
        let (held, wanted) = (&it.held, &it.wanted);
        let (_, to) = nodes((held.address, held.class), (wanted.address, wanted.class));
        let known = match to.lock() {
            Some(lock) => self.of_lock.get(&lock),
            None => self.of_class.get(&wanted.class),
        };
        known.map_or(&[], Vec::as_slice)
    }

    /// The locks that they held.
    pub(super) fn gates(&self) -> impl Iterator<Item = &Gate> {
        let all = self
            .of_class
            .values()
            .chain(self.of_lock.values())
            .flatten();
        all.flat_map(|it| it.manner.gates.iter())
    }

    /// Whether a further writer adds nothing.
    pub(super) fn has(&self, (lock, class): (usize, LockClass), new: &Manner) -> bool {
        let of_class = self.of_class.get(&class).map_or(&[][..], Vec::as_slice);
        let of_lock = self.of_lock.get(&lock).map_or(&[][..], Vec::as_slice);
        let is_full = of_lock.is_empty() && self.of_lock.len() >= MOST_LOCKS;
        manner::has(of_class, new, MOST_WRITERS)
            && (is_full || manner::has(of_lock, new, MOST_WRITERS))
    }

    /// Returns whether the writer adds anything.
    pub(super) fn add(&mut self, class: LockClass, new: Arc<Writer>) -> bool {
        let of_class = self.of_class.entry(class).or_default();
        let mut adds = manner::add(of_class, Arc::clone(&new), MOST_WRITERS);
        if self.of_lock.len() < MOST_LOCKS || self.of_lock.contains_key(&new.lock) {
            let of_lock = self.of_lock.entry(new.lock).or_default();
            adds |= manner::add(of_lock, new, MOST_WRITERS);
        }
        adds
    }

    /// Another lock is at that address now.
    pub(super) fn forget(&mut self, lock: usize) {
        self.of_lock.remove(&lock);
    }

    /// Whether a thread in the middle of the first may wait for one that is in the middle of the
    /// second, which holds what the first wants: itself, or behind a writer.
    pub(super) fn may_wait(&self, first: &Use, second: &Use) -> bool {
        excludes(first, second) || !self.of(first).is_empty()
    }

    /// For each use of a circle, the writer behind which its thread waits for the next one's; none
    /// where it waits for that one itself. `None` if there are not enough writers. Takes a step
    /// from `steps` for each writer that it tries.
    pub(super) fn behind(&self, circle: &[Arc<Use>], steps: &mut usize) -> Option<Behind> {
        let mut chosen = Vec::new();
        self.choose(circle, &mut chosen, steps).then_some(chosen)
    }

    fn choose(&self, circle: &[Arc<Use>], chosen: &mut Behind, steps: &mut usize) -> bool {
        let at = chosen.len();
        let Some(first) = circle.get(at) else {
            return true;
        };
        if excludes(first, &circle[(at + 1) % circle.len()]) {
            chosen.push(None);
            if self.choose(circle, chosen, steps) {
                return true;
            }
            chosen.pop();
            return false;
        }
        for writer in self.of(first) {
            *steps = steps.saturating_sub(1);
            if *steps == 0 {
                return false;
            }
            let others = chosen.iter().flatten();
            let fits = circle.iter().all(|it| writer.may_be_beside(it))
                && others
                    .map(|other| &other.manner)
                    .all(|other| writer.manner.may_meet(other));
            if fits {
                chosen.push(Some(Arc::clone(writer)));
                if self.choose(circle, chosen, steps) {
                    return true;
                }
                chosen.pop();
            }
        }
        false
    }
}

/// As [`Writers::behind`] returns them.
pub(super) type Behind = Vec<Option<Arc<Writer>>>;

/// Whether the first waits for the second, which holds what the first wants.
fn excludes(first: &Use, second: &Use) -> bool {
    first.manner.wanted.excludes(second.manner.held)
}

//! [`Writers`]: the threads that wait to write, and so stop later readers.
//!
//! Two threads that only read do not wait for each other. But one that wants to read waits for a
//! writer that waits for one that reads. So a circle counts where two of its threads only read, if
//! there is such a writer beside them.

use super::gates::{Gate, Gates};
use super::lock_use::{LONGEST, Use};
use super::manner::{self, HasManner, Manner};
use crate::park::{Access, LockClass};
use crate::watch::snapshot::Frame;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most writers of a class that are kept: one of them is in no circle.
const MOST_WRITERS: usize = LONGEST + 1;

/// A thread that waited to write, or might have.
pub(super) struct Writer {
    manner: Manner,
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
    pub(super) fn new(thread: u64, gates: Gates, thread_title: String, at: Option<Frame>) -> Self {
        Self {
            manner: Self::manner(thread, gates),
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

/// The writers of each class of locks.
pub(super) struct Writers {
    of_class: BTreeMap<LockClass, Vec<Arc<Writer>>>,
}

impl Writers {
    pub(super) const fn new() -> Self {
        Self {
            of_class: BTreeMap::new(),
        }
    }

    fn of(&self, class: LockClass) -> &[Arc<Writer>] {
        self.of_class.get(&class).map_or(&[], Vec::as_slice)
    }

    /// The locks that they held.
    pub(super) fn gates(&self) -> impl Iterator<Item = &Gate> {
        let all = self.of_class.values().flatten();
        all.flat_map(|it| it.manner.gates.iter())
    }

    /// Whether a further writer adds nothing.
    pub(super) fn has(&self, class: LockClass, new: &Manner) -> bool {
        manner::has(self.of(class), new, MOST_WRITERS)
    }

    /// Returns whether the writer adds anything.
    pub(super) fn add(&mut self, class: LockClass, new: Arc<Writer>) -> bool {
        manner::add(self.of_class.entry(class).or_default(), new, MOST_WRITERS)
    }

    /// Whether a thread in the middle of the first may wait for one that is in the middle of the
    /// second, which holds what the first wants: itself, or behind a writer.
    pub(super) fn may_wait(&self, first: &Use, second: &Use) -> bool {
        excludes(first, second) || !self.of(first.wanted.class).is_empty()
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
        for writer in self.of(first.wanted.class) {
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

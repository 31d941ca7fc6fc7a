//! [`follow`]: queues whose depth is in every snapshot.

use crate::queue::{LifoQueue, PriorityQueue, Queue, SimpleQueue};
use std::fmt;
use std::sync::Arc;

/// A queue that can be [followed](follow).
pub trait Follow: sealed::Follow {}

impl<Q: sealed::Follow> Follow for Q {}

mod sealed {
    /// What such a queue does.
    pub trait Follow: Send + Sync {
        /// For good, or until `unfollow` is called as often. Returns whether it is followed.
        ///
        /// # Safety
        /// The queue does not move until then.
        unsafe fn follow(&self, for_good: bool) -> bool;

        fn unfollow(&self);
    }
}

macro_rules! follow {
    ($($queue:ident [$($bound:tt)*]),*) => {$(
        impl<T: Send $($bound)*> sealed::Follow for $queue<T> {
            unsafe fn follow(&self, for_good: bool) -> bool {
                // SAFETY: as the caller promises.
                unsafe { self.raw().follow(for_good) }
            }

            fn unfollow(&self) {
                self.raw().unfollow();
            }
        }
    )*};
}

follow!(Queue [], LifoQueue [], PriorityQueue [+ Ord], SimpleQueue []);

/// Has snapshots tell how full a queue is, also while no thread waits at it: see
/// [`Snapshot::queues`](super::Snapshot::queues). Of the first 1,024 queues at a time.
///
/// ```
/// use weftline::{Queue, watch};
///
/// static JOBS: Queue<u32> = Queue::unbounded();
/// watch::follow(&JOBS);
/// JOBS.put(1).unwrap();
/// assert_eq!(watch::snapshot().queues[0].items, Some(1));
/// ```
pub fn follow<Q: Follow>(queue: &'static Q) {
    // SAFETY: what is borrowed for good never moves.
    unsafe { queue.follow(true) };
}

/// As [`follow`], until what this returns is dropped.
pub fn follow_shared<Q: Follow + 'static>(queue: Arc<Q>) -> Followed {
    // SAFETY: `Followed` shares the queue, which does not move while it is shared, and ends this
    // first.
    let is_followed = unsafe { queue.follow(false) };
    Followed { queue, is_followed }
}

/// A queue is followed. See [`follow_shared`].
#[must_use = "the queue is not followed any more when this is dropped"]
pub struct Followed {
    queue: Arc<dyn sealed::Follow>,
    is_followed: bool,
}

impl Drop for Followed {
    fn drop(&mut self) {
        if self.is_followed {
            self.queue.unfollow();
        }
    }
}

impl fmt::Debug for Followed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::snapshot;

    #[test]
    fn a_queue_is_told_until_it_is_not_followed_any_more() {
        let queue = Arc::new(LifoQueue::bounded(5));
        queue.put("item").unwrap();
        let followed = follow_shared(Arc::clone(&queue));
        drop(follow_shared(Arc::clone(&queue)));
        let name = crate::watch::name(&*queue, "followed");
        let told = || {
            let queues = snapshot().queues.into_iter();
            let mut ours = queues.filter(|it| it.name.as_deref() == Some("followed"));
            ours.next().map(|it| (it.items, it.capacity))
        };
        assert_eq!(told(), Some((Some(1), 5)));
        drop(followed);
        assert_eq!(told(), None);
        drop(name);
    }

    #[test]
    fn queues_leave_while_they_are_told() {
        let told = std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for round in 0..300 {
                        let queues: Vec<_> =
                            (0..40).map(|_| Arc::new(SimpleQueue::new())).collect();
                        let shared = queues.iter().map(Arc::clone);
                        let followed: Vec<_> = shared.map(follow_shared).collect();
                        queues[round % 40].put(round);
                        drop(followed);
                    }
                });
            }
            (0..200).map(|_| snapshot().queues.len()).max()
        });
        assert!(told.unwrap() <= 100, "{told:?}");
    }

    #[test]
    fn a_queue_is_told_until_the_last_followed_is_dropped() {
        let queue = Arc::new(LifoQueue::bounded(5));
        queue.put("item").unwrap();
        let name = crate::watch::name(&*queue, "followed twice");
        let first = follow_shared(Arc::clone(&queue));
        let second = follow_shared(Arc::clone(&queue));
        drop(first);
        let is_told = |it: &crate::watch::QueueDepth| it.name.as_deref() == Some("followed twice");
        assert!(snapshot().queues.iter().any(is_told));
        drop((second, name));
    }
}

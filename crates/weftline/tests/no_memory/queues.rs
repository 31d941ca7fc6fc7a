//! Queues: the refused item is returned, and the others stay.

use super::failing::at_each_allocation;
use weftline::{LifoQueue, PriorityQueue, PutError, Queue, SimpleQueue};

macro_rules! gives_the_item_back {
    ($name:ident, $queue:ident) => {
        #[test]
        fn $name() {
            for len in [0, 1, 2, 3, 4, 7, 8, 15, 16, 64] {
                at_each_allocation_of_full_room(
                    || {
                        let queue = $queue::unbounded();
                        for item in 0..len {
                            queue.put(item).unwrap();
                        }
                        queue
                    },
                    |queue| queue.put(len),
                    |queue, put| {
                        let put = put == Ok(());
                        assert_eq!(queue.len(), len + usize::from(put));
                        assert_eq!(queue.unfinished(), len + usize::from(put));
                        queue.put(len + 1).unwrap();
                        let mut items: Vec<_> =
                            std::iter::from_fn(|| queue.try_get().ok()).collect();
                        items.sort_unstable();
                        let expected: Vec<_> =
                            (0..len + usize::from(put)).chain([len + 1]).collect();
                        assert_eq!(items.len(), expected.len());
                        assert_eq!(items[..len], expected[..len]);
                    },
                );
            }
        }
    };
}

/// As `at_each_allocation`; a queue that has room allocates nothing.
fn at_each_allocation_of_full_room<S>(
    mut make: impl FnMut() -> S,
    mut put: impl FnMut(&mut S) -> Result<(), PutError<usize>>,
    mut check: impl FnMut(S, Result<(), PutError<usize>>),
) {
    at_each_allocation(
        || (make(), Vec::<u8>::new()),
        |(subject, other)| {
            // An allocation that may fail in any case.
            let _ = other.try_reserve(1);
            put(subject)
        },
        |(subject, _), put| {
            assert!(!matches!(
                put,
                Err(PutError::Full(_) | PutError::ShutDown(_))
            ));
            check(subject, put);
        },
    );
}

gives_the_item_back!(a_queue_without_memory_gives_the_item_back, Queue);
gives_the_item_back!(a_lifo_queue_without_memory_gives_the_item_back, LifoQueue);
gives_the_item_back!(
    a_priority_queue_without_memory_gives_the_item_back,
    PriorityQueue
);

#[test]
fn a_simple_queue_without_memory_returns_the_item() {
    at_each_allocation(
        SimpleQueue::new,
        |queue| queue.try_put("item"),
        |queue, put| {
            assert_eq!(queue.len(), usize::from(put.is_ok()));
            queue.put("again");
            assert_eq!(queue.len(), 1 + usize::from(put.is_ok()));
        },
    );
}

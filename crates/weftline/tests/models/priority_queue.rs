//! The priority queue: comparisons are user code, which may let other threads in, use the queue or
//! fail; the heap stays intact.

#[cfg(weftline_model = "shuttle")]
use crate::queue::crowds::consume;
use crate::queue::{get, of, put, rest};
use crate::support::*;
use std::cmp::Ordering;
use weftline::park::Deadline;
use weftline::queue::raw::{Heap, PutFailure, RawQueue};

type PriorityQueue = RawQueue<Slow, Heap<Slow>, Sleeper>;

/// A number whose comparison lets other threads in.
#[derive(Clone)]
struct Slow(u32, Arc<Pause>);

impl Ord for Slow {
    fn cmp(&self, other: &Self) -> Ordering {
        self.1.pause();
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Slow {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Slow {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Slow {}

#[test]
fn while_one_thread_compares_the_others_wait_and_the_heap_stays_intact() {
    explore(2, || {
        let queue: Arc<PriorityQueue> = of(0);
        let pause = Pause::new();
        let item = |n| Slow(n, Arc::clone(&pause));
        [2, 5].into_iter().for_each(|n| put(&queue, item(n)));
        let producers = [1, 3].map(|n| {
            let (queue, item) = (Arc::clone(&queue), item(n));
            spawn(move || put(&queue, item))
        });
        let first = get(&queue).0;
        producers.into_iter().for_each(join);
        assert!(
            first <= 2,
            "at most two items are there, or the smallest is one"
        );
        let left: Vec<_> = rest(&queue).into_iter().map(|item| item.0).collect();
        let expected: Vec<_> = [1, 2, 3, 5].into_iter().filter(|&n| n != first).collect();
        assert_eq!(left, expected);
    });
}

#[test]
fn two_getters_that_compare_get_the_two_smallest() {
    explore(2, || {
        let queue: Arc<PriorityQueue> = of(0);
        let pause = Pause::new();
        [4, 2, 1, 3]
            .into_iter()
            .for_each(|n| put(&queue, Slow(n, Arc::clone(&pause))));
        let other = {
            let queue = Arc::clone(&queue);
            spawn(move || get(&queue).0)
        };
        let mut got = [get(&queue).0, join(other)];
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        assert_eq!(rest(&queue).iter().map(|item| item.0).sum::<u32>(), 7);
    });
}

#[test]
fn a_failed_comparison_leaves_the_queue_as_it_was_and_lets_other_threads_on() {
    explore(2, || {
        let queue: Arc<PriorityQueue> = of(3);
        let pause = Pause::new();
        let signal = Signal::new();
        [2, 4]
            .into_iter()
            .for_each(|n| put(&queue, Slow(n, Arc::clone(&pause))));
        let failing = {
            let (queue, item) = (Arc::clone(&queue), Slow(1, Arc::clone(&pause)));
            let mut sleeper = Sleeper::that_hears(&signal);
            spawn(move || {
                let put = queue.put_with(item, &mut sleeper, Deadline::NEVER);
                match put {
                    Ok(()) => true,
                    Err(PutFailure::Interrupted(item, Signalled)) => {
                        assert_eq!(item.0, 1);
                        false
                    }
                    Err(_) => panic!("there is room, or will be"),
                }
            })
        };
        let other = {
            let (queue, item) = (Arc::clone(&queue), Slow(3, Arc::clone(&pause)));
            spawn(move || put(&queue, item))
        };
        signal.raise();
        let first = get(&queue).0;
        let mut expected = vec![2, 3, 4];
        if join(failing) {
            expected.insert(0, 1);
        }
        join(other);
        let mut all: Vec<_> = rest(&queue).into_iter().map(|item| item.0).collect();
        assert!(all.is_sorted());
        all.push(first);
        all.sort_unstable();
        assert_eq!(all, expected);
    });
}

#[cfg(weftline_model = "shuttle")]
#[test]
fn a_priority_queue_that_is_full_passes_every_item_through() {
    explore(0, || {
        let queue: Arc<PriorityQueue> = of(3);
        let pause = Pause::new();
        let consumers = [(); 2].map(|()| {
            let queue = Arc::clone(&queue);
            spawn(move || consume(&queue))
        });
        let producers = [0, 10, 20].map(|from| {
            let (queue, pause) = (Arc::clone(&queue), Arc::clone(&pause));
            spawn(move || (from..from + 3).for_each(|n| put(&queue, Slow(n, pause.clone()))))
        });
        producers.into_iter().for_each(join);
        queue.shutdown_with(false, &mut Sleeper::new()).unwrap();
        let taken = consumers.into_iter().flat_map(join);
        let mut taken: Vec<_> = taken.map(|item| item.0).collect();
        taken.sort_unstable();
        assert_eq!(taken, [0, 1, 2, 10, 11, 12, 20, 21, 22]);
    });
}

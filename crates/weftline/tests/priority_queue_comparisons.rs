//! The comparisons of a `PriorityQueue` are user code: they may be slow, panic, or use queues.

mod support;

use std::cmp::Ordering;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering as Memory};
use support::{blocked, leak, limit};
use weftline::park::{Deadline, ThreadBlocker};
use weftline::queue::raw::{Heap, RawQueue};
use weftline::{Event, PriorityQueue};

/// Panics when it is compared while the switch is on.
struct Moody<'a>(u32, &'a AtomicBool);

impl Ord for Moody<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let panics = self.1.load(Memory::Relaxed) || other.1.load(Memory::Relaxed);
        assert!(!panics, "in a comparison");
        self.0.cmp(&other.0)
    }
}

impl PartialEq for Moody<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Moody<'_> {}

impl PartialOrd for Moody<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn put_moody<'a>(queue: &PriorityQueue<Moody<'a>>, value: u32, panics: &'a AtomicBool) {
    assert!(queue.put(Moody(value, panics)).is_ok());
}

#[test]
fn a_comparison_that_panics_leaves_the_queue_as_it_was() {
    let panics = AtomicBool::new(false);
    let queue = PriorityQueue::bounded(6);
    for item in [4, 1, 3, 5, 2] {
        put_moody(&queue, item, &panics);
    }
    panics.store(true, Memory::Relaxed);
    let put = catch_unwind(AssertUnwindSafe(|| put_moody(&queue, 0, &panics)));
    assert!(put.is_err());
    let get = catch_unwind(AssertUnwindSafe(|| queue.get().is_ok()));
    assert!(get.is_err());
    assert_eq!((queue.len(), queue.unfinished()), (5, 5));
    panics.store(false, Memory::Relaxed);
    let got: Vec<_> = (0..5).map(|_| queue.get().ok().unwrap().0).collect();
    assert_eq!(got, [1, 2, 3, 4, 5]);
}

#[test]
fn the_slot_of_an_item_that_could_not_be_compared_goes_to_the_next_putter() {
    let _limit = limit();
    let (panics, behaves) = (AtomicBool::new(true), AtomicBool::new(false));
    let queue = PriorityQueue::bounded(2);
    put_moody(&queue, 1, &behaves);
    put_moody(&queue, 2, &behaves);
    std::thread::scope(|scope| {
        let fails = blocked(scope, || {
            catch_unwind(AssertUnwindSafe(|| put_moody(&queue, 3, &panics)))
        });
        let behind = blocked(scope, || put_moody(&queue, 4, &behaves));
        // Two items: the second takes the first one's place without a comparison.
        assert_eq!(queue.get().ok().unwrap().0, 1);
        assert!(fails.join().unwrap().is_err());
        behind.join().unwrap();
    });
    assert_eq!(queue.len(), 2);
}

/// Reports that it is being compared, and waits for permission to go on.
struct Slow {
    value: u32,
    compares: Option<Arc<(Event, Event)>>,
}

impl Slow {
    fn quick(value: u32) -> Self {
        Self {
            value,
            compares: None,
        }
    }
}

impl Ord for Slow {
    fn cmp(&self, other: &Self) -> Ordering {
        for compares in [&self.compares, &other.compares].into_iter().flatten() {
            compares.0.set();
            compares.1.wait();
        }
        self.value.cmp(&other.value)
    }
}

impl PartialOrd for Slow {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Slow {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Slow {}

#[test]
fn only_operations_on_the_items_wait_for_a_slow_comparison() {
    let _limit = limit();
    let queue = PriorityQueue::unbounded();
    let compares = Arc::new((Event::new(), Event::new()));
    queue.put(Slow::quick(2)).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let slow = Slow {
                value: 1,
                compares: Some(compares.clone()),
            };
            queue.put(slow).unwrap();
        });
        compares.0.wait();
        // Operations that do not touch the items go on meanwhile.
        assert_eq!((queue.len(), queue.unfinished()), (1, 1));
        queue.task_done().unwrap();
        assert!(format!("{queue:?}").contains("len: 1"));
        let get = blocked(scope, || queue.get().unwrap().value);
        let put = blocked(scope, || queue.put(Slow::quick(3)).unwrap());
        compares.1.set();
        assert_eq!(get.join().unwrap(), 1);
        put.join().unwrap();
    });
    assert_eq!(queue.len(), 2);
}

#[test]
fn an_immediate_shutdown_waits_for_a_slow_comparison() {
    let _limit = limit();
    let queue = PriorityQueue::unbounded();
    let compares = Arc::new((Event::new(), Event::new()));
    queue.put(Slow::quick(2)).unwrap();
    std::thread::scope(|scope| {
        let put = scope.spawn(|| {
            let slow = Slow {
                value: 1,
                compares: Some(compares.clone()),
            };
            queue.put(slow).is_ok()
        });
        compares.0.wait();
        let shutdown = blocked(scope, || queue.shutdown(true));
        assert!(!queue.is_shutdown());
        compares.1.set();
        assert!(put.join().unwrap(), "it was in before the shutdown");
        shutdown.join().unwrap();
    });
    assert!(queue.is_empty());
}

/// Uses its own queue when it is compared.
struct Nested(u32, &'static PriorityQueue<Nested>);

impl Ord for Nested {
    fn cmp(&self, other: &Self) -> Ordering {
        let _ = self.1.try_put(Nested(9, self.1));
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Nested {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Nested {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Nested {}

#[test]
fn a_comparison_that_uses_its_own_queue_panics_and_leaves_the_queue_usable() {
    let queue: &'static PriorityQueue<Nested> = leak(PriorityQueue::unbounded());
    queue.put(Nested(2, queue)).ok().unwrap();
    let put = catch_unwind(AssertUnwindSafe(|| queue.put(Nested(1, queue)).is_ok()));
    assert!(put.is_err());
    assert_eq!(queue.len(), 1);
    assert_eq!(queue.get().ok().unwrap().0, 2);
}

/// Reads its queue when it is dropped, and uses it when it is compared.
struct Prying(u32, &'static PriorityQueue<Prying>);

impl Drop for Prying {
    fn drop(&mut self) {
        let _ = self.1.len();
    }
}

impl Ord for Prying {
    fn cmp(&self, other: &Self) -> Ordering {
        let _ = self.1.try_put(Prying(9, self.1));
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Prying {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Prying {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Prying {}

#[test]
fn a_destructor_may_use_the_queue_while_a_nested_use_is_refused() {
    let _limit = limit();
    let queue: &'static PriorityQueue<Prying> = leak(PriorityQueue::unbounded());
    queue.put(Prying(2, queue)).ok().unwrap();
    let put = catch_unwind(AssertUnwindSafe(|| queue.put(Prying(1, queue)).is_ok()));
    assert!(put.is_err());
    assert_eq!(queue.len(), 1);
}

#[test]
fn items_that_are_being_compared_are_shown_to_no_other_thread() {
    let _limit = limit();
    let queue = RawQueue::<Slow, Heap<Slow>, ThreadBlocker>::new(0);
    let compares = Arc::new((Event::new(), Event::new()));
    let put = |item| {
        let put = queue.put_with(item, &mut ThreadBlocker, Deadline::NEVER);
        assert!(put.is_ok());
    };
    let visited = || {
        let mut count = 0;
        queue.try_visit(|items| count = items.iter().count());
        count
    };
    put(Slow::quick(2));
    assert_eq!(visited(), 1);
    std::thread::scope(|scope| {
        let slow = Slow {
            value: 1,
            compares: Some(compares.clone()),
        };
        let putting = scope.spawn(|| put(slow));
        compares.0.wait();
        // Items need not be `Sync`, and the comparing thread reads them.
        assert_eq!(visited(), 0);
        compares.1.set();
        putting.join().unwrap();
    });
    assert_eq!(visited(), 2);
}

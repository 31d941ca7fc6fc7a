//! `PriorityQueue`: what is different from `Queue`. Comparisons are user code: they may be slow, fail, panic, or use queues.

mod support;

use std::cmp::{Ordering, Reverse};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering as Memory};
use support::{Interrupt, SHORT, Script, blocked, is_send_and_sync, limit, now};
use weftline::park::{Deadline, ThreadBlocker};
use weftline::queue::raw::{Compare, GetFailure, Heap, PutFailure, RawQueue};
use weftline::{Event, GetError, PriorityQueue, PutError};

#[test]
fn the_smallest_item_comes_out_first() {
    let queue = PriorityQueue::unbounded();
    queue.put(3).unwrap();
    queue.try_put(1).unwrap();
    queue.try_put_for(4, SHORT).unwrap();
    queue.try_put_until(2, now()).unwrap();
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(queue.try_get_for(SHORT), Ok(3));
    assert_eq!(queue.try_get_until(now()), Ok(4));
    assert_eq!(queue.try_get(), Err(GetError::Empty));
}

#[test]
fn any_number_of_items_comes_out_sorted_whatever_happens_between() {
    let queue = PriorityQueue::unbounded();
    let mut sorted = std::collections::BinaryHeap::new();
    let mut random = 1_u64;
    for _ in 0..5_000 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let item = random >> 54;
        if random >> 63 == 0 || sorted.is_empty() {
            queue.put(item).unwrap();
            sorted.push(Reverse(item));
        } else {
            assert_eq!(queue.get(), Ok(sorted.pop().unwrap().0));
        }
    }
    while let Some(Reverse(expected)) = sorted.pop() {
        assert_eq!(queue.get(), Ok(expected));
    }
    assert!(queue.is_empty());
}

#[test]
fn a_full_one_refuses_and_a_freed_slot_is_handed_on() {
    let _limit = limit();
    let queue = PriorityQueue::bounded(2);
    queue.put(5).unwrap();
    queue.put(6).unwrap();
    assert_eq!(queue.try_put(1), Err(PutError::Full(1)));
    assert_eq!(queue.try_put_for(1, SHORT), Err(PutError::Full(1)));
    std::thread::scope(|scope| {
        let put = blocked(scope, || queue.put(1));
        assert_eq!(queue.get(), Ok(5));
        put.join().unwrap().unwrap();
    });
    assert_eq!(queue.get(), Ok(1));
}

#[test]
fn a_blocked_get_is_handed_the_item() {
    let _limit = limit();
    let queue = PriorityQueue::unbounded();
    std::thread::scope(|scope| {
        let get = blocked(scope, || queue.get());
        queue.put(9).unwrap();
        assert_eq!(get.join().unwrap(), Ok(9));
    });
}

#[test]
fn tasks_shutdown_and_iteration_are_those_of_every_queue() {
    let queue = PriorityQueue::unbounded();
    for item in [2, 3, 1] {
        queue.put(item).unwrap();
    }
    assert_eq!((queue.unfinished(), queue.try_join().is_ok()), (3, false));
    queue.shutdown(false);
    assert_eq!(queue.put(0), Err(PutError::ShutDown(0)));
    assert_eq!(queue.iter().collect::<Vec<_>>(), [1, 2, 3]);
    (0..3).for_each(|_| queue.task_done().unwrap());
    queue.join();
    let queue = PriorityQueue::unbounded();
    for item in [2, 3, 1] {
        queue.put(item).unwrap();
    }
    queue.shutdown(true);
    assert_eq!((queue.len(), queue.unfinished()), (0, 0));
}

#[test]
fn it_is_shared_between_threads_and_debug_does_not_block() {
    is_send_and_sync::<PriorityQueue<u8>>();
    let queue: PriorityQueue<u8> = PriorityQueue::default();
    assert!(format!("{queue:?}").contains("PriorityQueue"));
}

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
fn a_slot_whose_item_could_not_be_compared_goes_to_the_next_that_waits() {
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

/// Says when it is being compared, and goes on when it may.
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
fn who_needs_the_queue_waits_for_a_slow_comparison_and_nobody_else_does() {
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
        // What does not change the items goes on meanwhile.
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
    let queue: &'static PriorityQueue<Nested> = Box::leak(Box::new(PriorityQueue::unbounded()));
    queue.put(Nested(2, queue)).ok().unwrap();
    let put = catch_unwind(AssertUnwindSafe(|| queue.put(Nested(1, queue)).is_ok()));
    assert!(put.is_err());
    assert_eq!(queue.len(), 1);
    assert_eq!(queue.get().ok().unwrap().0, 2);
}

/// Looks at its queue when it is dropped, and uses it when it is compared.
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
fn what_runs_when_a_nested_use_is_refused_may_look_at_the_queue() {
    let _limit = limit();
    let queue: &'static PriorityQueue<Prying> = Box::leak(Box::new(PriorityQueue::unbounded()));
    queue.put(Prying(2, queue)).ok().unwrap();
    let put = catch_unwind(AssertUnwindSafe(|| queue.put(Prying(1, queue)).is_ok()));
    assert!(put.is_err());
    assert_eq!(queue.len(), 1);
}

/// Numbers below ten compare; one of ten or more makes the comparison fail.
impl Compare<u32> for Script {
    type Held = u32;

    const MAY_NEST: bool = true;

    unsafe fn hold(item: &u32) -> u32 {
        *item
    }

    fn less(&mut self, a: &u32, b: &u32) -> Result<bool, Interrupt> {
        COMPARISONS.fetch_add(1, Memory::Relaxed);
        if *a >= 10 || *b >= 10 {
            Err(Interrupt)
        } else {
            Ok(a < b)
        }
    }
}

static COMPARISONS: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_comparison_that_fails_gives_the_item_back_and_leaves_the_queue_as_it_was() {
    let queue = RawQueue::<u32, Heap<u32>, Script>::new(0);
    let put = |item| queue.put_with(item, &mut Script::sleeps(), Deadline::NEVER);
    let get = || queue.get_with(&mut Script::sleeps(), Deadline::NEVER);
    for item in [3, 1, 2, 4] {
        put(item).unwrap();
    }
    assert!(matches!(
        put(10),
        Err(PutFailure::Interrupted(10, Interrupt))
    ));
    assert_eq!((queue.len(), queue.unfinished()), (4, 4));
    for expected in [1, 2, 3, 4] {
        assert_eq!(get().unwrap(), expected);
    }
    // The first item is compared with nobody, so it goes in, and the others cannot pass it.
    put(10).unwrap();
    assert!(put(1).is_err());
    assert_eq!(get().unwrap(), 10);
    assert!(COMPARISONS.load(Memory::Relaxed) > 0);
}

#[test]
fn an_item_that_was_handed_to_an_interrupted_thread_comes_out_without_a_comparison() {
    let queue = Arc::new(RawQueue::<u32, Heap<u32>, Script>::new(0));
    let same = queue.clone();
    let mut interrupted = Script::interrupted_after(move || {
        for item in [11, 2] {
            same.put_with(item, &mut Script::sleeps(), Deadline::PASSED)
                .unwrap();
        }
    });
    let get = queue.get_with(&mut interrupted, Deadline::NEVER);
    assert!(matches!(get, Err(GetFailure::Interrupted(Interrupt))));
    for expected in [11, 2] {
        let got = queue.get_with(&mut Script::sleeps(), Deadline::PASSED);
        assert_eq!(got.unwrap(), expected);
    }
}

#[test]
fn the_memory_of_a_burst_is_given_back() {
    let queue = PriorityQueue::unbounded();
    (0..50_000).for_each(|item| queue.put(item).unwrap());
    for expected in 0..50_000 {
        assert_eq!(queue.get(), Ok(expected));
    }
    let raw = RawQueue::<u32, Heap<u32>, Script>::new(0);
    for item in (0..50_000).map(|item| item % 10) {
        raw.put_with(item, &mut Script::sleeps(), Deadline::NEVER)
            .unwrap();
    }
    for _ in 0..50_000 {
        raw.get_with(&mut Script::sleeps(), Deadline::NEVER)
            .unwrap();
    }
    let mut kept = usize::MAX;
    raw.try_visit(|items| kept = items.capacity());
    assert!(kept <= 1024, "{kept} places are kept for no items");
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
        // Items need not be `Sync`, and the comparing thread looks at them.
        assert_eq!(visited(), 0);
        compares.1.set();
        putting.join().unwrap();
    });
    assert_eq!(visited(), 2);
}

//! `RawQueue` with a `Heap`, as a binding uses it: comparisons that fail, items that an interrupted
//! getter gives back, and the memory that remains.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{Interrupt, Script, count};
use weftline::PriorityQueue;
use weftline::park::Deadline;
use weftline::queue::raw::{Compare, GetFailure, Heap, PutFailure, RawQueue};

/// Numbers below ten compare; one of ten or more makes the comparison fail.
impl Compare<u32> for Script {
    type Operand = u32;

    const MAY_NEST: bool = true;

    unsafe fn operand(item: &u32) -> u32 {
        *item
    }

    fn less(&mut self, a: &u32, b: &u32) -> Result<bool, Interrupt> {
        COMPARISONS.fetch_add(1, Ordering::Relaxed);
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
    // The first item is compared with no other, so it goes in, and the others cannot pass it.
    put(10).unwrap();
    assert!(put(1).is_err());
    assert_eq!(get().unwrap(), 10);
    assert!(COMPARISONS.load(Ordering::Relaxed) > 0);
}

#[test]
fn the_item_of_an_interrupted_getter_comes_out_without_a_comparison() {
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
fn the_memory_of_a_burst_is_freed() {
    let queue = PriorityQueue::unbounded();
    let items = count(50_000) as u32;
    (0..items).for_each(|item| queue.put(item).unwrap());
    for expected in 0..items {
        assert_eq!(queue.get(), Ok(expected));
    }
    let raw = RawQueue::<u32, Heap<u32>, Script>::new(0);
    for item in (0..items).map(|item| item % 10) {
        raw.put_with(item, &mut Script::sleeps(), Deadline::NEVER)
            .unwrap();
    }
    for _ in 0..items {
        raw.get_with(&mut Script::sleeps(), Deadline::NEVER)
            .unwrap();
    }
    let mut kept = usize::MAX;
    raw.try_visit(|items| kept = items.capacity());
    assert!(kept <= 1024, "memory for {kept} items remains");
}

//! The contract of `SimpleQueue`.

mod support;

use std::time::Duration;
use support::{LONG, SHORT, blocked, is_send_and_sync, leak, limit, now, takes_at_least};
use weftline::{Empty, SimpleQueue};

#[test]
fn items_come_out_in_the_order_in_which_they_went_in() {
    let queue = SimpleQueue::new();
    (1..=4).for_each(|item| queue.put(item));
    assert_eq!((queue.len(), queue.is_empty()), (4, false));
    assert_eq!(queue.get(), 1);
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(queue.try_get_for(Duration::ZERO), Ok(3));
    assert_eq!(queue.try_get_until(now()), Ok(4));
    assert!(queue.is_empty());
}

#[test]
fn an_empty_queue_is_reported_by_each_form_that_gives_up() {
    let queue = SimpleQueue::<u8>::new();
    assert_eq!(queue.try_get(), Err(Empty));
    assert_eq!(
        takes_at_least(SHORT, || queue.try_get_for(SHORT)),
        Err(Empty)
    );
    assert_eq!(
        takes_at_least(SHORT, || queue.try_get_until(now() + SHORT)),
        Err(Empty)
    );
}

#[test]
fn a_blocked_get_of_each_form_receives_the_next_item() {
    let _limit = limit();
    let queue = SimpleQueue::new();
    std::thread::scope(|scope| {
        let forms: [fn(&SimpleQueue<u32>) -> u32; 4] = [
            SimpleQueue::get,
            |queue| queue.try_get_for(LONG).unwrap(),
            |queue| queue.try_get_for(Duration::MAX).unwrap(),
            |queue| queue.try_get_until(now() + LONG).unwrap(),
        ];
        let shared = &queue;
        let gets = forms.map(|get| blocked(scope, move || get(shared)));
        (0..4).for_each(|item| queue.put(item));
        assert_eq!(gets.map(|get| get.join().unwrap()), [0, 1, 2, 3]);
    });
}

/// Puts `None` as it is dropped.
struct Returns(&'static SimpleQueue<Option<Returns>>);

impl Drop for Returns {
    fn drop(&mut self) {
        self.0.put(None);
    }
}

#[test]
fn put_may_be_called_by_the_destructor_of_an_item() {
    let _limit = limit();
    let queue: &'static SimpleQueue<Option<Returns>> = leak(SimpleQueue::new());
    queue.put(Some(Returns(queue)));
    drop(queue.get());
    assert!(queue.get().is_none());
}

#[test]
fn it_is_shared_between_threads_and_debug_does_not_block() {
    is_send_and_sync::<SimpleQueue<std::cell::Cell<u8>>>();
    let queue: SimpleQueue<u8> = SimpleQueue::default();
    assert!(format!("{queue:?}").contains("len: 0"));
}

//! Queues between processes: an item that finds no memory is returned, or stays the first.

use super::failing::{at_each_allocation, fail, stop_failing};
use super::support::limit;
use weftline::process::{GetError, PutError, Queue};

/// More than a thread keeps room for.
const LARGE: usize = 3 << 20;

#[test]
fn an_item_without_memory_for_its_bytes_is_returned() {
    let _limit = limit();
    let queue = Queue::unbounded().unwrap();
    at_each_allocation(
        || Some(vec![7_u8; LARGE]),
        |item| queue.put(item.take().unwrap()),
        |_, put| {
            if let Err(refused) = put {
                assert!(matches!(refused, PutError::NoMemory(..)), "{refused}");
                assert_eq!(refused.into_inner().len(), LARGE);
                assert!(queue.is_empty());
            } else {
                assert_eq!(queue.try_get().unwrap().len(), LARGE);
            }
        },
    );
}

#[test]
fn an_item_that_there_is_no_memory_to_read_stays_the_first() {
    let _limit = limit();
    let queue = Queue::unbounded().unwrap();
    queue.put(vec![7_u8; LARGE]).unwrap();
    queue.put(Vec::new()).unwrap();
    for for_good in [false, true] {
        fail(0, for_good);
        let got = queue.try_get();
        assert!(stop_failing());
        assert_eq!(got, Err(GetError::NoMemory));
        assert_eq!(queue.len(), 2);
    }
    assert_eq!(queue.try_get().unwrap().len(), LARGE);
    assert_eq!(queue.try_get().unwrap().len(), 0);
}

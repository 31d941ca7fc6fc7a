//! A putter that receives a slot and then forks.

use crate::waits::{Forks, forking_in_a_wait};
use std::sync::Arc;
use weftline::park::Deadline;
use weftline::queue::raw::{Fifo, RawQueue};

/// A putter receives a slot and forks before it has noticed, as in a signal handler. In the child
/// it has the slot, and no other slot is lost.
pub(crate) fn received_slot() {
    type Raw = RawQueue<u32, Fifo<u32>, Forks>;
    let put = |queue: &Raw, item, deadline| queue.put_with(item, &mut Forks::never(), deadline);
    let get = |queue: &Raw| queue.get_with(&mut Forks::never(), Deadline::PASSED);
    let queue = Arc::new(Raw::new(1));
    put(&queue, 0, Deadline::NEVER).unwrap();
    let same = Arc::clone(&queue);
    let frees_a_slot = move || assert_eq!(get(&same).unwrap(), 0);
    forking_in_a_wait(frees_a_slot, |forks| {
        queue.put_with(1, forks, Deadline::NEVER).unwrap();
        assert!(put(&queue, 2, Deadline::PASSED).is_err());
        assert_eq!(get(&queue).unwrap(), 1);
        put(&queue, 2, Deadline::PASSED).unwrap();
    });
}

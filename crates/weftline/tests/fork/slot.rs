//! A putter that receives a slot and then forks.

use crate::child::wait_for;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use weftline::park::{Blocker, Deadline, Parker, Wake};
use weftline::queue::raw::{Fifo, RawQueue};

/// Calls `first` and then forks, in place of its first sleep.
struct Forks {
    first: Option<Box<dyn FnOnce()>>,
    child: libc::pid_t,
}

impl Blocker for Forks {
    type Interrupt = Infallible;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        if let Some(first) = self.first.take() {
            first();
            // SAFETY: as in `in_child`.
            self.child = unsafe { libc::fork() };
        }
        Ok(parker.park(deadline))
    }
}

/// A putter receives a slot and forks before it has noticed, as in a signal handler. In the child
/// it has the slot, and no other slot is lost.
pub(crate) fn received_slot() {
    type Raw = RawQueue<u32, Fifo<u32>, Forks>;
    let put = |queue: &Raw, item, deadline| {
        let mut sleeps = Forks {
            first: None,
            child: -1,
        };
        queue.put_with(item, &mut sleeps, deadline)
    };
    let get = |queue: &Raw| {
        let mut sleeps = Forks {
            first: None,
            child: -1,
        };
        queue.get_with(&mut sleeps, Deadline::PASSED)
    };
    let queue = Arc::new(Raw::new(1));
    put(&queue, 0, Deadline::NEVER).unwrap();
    let same = Arc::clone(&queue);
    let mut forks = Forks {
        first: Some(Box::new(move || assert_eq!(get(&same).unwrap(), 0))),
        child: -1,
    };
    let checked = catch_unwind(AssertUnwindSafe(|| {
        queue.put_with(1, &mut forks, Deadline::NEVER).unwrap();
        assert!(put(&queue, 2, Deadline::PASSED).is_err());
        assert_eq!(get(&queue).unwrap(), 1);
        put(&queue, 2, Deadline::PASSED).unwrap();
    }));
    match forks.child {
        -1 => panic!("cannot fork: {}", std::io::Error::last_os_error()),
        // SAFETY: as in `in_child`.
        0 => unsafe { libc::_exit(i32::from(checked.is_err())) },
        child => wait_for(child),
    }
    checked.unwrap();
}

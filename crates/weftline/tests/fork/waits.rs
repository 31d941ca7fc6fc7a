//! Waits that fork before they notice what they have received, as in a signal handler.

use crate::child::wait_for;
use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use weftline::park::{Blocker, Deadline, Parker, Wake};

/// A blocker that may fork in place of its first sleep.
pub(crate) struct Forks {
    first: Option<Box<dyn FnOnce()>>,
    child: libc::pid_t,
}

impl Forks {
    /// A blocker that sleeps each time.
    pub(crate) fn never() -> Self {
        Self {
            first: None,
            child: -1,
        }
    }
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

/// Runs `case` in this process and in a child. Its blocker calls `first` in place of its first
/// sleep, and forks then.
pub(crate) fn forking_in_a_wait(first: impl FnOnce() + 'static, case: impl FnOnce(&mut Forks)) {
    let mut forks = Forks {
        first: Some(Box::new(first)),
        child: -1,
    };
    let checked = catch_unwind(AssertUnwindSafe(|| case(&mut forks)));
    match forks.child {
        -1 => panic!("cannot fork: {}", std::io::Error::last_os_error()),
        // SAFETY: as in `in_child`.
        0 => unsafe { libc::_exit(i32::from(checked.is_err())) },
        child => wait_for(child),
    }
    checked.unwrap();
}

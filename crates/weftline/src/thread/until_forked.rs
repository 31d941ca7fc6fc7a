//! [`UntilForked`]: the wait of one thread for another, which a fork may end.

use crate::park::{Blocker, Deadline, Parker, Spin, ThreadBlocker, Wake, fork};

/// Waits as plain threads do, and ends the wait in the child when a signal handler of this thread
/// has forked. The threads that would have ended the wait do not exist in the child.
pub(super) struct UntilForked(u32);

/// The process has forked: the wait must check its state again.
pub(super) struct Forked;

impl UntilForked {
    pub(super) fn new() -> Self {
        fork::watch();
        Self(fork::generation())
    }
}

impl Blocker for UntilForked {
    type Interrupt = Forked;

    const SPIN: Spin = ThreadBlocker::SPIN;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Forked> {
        if fork::generation() != self.0 {
            return Err(Forked);
        }
        let Ok(wake) = ThreadBlocker.block(parker, deadline);
        Ok(wake)
    }
}

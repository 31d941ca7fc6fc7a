//! How workers wait for tasks.

use crate::memory::Counted;
use crate::park::{Blocker, Deadline, Parker, Spin, ThreadBlocker, Wake};
use std::convert::Infallible;
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The workers of a pool, counted.
#[derive(Default)]
pub(super) struct Crew {
    pub(super) started: AtomicUsize,
    /// How many workers have found no task.
    idle: AtomicUsize,
}

/// How workers wait for tasks.
///
/// When all workers are idle, the pool gets one task at a time. A worker then parks for a handoff,
/// which brings it the next task soonest. While other workers are busy, tasks come faster than they
/// can be handed off, and an idle worker spins for them.
#[derive(Default)]
pub(super) struct Wait {
    /// None for submitters: the queue has no bound, so they never wait.
    crew: Option<Counted<Crew>>,
    is_idle: bool,
}

impl Wait {
    /// The wait of a worker of the `crew`.
    pub(super) fn of(crew: &Counted<Crew>) -> Self {
        Self {
            crew: Some(crew.clone()),
            is_idle: false,
        }
    }

    /// A task has come, or none will.
    #[inline]
    pub(super) fn ended(&mut self) {
        if mem::take(&mut self.is_idle)
            && let Some(crew) = &self.crew
        {
            crew.idle.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Blocker for Wait {
    type Interrupt = Infallible;
    const SPIN: Spin = ThreadBlocker::SPIN;

    fn may_yield(&mut self) -> bool {
        let Some(crew) = &self.crew else { return true };
        self.is_idle = true;
        crew.idle.fetch_add(1, Ordering::Relaxed) + 1 < crew.started.load(Ordering::Relaxed)
    }

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        ThreadBlocker.block(parker, deadline)
    }
}

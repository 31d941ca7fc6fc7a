//! [`RawGroup`]: one thread that waits for several futures, at a constant cost for each.
//!
//! # Implementation
//!
//! A group is told once by each of its futures, when that settles: its number is appended to `arrived`, and the thread that
//! waits is woken when as many have arrived as it asked for, not before. So a wait for all of ten thousand futures sleeps once.
//!
//! A wait that ends early does not go round the futures to sign off. It abandons the group, and a future drops its place in an
//! abandoned group when the next one signs on: at most one such place stays with each future.
//!
//! Invariant, under the lock: *someone waits ⇒ fewer have arrived than it wants, and if it stops at failures, none has failed*.

use crate::park::model::{AtomicU32, Ordering};
use crate::park::{Blocker, Deadline, ForgetWaiters, List, ListLock, WaitError, wait_until};
use std::collections::VecDeque;
use std::mem;
use std::sync::Arc;

/// What a wait for several futures waits for.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    /// How many are to arrive that have not been taken yet.
    pub count: usize,
    /// Whether one that failed is enough.
    pub or_failure: bool,
}

/// Who waits for several futures; shared with them.
pub struct RawGroup {
    is_abandoned: AtomicU32,
    shared: ListLock<Shared>,
}

struct Shared {
    arrived: VecDeque<usize>,
    has_failure: bool,
    waiters: List<Want>,
}

impl ForgetWaiters for Shared {
    fn forget_waiters(&mut self, torn: bool) {
        self.waiters.forget_waiters(torn);
        if torn {
            mem::forget(mem::take(&mut self.arrived));
        }
    }
}

impl Shared {
    fn has(&self, want: Want) -> bool {
        self.arrived.len() >= want.count || (want.or_failure && self.has_failure)
    }
}

impl RawGroup {
    /// A group that nobody has arrived in.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            is_abandoned: AtomicU32::new(0),
            shared: ListLock::new(Shared {
                arrived: VecDeque::new(),
                has_failure: false,
                waiters: List::new(),
            }),
        })
    }

    /// Nobody will look at this group again.
    pub fn abandon(&self) {
        self.is_abandoned.store(1, Ordering::Relaxed);
        drop(self.take_all());
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed) == 1
    }

    /// A future of the group has settled. Also called by the waiting thread itself, for those that were settled when it came.
    pub fn arrived(&self, index: usize, failed: bool) {
        if self.is_abandoned() {
            return;
        }
        let woken = {
            let mut shared = self.shared.lock();
            shared.arrived.push_back(index);
            shared.has_failure |= failed;
            let is_enough = shared
                .waiters
                .front()
                .is_some_and(|waiter| shared.has(waiter.payload_under_lock(|want| *want)));
            if is_enough {
                shared.waiters.claim_front().map(|waiter| waiter.grant())
            } else {
                None
            }
        };
        if let Some(waiter) = woken {
            waiter.call();
        }
    }

    /// Takes the number of the future that arrived first.
    pub fn take(&self) -> Option<usize> {
        self.shared.lock().arrived.pop_front()
    }

    /// Takes the numbers of all that have arrived; a failure among them is known then and stops no wait any more.
    pub fn take_all(&self) -> VecDeque<usize> {
        let mut shared = self.shared.lock();
        shared.has_failure = false;
        mem::take(&mut shared.arrived)
    }

    /// Sleeps through `blocker` until there is what `want` says. One thread at a time.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passed before, [`WaitError::Interrupted`] when the blocker said so.
    pub fn wait_with<B: Blocker>(
        &self,
        want: Want,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        // What has arrived stays for the next wait, also if this one is interrupted.
        wait_until(
            &self.shared,
            |shared| &mut shared.waiters,
            want,
            |shared| shared.has(want),
            blocker,
            deadline,
        )
    }
}

//! [`RawGroup`]: one thread that waits for several futures, at a constant cost for each.
//!
//! # Implementation
//!
//! A group is told once by each of its futures, when that settles: its number is appended to
//! `arrived`, and the thread that waits is woken when as many have arrived as it asked for, not
//! before. So a wait for all of ten thousand futures sleeps once.
//!
//! A wait that ends early does not go round the futures to sign off. It abandons the group, and a
//! future drops its place in an abandoned group when the next one signs on: at most one such place
//! stays with each future.
//!
//! A future that settles cannot fail for want of memory: its place in `arrived` is made when it
//! signs on.
//!
//! Invariants, under the lock: *someone waits ⇒ fewer have arrived than it wants, and if it stops
//! at failures, none has failed*; *`arrived` has room for `expected` more*.

use crate::NoMemory;
use crate::memory::Counted;
use crate::park::model::{AtomicU32, Ordering};
use crate::park::{Blocker, Deadline, ForgetWaiters, List, ListLock, WaitError, wait_until};
use std::collections::VecDeque;
use std::mem;

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
    /// How many have signed on and not arrived.
    expected: usize,
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
    ///
    /// # Errors
    /// [`NoMemory`].
    pub fn new() -> Result<Counted<Self>, NoMemory> {
        let group = Counted::try_new(Self {
            is_abandoned: AtomicU32::new(0),
            shared: ListLock::new(Shared {
                arrived: VecDeque::new(),
                expected: 0,
                has_failure: false,
                waiters: List::new(),
            }),
        });
        group.map_err(|_| NoMemory)
    }

    /// Nobody will look at this group again.
    pub fn abandon(&self) {
        self.is_abandoned.store(1, Ordering::Relaxed);
        let arrived = mem::take(&mut self.shared.lock().arrived);
        drop(arrived);
    }

    /// Makes the room for one more to arrive.
    pub(super) fn expect_one(&self) -> Result<(), NoMemory> {
        let mut room = VecDeque::new();
        loop {
            let needed = {
                let mut shared = self.shared.lock();
                let needed = shared.arrived.len() + shared.expected + 1;
                if shared.arrived.capacity() < needed && room.capacity() >= needed {
                    room.append(&mut shared.arrived);
                    mem::swap(&mut shared.arrived, &mut room);
                }
                if shared.arrived.capacity() >= needed {
                    shared.expected += 1;
                    return Ok(());
                }
                needed
            };
            // Made, and the old one freed, without the lock.
            room = VecDeque::new();
            room.try_reserve(needed.max(4) * 2).map_err(|_| NoMemory)?;
        }
    }

    /// One that was expected will not arrive.
    pub(super) fn expect_one_less(&self) {
        let mut shared = self.shared.lock();
        shared.expected = shared.expected.saturating_sub(1);
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed) == 1
    }

    /// A future of the group has settled. Also called by the waiting thread itself, for those that
    /// were settled when it came.
    pub fn arrived(&self, index: usize, failed: bool) {
        if self.is_abandoned() {
            return;
        }
        let woken = {
            let mut shared = self.shared.lock();
            // In the child of a fork it may be a place that was lost there, and is made anew.
            shared.expected = shared.expected.saturating_sub(1);
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

    /// Takes the numbers of all that have arrived; a failure among them is known then and stops no
    /// wait any more.
    ///
    /// # Errors
    /// [`NoMemory`]; none is taken.
    pub fn take_all(&self) -> Result<Vec<usize>, NoMemory> {
        let mut taken = Vec::new();
        loop {
            let len = {
                let mut shared = self.shared.lock();
                let len = shared.arrived.len();
                if taken.capacity() >= len {
                    taken.extend(shared.arrived.drain(..));
                    shared.has_failure = false;
                    return Ok(taken);
                }
                len
            };
            taken.try_reserve(len).map_err(|_| NoMemory)?;
        }
    }

    /// The number of the future that arrived as the `nth` of those that have not been taken.
    pub fn nth(&self, nth: usize) -> Option<usize> {
        self.shared.lock().arrived.get(nth).copied()
    }

    /// Calls `take` with the numbers of the `most` that arrived first, which are taken; it must not
    /// use the group. When none is left, no failure is either that would stop a wait.
    pub fn take_first(&self, most: usize, mut take: impl FnMut(usize)) {
        let mut shared = self.shared.lock();
        let most = most.min(shared.arrived.len());
        shared.arrived.drain(..most).for_each(&mut take);
        if shared.arrived.is_empty() {
            shared.has_failure = false;
        }
    }

    /// Sleeps through `blocker` until there is what `want` says. One thread at a time.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passed before, [`WaitError::Interrupted`] when the
    /// blocker said so.
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

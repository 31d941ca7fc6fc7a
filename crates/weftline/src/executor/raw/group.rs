//! [`RawGroup`]: one thread waits for several futures, at a constant cost for each.
//!
//! # Implementation
//!
//! | state | meaning | leaves by |
//! |---|---|---|
//! | waiting | a thread is in the list, with its [`Want`] | `arrived`, once the want is met → idle; a timeout or an interrupt → idle |
//! | idle | no thread waits; numbers may lie in `arrived` | `wait_with` → waiting; `abandon` → abandoned |
//! | abandoned | arrivals are dropped | (end) |
//!
//! Each future tells the group once, when it settles: its number is appended to `arrived`. The
//! waiter is woken when as many have arrived as it asked for, not before. So a wait for all of ten
//! thousand futures sleeps once.
//!
//! A wait that ends early does not go round the futures to deregister. It abandons the group. A
//! future drops its registration of an abandoned group at the next registration, so it keeps at
//! most one.
//!
//! A future that settles cannot fail for want of memory: its room in `arrived` is allocated at its
//! registration.
//!
//! Invariants, under the lock: *a thread waits ⇒ fewer have arrived than it wants, and if it stops
//! at failures, none has failed*; *`arrived` has room for `expected` more*.
//!
//! Linearisation point of `arrived`, `take`, `take_all`, `take_first` and `nth`: the change or read
//! of `Shared::arrived` under the lock. Happens-before: the lock orders everything under it.
//! `is_abandoned` is a hint and orders nothing, so it is relaxed: an arrival that misses it appends
//! a number that no thread reads.

use crate::error::NoMemory;
use crate::memory::Counted;
use crate::park::model::{AtomicU32, Ordering};
use crate::park::{
    Blocker, Deadline, ForgetWaiters, Kind, List, ListLock, MaybeGone, ObjectState, WaitError,
    Watched, wait_until,
};
use std::collections::VecDeque;
use std::mem;
use std::mem::offset_of;

/// The condition that a wait for several futures waits for.
#[derive(Clone, Copy, Debug)]
pub struct Want {
    /// How many untaken arrivals are enough.
    pub count: usize,
    /// Whether one failed future is enough.
    pub or_failure: bool,
}

/// A wait for several futures, which share it.
pub struct RawGroup {
    is_abandoned: AtomicU32,
    shared: ListLock<Shared>,
}

struct Shared {
    arrived: VecDeque<usize>,
    /// How many have registered and not arrived.
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

impl Watched for RawGroup {
    fn look(group: MaybeGone<'_, Self>) -> Option<ObjectState> {
        let shared = offset_of!(Self, shared) + ListLock::<Shared>::DATA;
        Some(ObjectState::Awaits {
            count: group.usize_at(shared + offset_of!(Shared, expected))?,
        })
    }
}

impl RawGroup {
    /// A group without arrivals.
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

    /// Ends the use of this group: no thread waits in it again.
    pub fn abandon(&self) {
        self.is_abandoned.store(1, Ordering::Relaxed);
        let arrived = mem::take(&mut self.shared.lock().arrived);
        drop(arrived);
    }

    /// Makes room for one more arrival.
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
            // Room is allocated, and the old buffer freed, without the lock.
            room = VecDeque::new();
            room.try_reserve(needed.max(4) * 2).map_err(|_| NoMemory)?;
        }
    }

    /// One expected arrival will not come.
    pub(super) fn expect_one_less(&self) {
        let mut shared = self.shared.lock();
        shared.expected = shared.expected.saturating_sub(1);
    }

    pub(super) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::Relaxed) == 1
    }

    /// A future of the group has settled. The waiting thread calls this itself for the futures that
    /// were settled when it registered with them.
    pub fn arrived(&self, index: usize, failed: bool) {
        if self.is_abandoned() {
            return;
        }
        let woken = {
            let mut shared = self.shared.lock();
            // In the child of a fork, `arrived` may have been lost with its room, so `push_back`
            // allocates it anew.
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

    /// Takes the numbers of all arrivals. A failure among them stops no later wait.
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

    /// The number of the `nth` untaken arrival.
    pub fn nth(&self, nth: usize) -> Option<usize> {
        self.shared.lock().arrived.get(nth).copied()
    }

    /// Takes the first `most` arrivals and calls `take` with their numbers; `take` must not use the
    /// group. When no arrival is left, no failure is left that would stop a wait.
    pub fn take_first(&self, most: usize, mut take: impl FnMut(usize)) {
        let mut shared = self.shared.lock();
        let most = most.min(shared.arrived.len());
        shared.arrived.drain(..most).for_each(&mut take);
        if shared.arrived.is_empty() {
            shared.has_failure = false;
        }
    }

    /// Waits through `blocker` until `want` is met. At most one thread waits at a time.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passes first; [`WaitError::Interrupted`] when the
    /// blocker is interrupted.
    #[track_caller]
    pub fn wait_with<B: Blocker>(
        &self,
        want: Want,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        // Arrivals stay for the next wait, also when this one is interrupted.
        wait_until(
            Kind::Futures.of(self),
            &self.shared,
            |shared| &mut shared.waiters,
            want,
            |shared| shared.has(want),
            blocker,
            deadline,
        )
    }
}

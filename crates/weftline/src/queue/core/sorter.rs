//! The *sorter*: the thread that compares, while no thread holds the lock (`queue/sorting.rs` has
//! the reasons). How a thread becomes the sorter, and how others wait for its end.

use super::RawQueue;
use super::state::{State, wake};
use crate::park::{Blocker, Deadline, Ended, Kind, ListGuard, WaitError, Waiter, number, ready};
use crate::queue::order::Order;

impl<T, O, B: Blocker> RawQueue<T, O, B>
where
    O: Order<T, B>,
{
    /// Whether another thread is the sorter.
    pub(super) fn another_sorts(&self, state: &State<T, O>) -> bool {
        state.sorter != 0 && state.sorter != number()
    }

    /// Panics when this thread is the sorter and may not use the queue meanwhile. It takes the
    /// guard and returns it: a panic runs the program's hook and destructors, which must not run
    /// under the lock.
    pub(super) fn refuse_nested<'a>(
        &self,
        state: ListGuard<'a, State<T, O>>,
    ) -> ListGuard<'a, State<T, O>> {
        if !O::MAY_NEST && state.sorter != 0 && state.sorter == number() {
            drop(state);
            panic!("a comparison used the queue that it was made for: compare without it");
        }
        state
    }

    /// Waits until the sorter is done. Without a deadline, as for a lock: a queue's timeout does
    /// not cover it.
    #[track_caller]
    pub(super) fn wait_for_sorter<'a>(
        &'a self,
        mut state: ListGuard<'a, State<T, O>>,
        blocker: &mut B,
    ) -> Result<ListGuard<'a, State<T, O>>, B::Interrupt> {
        drop(state);
        ready(blocker)?;
        let waiter = Waiter::new::<B>(());
        state = self.lock();
        if state.sorter == 0 {
            return Ok(state);
        }
        // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
        unsafe { state.sorters.push_back(&waiter) };
        drop(state);
        match waiter.wait(Kind::QueueSort.of(self), blocker, Deadline::NEVER) {
            Ended::Granted | Ended::Forked => Ok(self.lock()),
            Ended::Abandoned(why) => {
                let mut state = self.lock();
                state.sorters.remove(&waiter);
                match why {
                    WaitError::Interrupted(interrupt) => Err(interrupt),
                    WaitError::TimedOut => Ok(state),
                }
            }
            // All waiters were woken, so no other thread depends on this one.
            Ended::InterruptedAfterGrant(interrupt) => Err(interrupt),
        }
    }
}

/// This thread is the sorter as long as this exists.
pub(super) struct Sorting<'a, T, O, B>
where
    B: Blocker,
    O: Order<T, B>,
{
    queue: &'a RawQueue<T, O, B>,
    pub(super) frozen: O::Frozen,
    /// The sorter before: none (zero), or this thread, further up the stack.
    outer: u64,
    has_ended: bool,
}

impl<'a, T, O, B> Sorting<'a, T, O, B>
where
    B: Blocker,
    O: Order<T, B>,
{
    pub(super) fn begin(
        queue: &'a RawQueue<T, O, B>,
        mut state: ListGuard<'a, State<T, O>>,
    ) -> Self {
        let outer = std::mem::replace(&mut state.sorter, number());
        Self {
            queue,
            frozen: state.items.frozen(),
            outer,
            has_ended: false,
        }
    }

    /// Stops being the sorter. Releases the lock to wake the threads that waited for that, and
    /// takes it again.
    pub(super) fn end(
        mut self,
        mut state: ListGuard<'a, State<T, O>>,
    ) -> ListGuard<'a, State<T, O>> {
        self.has_ended = true;
        state.sorter = self.outer;
        if self.outer != 0 || state.sorters.is_empty() {
            return state;
        }
        let chain = state.sorters.claim_all(|()| ());
        drop(state);
        chain.wake();
        self.queue.lock()
    }
}

impl<T, O, B> Drop for Sorting<'_, T, O, B>
where
    B: Blocker,
    O: Order<T, B>,
{
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        // A comparison failed or panicked. A slot for its item goes to the next putter.
        let (chain, putter) = {
            let mut state = self.queue.lock();
            state.sorter = self.outer;
            let most = if self.outer == 0 { usize::MAX } else { 0 };
            (state.sorters.claim_many(most, |()| ()), state.hand_slot())
        };
        chain.wake();
        wake(putter);
    }
}

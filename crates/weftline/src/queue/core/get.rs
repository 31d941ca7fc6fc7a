//! `get`: takes the next item, or waits for one. A wait is granted an item, times out, or is
//! interrupted.
//!
//! A get with `Deadline::PASSED` fails in `get_slow`, under the lock. Any other get times out in
//! `Waiter::abandon` (`park/waiter.rs`); `wait_for_item` returns `GetFailure::Empty`. No item is
//! lost: if that compare-exchange wins, a put passes on to the next getter or queues its item. If
//! the put's claim wins, the get returns the item, although its deadline has passed.
//!
//! The deadline does not cover the wait for another thread's comparisons (`sorter.rs`), nor that
//! thread's own.

use super::RawQueue;
use super::sorter::Sorting;
use super::state::{Phase, State, wake};
use crate::park::model::Ordering;
use crate::park::{
    Blocker, CachePadded, Deadline, Ended, Kind, ListGuard, WaitError, Waiter, has_record, ready,
    try_current_record,
};
use crate::queue::order::Order;

/// Why no item was taken.
#[derive(Debug)]
pub enum GetFailure<T, I> {
    /// The deadline passed before an item came.
    Empty,
    /// The queue is shut down and empty.
    ShutDown,
    /// The queue is forwarded: its items are elsewhere now.
    Forwarded,
    /// The blocker was interrupted, or a comparison failed.
    Interrupted(I),
    /// The blocker was interrupted after the handoff of an item, which could not be given back. The
    /// queue was forwarded meanwhile, and the item belongs in front of the others there; or there
    /// was no memory.
    Stranded(T, I),
}

impl<T, O, B: Blocker> RawQueue<T, O, B>
where
    O: Order<T, B>,
{
    /// Takes the item that comes out next, parking with `blocker` until there is one.
    ///
    /// # Errors
    /// [`GetFailure`].
    #[inline]
    #[track_caller]
    pub fn get_with(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<T, GetFailure<T, B::Interrupt>> {
        match self.get_now() {
            Ok(item) => Ok(item),
            Err(state) => self.get_slow(state, blocker, deadline),
        }
    }

    /// Takes the item that comes out next, if that takes neither a wait nor a comparison. If not,
    /// the guard is returned for the slow path, so the fast path is small.
    #[inline]
    fn get_now(&self) -> Result<T, ListGuard<'_, State<T, O>>> {
        let mut state = self.lock();
        if state.phase != Phase::Forwarded
            && state.sorter == 0
            && let Some(item) = state.items.pop_now()
        {
            self.show_len(&state);
            let woken = state.hand_slot();
            drop(state);
            wake(woken);
            return Ok(item);
        }
        Err(state)
    }

    /// Takes the item that comes out next: yields, compares, or waits for it where it must.
    #[cold]
    #[track_caller]
    fn get_slow<'a>(
        &'a self,
        mut state: ListGuard<'a, State<T, O>>,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<T, GetFailure<T, B::Interrupt>> {
        let mut has_spun = !Self::SPINS || deadline.is_at_once() || !blocker.may_yield();
        loop {
            if state.phase == Phase::Forwarded {
                return Err(GetFailure::Forwarded);
            }
            state = self.refuse_nested(state);
            if self.another_sorts(&state) {
                state = self
                    .wait_for_sorter(state, blocker)
                    .map_err(GetFailure::Interrupted)?;
                continue;
            }
            if let Some(item) = state.items.pop_now() {
                self.show_len(&state);
                let woken = state.hand_slot();
                drop(state);
                wake(woken);
                return Ok(item);
            }
            if state.items.count() > 0 {
                return self.get_sorted(state, blocker, deadline);
            }
            if state.phase == Phase::ShutDown {
                return Err(GetFailure::ShutDown);
            }
            if !std::mem::replace(&mut has_spun, true) {
                drop(state);
                if let Some(record) = try_current_record() {
                    record.yield_until(|| self.seen_len.load(Ordering::Relaxed) > 0);
                }
                state = self.lock();
                continue;
            }
            if deadline.is_at_once() {
                return Err(GetFailure::Empty);
            }
            if !has_record() {
                // Not under the lock: a record allocates.
                drop(state);
                ready(blocker).map_err(GetFailure::Interrupted)?;
                state = self.lock();
                continue;
            }
            match self.wait_for_item(state, blocker, deadline)? {
                Some(item) => return Ok(item),
                None => state = self.lock(),
            }
        }
    }

    /// Takes the item that comparisons choose. There are items, and no other sorter.
    #[track_caller]
    fn get_sorted<'a>(
        &'a self,
        state: ListGuard<'a, State<T, O>>,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<T, GetFailure<T, B::Interrupt>> {
        let sorting = Sorting::begin(self, state);
        // SAFETY: `frozen` is of this order. This thread is the sorter, so no other thread changes
        // the items until `end`. There are items, and `pop_now` has returned `None`.
        let plan =
            unsafe { O::plan_pop(sorting.frozen, blocker) }.map_err(GetFailure::Interrupted)?;
        let mut state = self.lock();
        let Some(plan) = plan else {
            // A nested call has changed the items; perhaps no comparison is needed any more.
            return self.get_slow(sorting.end(state), blocker, deadline);
        };
        let item = state.items.pop_planned(plan);
        self.show_len(&state);
        let woken = state.hand_slot();
        drop(sorting.end(state));
        wake(woken);
        Ok(item)
    }

    /// Waits in `getters`; the thread has a record. `Ok(None)`: retry from the state of the queue.
    #[track_caller]
    fn wait_for_item<'a>(
        &'a self,
        mut state: ListGuard<'a, State<T, O>>,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<Option<T>, GetFailure<T, B::Interrupt>> {
        let waiter = CachePadded(Waiter::new::<B>(None));
        // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
        unsafe { state.getters.push_back(&waiter) };
        state.has_newcomer = O::LATEST_GETTER_FIRST;
        #[cfg(not(weftline_model))]
        self.follow_if_observed(&state);
        drop(state);
        match waiter.wait(Kind::QueueGet.of(self), blocker, deadline) {
            // Also if this thread has forked since the grant: the fork copied the item, and parent
            // and child each have one.
            Ended::Granted => Ok(waiter.0.into_payload()),
            Ended::Forked => Ok(None),
            Ended::Abandoned(why) => {
                self.lock().getters.remove(&waiter);
                Err(match why {
                    WaitError::TimedOut => GetFailure::Empty,
                    WaitError::Interrupted(interrupt) => GetFailure::Interrupted(interrupt),
                })
            }
            Ended::InterruptedAfterGrant(interrupt) => Err(
                match waiter.0.into_payload().and_then(|item| self.put_back(item)) {
                    None => GetFailure::Interrupted(interrupt),
                    Some(item) => GetFailure::Stranded(item, interrupt),
                },
            ),
        }
    }

    /// Puts back an item that an interrupted getter returns: it goes to the next getter, or comes
    /// out next. The item is returned if the queue was forwarded or there is no memory.
    pub fn put_back(&self, item: T) -> Option<T> {
        let woken = {
            let mut state = self.lock();
            if state.phase == Phase::Forwarded {
                return Some(item);
            }
            match state.hand_item::<B>(item) {
                Ok(wakeup) => Some(wakeup),
                Err(item) => {
                    if let Err(item) = state.items.give_back(item) {
                        return Some(item);
                    }
                    self.show_len(&state);
                    None
                }
            }
        };
        wake(woken);
        None
    }
}

#[cfg(all(test, unix, not(weftline_model)))]
mod tests {
    use super::*;
    use crate::park::{Parker, Wake, Wakeup};
    use crate::queue::raw::Fifo;
    use std::convert::Infallible;
    use std::mem::ManuallyDrop;
    use std::sync::atomic::AtomicUsize;

    static DROPPED: AtomicUsize = AtomicUsize::new(0);

    struct Item;

    impl Drop for Item {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }

    type Queue = RawQueue<Item, Fifo<Item>, ForksInTheMiddle>;

    /// Forks, in place of its first sleep, where a putter that does not survive has claimed the
    /// getter and may have written half of the item.
    struct ForksInTheMiddle(&'static Queue, Option<libc::pid_t>);

    impl Blocker for ForksInTheMiddle {
        type Interrupt = Infallible;

        fn block(&mut self, _: &'static Parker, _: Deadline) -> Result<Wake, Infallible> {
            if self.1.is_some() {
                return Ok(Wake::TimedOut);
            }
            let mut state = ManuallyDrop::new(self.0.state.lock());
            let mut getter = state.getters.claim_front().expect("it waits");
            getter.payload(|slot| *slot = Some(Item));
            // SAFETY: the child looks at the queue and leaves at once.
            let child = unsafe { libc::fork() };
            self.1 = Some(child);
            if child != 0 {
                // Its thread is this one, which is awake.
                let _: Wakeup = getter.grant();
                drop(ManuallyDrop::into_inner(state));
            }
            Ok(Wake::Woken)
        }
    }

    #[test]
    fn an_item_that_was_being_written_at_a_fork_is_not_dropped_in_the_child() {
        let queue: &'static Queue = Box::leak(Box::new(Queue::new(0)));
        let mut blocker = ForksInTheMiddle(queue, None);
        let got = queue.get_with(&mut blocker, Deadline::NEVER);
        match blocker.1 {
            Some(0) => {
                let is_well =
                    matches!(got, Err(GetFailure::Empty)) && DROPPED.load(Ordering::Relaxed) == 0;
                // SAFETY: leaves at once, past what belongs to the parent.
                unsafe { libc::_exit(i32::from(!is_well)) }
            }
            Some(child) if child > 0 => {
                assert!(got.is_ok());
                let mut status = 0;
                // SAFETY: the status is a valid place.
                let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
                assert_eq!((waited, status), (child, 0));
            }
            _ => panic!("cannot fork"),
        }
    }
}

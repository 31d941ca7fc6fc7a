//! Putting: on the fast path, to a waiting getter, after a wait for a slot, or where comparisons
//! say.

use super::RawQueue;
use super::sorter::Sorting;
use super::state::{Phase, State, wake};
use crate::park::model::Ordering;
use crate::park::{
    Blocker, Deadline, Ended, Kind, ListGuard, WaitError, Waiter, current_record, has_record,
    ready, try_current_record,
};
use crate::queue::order::{NotPushed, Order};

/// Why an item was not put; it comes back.
#[derive(Debug)]
pub enum PutFailure<T, I> {
    /// The deadline passed before a slot was free.
    Full(T),
    /// The queue is shut down.
    ShutDown(T),
    /// The queue is forwarded: its items are elsewhere now.
    Forwarded(T),
    /// The blocker was interrupted, or a comparison failed.
    Interrupted(T, I),
    /// There is no memory for one more item.
    NoMemory(T),
}

impl<T, O, B: Blocker> RawQueue<T, O, B>
where
    O: Order<T, B>,
{
    /// Puts `item`, parking with `blocker` until there is a slot.
    ///
    /// # Errors
    /// [`PutFailure`], with the item.
    #[inline]
    #[track_caller]
    pub fn put_with(
        &self,
        item: T,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), PutFailure<T, B::Interrupt>> {
        match self.put_now(item) {
            Ok(()) => Ok(()),
            Err((state, item)) => self.put_slow(state, item, blocker, deadline),
        }
    }

    /// Puts `item`, if that takes neither a wait nor a comparison. If not, it and the guard are
    /// returned for the slow path, so the fast path is small.
    #[inline]
    fn put_now(&self, item: T) -> Result<(), (ListGuard<'_, State<T, O>>, T)> {
        let mut state = self.lock();
        // (Getters wait ⇒ open and no sorter; a handoff takes no slot.)
        if state.phase != Phase::Open || state.sorter != 0 {
            return Err((state, item));
        }
        let item = if state.wants_item::<B>() {
            if state.would_wake::<B>()
                && state.has_room()
                && has_record()
                && current_record().should_defer_wake()
            {
                return self.put_deferring_wake(state, item);
            }
            match state.hand_item::<B>(item) {
                Ok(getter) => {
                    state.unfinished += 1;
                    drop(state);
                    getter.call();
                    return Ok(());
                }
                Err(item) => item,
            }
        } else {
            item
        };
        if !state.has_room() {
            return Err((state, item));
        }
        match state.items.push_now(item) {
            Ok(()) => {
                state.unfinished += 1;
                self.show_len(&state);
                Ok(())
            }
            Err(NotPushed::NeedsComparing(item) | NotPushed::NoMemory(item)) => Err((state, item)),
        }
    }

    /// Leaves `item`, for which there is room, for a getter that comes within 500 ns. If none
    /// comes, a sleeping getter gets it.
    ///
    /// A getter that has just reported the end of its last item, and so caused this put, is about
    /// to come. To wake another would take ten times as long.
    #[cold]
    fn put_deferring_wake<'a>(
        &'a self,
        mut state: ListGuard<'a, State<T, O>>,
        item: T,
    ) -> Result<(), (ListGuard<'a, State<T, O>>, T)> {
        match state.items.push_now(item) {
            Ok(()) => {}
            Err(NotPushed::NeedsComparing(item) | NotPushed::NoMemory(item)) => {
                return Err((state, item));
            }
        }
        state.unfinished += 1;
        state.deferred_wakes += 1;
        self.show_len(&state);
        let len = state.items.count();
        drop(state);
        current_record().spin_for_handoff(|| self.seen_len.load(Ordering::Relaxed) < len);
        let mut state = self.lock();
        // No wake is deferred in the child of a fork, which a signal handler may have made.
        state.deferred_wakes = state.deferred_wakes.saturating_sub(1);
        let getter = state.hand_next();
        let putter = state.hand_slot();
        self.show_len(&state);
        drop(state);
        wake(getter);
        wake(putter);
        Ok(())
    }

    #[cold]
    #[track_caller]
    fn put_slow<'a>(
        &'a self,
        mut state: ListGuard<'a, State<T, O>>,
        item: T,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), PutFailure<T, B::Interrupt>> {
        let mut has_slot = false;
        let mut has_spun = !Self::SPINS || deadline.is_at_once();
        loop {
            // A reserved slot returns to the count, and leaves it again if the item goes in.
            state.reserved -= usize::from(std::mem::take(&mut has_slot));
            match state.phase {
                Phase::ShutDown => return Err(PutFailure::ShutDown(item)),
                Phase::Forwarded => return Err(PutFailure::Forwarded(item)),
                Phase::Open => {}
            }
            state = self.refuse_nested(state);
            if self.another_sorts(&state) {
                state = match self.wait_for_sorter(state, blocker) {
                    Ok(state) => state,
                    Err(interrupt) => {
                        // A slot that was reserved for this thread goes to the next putter.
                        let woken = self.lock().hand_slot();
                        wake(woken);
                        return Err(PutFailure::Interrupted(item, interrupt));
                    }
                };
                continue;
            }
            if !state.has_room() {
                if !std::mem::replace(&mut has_spun, true) {
                    let capacity = state.capacity;
                    drop(state);
                    if let Some(record) = try_current_record() {
                        record.yield_until(|| self.seen_len.load(Ordering::Relaxed) < capacity);
                    }
                    state = self.lock();
                    continue;
                }
                match self.wait_for_slot(state, blocker, deadline) {
                    Ok(handed) => has_slot = handed,
                    Err(WaitError::TimedOut) => return Err(PutFailure::Full(item)),
                    Err(WaitError::Interrupted(interrupt)) => {
                        return Err(PutFailure::Interrupted(item, interrupt));
                    }
                }
                state = self.lock();
                continue;
            }
            let item = match state.hand_item::<B>(item) {
                Ok(getter) => {
                    state.unfinished += 1;
                    // The item took no slot: a slot of this thread goes to the next putter.
                    let putter = state.hand_slot();
                    drop(state);
                    getter.call();
                    wake(putter);
                    return Ok(());
                }
                Err(item) => item,
            };
            return match state.items.push_now(item) {
                Ok(()) => {
                    state.unfinished += 1;
                    self.show_len(&state);
                    Ok(())
                }
                Err(NotPushed::NeedsComparing(item)) => {
                    self.put_sorted(state, item, blocker, deadline)
                }
                Err(NotPushed::NoMemory(item)) => {
                    // A slot that was reserved for this thread goes to the next putter.
                    let putter = state.hand_slot();
                    drop(state);
                    wake(putter);
                    Err(PutFailure::NoMemory(item))
                }
            };
        }
    }

    /// Puts `item` where comparisons say. There is room, and no other sorter.
    #[track_caller]
    fn put_sorted<'a>(
        &'a self,
        state: ListGuard<'a, State<T, O>>,
        item: T,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), PutFailure<T, B::Interrupt>> {
        let sorting = Sorting::begin(self, state);
        loop {
            // SAFETY: `frozen` is of this order. This thread is the sorter, so no other thread
            // changes the items until `end`.
            let plan = unsafe { O::plan_push(sorting.frozen, &item, blocker) };
            match plan {
                Err(failed) => return Err(PutFailure::Interrupted(item, failed)),
                Ok(None) => {}
                Ok(Some(plan)) => {
                    let mut state = self.lock();
                    if state.phase != Phase::Open || !state.has_room() {
                        // Shut down meanwhile, or filled by a nested call.
                        let state = sorting.end(state);
                        return self.put_slow(state, item, blocker, deadline);
                    }
                    if let Err(item) = state.items.push_planned(item, plan) {
                        // The end of the sorting takes the lock.
                        drop(state);
                        return Err(PutFailure::NoMemory(item));
                    }
                    state.unfinished += 1;
                    self.show_len(&state);
                    drop(sorting.end(state));
                    return Ok(());
                }
            }
        }
    }

    /// Waits in `putters`. `Ok(true)`: a slot is reserved for this thread. `Ok(false)`: retry from
    /// the state of the queue.
    #[track_caller]
    fn wait_for_slot<'a>(
        &'a self,
        mut state: ListGuard<'a, State<T, O>>,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<bool, WaitError<B::Interrupt>> {
        if deadline.is_at_once() {
            return Err(WaitError::TimedOut);
        }
        drop(state);
        ready(blocker).map_err(WaitError::Interrupted)?;
        let waiter = Waiter::new::<B>(false);
        state = self.lock();
        if state.phase != Phase::Open || state.has_room() {
            return Ok(false);
        }
        // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
        unsafe { state.putters.push_back(&waiter) };
        #[cfg(not(weftline_model))]
        self.follow_if_observed(&state);
        drop(state);
        match waiter.wait(Kind::QueuePut.of(self), blocker, deadline) {
            // A slot that was reserved before this thread forked is the parent's: the child's count
            // is zero.
            Ended::Granted => Ok(!waiter.is_forgotten() && waiter.into_payload()),
            Ended::Forked => Ok(false),
            Ended::Abandoned(why) => {
                self.lock().putters.remove(&waiter);
                Err(why)
            }
            Ended::InterruptedAfterGrant(interrupt) => {
                if !waiter.is_forgotten() && waiter.into_payload() {
                    let woken = {
                        let mut state = self.lock();
                        state.reserved -= 1;
                        state.hand_slot()
                    };
                    wake(woken);
                }
                Err(WaitError::Interrupted(interrupt))
            }
        }
    }
}

//! The end of a queue: *shut down*, which refuses further items, or *forwarded*, whose items go
//! elsewhere.

use super::RawQueue;
use super::state::{Phase, State};
use crate::park::Blocker;
use crate::queue::order::Order;
use crate::sync::raw::ForwardOutcome;

/// The content of a queue when it was forwarded.
#[derive(Debug)]
pub struct Forwarded<T> {
    /// The items. In the order of their gets for a FIFO, as a heap for a priority queue, in reverse
    /// for a LIFO.
    pub items: Vec<T>,
    /// How many tasks were not done.
    pub unfinished: usize,
    /// Whether the queue was shut down.
    pub is_shut_down: bool,
}

/// The content of a queue, seen under its lock.
#[derive(Debug)]
pub struct Content<'a, O> {
    /// The items, in the order of [`Forwarded::items`].
    pub items: &'a O,
    /// How many tasks are not done.
    pub unfinished: usize,
    /// Whether the queue is shut down.
    pub is_shut_down: bool,
}

impl<'a, O> Content<'a, O> {
    fn of<T>(state: &'a State<T, O>) -> Self {
        Self {
            items: &state.items,
            unfinished: state.unfinished,
            is_shut_down: state.phase == Phase::ShutDown,
        }
    }
}

impl<T, O, B: Blocker> RawQueue<T, O, B>
where
    O: Order<T, B>,
{
    /// Refuses items from now on. Gets go on until the queue is empty. If `immediate`, it is empty
    /// now: its items count as done and come back, for the caller to drop.
    ///
    /// # Errors
    /// The blocker's, if another thread is comparing and the wait for it was interrupted, or if
    /// there is no memory.
    #[track_caller]
    pub fn shutdown_with(&self, immediate: bool, blocker: &mut B) -> Result<Vec<T>, B::Interrupt> {
        let (items, getters, putters, joiners) = {
            let mut state = self.lock();
            if immediate {
                state = self.refuse_nested(state);
            }
            while immediate && self.another_sorts(&state) {
                state = self.wait_for_sorter(state, blocker)?;
            }
            if immediate && state.items.prepare_drain().is_err() {
                drop(state);
                return Err(blocker.no_memory());
            }
            if state.phase == Phase::Open {
                state.phase = Phase::ShutDown;
            }
            let items = if immediate {
                state.items.drain()
            } else {
                Vec::new()
            };
            self.show_len(&state);
            state.unfinished = state.unfinished.saturating_sub(items.len());
            let done = if state.unfinished == 0 { usize::MAX } else { 0 };
            (
                items,
                state.getters.claim_all(|_| ()),
                state.putters.claim_all(|_| ()),
                state.joiners.claim_many(done, |()| ()),
            )
        };
        getters.wake();
        putters.wake();
        joiners.wake();
        Ok(items)
    }

    /// Forwards this queue, for good: takes its items out, and refuses all waiters and all later
    /// calls with `Forwarded`. It has no items and no unfinished tasks from then on. `None`: it was
    /// forwarded before.
    ///
    /// # Errors
    /// The blocker's, if another thread is comparing and the wait for it was interrupted, or if
    /// there is no memory.
    #[track_caller]
    pub fn forward_with(&self, blocker: &mut B) -> Result<Option<Forwarded<T>>, B::Interrupt> {
        loop {
            self.prepare_forwarding(blocker)?;
            match self.forward_if(|_| true) {
                ForwardOutcome::Done(forwarded) => return Ok(Some(forwarded)),
                ForwardOutcome::Before => return Ok(None),
                ForwardOutcome::Refused => {}
            }
        }
    }

    /// Waits until no other thread compares, and reserves the memory with which
    /// [`Self::forward_if`] takes the items out.
    ///
    /// # Errors
    /// The blocker's, if the wait was interrupted, or if there is no memory.
    #[track_caller]
    pub fn prepare_forwarding(&self, blocker: &mut B) -> Result<(), B::Interrupt> {
        let mut state = self.lock();
        state = self.refuse_nested(state);
        while self.another_sorts(&state) {
            state = self.wait_for_sorter(state, blocker)?;
        }
        let prepared = state.items.prepare_drain();
        drop(state);
        prepared.map_err(|_| blocker.no_memory())
    }

    /// Calls `look` with the content, under the lock: `look` must neither use the queue nor drop an
    /// item.
    pub fn look<R>(&self, look: impl FnOnce(Content<'_, O>) -> R) -> R {
        let state = self.lock();
        look(Content::of(&state))
    }

    /// As [`Self::forward_with`], without a wait, if `agrees` with the content. A caller that has
    /// made room for it elsewhere has then no step left that could fail. `agrees` must neither use
    /// the queue nor drop an item.
    pub fn forward_if(
        &self,
        agrees: impl FnOnce(Content<'_, O>) -> bool,
    ) -> ForwardOutcome<Forwarded<T>> {
        let (forwarded, getters, putters, joiners) = {
            let mut state = self.lock();
            if state.phase == Phase::Forwarded {
                return ForwardOutcome::Before;
            }
            if self.another_sorts(&state)
                || state.items.prepare_drain().is_err()
                || !agrees(Content::of(&state))
            {
                return ForwardOutcome::Refused;
            }
            let is_shut_down = state.phase == Phase::ShutDown;
            state.phase = Phase::Forwarded;
            let forwarded = Forwarded {
                items: state.items.drain(),
                unfinished: std::mem::take(&mut state.unfinished),
                is_shut_down,
            };
            (
                forwarded,
                state.getters.claim_all(|_| ()),
                state.putters.claim_all(|_| ()),
                state.joiners.claim_all(|()| ()),
            )
        };
        getters.wake();
        putters.wake();
        joiners.wake();
        ForwardOutcome::Done(forwarded)
    }

    /// Whether the queue was shut down.
    pub fn is_shut_down(&self) -> bool {
        self.lock().phase == Phase::ShutDown
    }

    /// Whether the queue is forwarded. If it is not, the answers that it gave before are valid.
    pub fn is_forwarded(&self) -> bool {
        self.lock().phase == Phase::Forwarded
    }
}

//! How a queue ends: *shut down*, so that no item is put any more, or *forwarded*, because its
//! items go elsewhere.

use super::RawQueue;
use super::state::{Phase, State};
use crate::park::Blocker;
use crate::queue::order::Order;

/// What a queue held when it was forwarded.
#[derive(Debug)]
pub struct Forwarded<T> {
    /// The items: as they would have come out for a FIFO, as a heap for a priority queue, the last
    /// to come out first for a LIFO.
    pub items: Vec<T>,
    /// How many tasks were not done.
    pub unfinished: usize,
    /// Whether the queue was shut down.
    pub is_shut_down: bool,
}

/// What a queue holds, seen under its lock.
#[derive(Debug)]
pub struct Content<'a, O> {
    /// The items, in the order in which [`Forwarded::items`] would have them.
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

/// What came of [`RawQueue::forward_if`].
#[derive(Debug)]
pub enum Retirement<T> {
    /// The queue is forwarded; this is what it held.
    Done(Forwarded<T>),
    /// It was forwarded before.
    Before,
    /// It is as it was.
    Refused,
}

impl<T, O, B: Blocker> RawQueue<T, O, B>
where
    O: Order<T, B>,
{
    /// Refuses items from now on; gets go on until the queue is empty, which it is at once if
    /// `immediate`: its items come back here, to be dropped by the caller, and count as done.
    ///
    /// # Errors
    /// The blocker's, if another thread is comparing and the wait for it was interrupted, or if
    /// there is no memory.
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

    /// Ends this queue's life as the place of the items: takes them out, and tells everyone who
    /// waits or comes to look elsewhere. It has no items and no unfinished tasks from then on.
    /// `None`: that has been done before.
    ///
    /// # Errors
    /// The blocker's, if another thread is comparing and the wait for it was interrupted, or if
    /// there is no memory.
    pub fn forward_with(&self, blocker: &mut B) -> Result<Option<Forwarded<T>>, B::Interrupt> {
        loop {
            self.prepare_forwarding(blocker)?;
            match self.forward_if(|_| true) {
                Retirement::Done(forwarded) => return Ok(Some(forwarded)),
                Retirement::Before => return Ok(None),
                Retirement::Refused => {}
            }
        }
    }

    /// Waits until no other thread compares, and brings the items into the order in which they are
    /// handed over.
    ///
    /// # Errors
    /// The blocker's, if the wait was interrupted, or if there is no memory.
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

    /// Calls `look` with what the queue holds, under its lock: `look` must not use the queue, nor
    /// drop an item.
    pub fn look<R>(&self, look: impl FnOnce(Content<'_, O>) -> R) -> R {
        let state = self.lock();
        look(Content::of(&state))
    }

    /// As [`Self::forward_with`], without waiting, if `agrees` says so of what the queue holds: a
    /// caller that has made room for that elsewhere has nothing left to do which could fail.
    /// `agrees` must not use the queue, nor drop an item.
    pub fn forward_if(&self, agrees: impl FnOnce(Content<'_, O>) -> bool) -> Retirement<T> {
        let (forwarded, getters, putters, joiners) = {
            let mut state = self.lock();
            if state.phase == Phase::Forwarded {
                return Retirement::Before;
            }
            if self.another_sorts(&state)
                || state.items.prepare_drain().is_err()
                || !agrees(Content::of(&state))
            {
                return Retirement::Refused;
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
        Retirement::Done(forwarded)
    }

    /// Whether the queue was shut down.
    pub fn is_shut_down(&self) -> bool {
        self.lock().phase == Phase::ShutDown
    }

    /// Whether the queue is forwarded. What was asked of it before, and was not refused, is true if
    /// it is not.
    pub fn is_forwarded(&self) -> bool {
        self.lock().phase == Phase::Forwarded
    }
}

//! How a queue ends: *shut down*, so that no item is put any more, or *retired*, because its items go elsewhere.

use super::RawQueue;
use super::state::Phase;
use crate::park::Blocker;
use crate::queue::order::Order;

/// What a queue held when it was retired.
#[derive(Debug)]
pub struct Retired<T> {
    /// The items: as they would have come out for a FIFO, as a heap for a priority queue, the last to come out first for a LIFO.
    pub items: Vec<T>,
    /// How many tasks were not done.
    pub unfinished: usize,
    /// Whether the queue was shut down.
    pub is_shut_down: bool,
}

impl<T, O, B: Blocker> RawQueue<T, O, B>
where
    O: Order<T, B>,
{
    /// Refuses items from now on; gets go on until the queue is empty, which it is at once if `immediate`: its items come back here, to be
    /// dropped by the caller, and count as done.
    ///
    /// # Errors
    /// The blocker's, if another thread is comparing and the wait for it was interrupted.
    pub fn shutdown_with(&self, immediate: bool, blocker: &mut B) -> Result<Vec<T>, B::Interrupt> {
        let (items, getters, putters, joiners) = {
            let mut state = self.lock();
            if immediate {
                state = self.refuse_nested(state);
            }
            while immediate && self.another_sorts(&state) {
                state = self.wait_for_sorter(state, blocker)?;
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

    /// Ends this queue's life as the place of the items: takes them out, and tells everyone who waits or comes to look elsewhere. It has no
    /// items and no unfinished tasks from then on.
    ///
    /// # Errors
    /// The blocker's, if another thread is comparing and the wait for it was interrupted.
    pub fn retire_with(&self, blocker: &mut B) -> Result<Option<Retired<T>>, B::Interrupt> {
        let (retired, getters, putters, joiners) = {
            let mut state = self.lock();
            state = self.refuse_nested(state);
            while self.another_sorts(&state) {
                state = self.wait_for_sorter(state, blocker)?;
            }
            if state.phase == Phase::Retired {
                return Ok(None);
            }
            let is_shut_down = state.phase == Phase::ShutDown;
            state.phase = Phase::Retired;
            let retired = Retired {
                items: state.items.drain(),
                unfinished: std::mem::take(&mut state.unfinished),
                is_shut_down,
            };
            (
                retired,
                state.getters.claim_all(|_| ()),
                state.putters.claim_all(|_| ()),
                state.joiners.claim_all(|()| ()),
            )
        };
        getters.wake();
        putters.wake();
        joiners.wake();
        Ok(Some(retired))
    }

    /// Whether the queue was shut down.
    pub fn is_shut_down(&self) -> bool {
        self.lock().phase == Phase::ShutDown
    }

    /// Whether the queue is retired. What was asked of it before, and was not refused, is true if it is not.
    pub fn is_retired(&self) -> bool {
        self.lock().phase == Phase::Retired
    }
}

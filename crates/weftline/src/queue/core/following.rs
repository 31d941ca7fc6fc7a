//! Reports tell of a queue, whether threads wait at it or not (`park/followed.rs`).

use super::RawQueue;
use super::state::{Phase, State};
use crate::park::Blocker;
use crate::park::followed::Depth;
use crate::park::observer::is_observed;
use crate::queue::order::Order;
use std::ptr;

impl<T, O, B: Blocker> RawQueue<T, O, B>
where
    O: Order<T, B>,
{
    /// Has reports tell how full the queue is: for good, or until [`Self::unfollow`] is called as
    /// often. Of the first 1,024 queues at a time. Returns whether they do.
    ///
    /// # Safety
    /// The queue does not move until then, or until it is dropped.
    pub unsafe fn follow(&self, for_good: bool) -> bool {
        let queue = ptr::from_ref(self).cast();
        // SAFETY: as the caller promises.
        unsafe { self.lock().following.begin(queue, Self::depth_at, for_good) }
    }

    /// Reports never tell how full the queue is: they tell it otherwise.
    pub fn do_not_follow(&self) {
        self.lock().following.refuse();
    }

    /// The opposite of [`Self::follow`], once.
    pub fn unfollow(&self) {
        self.lock().following.end();
    }

    /// A wait at the queue begins.
    #[inline]
    pub(super) fn follow_if_observed(&self, state: &State<T, O>) {
        if B::OBJECTS_STAY.is_some() && is_observed() {
            let queue = ptr::from_ref(self).cast();
            // SAFETY: its blocker has the promise that it stays.
            unsafe { state.following.begin(queue, Self::depth_at, true) };
        }
    }

    /// As `ReadDepth`.
    ///
    /// # Safety
    /// As there: the queue is there, of this type, and stays there meanwhile.
    unsafe fn depth_at(queue: *const ()) -> Option<Depth> {
        // SAFETY: as the caller promises.
        let queue = unsafe { &*queue.cast::<Self>() };
        let state = queue.state.try_lock()?;
        if state.phase == Phase::Forwarded {
            return None;
        }
        Some(Depth {
            items: state.items.count(),
            capacity: state.capacity,
        })
    }
}

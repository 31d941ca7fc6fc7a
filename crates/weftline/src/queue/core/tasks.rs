//! Tasks: every item is one from its put until a call of `task_done`.

use super::RawQueue;
use super::state::Phase;
use crate::error::TooManyTasksDone;
use crate::park::{Blocker, Deadline, Ended, Kind, WaitError, Waiter, ready};
use crate::queue::order::Order;

impl<T, O, B: Blocker> RawQueue<T, O, B>
where
    O: Order<T, B>,
{
    /// Counts one item as done.
    ///
    /// # Errors
    /// [`TooManyTasksDone`] when all are done already.
    pub fn task_done(&self) -> Result<(), TooManyTasksDone> {
        let chain = {
            let mut state = self.lock();
            state.unfinished = state.unfinished.checked_sub(1).ok_or(TooManyTasksDone)?;
            if state.unfinished > 0 || state.joiners.is_empty() {
                return Ok(());
            }
            state.joiners.claim_all(|()| ())
        };
        chain.wake();
        Ok(())
    }

    /// Parks with `blocker` until every task is done. `Ok(false)`: the queue was forwarded.
    ///
    /// # Errors
    /// [`WaitError`].
    #[track_caller]
    pub fn join_with(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<bool, WaitError<B::Interrupt>> {
        ready(blocker).map_err(WaitError::Interrupted)?;
        loop {
            let waiter = Waiter::new::<B>(());
            {
                let mut state = self.lock();
                if state.phase == Phase::Forwarded {
                    return Ok(false);
                }
                if state.unfinished == 0 {
                    return Ok(true);
                }
                if deadline.is_at_once() {
                    return Err(WaitError::TimedOut);
                }
                // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
                unsafe { state.joiners.push_back(&waiter) };
            }
            match waiter.wait(Kind::QueueJoin.of(self), blocker, deadline) {
                Ended::Granted => {
                    let is_forwarded = self.lock().phase == Phase::Forwarded;
                    return Ok(!is_forwarded);
                }
                Ended::Forked => continue,
                Ended::Abandoned(why) => {
                    self.lock().joiners.remove(&waiter);
                    return Err(why);
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    return Err(WaitError::Interrupted(interrupt));
                }
            }
        }
    }

    /// The number of tasks that are not done.
    pub fn unfinished(&self) -> usize {
        self.lock().unfinished
    }

    /// Sets the number of tasks that are not done; for bindings, where it is public. Returns
    /// `false`, and sets nothing, if the queue is forwarded: such a queue has no tasks.
    pub fn set_unfinished(&self, unfinished: usize) -> bool {
        let mut state = self.lock();
        let is_here = state.phase != Phase::Forwarded;
        if is_here {
            state.unfinished = unfinished;
        }
        is_here
    }
}

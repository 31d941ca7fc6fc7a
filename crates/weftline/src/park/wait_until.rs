//! [`wait_until`]: a wait for a state that serves all waiters alike, so that no waiter gives
//! anything back: a future that is done, a count that is zero.

use super::{
    BlockedOn, Blocker, CachePadded, Deadline, Ended, ForgetWaiters, List, ListLock, WaitError,
    Waiter, ready,
};

/// Parks with `blocker`, blocked on `on`, in one of the lists under `lock` until a waker has
/// granted the waiter. Does not wait if `is_there` holds under the lock. Wakers see `payload`.
///
/// # Errors
/// [`WaitError::TimedOut`] when the deadline passed before. [`WaitError::Interrupted`] when the
/// blocker was interrupted, also if the grant came at the same time.
pub(crate) fn wait_until<D: ForgetWaiters, P: Copy, B: Blocker>(
    on: BlockedOn,
    lock: &ListLock<D>,
    list: fn(&mut D) -> &mut List<P>,
    payload: P,
    mut is_there: impl FnMut(&mut D) -> bool,
    blocker: &mut B,
    deadline: Deadline,
) -> Result<(), WaitError<B::Interrupt>> {
    ready(blocker).map_err(WaitError::Interrupted)?;
    loop {
        let waiter = CachePadded(Waiter::new::<B>(payload));
        {
            let mut data = lock.lock();
            if is_there(&mut data) {
                return Ok(());
            }
            if deadline.is_at_once() {
                return Err(WaitError::TimedOut);
            }
            // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
            unsafe { list(&mut data).push_back(&waiter) };
        }
        match waiter.wait(on, blocker, deadline) {
            Ended::Granted => return Ok(()),
            Ended::Forked => continue,
            Ended::Abandoned(why) => {
                list(&mut lock.lock()).remove(&waiter);
                return Err(why);
            }
            Ended::InterruptedAfterGrant(interrupt) => {
                return Err(WaitError::Interrupted(interrupt));
            }
        }
    }
}

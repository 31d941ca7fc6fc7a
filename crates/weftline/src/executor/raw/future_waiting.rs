//! How a thread waits for a [`RawFuture`], and how a group does.

use super::future::{Data, RawFuture};
use super::group::RawGroup;
use super::registrations::{Groups, Registration, add};
use crate::error::NoMemory;
use crate::memory::{Counted, try_box};
use crate::park::{Blocker, Deadline, Kind, WaitError, wait_until};

impl<D: Data> RawFuture<D> {
    /// Waits through `blocker` until the future is done: finished or cancelled.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passes first; [`WaitError::Interrupted`] when the
    /// blocker is interrupted.
    #[inline]
    #[track_caller]
    pub fn wait_with<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        if self.phase().is_done() {
            Ok(())
        } else {
            self.wait_slow(blocker, deadline)
        }
    }

    #[cold]
    #[track_caller]
    fn wait_slow<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        wait_until(
            Kind::Future.of(self),
            &self.shared,
            |shared| &mut shared.waiters,
            (),
            |_| self.phase().is_done(),
            blocker,
            deadline,
        )
    }

    /// Registers `group`, which is told of number `index` when the future settles. Returns
    /// `Some(failed)` if the future has settled already: then the caller tells the group.
    ///
    /// # Errors
    /// [`NoMemory`]; the group is not registered.
    pub fn watch(&self, group: &Counted<RawGroup>, index: usize) -> Result<Option<bool>, NoMemory> {
        group.expect_one()?;
        let registered = self.register(group, index);
        if registered.is_err() {
            group.expect_one_less();
        }
        registered
    }

    fn register(&self, group: &Counted<RawGroup>, index: usize) -> Result<Option<bool>, NoMemory> {
        let place = Groups {
            first: Registration {
                group: group.clone(),
                index,
            },
            others: Vec::new(),
        };
        let mut place = try_box(place).map_err(|_| NoMemory)?;
        loop {
            let added = {
                let mut shared = self.shared.lock();
                if self.phase().is_settled() {
                    return Ok(Some(shared.data.has_failed()));
                }
                add(&mut shared.registrations, place)
            };
            // Room is allocated, and old registrations are dropped, without the lock.
            let needed = match added {
                Ok(gone) => {
                    drop(gone);
                    return Ok(None);
                }
                Err((back, needed)) => {
                    place = back;
                    needed
                }
            };
            place.others.try_reserve(needed).map_err(|_| NoMemory)?;
        }
    }
}

//! [`RawFuture`]: the state of a task's outcome, which passes through each phase at most once.
//!
//! # Implementation
//!
//! | phase | meaning | leaves by |
//! |---|---|---|
//! | `Pending` | no worker has begun | `start` → `Running`; `cancel` → `Cancelled`, or `Notified` with `notify`; `abort` → `Notified`; `finish` → `Finished` |
//! | `Running` | a worker runs the task | `finish` → `Finished`; `abort` → `Notified` |
//! | `Cancelled` | cancelled before it began; threads that wait for this future are woken, groups are not told | `start` → `Notified` |
//! | `Notified` | cancelled, and groups are told | (end) |
//! | `Finished` | the outcome is written | (end) |
//!
//! `force` puts the future into any phase: Python programs that set a future's state need it.
//! Groups learn of a cancellation only when a worker comes across it. That is the standard
//! library's way, which its tests observe. `cancel` with `notify` does both in one step.
//!
//! Invariants, under the lock: *a waiter is in the list ⇒ the phase is not done*; *a group is
//! registered ⇒ the phase is not settled*. The outcome and the callbacks are the face's own data
//! under the same lock. Nothing of the face's is dropped or called while the lock is held: a
//! closure returns to the caller what it takes out.
//!
//! Linearisation point of `start`, `cancel`, `abort`, `finish` and `force`: the store of the phase
//! in `enter`, under the lock. That of `phase`, and of a wait that finds the future done: its load
//! of the phase, which takes no lock.
//!
//! Happens-before: the release store in `enter` pairs with the acquire load in `phase`. A thread
//! that finds the future done sees the outcome and all writes before it.

use super::phase::Phase;
use super::registrations::Registrations;
use crate::park::model::{AtomicU32, Ordering};
use crate::park::{Chain, ForgetWaiters, List, ListLock, MaybeGone, ObjectState, Watched};
use std::mem::offset_of;

/// The data that a face keeps beside the phase, under the future's lock.
pub trait Data {
    /// Whether the outcome is a failure. Called when a group is told.
    fn has_failed(&self) -> bool;

    /// The process has forked while a thread that does not exist in the child was changing this
    /// data. Forgets, without dropping it, everything that may be torn.
    fn torn(&mut self);
}

/// Why an operation did not change a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// The phase of the future, from which the operation has no transition.
    In(Phase),
    /// The face's closure declined.
    Declined,
}

/// A future that keeps its outcome and callbacks in `D`.
pub struct RawFuture<D> {
    phase: AtomicU32,
    /// The number of the pool that makes the call, for reports; zero: of none.
    pool: u32,
    pub(super) shared: ListLock<Shared<D>>,
}

pub(super) struct Shared<D> {
    pub(super) waiters: List<()>,
    pub(super) registrations: Registrations,
    pub(super) data: D,
}

impl<D: Data> ForgetWaiters for Shared<D> {
    fn forget_waiters(&mut self, torn: bool) {
        self.waiters.forget_waiters(torn);
        if torn {
            std::mem::forget(self.registrations.take());
            self.data.torn();
        }
    }
}

/// The notifications to deliver once the lock is released.
#[must_use = "waiters wait until they are woken"]
struct News {
    woken: Option<Chain<()>>,
    groups: Registrations,
    failed: bool,
}

impl News {
    fn spread(self) {
        if let Some(chain) = self.woken {
            chain.wake();
        }
        if let Some(groups) = self.groups {
            groups.tell(self.failed);
        }
    }
}

impl<D: Data> Shared<D> {
    fn wake_waiters(&mut self) -> Option<Chain<()>> {
        (!self.waiters.is_empty()).then(|| self.waiters.claim_all(|()| ()))
    }
}

impl<D> Watched for RawFuture<D> {
    fn look(future: MaybeGone<'_, Self>) -> Option<ObjectState> {
        let phase = future.u32_at(offset_of!(Self, phase))?;
        let pool = future.u32_at(offset_of!(Self, pool))?;
        Some(if phase == Phase::Pending as u32 {
            ObjectState::Pending { pool }
        } else if phase == Phase::Running as u32 {
            ObjectState::Running { pool }
        } else {
            ObjectState::Finished
        })
    }
}

impl<D: Data> RawFuture<D> {
    /// A pending future.
    pub fn new(data: D) -> Self {
        Self::of_pool(0, data)
    }

    /// A pending future of a task of the pool with that number
    /// ([`next_pool`](crate::park::next_pool)).
    pub fn of_pool(pool: u32, data: D) -> Self {
        Self {
            phase: AtomicU32::new(Phase::Pending as u32),
            pool,
            shared: ListLock::new_now(Shared {
                waiters: List::new(),
                registrations: None,
                data,
            }),
        }
    }

    /// The current phase. A caller that finds the future done sees all writes before its end.
    #[inline]
    pub fn phase(&self) -> Phase {
        Phase::ALL[self.phase.load(Ordering::Acquire) as usize]
    }

    /// Reads or writes the face's data under the lock, together with its phase. `f` may drop and
    /// call nothing but the face's own.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(Phase, &mut D) -> R) -> R {
        let mut shared = self.shared.lock();
        f(self.phase(), &mut shared.data)
    }

    /// As [`Self::with`], but `None` when the lock is held. This very thread may hold it, in a
    /// garbage collector's visit.
    pub fn try_with<R>(&self, f: impl FnOnce(&mut D) -> R) -> Option<R> {
        self.shared.try_lock().map(|mut shared| f(&mut shared.data))
    }

    /// Called under the lock.
    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u32, Ordering::Release);
    }

    /// A worker begins. `true`: it runs the task. `false`: the future was cancelled, groups are
    /// told, and nothing is to run. `may` is called first, and may decline.
    ///
    /// # Errors
    /// [`Unchanged`] when the future is neither pending nor cancelled, for then a worker has begun
    /// already.
    #[inline]
    pub fn start(&self, may: impl FnOnce(&mut D) -> bool) -> Result<bool, Unchanged> {
        let news = {
            let mut shared = self.shared.lock();
            if !may(&mut shared.data) {
                return Err(Unchanged::Declined);
            }
            match self.phase() {
                Phase::Pending => {
                    self.enter(Phase::Running);
                    return Ok(true);
                }
                Phase::Cancelled => {
                    self.enter(Phase::Notified);
                    News {
                        woken: None,
                        groups: shared.registrations.take(),
                        failed: false,
                    }
                }
                phase => return Err(Unchanged::In(phase)),
            }
        };
        news.spread();
        Ok(false)
    }

    /// Cancels the future if no worker has begun, and wakes the threads that wait for it. `take`
    /// takes out the callbacks, or declines. With `notify`, groups are told in the same step.
    ///
    /// # Errors
    /// [`Unchanged`], when it is not pending.
    pub fn cancel<R>(
        &self,
        notify: bool,
        take: impl FnOnce(&mut D) -> Option<R>,
    ) -> Result<R, Unchanged> {
        self.give_up(
            |phase| phase == Phase::Pending,
            notify,
            |_, data| take(data),
        )
    }

    /// As [`Self::cancel`] with `notify`, also for a future that is running: its worker finds the
    /// future done. `take` receives the phase that the future was in.
    ///
    /// # Errors
    /// [`Unchanged`], when it is done already.
    pub fn abort<R>(&self, take: impl FnOnce(Phase, &mut D) -> Option<R>) -> Result<R, Unchanged> {
        self.give_up(|phase| !phase.is_done(), true, take)
    }

    fn give_up<R>(
        &self,
        may: impl FnOnce(Phase) -> bool,
        notify: bool,
        take: impl FnOnce(Phase, &mut D) -> Option<R>,
    ) -> Result<R, Unchanged> {
        let (taken, news) = {
            let mut shared = self.shared.lock();
            let phase = self.phase();
            if !may(phase) {
                return Err(Unchanged::In(phase));
            }
            let taken = take(phase, &mut shared.data).ok_or(Unchanged::Declined)?;
            self.enter(if notify {
                Phase::Notified
            } else {
                Phase::Cancelled
            });
            let news = News {
                woken: shared.wake_waiters(),
                groups: if notify {
                    shared.registrations.take()
                } else {
                    None
                },
                failed: false,
            };
            (taken, news)
        };
        news.spread();
        Ok(taken)
    }

    /// Finishes the future. `put` writes the outcome and takes out the callbacks, or declines. Then
    /// all waiters are woken, and groups are told.
    ///
    /// # Errors
    /// [`Unchanged`], when the future is done already; `put` is not called then.
    #[inline]
    pub fn finish<R>(&self, put: impl FnOnce(&mut D) -> Option<R>) -> Result<R, Unchanged> {
        let (taken, news) = {
            let mut shared = self.shared.lock();
            let phase = self.phase();
            if phase.is_done() {
                return Err(Unchanged::In(phase));
            }
            let taken = put(&mut shared.data).ok_or(Unchanged::Declined)?;
            self.enter(Phase::Finished);
            let news = News {
                woken: shared.wake_waiters(),
                groups: shared.registrations.take(),
                failed: shared.data.has_failed(),
            };
            (taken, news)
        };
        news.spread();
        Ok(taken)
    }

    /// Puts the future into a phase by force, for Python programs that do so. All waiters are woken
    /// if the future is done in that phase.
    pub fn force(&self, phase: Phase) {
        let news = {
            let mut shared = self.shared.lock();
            self.enter(phase);
            News {
                woken: if phase.is_done() {
                    shared.wake_waiters()
                } else {
                    None
                },
                groups: if phase.is_settled() {
                    shared.registrations.take()
                } else {
                    None
                },
                failed: shared.data.has_failed(),
            }
        };
        news.spread();
    }
}

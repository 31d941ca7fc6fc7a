//! [`RawFuture`]: what will come of a task, as a state that is passed through once.
//!
//! # Implementation
//!
//! | phase | meaning | leaves by |
//! |---|---|---|
//! | `Pending` | nobody has begun | `start` → `Running`; `cancel` → `Cancelled`; `abort` → `Notified`; `finish` → `Finished` |
//! | `Running` | a worker is at it | `finish` → `Finished`; `abort` → `Notified` |
//! | `Cancelled` | given up before it began; whoever waits for this future knows | `start` → `Notified` |
//! | `Notified` | as before, and groups know too | (end) |
//! | `Finished` | the outcome is there | (end) |
//!
//! That groups learn of a cancellation only when a worker comes across it is the standard library's
//! way, which its tests observe; `cancel` can also be told to do both in one step.
//!
//! The phase is written under the lock and read without it: the release that ends `finish` is what
//! makes the outcome seen by whoever finds the future done. What the outcome is, and who is to be
//! called back, is the face's own data under the same lock. Nothing of the face's is dropped or
//! called while it is held: what a closure takes out comes back to the caller.

use super::group::RawGroup;
use crate::NoMemory;
use crate::memory::{Counted, try_box};
use crate::park::model::{AtomicU32, Ordering};
use crate::park::{Blocker, Chain, Deadline, ForgetWaiters, List, ListLock, WaitError, wait_until};

/// Where a future is; see the module's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Phase {
    /// Nobody has begun.
    Pending,
    /// A worker is at it.
    Running,
    /// Given up before it began; groups do not know yet.
    Cancelled,
    /// Given up before it began, and groups know.
    Notified,
    /// The outcome is there.
    Finished,
}

impl Phase {
    const ALL: [Self; 5] = [
        Self::Pending,
        Self::Running,
        Self::Cancelled,
        Self::Notified,
        Self::Finished,
    ];

    /// Whether nobody needs to wait any more.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Cancelled | Self::Notified | Self::Finished)
    }

    /// Whether groups count it as done.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Notified | Self::Finished)
    }
}

/// What a face keeps beside the phase, under the future's lock.
pub trait Data {
    /// Whether the outcome is a failure; asked when a group is told.
    fn has_failed(&self) -> bool;

    /// The process has forked while a thread that did not survive was changing this: what cannot be
    /// trusted is to be forgotten, not dropped.
    fn torn(&mut self);
}

/// Why a future was left as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unchanged {
    /// It is in this phase, from which there is no such way.
    In(Phase),
    /// The face's closure did not want to.
    Declined,
}

/// A future whose outcome and callbacks are kept in `D`.
pub struct RawFuture<D> {
    phase: AtomicU32,
    shared: ListLock<Shared<D>>,
}

struct Shared<D> {
    waiters: List<()>,
    watchers: Watchers,
    data: D,
}

impl<D: Data> ForgetWaiters for Shared<D> {
    fn forget_waiters(&mut self, torn: bool) {
        self.waiters.forget_waiters(torn);
        if torn {
            std::mem::forget(self.watchers.take());
            self.data.torn();
        }
    }
}

/// A place in a group.
#[derive(Clone)]
struct Watcher {
    group: Counted<RawGroup>,
    index: usize,
}

/// Mostly none, seldom more than one. Behind a pointer, because most futures are watched by nobody,
/// and there are many of them.
type Watchers = Option<Box<Places>>;

struct Places {
    first: Watcher,
    others: Vec<Watcher>,
}

impl Places {
    fn tell(self, failed: bool) {
        for watcher in std::iter::once(self.first).chain(self.others) {
            watcher.group.arrived(watcher.index, failed);
        }
    }
}

/// Adds `place`, and returns the one that was there, with what is left in it: places in groups that
/// nobody looks at any more. It comes back if it has no room for the others that there are, whose
/// number is told.
fn add(watchers: &mut Watchers, mut place: Box<Places>) -> Result<Watchers, (Box<Places>, usize)> {
    let Some(mut old) = watchers.take() else {
        *watchers = Some(place);
        return Ok(None);
    };
    let needed = 1 + old.others.len();
    if place.others.capacity() < needed {
        *watchers = Some(old);
        return Err((place, needed));
    }
    let mut index = 0;
    while index < old.others.len() {
        if old.others[index].group.is_abandoned() {
            index += 1;
        } else {
            let kept = old.others.swap_remove(index);
            place.others.push(kept);
        }
    }
    if !old.first.group.is_abandoned() {
        place.others.push(old.first.clone());
    }
    *watchers = Some(place);
    Ok(Some(old))
}

/// What is left to do once the lock has been let go.
#[must_use = "waiters wait until they are woken"]
struct News {
    woken: Option<Chain<()>>,
    told: Watchers,
    failed: bool,
}

impl News {
    fn spread(self) {
        if let Some(chain) = self.woken {
            chain.wake();
        }
        if let Some(places) = self.told {
            places.tell(self.failed);
        }
    }
}

impl<D: Data> Shared<D> {
    fn wake_waiters(&mut self) -> Option<Chain<()>> {
        (!self.waiters.is_empty()).then(|| self.waiters.claim_all(|()| ()))
    }
}

impl<D: Data> RawFuture<D> {
    /// A pending future.
    pub fn new(data: D) -> Self {
        Self {
            phase: AtomicU32::new(Phase::Pending as u32),
            shared: ListLock::new_now(Shared {
                waiters: List::new(),
                watchers: None,
                data,
            }),
        }
    }

    /// Where it is now. What was done before it was finished is seen by whoever finds it so.
    #[inline]
    pub fn phase(&self) -> Phase {
        Phase::ALL[self.phase.load(Ordering::Acquire) as usize]
    }

    /// Reads or writes the face's data under the lock, with the phase that goes with it. Nothing
    /// may be dropped or called in `f` that is not the face's own.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(Phase, &mut D) -> R) -> R {
        let mut shared = self.shared.lock();
        f(self.phase(), &mut shared.data)
    }

    /// As [`Self::with`], unless the lock is held, as it may be by this very thread in a garbage
    /// collector's visit.
    pub fn try_with<R>(&self, f: impl FnOnce(&mut D) -> R) -> Option<R> {
        self.shared.try_lock().map(|mut shared| f(&mut shared.data))
    }

    /// Under the lock.
    fn enter(&self, phase: Phase) {
        self.phase.store(phase as u32, Ordering::Release);
    }

    /// A worker begins: `true`. `false` when the future was cancelled: then groups are told, and
    /// there is nothing to do. `may` is asked first, and may decline.
    ///
    /// # Errors
    /// [`Unchanged`], when it is neither pending nor cancelled: somebody has begun already.
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
                        told: shared.watchers.take(),
                        failed: false,
                    }
                }
                phase => return Err(Unchanged::In(phase)),
            }
        };
        news.spread();
        Ok(false)
    }

    /// Gives the future up if nobody has begun, and wakes those who wait for it. `take` takes out
    /// what is to be called back, or declines; if `notify`, groups are told at once.
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

    /// As [`Self::cancel`], with groups told, also when somebody has begun: who is at it finds the
    /// future done. `take` is told which it was.
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
                told: if notify { shared.watchers.take() } else { None },
                failed: false,
            };
            (taken, news)
        };
        news.spread();
        Ok(taken)
    }

    /// The outcome is there: `put` writes it and takes out what is to be called back, or declines.
    /// Then everyone who waits is woken, and groups are told.
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
                told: shared.watchers.take(),
                failed: shared.data.has_failed(),
            };
            (taken, news)
        };
        news.spread();
        Ok(taken)
    }

    /// Puts the future into a phase by force, for programs in Python that do so. Whoever waits is
    /// woken if it is done then.
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
                told: if phase.is_settled() {
                    shared.watchers.take()
                } else {
                    None
                },
                failed: shared.data.has_failed(),
            }
        };
        news.spread();
    }

    /// Sleeps through `blocker` until the future is done: finished or cancelled.
    ///
    /// # Errors
    /// [`WaitError::TimedOut`] when the deadline passed before, [`WaitError::Interrupted`] when the
    /// blocker said so.
    #[inline]
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
    fn wait_slow<B: Blocker>(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        wait_until(
            &self.shared,
            |shared| &mut shared.waiters,
            (),
            |_| self.phase().is_done(),
            blocker,
            deadline,
        )
    }

    /// Has `group` told, as its number `index`, when the future settles. `Some(failed)` if it has
    /// settled already: the group is not told then, and expects the caller to.
    ///
    /// # Errors
    /// [`NoMemory`]; the group is not told.
    pub fn watch(&self, group: &Counted<RawGroup>, index: usize) -> Result<Option<bool>, NoMemory> {
        group.expect_one()?;
        let watched = self.add_watcher(group, index);
        if watched.is_err() {
            group.expect_one_less();
        }
        watched
    }

    fn add_watcher(
        &self,
        group: &Counted<RawGroup>,
        index: usize,
    ) -> Result<Option<bool>, NoMemory> {
        let place = Places {
            first: Watcher {
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
                add(&mut shared.watchers, place)
            };
            // Made, and what is gone dropped, without the lock.
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

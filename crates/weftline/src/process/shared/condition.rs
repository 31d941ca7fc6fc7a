//! [`Condition`]: a value that processes share, and threads of these processes that wait for it to
//! change.
//!
//! # Implementation
//!
//! The lock over the value protects everything. Each waiter has a row in the table of waiters. The
//! states of a row's `state`:
//!
//! | state | meaning | leaves by |
//! |---|---|---|
//! | `WAITING` | the waiter sleeps, or is about to | a notification → `NOTIFIED`; its thread, having the lock again → `NO_WAIT` |
//! | `NOTIFIED` | the wait is over | its thread, having the lock again → `NO_WAIT` |
//! | `NO_WAIT` | the row has no waiter | a wait that begins → `WAITING` |
//!
//! # Invariants
//!
//! - `note` is the number of the wait. A notification goes to the lowest numbers, so to the threads
//!   that have waited longest.
//! - A row whose thread died while it was waiting gets no notification.
//! - A thread may die between its notification and having the lock again. The next thread that
//!   waits or notifies finds its row, or a sleeping waiter does, each half second. The notification
//!   goes to the next in line.
//!
//! # Linearisation points
//!
//! A notification is its store of `NOTIFIED`, under the lock. A wait begins when its row is taken,
//! and ends with the swap to `NO_WAIT`, both under the lock.
//!
//! # Happens-before
//!
//! The store of `NOTIFIED` releases, and the waiter's load acquires. The lock orders everything
//! else.

use super::error::SharedError;
use super::header::{Kind, Shape};
use super::mutex::sealed::Sealed;
use super::mutex::{Abandoned, LockError, LockGuard, Mutex, Plain, Recover, lock_forms};
use super::object::{Object, Shared, over_value, shared_handle};
use super::operation_error::WaitError;
use super::robust::RobustCell;
use super::robust_list::expect_room;
use super::sleep::{sleep, spin_until, wake};
use super::table::{self, NoRow, Table, Used};
use crate::park::Deadline;
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const NO_WAIT: u32 = 0;
const WAITING: u32 = 1;
const NOTIFIED: u32 = 2;

#[repr(C)]
pub(super) struct State<T> {
    mutex: Mutex,
    /// The number of the next wait.
    next: AtomicU64,
    used: Used,
    value: UnsafeCell<T>,
}

// SAFETY: plain data that only the holder of the mutex accesses.
unsafe impl<T: Plain> Object for State<T> {
    type Fixed = ();

    fn shape() -> Shape {
        Shape::of::<T>(Kind::Condition)
    }

    fn fix(&self, _: usize) -> Option<()> {
        Some(())
    }
}

/// A value that processes share, and threads of these processes that wait for it to change:
/// Python's `multiprocessing.Condition`, together with the value that it is about.
///
/// Waiting and notifying are methods of the guard. A wait frees the lock, and holds it again when
/// it returns, however it ended. A notification goes to the living threads that have waited
/// longest. If a process dies while it holds the lock, the next thread that takes it, by locking or
/// at the end of its wait, gets an error.
///
/// At most 4,096 threads wait at a time.
///
/// ```
/// # use weftline::process::Condition;
/// let stock = Condition::new(0_u32)?;
/// # let here = stock.clone();
/// # let producer = std::thread::spawn(move || {
/// let mut guard = stock.lock().unwrap();
/// *guard = 5;
/// guard.notify_all();
/// # });
/// // In another process:
/// # let stock = here;
/// let mut guard = stock.lock().unwrap();
/// guard.wait_while(|stock| *stock == 0).unwrap();
/// *guard -= 1;
/// # producer.join().unwrap();
/// # Ok::<(), weftline::process::SharedError>(())
/// ```
#[doc(alias = "multiprocessing.Condition")]
pub struct Condition<T: Plain>(Shared<State<T>>);

impl<T: Plain> Condition<T> {
    fn of(shared: Shared<State<T>>) -> Self {
        Self(shared)
    }

    over_value!("A condition about");

    fn make(name: Option<&str>, value: T) -> Result<Self, SharedError> {
        Shared::create(name, 0, table::SPAN, |state: &mut State<T>| {
            *state.value.get_mut() = value;
        })
        .map(Self::of)
    }

    fn lock_by(
        &self,
        deadline: Deadline,
    ) -> Result<ConditionGuard<'_, T>, LockError<ConditionGuard<'_, T>>> {
        let value = NonNull::from(&self.0.value).cast();
        let wrap = |value| ConditionGuard {
            value,
            condition: &self.0,
            notified: Notified::default(),
        };
        // SAFETY: the value lies beside its mutex, and every access goes through that.
        let locked = unsafe { LockGuard::lock(&self.0.mutex, value, deadline) };
        locked.map(wrap).map_err(|error| error.map(wrap))
    }

    lock_forms!(ConditionGuard<'_, T>);
}

shared_handle!(Condition<T: Plain>);

impl<T: Plain> fmt::Debug for Condition<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("is_locked", &self.0.mutex.is_held())
            .finish_non_exhaustive()
    }
}

/// Access to a shared condition's value; dropping it frees the lock. It stays with its thread.
#[must_use = "the lock is freed when the guard is dropped"]
pub struct ConditionGuard<'a, T: Plain> {
    // Fields are dropped in this order: the lock is free when the notified threads wake up.
    value: LockGuard<'a, T>,
    condition: &'a Shared<State<T>>,
    notified: Notified<'a>,
}

/// Threads that were notified under a guard. They sleep until the guard frees the lock, because
/// they cannot go on without it.
#[derive(Default)]
struct Notified<'a>(Cell<Vec<&'a RobustCell>>);

impl Notified<'_> {
    fn wake(&self) {
        for row in self.0.take() {
            wake(&row.state, 1);
        }
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        self.wake();
    }
}

impl<'a, T: Plain> ConditionGuard<'a, T> {
    fn table(&self) -> Table<'a> {
        let condition = self.condition;
        Table::new(
            condition.segment(),
            Shared::<State<T>>::END,
            &condition.used,
        )
    }

    /// Passes on the notifications of threads that died with them.
    fn pass_on(&self) {
        let mut lost = 0;
        for row in self.table().rows().filter(|row| row.is_abandoned()) {
            if row.state.swap(NO_WAIT, Ordering::Relaxed) == NOTIFIED {
                lost += 1;
            }
            row.bury();
        }
        self.notify_next(lost);
    }

    /// As [`Self::pass_on`], for a thread without the lock, if there is anything to pass on.
    fn look_for_dead(&self) {
        let has_died =
            |row: &RobustCell| row.is_abandoned() && row.state.load(Ordering::Relaxed) == NOTIFIED;
        if !self.table().rows().any(has_died) {
            return;
        }
        let mutex = self.value.mutex();
        let _ = mutex.lock_again();
        self.pass_on();
        // SAFETY: just taken: `lock_again` never times out.
        unsafe { mutex.unlock() };
        self.notified.wake();
    }

    fn notify_next(&self, n: usize) {
        if n == 0 {
            return;
        }
        let is_waiting =
            |row: &&RobustCell| row.is_held() && row.state.load(Ordering::Relaxed) == WAITING;
        // The numbers are read once: a sort needs keys that do not change.
        let numbered = |row: &'a RobustCell| (row.note.load(Ordering::Relaxed), row);
        let waiting = self.table().rows().filter(is_waiting).map(numbered);
        let mut waiting: Vec<_> = waiting.collect();
        let number = |(number, _): &(u64, &RobustCell)| *number;
        if n < waiting.len() {
            waiting.select_nth_unstable_by_key(n, number);
            waiting.truncate(n);
        }
        waiting.sort_unstable_by_key(number);
        let mut notified = self.notified.0.take();
        for (_, row) in waiting {
            row.state.store(NOTIFIED, Ordering::Release);
            notified.push(row);
        }
        self.notified.0.set(notified);
    }

    pub(super) fn wait_by(&mut self, deadline: Deadline) -> Result<(), WaitError> {
        expect_room();
        self.pass_on();
        let condition = self.condition;
        let number = condition.next.fetch_add(1, Ordering::Relaxed);
        let row = self.table().take(|row| {
            row.note.store(number, Ordering::Relaxed);
            row.state.store(WAITING, Ordering::Relaxed);
        });
        let row = row.map_err(|why| match why {
            NoRow::Full => WaitError::NoRoom(None),
            NoRow::NoMemory(why) => WaitError::NoRoom(Some(why)),
        })?;
        // SAFETY: the lock is taken again before the guard is used, and nothing between can unwind.
        unsafe { self.value.give_up() };
        self.notified.wake();
        let is_notified = || row.state.load(Ordering::Acquire) == NOTIFIED;
        if !deadline.has_passed() && !spin_until(is_notified) {
            while !is_notified() && !deadline.has_passed() {
                sleep(&row.state, WAITING, deadline);
                self.look_for_dead();
            }
        }
        let abandoned = self.value.take_again();
        let was_notified = row.state.swap(NO_WAIT, Ordering::Relaxed) == NOTIFIED;
        // SAFETY: taken above.
        unsafe { row.free() };
        match abandoned {
            Some(pid) => Err(WaitError::Abandoned(pid)),
            None if was_notified => Ok(()),
            None => Err(WaitError::TimedOut),
        }
    }

    pub(super) fn wait_while_by(
        &mut self,
        deadline: Deadline,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> Result<(), WaitError> {
        while condition(&mut self.value) {
            match self.wait_by(deadline) {
                Ok(()) => {}
                // The condition may have come true at the last moment.
                Err(WaitError::TimedOut) if !condition(&mut self.value) => return Ok(()),
                Err(why) => return Err(why),
            }
        }
        Ok(())
    }

    /// Ends the waits of the `n` threads that have waited longest.
    pub fn notify(&self, n: usize) {
        self.pass_on();
        self.notify_next(n);
    }

    /// Ends the waits of all threads that wait.
    pub fn notify_all(&self) {
        self.notify(usize::MAX);
    }

    /// After [`WaitError::Abandoned`]: says that everything is in order again, and the next thread
    /// gets no error.
    pub fn recover(&self) {
        self.value.recovered();
    }
}

impl<T: Plain> Sealed for ConditionGuard<'_, T> {}

impl<T: Plain> Recover for ConditionGuard<'_, T> {
    fn recovered(&self) {
        self.value.recovered();
    }
}

impl<T: Plain> Deref for ConditionGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Plain> DerefMut for ConditionGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Plain + fmt::Debug> fmt::Debug for ConditionGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

//! [`wait`] and [`as_completed`]: waits for several futures, at a constant cost for each.

use super::future::Future;
use super::raw::{RawGroup, Want};
use crate::error::{NoMemory, TimedOut};
use crate::memory::Counted;
use crate::park::{Deadline, ThreadBlocker, WaitError, panic_without_memory};
use std::fmt;
use std::time::{Duration, Instant};

/// The condition that [`wait`] waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReturnWhen {
    /// One of the tasks has ended or was cancelled.
    FirstCompleted,
    /// One of the tasks has failed, or all have ended. A cancelled task has not failed.
    FirstException,
    /// All tasks have ended or were cancelled.
    AllCompleted,
}

/// The futures passed to [`wait`], each in one of the two lists.
#[derive(Debug)]
#[non_exhaustive]
pub struct Waited<T> {
    /// The futures whose tasks have ended or were cancelled, in the order of their ends.
    pub done: Vec<Future<T>>,
    /// The others, in the order in which they were passed.
    pub not_done: Vec<Future<T>>,
}

/// Panics without memory, where Rust's own collections abort.
#[track_caller]
fn or_panic<T>(result: Result<T, NoMemory>) -> T {
    match result {
        Ok(value) => value,
        Err(NoMemory) => panic_without_memory(),
    }
}

fn with_room_for<T>(count: usize) -> Result<Vec<T>, NoMemory> {
    let mut room = Vec::new();
    room.try_reserve_exact(count).map_err(|_| NoMemory)?;
    Ok(room)
}

#[track_caller]
fn wait_by<T>(
    futures: impl IntoIterator<Item = Future<T>>,
    when: ReturnWhen,
    deadline: Deadline,
) -> Waited<T> {
    let mut completed: AsCompleted<T> = futures.into_iter().collect();
    let want = match when {
        ReturnWhen::FirstCompleted => Want {
            count: completed.left.min(1),
            or_failure: false,
        },
        ReturnWhen::FirstException => Want {
            count: completed.left,
            or_failure: true,
        },
        ReturnWhen::AllCompleted => Want {
            count: completed.left,
            or_failure: false,
        },
    };
    // After a timeout, the futures that have ended by then are done.
    let _ = completed
        .group
        .wait_with(want, &mut ThreadBlocker, deadline);
    let arrived = or_panic(completed.group.take_all());
    let mut done = or_panic(with_room_for(arrived.len()));
    let mut not_done = or_panic(with_room_for(completed.left - arrived.len()));
    done.extend(
        arrived
            .into_iter()
            .filter_map(|index| completed.futures[index].take()),
    );
    not_done.extend(completed.futures.drain(..).flatten());
    Waited { done, not_done }
}

/// Waits until all tasks are done, or some of them: Python's `concurrent.futures.wait`.
/// ```
/// use weftline::{Executor, ReturnWhen, ThreadPoolExecutor, wait};
///
/// let pool = ThreadPoolExecutor::new(2);
/// let futures = (0..3).map(|n| pool.submit(move || n).unwrap());
/// let waited = wait(futures, ReturnWhen::AllCompleted);
/// assert_eq!((waited.done.len(), waited.not_done.len()), (3, 0));
/// ```
///
/// # Panics
/// When there is no memory for the two lists. The futures are dropped then, as by any panic.
#[doc(alias = "concurrent.futures.wait")]
#[track_caller]
pub fn wait<T>(futures: impl IntoIterator<Item = Future<T>>, when: ReturnWhen) -> Waited<T> {
    wait_by(futures, when, Deadline::NEVER)
}

/// As [`wait`], without waiting.
///
/// # Panics
/// As [`wait`].
#[track_caller]
pub fn try_wait<T>(futures: impl IntoIterator<Item = Future<T>>, when: ReturnWhen) -> Waited<T> {
    wait_by(futures, when, Deadline::PASSED)
}

/// As [`wait`], for at most `timeout`. The futures that are done by then are in `done`. A timeout
/// beyond the clock's range never ends.
///
/// # Panics
/// As [`wait`].
#[track_caller]
pub fn try_wait_for<T>(
    futures: impl IntoIterator<Item = Future<T>>,
    when: ReturnWhen,
    timeout: Duration,
) -> Waited<T> {
    wait_by(futures, when, Deadline::after(timeout))
}

/// As [`wait`], until `deadline` at the latest. The futures that are done by then are in `done`.
///
/// # Panics
/// As [`wait`].
#[track_caller]
pub fn try_wait_until<T>(
    futures: impl IntoIterator<Item = Future<T>>,
    when: ReturnWhen,
    deadline: Instant,
) -> Waited<T> {
    wait_by(futures, when, Deadline::at(deadline))
}

/// Yields each future when its task has ended or was cancelled: Python's
/// `concurrent.futures.as_completed`.
/// ```
/// use weftline::{Executor, ThreadPoolExecutor, as_completed};
///
/// let pool = ThreadPoolExecutor::new(2);
/// let futures = (1..=3).map(|n| pool.submit(move || n).unwrap());
/// let sum: i32 = as_completed(futures).map(|future| future.result().unwrap()).sum();
/// assert_eq!(sum, 6);
/// ```
///
/// # Panics
/// When there is no memory to keep the futures. They are dropped then, as by any panic.
#[doc(alias = "concurrent.futures.as_completed")]
pub fn as_completed<T>(futures: impl IntoIterator<Item = Future<T>>) -> AsCompleted<T> {
    futures.into_iter().collect()
}

/// Yields futures as their tasks end; see [`as_completed`]. Futures can be added during the
/// iteration.
pub struct AsCompleted<T> {
    group: Counted<RawGroup>,
    /// Each future until it is yielded.
    futures: Vec<Option<Future<T>>>,
    /// Places in `futures` whose futures were yielded.
    vacant: Vec<usize>,
    left: usize,
}

impl<T> AsCompleted<T> {
    /// Adds a future to those that are to come.
    ///
    /// # Panics
    /// When there is no memory for it; the futures that are to come do not change.
    pub fn push(&mut self, future: Future<T>) {
        if self.vacant.is_empty() {
            let room = self
                .futures
                .try_reserve(1)
                .and(self.vacant.try_reserve(1 + self.futures.len()));
            or_panic(room.map_err(|_| NoMemory));
            self.vacant.push(self.futures.len());
            self.futures.push(None);
        }
        let index = self.vacant[self.vacant.len() - 1];
        let settled = or_panic(future.raw().watch(&self.group, index));
        self.vacant.pop();
        self.futures[index] = Some(future);
        self.left += 1;
        if let Some(failed) = settled {
            self.group.arrived(index, failed);
        }
    }

    /// How many futures are still to come.
    #[must_use]
    #[allow(
        clippy::len_without_is_empty,
        reason = "an iterator: `next` says whether there is one"
    )]
    pub fn len(&self) -> usize {
        self.left
    }

    #[track_caller]
    fn next_by(&mut self, deadline: Deadline) -> Result<Option<Future<T>>, TimedOut> {
        const ANY: Want = Want {
            count: 1,
            or_failure: false,
        };
        if self.left == 0 {
            return Ok(None);
        }
        self.group
            .wait_with(ANY, &mut ThreadBlocker, deadline)
            .map_err(WaitError::timed_out)?;
        let index = self.group.take().expect("one has arrived");
        self.left -= 1;
        self.vacant.push(index);
        Ok(self.futures[index].take())
    }

    /// The next future, if one is done now; `None` when all were yielded.
    ///
    /// # Errors
    /// [`TimedOut`] when none is.
    #[track_caller]
    pub fn try_next(&mut self) -> Result<Option<Future<T>>, TimedOut> {
        self.next_by(Deadline::PASSED)
    }

    /// Waits for the next future, for at most `timeout`; `None` when all were yielded.
    ///
    /// # Errors
    /// [`TimedOut`] when none was done in time.
    #[track_caller]
    pub fn try_next_for(&mut self, timeout: Duration) -> Result<Option<Future<T>>, TimedOut> {
        self.next_by(Deadline::after(timeout))
    }

    /// Waits for the next future, until `deadline` at the latest; `None` when all were yielded.
    ///
    /// # Errors
    /// [`TimedOut`] when none was done in time.
    #[track_caller]
    pub fn try_next_until(&mut self, deadline: Instant) -> Result<Option<Future<T>>, TimedOut> {
        self.next_by(Deadline::at(deadline))
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Future<T>;

    #[track_caller]
    fn next(&mut self) -> Option<Future<T>> {
        self.next_by(Deadline::NEVER)
            .expect("a wait without a deadline does not time out")
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> FromIterator<Future<T>> for AsCompleted<T> {
    fn from_iter<I: IntoIterator<Item = Future<T>>>(futures: I) -> Self {
        let mut completed = Self {
            group: or_panic(RawGroup::new()),
            futures: Vec::new(),
            vacant: Vec::new(),
            left: 0,
        };
        completed.extend(futures);
        completed
    }
}

impl<T> Extend<Future<T>> for AsCompleted<T> {
    fn extend<I: IntoIterator<Item = Future<T>>>(&mut self, futures: I) {
        futures.into_iter().for_each(|future| self.push(future));
    }
}

impl<T> Drop for AsCompleted<T> {
    fn drop(&mut self) {
        self.group.abandon();
    }
}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::executor::{Executor, ThreadPoolExecutor};

    #[test]
    fn an_endless_stream_of_futures_takes_the_room_of_those_that_are_to_come() {
        const MANY: usize = if cfg!(miri) { 30 } else { 1_000 };
        let pool = ThreadPoolExecutor::new(2);
        let mut completed = as_completed((0..3).map(|n| pool.submit(move || n).unwrap()));
        let mut seen = Vec::new();
        for n in 3..MANY {
            seen.push(completed.next().unwrap().result().unwrap());
            completed.push(pool.submit(move || n).unwrap());
        }
        assert_eq!((completed.len(), completed.futures.len()), (3, 3));
        seen.extend(completed.map(|future| future.result().unwrap()));
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..MANY));
    }
}

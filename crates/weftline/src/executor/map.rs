//! [`Map`]: a function over many items, in a pool, with the results in order.

use super::error::TaskError;
use super::future::{Future, ResultError};
use super::pool::ThreadPoolExecutor;
use super::{Executor, SubmitError};
use crate::memory::Counted;
use std::collections::{TryReserveError, VecDeque};
use std::fmt;
use std::iter::Fuse;
use std::time::{Duration, Instant};
use std::vec;

/// The options of [`ThreadPoolExecutor::map_with`], and of a process pool's `map_with`.
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "options do nothing by themselves"]
pub struct MapOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) chunk_size: Option<usize>,
    pub(crate) buffer_size: Option<usize>,
}

impl MapOptions {
    /// No timeout, each item a task of its own, all submitted at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long after the call the last result may come.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// How many items make one task. More than one saves time when each item takes little.
    ///
    /// # Panics
    /// When it is zero.
    pub fn chunk_size(mut self, chunk_size: usize) -> Self {
        assert!(chunk_size > 0, "a task needs at least one item");
        self.chunk_size = Some(chunk_size);
        self
    }

    /// How many tasks may be submitted ahead of the result that is asked for. Without this, all
    /// tasks are submitted in the call, and all results are kept until they are asked for.
    ///
    /// # Panics
    /// When it is zero.
    pub fn buffer_size(mut self, buffer_size: usize) -> Self {
        assert!(buffer_size > 0, "without a task ahead there is no result");
        self.buffer_size = Some(buffer_size);
        self
    }
}

/// Why [`Map`] has no next result.
#[derive(Debug)]
#[non_exhaustive]
pub enum MapError {
    /// It did not come within the timeout. The tasks that are left are cancelled, and no result
    /// follows.
    TimedOut,
    /// The task failed. Later tasks go on.
    Failed(TaskError),
    /// The pool takes no more tasks, has no thread for one, or there is no memory for one. The
    /// items that are left were not submitted; those of the refused task are dropped. No result
    /// follows.
    NotSubmitted,
}

impl fmt::Display for MapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the result did not come in time"),
            Self::Failed(error) => error.fmt(f),
            Self::NotSubmitted => f.write_str("the pool takes no more tasks"),
        }
    }
}

impl std::error::Error for MapError {}

/// The results of a function over items, in the items' order; see [`ThreadPoolExecutor::map`].
/// Dropping it cancels the tasks that no worker has begun with.
pub struct Map<'a, I: Iterator, R, F> {
    pool: &'a ThreadPoolExecutor,
    items: Fuse<I>,
    /// None when there is no memory for it.
    function: Option<Counted<F>>,
    chunk_size: usize,
    deadline: Option<Instant>,
    ahead: VecDeque<Future<Vec<Result<R, TaskError>>>>,
    ready: vec::IntoIter<Result<R, TaskError>>,
    /// The pool has refused a task, and the iterator has not reported that yet.
    is_refused: bool,
    /// No more tasks are submitted.
    is_over: bool,
}

impl ThreadPoolExecutor {
    /// Calls `function` with each item, in the pool, and yields the results in the items' order.
    /// All items are submitted in the call; [`map_with`](Self::map_with) can submit them in steps.
    pub fn map<I, R, F>(&self, items: I, function: F) -> Map<'_, I::IntoIter, R, F>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        self.map_with(items, function, MapOptions::new())
    }

    /// As [`map`](Self::map), with a timeout, several items to a task, or a bound on how many tasks
    /// are submitted ahead.
    #[allow(
        clippy::disallowed_methods,
        reason = "the deadline of a caller's timeout"
    )]
    pub fn map_with<I, R, F>(
        &self,
        items: I,
        function: F,
        options: MapOptions,
    ) -> Map<'_, I::IntoIter, R, F>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        R: Send + 'static,
        F: Fn(I::Item) -> R + Send + Sync + 'static,
    {
        let mut map = Map {
            pool: self,
            items: items.into_iter().fuse(),
            function: Counted::try_new(function).ok(),
            chunk_size: options.chunk_size.unwrap_or(1),
            deadline: options
                .timeout
                .and_then(|timeout| Instant::now().checked_add(timeout)),
            ahead: VecDeque::new(),
            ready: Vec::new().into_iter(),
            is_refused: false,
            is_over: false,
        };
        match options.buffer_size {
            Some(size) => while map.ahead.len() < size && map.submit_one() {},
            None => while map.submit_one() {},
        }
        map
    }
}

impl<I, R, F> Map<'_, I, R, F>
where
    I: Iterator,
    I::Item: Send + 'static,
    R: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
{
    /// Submits the next chunk; `false` if there is none, or the pool refuses it.
    fn submit_one(&mut self) -> bool {
        if self.is_over {
            return false;
        }
        match self.try_submit() {
            Ok(is_submitted) => is_submitted,
            Err(NotSubmitted) => {
                self.is_refused = true;
                self.is_over = true;
                false
            }
        }
    }

    fn try_submit(&mut self) -> Result<bool, NotSubmitted> {
        let Some(first) = self.items.next() else {
            return Ok(false);
        };
        self.ahead.try_reserve(1)?;
        let function = self.function.clone().ok_or(NotSubmitted)?;
        let mut chunk: Vec<I::Item> = Vec::new();
        for item in std::iter::once(first).chain(self.items.by_ref().take(self.chunk_size - 1)) {
            chunk.try_reserve(1)?;
            chunk.push(item);
        }
        let mut results = Vec::new();
        results.try_reserve_exact(chunk.len())?;
        let task =
            move || {
                results.extend(chunk.into_iter().map(|item| {
                    crate::thread::catch(|| function(item)).map_err(TaskError::Panicked)
                }));
                results
            };
        self.ahead.push_back(self.pool.submit(task)?);
        Ok(true)
    }
}

/// The pool has refused a task, or there is no memory for it.
struct NotSubmitted;

impl From<TryReserveError> for NotSubmitted {
    fn from(_: TryReserveError) -> Self {
        Self
    }
}

impl<F> From<SubmitError<F>> for NotSubmitted {
    fn from(_: SubmitError<F>) -> Self {
        Self
    }
}

impl<I, R, F> Iterator for Map<'_, I, R, F>
where
    I: Iterator,
    I::Item: Send + 'static,
    R: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
{
    type Item = Result<R, MapError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(result) = self.ready.next() {
                return Some(result.map_err(MapError::Failed));
            }
            let Some(future) = self.ahead.pop_front() else {
                return std::mem::take(&mut self.is_refused).then_some(Err(MapError::NotSubmitted));
            };
            // A result that is asked for makes room for one more task.
            self.submit_one();
            let waited = match self.deadline {
                None => future.result(),
                Some(deadline) => match future.try_result_until(deadline) {
                    Ok(chunk) => Ok(chunk),
                    Err(ResultError::Failed(error)) => Err(error),
                    Err(ResultError::NotYet(late)) => {
                        late.cancel();
                        self.cancel_all();
                        return Some(Err(MapError::TimedOut));
                    }
                },
            };
            match waited {
                Ok(chunk) => self.ready = chunk.into_iter(),
                Err(error) => return Some(Err(MapError::Failed(error))),
            }
        }
    }
}

impl<I: Iterator, R, F> Map<'_, I, R, F> {
    fn cancel_all(&mut self) {
        for future in self.ahead.drain(..) {
            future.cancel();
        }
        // The items that are left are not submitted, and no caller needs the reason.
        self.is_over = true;
        self.is_refused = false;
    }
}

impl<I: Iterator, R, F> Drop for Map<'_, I, R, F> {
    fn drop(&mut self) {
        for future in self.ahead.drain(..) {
            future.cancel();
        }
    }
}

impl<I: Iterator, R, F> fmt::Debug for Map<'_, I, R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("ahead", &self.ahead.len())
            .finish_non_exhaustive()
    }
}

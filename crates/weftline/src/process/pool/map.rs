//! [`Calls`]: a function over many arguments, in a pool of processes, with the results in order.

use super::super::function::Each;
use super::ProcessPoolExecutor;
use super::request::Request;
use crate::executor::TaskError;
use crate::executor::{Future, MapError, MapOptions, ResultError};
use crate::process::RemoteFn;
use serde::Serialize;
use std::collections::VecDeque;
use std::fmt;
use std::iter::Fuse;
use std::time::Instant;
use std::vec;

/// The results of a function over many arguments, in their order; see [`ProcessPoolExecutor::map`].
/// Dropping it cancels the tasks that no worker has begun. A call that runs is left to end.
#[must_use = "the results are in it"]
pub struct Calls<'a, F: RemoteFn<I::Item>, I: Iterator> {
    pool: &'a ProcessPoolExecutor,
    arguments: Fuse<I>,
    chunk_size: usize,
    buffer_size: usize,
    deadline: Option<Instant>,
    ahead: VecDeque<Future<Each<F::Output>>>,
    ready: vec::IntoIter<Result<F::Output, crate::process::RemotePanic>>,
    /// Why a task was not submitted, until the caller has got the error.
    refused: Option<MapError>,
    /// Set when no more tasks are submitted.
    is_over: bool,
}

impl ProcessPoolExecutor {
    /// Calls a [registered](crate::process::register) function with each of the arguments, which
    /// are tuples, and yields the results in the arguments' order: Python's `Executor.map`. All
    /// calls are submitted at once; [`map_with`](Self::map_with) has other options.
    ///
    /// ```no_run
    /// use weftline::process::{ProcessPoolExecutor, register};
    ///
    /// fn length(word: String) -> usize {
    ///     word.len()
    /// }
    /// register!(length);
    ///
    /// fn main() {
    ///     weftline::run(|| {
    ///         let pool = ProcessPoolExecutor::new(2);
    ///         let words = ["warp", "weft", "shuttle"].map(|word| (word.to_owned(),));
    ///         let lengths: Vec<_> = pool.map(length, words).map(Result::unwrap).collect();
    ///         assert_eq!(lengths, [4, 4, 7]);
    ///     });
    /// }
    /// ```
    pub fn map<F, I>(&self, function: F, arguments: I) -> Calls<'_, F, I::IntoIter>
    where
        F: RemoteFn<I::Item, Output: Send>,
        I: IntoIterator<Item: Serialize>,
    {
        self.map_with(function, arguments, MapOptions::new())
    }

    /// As [`map`](Self::map), with a timeout, several calls to a task, or a bound on how many tasks
    /// are submitted ahead.
    ///
    /// A call that panics fails with a [`RemotePanic`](crate::process::RemotePanic). A worker that
    /// dies ends all calls of one task: they have one result, a
    /// [`ProcessError`](crate::process::ProcessError). If the function is not registered, or
    /// arguments cannot be encoded, the last result is that error.
    #[allow(
        clippy::disallowed_methods,
        reason = "the deadline of a caller's timeout"
    )]
    pub fn map_with<F, I>(
        &self,
        _function: F,
        arguments: I,
        options: MapOptions,
    ) -> Calls<'_, F, I::IntoIter>
    where
        F: RemoteFn<I::Item, Output: Send>,
        I: IntoIterator<Item: Serialize>,
    {
        let mut calls = Calls {
            pool: self,
            arguments: arguments.into_iter().fuse(),
            chunk_size: options.chunk_size.unwrap_or(1),
            buffer_size: options.buffer_size.unwrap_or(usize::MAX),
            deadline: options
                .timeout
                .and_then(|timeout| Instant::now().checked_add(timeout)),
            ahead: VecDeque::new(),
            ready: Vec::new().into_iter(),
            refused: None,
            is_over: false,
        };
        calls.submit();
        calls
    }
}

impl<F, I> Calls<'_, F, I>
where
    F: RemoteFn<I::Item, Output: Send>,
    I: Iterator<Item: Serialize>,
{
    /// Submits as many tasks as may be ahead.
    fn submit(&mut self) {
        while self.ahead.len() < self.buffer_size && !self.is_over {
            let chunk: Vec<_> = self.arguments.by_ref().take(self.chunk_size).collect();
            if chunk.is_empty() {
                return;
            }
            let submitted = match Request::new::<F>(&chunk, true) {
                Ok(request) => self
                    .pool
                    .submit_request(request)
                    .map_err(|_| MapError::NotSubmitted),
                Err(why) => Err(MapError::Failed(TaskError::Elsewhere(why))),
            };
            match submitted {
                Ok(future) => self.ahead.push_back(future),
                Err(why) => {
                    self.refused = Some(why);
                    self.is_over = true;
                }
            }
        }
    }
}

impl<F: RemoteFn<I::Item>, I: Iterator> Calls<'_, F, I> {
    fn cancel(&mut self) {
        for future in self.ahead.drain(..) {
            // Cancelling a running task would cost its worker.
            future.cancel_unless_running();
        }
        self.is_over = true;
    }
}

impl<F, I> Iterator for Calls<'_, F, I>
where
    F: RemoteFn<I::Item, Output: Send>,
    I: Iterator<Item: Serialize>,
{
    type Item = Result<F::Output, MapError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(result) = self.ready.next() {
                let panicked = |panic| MapError::Failed(TaskError::Elsewhere(Box::new(panic)));
                return Some(result.map_err(panicked));
            }
            let Some(future) = self.ahead.pop_front() else {
                return self.refused.take().map(Err);
            };
            // The task whose result is wanted makes room for one more.
            self.submit();
            let waited = match self.deadline {
                None => future.result().map_err(ResultError::Failed),
                Some(deadline) => future.try_result_until(deadline),
            };
            match waited {
                Ok(chunk) => self.ready = chunk.into_iter(),
                Err(ResultError::Failed(why)) => return Some(Err(MapError::Failed(why))),
                Err(ResultError::NotYet(late)) => {
                    self.ahead.push_front(late);
                    self.cancel();
                    return Some(Err(MapError::TimedOut));
                }
            }
        }
    }
}

impl<F: RemoteFn<I::Item>, I: Iterator> Drop for Calls<'_, F, I> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<F: RemoteFn<I::Item>, I: Iterator> fmt::Debug for Calls<'_, F, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls")
            .field("ahead", &self.ahead.len())
            .finish_non_exhaustive()
    }
}

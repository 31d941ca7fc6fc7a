//! [`Feed`]: the state of the page, and the streams that wait for it to change.

use super::content::Content;
use super::state::State;
use std::sync::Arc;
use std::time::Duration;
use weftline::Condition;

/// A state for any number of streams.
#[derive(Default)]
pub(super) struct Feed(Condition<Inner>);

#[derive(Default)]
struct Inner {
    state: State,
    is_closed: bool,
}

/// What comes next in a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A version, and what is new in it.
    Event(u64, String),
    /// Nothing for now.
    Nothing,
    /// The end.
    End,
}

impl Feed {
    /// Takes a new content, and wakes the streams.
    pub(super) fn take(&self, content: Content) {
        let mut inner = self.0.lock();
        inner.state.take(content);
        inner.notify_all();
    }

    /// Ends the streams.
    pub(super) fn close(&self) {
        let mut inner = self.0.lock();
        inner.is_closed = true;
        inner.notify_all();
    }

    /// What is new after that version. Waits for it, at most for that time.
    pub(super) fn next(&self, version: u64, time: Duration) -> Next {
        let mut inner = self.0.lock();
        let is_old = |inner: &mut Inner| inner.state.version() <= version && !inner.is_closed;
        // The state tells what has come of it.
        let _ = inner.try_wait_while_for(time, is_old);
        if inner.is_closed {
            return Next::End;
        }
        match inner.state.version() {
            new if new > version => Next::Event(new, inner.state.since(version)),
            _ => Next::Nothing,
        }
    }

    /// The last report.
    pub(super) fn report(&self) -> Arc<str> {
        self.0.lock().state.report()
    }
}

//! [`Poller`]: asks a process again and again, while there is a watcher.
//!
//! # Implementation
//!
//! The process is asked twice a second, and more rarely if it takes long to answer: it is left
//! alone for three times as long as the last request took. Without a watcher it is not asked.

use crate::source::Source;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weftline::Condition;
use weftline::watch::{RequestError, Snapshot};

/// The time from one request to the next.
pub(crate) const PERIOD: Duration = Duration::from_millis(500);

/// Asks a process while there is a watcher.
pub(crate) struct Poller {
    source: Source,
    begun: Instant,
    control: Condition<Control>,
}

#[derive(Default)]
struct Control {
    watchers: usize,
    is_stopped: bool,
}

/// What came of a request.
pub(crate) struct Look {
    /// When it was made, since the poller was.
    pub(crate) at: Duration,
    /// How long it took.
    pub(crate) took: Duration,
    /// What the process told.
    pub(crate) answer: Answer,
}

/// What a process tells when it is asked.
pub(crate) enum Answer {
    /// Its threads.
    Told(Box<Snapshot>),
    /// Nothing this time, and why.
    NotTold(String),
    /// The process is there no longer. This is the last answer.
    Ended,
}

/// A watcher, until it is dropped.
pub(crate) struct Watcher(Arc<Poller>);

impl Poller {
    /// For a process, which answers a first request.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) fn new(pid: u32) -> Result<(Self, Look), RequestError> {
        let begun = Instant::now();
        let source = Source::open(pid)?;
        let first = source.first().answer;
        let look = Look {
            at: Duration::ZERO,
            took: first.took,
            answer: Answer::Told(Box::new(first.snapshot.clone())),
        };
        let poller = Self {
            source,
            begun,
            control: Condition::default(),
        };
        Ok((poller, look))
    }

    /// The number of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.source.pid()
    }

    /// Whether the process has ended. Until then no other process has its number.
    pub(crate) fn has_ended(&self) -> bool {
        self.source.has_ended()
    }

    /// Asks the process from now on, until the watcher is dropped.
    pub(crate) fn watch(self: &Arc<Self>) -> Watcher {
        let mut control = self.control.lock();
        control.watchers += 1;
        control.notify_all();
        drop(control);
        Watcher(Arc::clone(self))
    }

    /// Ends [`run`](Self::run).
    pub(crate) fn stop(&self) {
        let mut control = self.control.lock();
        control.is_stopped = true;
        control.notify_all();
    }

    /// Asks until the process or the poller ends, and passes each answer on.
    pub(crate) fn run(&self, mut take: impl FnMut(Look)) {
        loop {
            let mut control = self.control.lock();
            control.wait_while(|it| it.watchers == 0 && !it.is_stopped);
            if control.is_stopped {
                return;
            }
            drop(control);
            let look = self.ask();
            let pause = PERIOD.saturating_sub(look.took).max(3 * look.took);
            let is_last = matches!(look.answer, Answer::Ended);
            take(look);
            if is_last {
                return;
            }
            let mut control = self.control.lock();
            // It times out unless the poller is stopped.
            let _ = control.try_wait_while_for(pause, |it| !it.is_stopped);
        }
    }

    fn ask(&self) -> Look {
        let at = self.begun.elapsed();
        let answer = match self.source.ask() {
            Ok(answer) => Answer::Told(Box::new(answer.snapshot)),
            Err(RequestError::NoProcess) => Answer::Ended,
            Err(why) => Answer::NotTold(why.to_string()),
        };
        Look {
            at,
            took: self.begun.elapsed() - at,
            answer,
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.0.control.lock().watchers -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weftline::watch;

    /// A poller of this process, which has answered.
    fn poller() -> Arc<Poller> {
        assert!(watch::install_as_told().unwrap());
        Arc::new(Poller::new(std::process::id()).unwrap().0)
    }

    #[test]
    fn a_process_is_asked_only_while_there_is_a_watcher() {
        let poller = poller();
        let (asked, looks) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| poller.run(|look| asked.send(look).unwrap()));
            let watcher = poller.watch();
            for _ in 0..2 {
                let look = looks.recv().unwrap();
                assert!(matches!(look.answer, Answer::Told(_)));
            }
            drop(watcher);
            // The request that was under way, and the one that was due.
            let quiet = 3 * PERIOD;
            let late = std::iter::from_fn(|| looks.recv_timeout(quiet).ok()).take(3);
            assert!(late.count() < 3, "it goes on being asked");
            poller.stop();
        });
    }

    #[test]
    fn a_poller_that_is_stopped_does_not_ask() {
        let poller = poller();
        let _watcher = poller.watch();
        poller.stop();
        poller.run(|_| panic!("it has asked"));
    }
}

//! [`Poller`]: asks a process again and again, while there is a watcher.
//!
//! # Implementation
//!
//! The process is asked twice a second, and more rarely if it takes long to answer: it is left
//! alone for three times as long as the last request took. Without a watcher it is not asked. Its
//! number may be used again after its end, so the time of its start is compared before each
//! request.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weftline::Condition;
use weftline::watch::{self, RequestError, Snapshot};

/// The time from one request to the next.
pub(crate) const PERIOD: Duration = Duration::from_millis(500);

/// Asks a process while there is a watcher.
pub(crate) struct Poller {
    pid: u32,
    birth: u64,
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
    Told(Snapshot),
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
        let poller = Self {
            pid,
            birth: birth(pid).ok_or(RequestError::NoProcess)?,
            begun: Instant::now(),
            control: Condition::default(),
        };
        let snapshot = watch::request(pid)?;
        let look = Look {
            at: Duration::ZERO,
            took: poller.begun.elapsed(),
            answer: Answer::Told(snapshot),
        };
        Ok((poller, look))
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
        let answer = match birth(self.pid) {
            Some(birth) if birth == self.birth => match watch::request(self.pid) {
                Ok(snapshot) => Answer::Told(snapshot),
                Err(RequestError::NoProcess) => Answer::Ended,
                // It may have ended between the two.
                Err(_) if self::birth(self.pid) != Some(self.birth) => Answer::Ended,
                Err(why) => Answer::NotTold(why.to_string()),
            },
            _ => Answer::Ended,
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

/// When the process was started, in the kernel's unit; `None` if it has ended, also if its parent
/// has not been told yet.
fn birth(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is its name, which may have blanks and parentheses.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    let birth = fields.nth(18)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(birth)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_has_one_birth_until_it_ends() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = child.id();
        let born = birth(pid);
        assert!(born.is_some());
        assert_eq!(birth(pid), born);
        drop(child.stdin.take());
        // It has ended when its parent is told so, and it is no zombie any more.
        child.wait().unwrap();
        assert_eq!(birth(pid), None);
    }

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

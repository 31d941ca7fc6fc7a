//! [`Source`]: what a process tells, asked again and again on a thread of its own.
//!
//! The process has not prepared for it: each answer is one emergency call, two in a second. A
//! process whose answers take long is left alone for as long as the latest took.
//!
//! # Implementation
//!
//! A number may belong to another process soon after its process has ended. The source holds a
//! descriptor of the process from before the first request. An answer counts only if the process
//! has not ended by the time the answer is there, so it is always that of the same process.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use weftline::Event;
use weftline::watch::{self, RequestError, Snapshot, Wanted};

/// The time between the beginnings of two requests.
const EVERY: Duration = Duration::from_millis(500);

/// What a process told, and when.
#[derive(Debug)]
pub(crate) struct Answer {
    /// What it told.
    pub(crate) snapshot: Snapshot,
    /// When it had told it.
    pub(crate) taken: SystemTime,
    /// How long that took, from the request on.
    pub(crate) took: Duration,
}

/// The latest answer, and what has come in the way since.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// The latest answer.
    pub(crate) answer: Arc<Answer>,
    /// Why there is no newer one.
    pub(crate) trouble: Option<Trouble>,
}

/// Why there is no newer answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The process has ended: no further answer comes.
    Ended,
    /// It was not asked, or did not answer, for this reason. It is asked again.
    Unanswered(String),
}

/// A process that has answered once.
pub(crate) struct Source {
    pid: u32,
    process: OwnedFd,
    answer: Arc<Answer>,
}

/// Ends the requests of a source when it is dropped. A request that is under way goes on until it
/// is answered, for at most some seconds, and its answer is dropped.
pub(crate) struct Watching(Arc<Event>);

impl Source {
    /// Asks a process for the first time.
    ///
    /// # Errors
    /// Those of [`watch::request`].
    pub(crate) fn open(pid: u32) -> Result<Self, RequestError> {
        let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let process = process.ok_or(RequestError::NoProcess)?;
        let process = pidfd_open(process, PidfdFlags::empty()).map_err(|error| match error {
            rustix::io::Errno::SRCH | rustix::io::Errno::INVAL => RequestError::NoProcess,
            other => RequestError::System("the process cannot be opened", other.into()),
        })?;
        let answer = Arc::new(ask(pid, &process)?);
        Ok(Self {
            pid,
            process,
            answer,
        })
    }

    /// The first answer.
    pub(crate) fn first(&self) -> Reading {
        Reading {
            answer: Arc::clone(&self.answer),
            trouble: None,
        }
    }

    /// Asks it once more, on this thread.
    ///
    /// # Errors
    /// Those of [`watch::request`]; [`RequestError::NoProcess`] if the process has ended.
    pub(crate) fn ask(&self) -> Result<Answer, RequestError> {
        ask(self.pid, &self.process)
    }

    /// Asks it for that, on this thread.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub(crate) fn ask_for(&self, wanted: Wanted) -> Result<Answer, RequestError> {
        ask_for(self.pid, &self.process, wanted)
    }

    /// The number of the process.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the process has ended. Until then no other process has its number.
    pub(crate) fn has_ended(&self) -> bool {
        has_ended(&self.process)
    }

    /// Asks from now on, on a thread of its own, which calls `each` with every reading. It ends
    /// with the process, or when the result is dropped.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn watch(
        self,
        mut each: impl FnMut(Reading) + Send + 'static,
    ) -> io::Result<Watching> {
        let stop = Arc::new(Event::new());
        let stopped = Arc::clone(&stop);
        let Self { pid, process, .. } = self;
        let mut reading = Reading {
            answer: self.answer,
            trouble: None,
        };
        let mut rest = EVERY;
        let watches = move || {
            while stopped.try_wait_for(rest).is_err() {
                let begun = Instant::now();
                reading.trouble = match ask(pid, &process) {
                    Ok(answer) => {
                        reading.answer = Arc::new(answer);
                        None
                    }
                    Err(RequestError::NoProcess) => Some(Trouble::Ended),
                    Err(error) => Some(Trouble::Unanswered(error.to_string())),
                };
                if stopped.is_set() {
                    return;
                }
                let has_ended = reading.trouble == Some(Trouble::Ended);
                each(reading.clone());
                if has_ended {
                    return;
                }
                let took = begun.elapsed();
                rest = EVERY.saturating_sub(took).max(took);
            }
        };
        std::thread::Builder::new()
            .name("weftline-source".to_owned())
            .spawn(watches)?;
        Ok(Watching(stop))
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.set();
    }
}

fn ask(pid: u32, process: &OwnedFd) -> Result<Answer, RequestError> {
    ask_for(pid, process, Wanted::State)
}

fn ask_for(pid: u32, process: &OwnedFd, wanted: Wanted) -> Result<Answer, RequestError> {
    let begun = Instant::now();
    let answer = watch::request_for(pid, wanted).map(|snapshot| Answer {
        snapshot,
        taken: SystemTime::now(),
        took: begun.elapsed(),
    });
    match has_ended(process) {
        true => Err(RequestError::NoProcess),
        false => answer,
    }
}

/// A descriptor of a process is readable when that has ended.
fn has_ended(process: &OwnedFd) -> bool {
    let mut ready = [PollFd::new(process, PollFlags::IN)];
    let at_once = rustix::event::Timespec::default();
    poll(&mut ready, Some(&at_once)).is_ok_and(|count| count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_that_does_not_answer_is_an_error_from_the_start() {
        let absent = [0, 1 << 23, u32::MAX];
        assert!(absent.map(Source::open).iter().all(Result::is_err));
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let opened = Source::open(child.id());
        assert!(matches!(opened, Err(RequestError::NotAnswering)));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(matches!(
            Source::open(child.id()),
            Err(RequestError::NoProcess)
        ));
    }

    #[test]
    fn the_descriptor_tells_the_end_of_its_process() {
        let mut child = Command::new("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        let process = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        assert!(!has_ended(&process));
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(has_ended(&process));
    }

    #[test]
    fn a_source_tells_again_and_again_until_it_is_dropped() {
        watch::install_as_told().unwrap();
        let source = Source::open(std::process::id()).unwrap();
        let first = source.first();
        let (tell, told) = std::sync::mpsc::channel();
        let watching = source.watch(move |reading| {
            let _ = tell.send(reading);
        });
        for _ in 0..2 {
            let reading = told.recv_timeout(Duration::from_secs(60)).unwrap();
            assert_eq!(reading.trouble, None);
            assert!(reading.answer.taken > first.answer.taken);
            assert_eq!(reading.answer.snapshot.pid, std::process::id());
        }
        drop(watching);
        // The sender goes when the thread ends.
        while told.recv_timeout(Duration::from_secs(60)).is_ok() {}
        assert!(matches!(
            told.try_recv(),
            Err(std::sync::mpsc::TryRecvError::Disconnected)
        ));
    }
}

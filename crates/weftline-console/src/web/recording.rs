//! A recording that a page asks for: the timeline of `weftline record`, as a download.
//!
//! # Implementation
//!
//! The thread of the connection records. There is one recording at a time. It ends with its time,
//! with the process, when the client goes away, and when the server ends. For the last, the server
//! closes the reading side of the connection, so the recorder sees what it sees of a client that
//! goes away.
//!
//! The trace is sent while it grows, in chunks: a download that ends without the last chunk is
//! known to be a part. Nothing is sent before the process has answered, so that a refusal has a
//! status of its own.

use super::http::write_head;
use super::poller::Poller;
use crate::record::{RecordError, record_until};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, BufWriter, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};
use weftline::Condition;
use weftline::watch::RequestError;

/// The most seconds of a recording.
const MOST_SECONDS: u64 = 60;
/// The seconds of a recording whose request does not tell.
const SECONDS: u64 = 5;
/// The time that a browser has to close the connection of a recording that was cancelled.
const FOR_GOODBYE: Duration = Duration::from_millis(300);
/// The time that a recording has to end whose client has gone: a request may be under way.
const FOR_END: Duration = Duration::from_secs(5);

/// The recording that goes on, if one does, and the end of all.
#[derive(Default)]
pub(super) struct Recordings(Condition<State>);

#[derive(Default)]
struct State {
    /// The connection that it is sent to.
    current: Option<TcpStream>,
    is_closed: bool,
}

/// Why there is no recording: a status, and what the reader of the answer is told.
pub(super) type Refused = (&'static str, String);

/// The place of a recording, until it is dropped.
struct Place<'a>(&'a Recordings);

/// How long to record, as the query of a request tells it. `None`: it tells something else.
pub(super) fn length_of(query: &str) -> Option<Duration> {
    let seconds = match query {
        "" => SECONDS,
        query => query.strip_prefix("seconds=")?.parse().ok()?,
    };
    let is_fine = (1..=MOST_SECONDS).contains(&seconds);
    is_fine.then(|| Duration::from_secs(seconds))
}

impl Recordings {
    /// Records the process for so long, and sends the trace. `Err`: nothing was sent.
    pub(super) fn record(
        &self,
        poller: &Poller,
        length: Duration,
        stream: &TcpStream,
    ) -> Result<io::Result<()>, Refused> {
        let _place = self.enter(stream)?;
        let pid = poller.pid();
        let mut has_begun = false;
        let begin = || {
            // The recorder has opened the process of that number just now.
            if poller.has_ended() {
                return Err(io::ErrorKind::NotFound.into());
            }
            let name =
                format!("Content-Disposition: attachment; filename=\"process-{pid}.pftrace\"\r\n");
            write_head(
                stream,
                "200 OK",
                "application/octet-stream",
                &(name + "Transfer-Encoding: chunked\r\n"),
            )?;
            has_begun = true;
            Ok(BufWriter::new(Chunks(stream)))
        };
        let recorded = record_until(pid, length, begin, |_| {}, |time| is_there(stream, time));
        match recorded {
            Ok(_) => Ok(Chunks(stream).finish()),
            Err(RecordError::Write(error)) if has_begun => Ok(Err(error)),
            Err(RecordError::Request(RequestError::NoProcess) | RecordError::Write(_)) => Err((
                "410 Gone",
                format!("Process {pid} has ended: there is nothing to record.\n"),
            )),
            Err(RecordError::Request(error)) => Err((
                "502 Bad Gateway",
                format!("Process {pid} cannot be recorded: {error}.\n"),
            )),
        }
    }

    /// Ends the recording that goes on, and lets no other begin.
    pub(super) fn close(&self) {
        let mut state = self.0.lock();
        state.is_closed = true;
        if let Some(stream) = &state.current {
            // The client has gone otherwise.
            let _ = stream.shutdown(Shutdown::Read);
        }
    }

    fn enter(&self, stream: &TcpStream) -> Result<Place<'_>, Refused> {
        let mut state = self.0.lock();
        let is_left = |state: &mut State| {
            let current = state.current.as_ref();
            current.is_some_and(|client| !is_there(client, Duration::ZERO))
        };
        // If they time out, the recording is still there.
        let _ = state.try_wait_while_for(FOR_GOODBYE, |it| it.current.is_some());
        let _ = state.try_wait_while_for(FOR_END, is_left);
        if state.is_closed {
            return Err(("503 Service Unavailable", "weftline web ends.\n".to_owned()));
        }
        if state.current.is_some() {
            let why = "A recording goes on already, perhaps from another page: there is one at a \
                       time.\n";
            return Err(("409 Conflict", why.to_owned()));
        }
        let stream = stream.try_clone().map_err(|error| {
            let why = format!("There is no room for a recording: {error}.\n");
            ("503 Service Unavailable", why)
        })?;
        state.current = Some(stream);
        Ok(Place(self))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.current = None;
        state.notify_all();
    }
}

/// Waits for that long: `true`. Or until the client goes away: `false`.
fn is_there(stream: &TcpStream, time: Duration) -> bool {
    let end = Instant::now() + time;
    loop {
        // A client that closes its side of the connection wants no more.
        let mut ready = [PollFd::new(stream, PollFlags::RDHUP)];
        let left = end.saturating_duration_since(Instant::now());
        let Ok(left) = Timespec::try_from(left) else {
            return true;
        };
        match poll(&mut ready, Some(&left)) {
            Err(rustix::io::Errno::INTR) => {}
            found => return found == Ok(0),
        }
    }
}

/// The chunks of a body whose length is not known before.
struct Chunks<'a>(&'a TcpStream);

impl Chunks<'_> {
    /// Sends the last chunk.
    fn finish(mut self) -> io::Result<()> {
        self.0.write_all(b"0\r\n\r\n")
    }
}

impl Write for Chunks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A chunk without bytes would be the last.
        if !bytes.is_empty() {
            let head = format!("{:x}\r\n", bytes.len());
            self.0
                .write_all(&[head.as_bytes(), bytes, b"\r\n"].concat())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_lasts_from_one_second_to_sixty() {
        let seconds = |query| length_of(query).map(|it| it.as_secs());
        assert_eq!(seconds(""), Some(5));
        assert_eq!(seconds("seconds=1"), Some(1));
        assert_eq!(seconds("seconds=60"), Some(60));
        for wrong in [
            "seconds=0",
            "seconds=61",
            "seconds=",
            "seconds=-1",
            "seconds=1.5",
            "5",
            "a=5",
            "seconds=5&b",
        ] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }
}

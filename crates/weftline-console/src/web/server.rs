//! [`Server`]: answers the requests of browsers on this machine.
//!
//! # Implementation
//!
//! A connection has a thread and one request. What a stranger can take is bounded: there are at
//! most [`MOST`] connections, each has five seconds for its request, and an answer that is not read
//! in five seconds is broken off. A stream of events lasts until its page is closed, and a
//! recording for at most a minute.

use super::door::{Door, Room};
use super::feed::{Feed, Next};
use super::http::{self, Refusal, read_head, write_head};
use super::page::{Page, policy};
use super::poller::Poller;
use super::recording::Recordings;
use super::token::Token;
use crate::signals::Signals;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weftline::{Builder, Semaphore};

/// The most connections at a time.
const MOST: usize = 32;
/// So many more are told that there are too many.
const MOST_REFUSED: usize = 8;
/// The time that open streams have to say goodbye.
const FOR_GOODBYE: Duration = Duration::from_secs(1);
/// The time that a client has to take a part of an answer.
const FOR_ANSWER: Duration = Duration::from_secs(5);
/// The time after which a stream without events sends a line, so that its end is noticed.
const QUIET: Duration = Duration::from_secs(5);
/// What a client still sends is read for that long, because closing would discard the answer.
const LINGER: Duration = Duration::from_millis(300);

/// What connections need.
pub(super) struct Server {
    /// Lets requests in.
    pub(super) door: Door,
    /// The page.
    pub(super) page: Page,
    /// The state of the page.
    pub(super) feed: Feed,
    /// Asks the process while there is a stream.
    pub(super) poller: Arc<Poller>,
    /// The recording that goes on.
    pub(super) recordings: Recordings,
}

impl Server {
    /// Answers until a signal comes, and ends the streams.
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub(super) fn serve(
        self: &Arc<Self>,
        listener: &TcpListener,
        signals: &Signals,
    ) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let places = Arc::new(Semaphore::new(MOST));
        let refused = Arc::new(Semaphore::new(MOST_REFUSED));
        while signals.wait_for(listener.as_fd()) {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // The client has gone; or the process has no descriptor left, and some soon.
                    if error.kind() != io::ErrorKind::WouldBlock
                        && !signals.pause(Duration::from_millis(50))
                    {
                        break;
                    }
                    continue;
                }
            };
            let _ = stream.set_nonblocking(false);
            let _ = stream.set_write_timeout(Some(FOR_ANSWER));
            let place = places.try_acquire_owned(1);
            let is_busy = place.is_none();
            let Some(place) = place.or_else(|| refused.try_acquire_owned(1)) else {
                continue;
            };
            let server = Arc::clone(self);
            let builder = Builder::new().name("connection").daemon(true);
            // Without memory for a thread the connection is closed.
            let _ = builder.spawn(move || {
                let _place = place;
                // A client that has gone has seen enough.
                let _ = match is_busy {
                    true => close_after(&stream, refuse(&stream, Refusal::Busy)),
                    false => server.answer(&stream),
                };
            });
        }
        self.poller.stop();
        self.feed.close();
        self.recordings.close();
        // Those that do not end in time are broken off.
        let _ = places.try_acquire_for(MOST, FOR_GOODBYE);
        Ok(())
    }

    fn answer(&self, stream: &TcpStream) -> io::Result<()> {
        let request = match read_head(stream) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(refusal) => return close_after(stream, refuse(stream, refusal)),
        };
        let room = match self.door.admit(&request) {
            Ok(room) => room,
            Err(refusal) => return close_after(stream, refuse(stream, refusal)),
        };
        let is_head = request.method == "HEAD";
        let sent = match room {
            Room::Page => {
                let nonce = Token::new()?.to_string();
                let text = self.page.text(&nonce);
                send(stream, "text/html", &policy(&nonce), &text, is_head)
            }
            Room::Report => send(stream, "text/plain", "", &self.feed.report(), is_head),
            Room::Events if is_head => write_head(stream, "200 OK", "text/event-stream", ""),
            Room::Events => return self.stream(stream),
            Room::Recording(_) if is_head => {
                write_head(stream, "200 OK", "application/octet-stream", "")
            }
            Room::Recording(length) => match self.recordings.record(&self.poller, length, stream) {
                Ok(sent) => sent,
                Err((status, text)) => send_status(stream, status, "", &text),
            },
        };
        close_after(stream, sent)
    }

    /// Sends what is new, until the page or the server is closed.
    fn stream(&self, mut stream: &TcpStream) -> io::Result<()> {
        let _watcher = self.poller.watch();
        write_head(stream, "200 OK", "text/event-stream", "")?;
        stream.write_all(b"retry: 2000\n\n")?;
        let mut version = 0;
        loop {
            match self.feed.next(version, QUIET) {
                Next::Event(new, text) => {
                    version = new;
                    stream.write_all(format!("data: {text}\n\n").as_bytes())?;
                }
                Next::Nothing => stream.write_all(b":\n\n")?,
                Next::End => return stream.write_all(b"event: end\ndata: \n\n"),
            }
        }
    }
}

fn send(stream: &TcpStream, kind: &str, more: &str, text: &str, is_head: bool) -> io::Result<()> {
    let mut answer = Vec::new();
    let more = format!("{more}Content-Length: {}\r\n", text.len());
    write_head(&mut answer, "200 OK", kind, &more)?;
    if !is_head {
        answer.extend_from_slice(text.as_bytes());
    }
    let mut stream = stream;
    stream.write_all(&answer)
}

fn refuse(stream: &TcpStream, refusal: Refusal) -> io::Result<()> {
    let allow = match refusal {
        Refusal::Method => "Allow: GET, HEAD\r\n",
        _ => "",
    };
    send_status(stream, refusal.status(), allow, refusal.text())
}

/// Sends a status other than 200, and why.
fn send_status(mut stream: &TcpStream, status: &str, more: &str, text: &str) -> io::Result<()> {
    let mut answer = Vec::new();
    let more = format!("{more}Content-Length: {}\r\n", text.len());
    http::write_head(&mut answer, status, "text/plain", &more)?;
    answer.extend_from_slice(text.as_bytes());
    stream.write_all(&answer)
}

/// Closes a connection so that the client gets all of the answer, also if it still sends.
fn close_after(mut stream: &TcpStream, sent: io::Result<()>) -> io::Result<()> {
    sent?;
    stream.shutdown(Shutdown::Write)?;
    let end = Instant::now() + LINGER;
    let mut rest = [0; 1024];
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        stream.set_read_timeout(Some(left))?;
        if stream.read(&mut rest)? == 0 {
            return Ok(());
        }
    }
}

//! The head of a request of HTTP/1.1, and the answers. Strict: the clients are browsers.
//!
//! A request has no body, a connection has one request, and a head has at most [`MOST_HEAD`] bytes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The most bytes of a head.
pub(super) const MOST_HEAD: usize = 8192;
/// The time that a client has for its head, from its first byte to its last.
pub(super) const FOR_HEAD: Duration = Duration::from_secs(5);

/// The head of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// Its method.
    pub(super) method: String,
    /// What it asks for.
    pub(super) target: String,
    /// The host to which the client says that it speaks.
    pub(super) host: Option<String>,
    /// The origin of the page that asks, if its browser tells.
    pub(super) origin: Option<String>,
}

/// Why a request gets no answer but a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not HTTP, or has a body.
    Malformed,
    /// The token, the host or the origin is wrong.
    Forbidden,
    /// There is nothing at that place.
    NotFound,
    /// Only reading is allowed.
    Method,
    /// The head did not come in time.
    TimedOut,
    /// The head is too long.
    TooLong,
    /// There are too many connections.
    Busy,
    /// Another version of HTTP.
    Version,
    /// A recording of no length, or of more than a minute.
    Seconds,
}

impl Refusal {
    /// The status and its words.
    pub(super) fn status(self) -> &'static str {
        match self {
            Self::Malformed | Self::Seconds => "400 Bad Request",
            Self::Forbidden => "403 Forbidden",
            Self::NotFound => "404 Not Found",
            Self::Method => "405 Method Not Allowed",
            Self::TimedOut => "408 Request Timeout",
            Self::TooLong => "431 Request Header Fields Too Large",
            Self::Busy => "503 Service Unavailable",
            Self::Version => "505 HTTP Version Not Supported",
        }
    }

    /// What the reader of the answer is told.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Forbidden => {
                "The address is not the one that `weftline web` has printed. It has a token, \
                 which is new each time.\n"
            }
            Self::Busy => "There are too many connections: close other pages.\n",
            Self::Seconds => "A recording lasts from 1 to 60 seconds.\n",
            _ => "",
        }
    }
}

/// Reads a head. `None`: the client has gone.
pub(super) fn read_head(stream: &TcpStream) -> Result<Option<Request>, Refusal> {
    let end = Instant::now() + FOR_HEAD;
    let mut head = Vec::new();
    let mut part = [0; 1024];
    let mut stream = stream;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Refusal::TimedOut);
        }
        // It fails for no time at all only.
        let _ = stream.set_read_timeout(Some(left));
        match stream.read(&mut part) {
            Ok(0) => return Ok(None),
            Ok(got) => {
                // The blank line may begin in the last part.
                let from = head.len().saturating_sub(3);
                head.extend_from_slice(&part[..got]);
                let blank = head[from..].windows(4).position(|it| it == b"\r\n\r\n");
                match blank {
                    Some(at) if from + at + 4 <= MOST_HEAD => {
                        return parse(&head[..from + at]).map(Some);
                    }
                    None if head.len() < MOST_HEAD => {}
                    _ => return Err(Refusal::TooLong),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                return Err(Refusal::TimedOut);
            }
            Err(_) => return Ok(None),
        }
    }
}

/// Reads a head without the blank line that ends it.
fn parse(head: &[u8]) -> Result<Request, Refusal> {
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n');
    if !head.iter().all(is_text) {
        return Err(Refusal::Malformed);
    }
    let head = str::from_utf8(head).map_err(|_| Refusal::Malformed)?;
    let mut lines = head.split("\r\n");
    let first: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, version] = first[..] else {
        return Err(Refusal::Malformed);
    };
    let is_name = |text: &str| !text.is_empty() && text.bytes().all(is_token_byte);
    if !is_name(method) || !target.starts_with('/') || target.contains(['\r', '\n', '\t']) {
        return Err(Refusal::Malformed);
    }
    match version {
        "HTTP/1.1" | "HTTP/1.0" => {}
        other if other.starts_with("HTTP/") => return Err(Refusal::Version),
        _ => return Err(Refusal::Malformed),
    }
    let mut request = Request {
        method: method.to_owned(),
        target: target.to_owned(),
        host: None,
        origin: None,
    };
    for line in lines {
        let (name, value) = line.split_once(':').ok_or(Refusal::Malformed)?;
        if !is_name(name) || value.contains(['\r', '\n']) {
            return Err(Refusal::Malformed);
        }
        let value = value.trim_matches([' ', '\t']);
        let field = match name.to_ascii_lowercase().as_str() {
            "host" => &mut request.host,
            "origin" => &mut request.origin,
            "transfer-encoding" => return Err(Refusal::Malformed),
            "content-length" if value != "0" => return Err(Refusal::Malformed),
            _ => continue,
        };
        if field.replace(value.to_owned()).is_some() {
            return Err(Refusal::Malformed);
        }
    }
    match request.host {
        Some(_) => Ok(request),
        None => Err(Refusal::Malformed),
    }
}

/// Whether a byte may stand in a method or a header's name.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Writes a status and headers. `more` are further headers, each with its end of line.
pub(super) fn write_head(
    mut out: impl Write,
    status: &str,
    kind: &str,
    more: &str,
) -> io::Result<()> {
    write!(
        out,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nCache-Control: no-store\r\n\
         Connection: close\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
         X-Frame-Options: DENY\r\nCross-Origin-Resource-Policy: same-origin\r\n\
         Cross-Origin-Opener-Policy: same-origin\r\n{more}\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(head: &str) -> Result<String, Refusal> {
        parse(head.as_bytes()).map(|request| request.target)
    }

    #[test]
    fn a_browsers_request_is_read() {
        let head = "GET /a/events HTTP/1.1\r\nHost: 127.0.0.1:80\r\nACCEPT:text/html\r\n\
                    origin: \thttp://127.0.0.1:80 ";
        let expected = Request {
            method: "GET".to_owned(),
            target: "/a/events".to_owned(),
            host: Some("127.0.0.1:80".to_owned()),
            origin: Some("http://127.0.0.1:80".to_owned()),
        };
        assert_eq!(parse(head.as_bytes()), Ok(expected));
    }

    #[test]
    fn what_is_no_plain_request_is_refused() {
        for head in [
            "",
            "GET / HTTP/1.1",
            "GET  / HTTP/1.1\r\nHost: a",
            "GET / HTTP/1.1 \r\nHost: a",
            "GET http://a/ HTTP/1.1\r\nHost: a",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a",
            "GET / HTTP/1.1\r\nHost: a\r\n folded: b",
            "GET / HTTP/1.1\r\nHost : a",
            "GET / HTTP/1.1\nHost: a",
            "GET / HTTP/1.1\r\nHost: a\nOrigin: b",
            "GET / HTTP/1.1\r\nHost: a\r\nno colon",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5",
            "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked",
            "GET /\u{e4} HTTP/1.1\r\nHost: a",
            "GET /\0 HTTP/1.1\r\nHost: a",
            "\u{16}\u{3}\u{1}",
        ] {
            assert_eq!(parsed(head), Err(Refusal::Malformed), "{head:?}");
        }
        assert_eq!(parsed("PRI / HTTP/2.0\r\nHost: a"), Err(Refusal::Version));
        assert_eq!(parsed("GET / HTTP/1.0\r\nHost: a"), Ok("/".to_owned()));
    }
}

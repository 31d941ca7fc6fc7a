//! The command `weftline web`, and a client of the page that it serves.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// The command, while it serves the page of a process.
pub(crate) struct Web {
    pub(crate) child: Child,
    pub(crate) host: String,
    pub(crate) token: String,
}

impl Web {
    pub(crate) fn of(pid: u32) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weftline"));
        command
            .args(["web", &pid.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // SAFETY: a call that is safe in the child of a fork, and passes no memory.
        unsafe { command.pre_exec(hear_signals) };
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://").expect(&line);
        let (host, token) = address.trim_end_matches('/').split_once('/').unwrap();
        let (host, token) = (host.to_owned(), token.to_owned());
        Self { child, host, token }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    }

    pub(crate) fn own_host(&self) -> String {
        format!("Host: {}\r\n", self.host)
    }

    /// Asks for a place below the token, and does not wait for the answer.
    pub(crate) fn open(&self, place: &str) -> TcpStream {
        let mut stream = self.connect();
        let (token, host) = (&self.token, self.own_host());
        let head = format!("GET /{token}/{place} HTTP/1.1\r\n{host}\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }

    /// The whole answer to a request for a place below the token.
    pub(crate) fn get(&self, place: &str) -> Vec<u8> {
        let mut answer = Vec::new();
        self.open(place).read_to_end(&mut answer).unwrap();
        answer
    }

    /// The stream of events, from the first on.
    pub(crate) fn events(&self) -> Events {
        Events(BufReader::new(self.open("events")))
    }

    pub(crate) fn send(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &pid]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Web {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A shell starts what runs in the background with some of them ignored, and children inherit that.
fn hear_signals() -> std::io::Result<()> {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the default action is no code.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    Ok(())
}

/// The events of a page.
pub(crate) struct Events(BufReader<TcpStream>);

impl Iterator for Events {
    type Item = Value;

    /// The next event with data. `None`: the server has ended the stream.
    fn next(&mut self) -> Option<Value> {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            match line.trim_end() {
                "event: end" => return None,
                it => match it.strip_prefix("data: ") {
                    Some(data) => return Some(serde_json::from_str(data).unwrap()),
                    None => assert!(!line.is_empty(), "the stream was broken off"),
                },
            }
        }
    }
}

/// The status of an answer.
pub(crate) fn status(answer: &[u8]) -> &str {
    let status = answer.split(|&byte| byte == b' ').nth(1);
    std::str::from_utf8(status.unwrap_or_default()).unwrap()
}

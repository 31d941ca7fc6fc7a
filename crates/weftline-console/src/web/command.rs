//! The command line of `weftline web`, and the life of its server.

use super::content::Maker;
use super::door::Door;
use super::feed::Feed;
use super::page::Page;
use super::poller::{Answer, Poller};
use super::recording::Recordings;
use super::server::Server;
use super::token::Token;
use crate::graph::words::visible;
use crate::signals::Signals;
use crate::status::{Status, run};
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use weftline::Builder;

const USAGE: &str = "\
usage: weftline web PID [--port N]

Serves a page that shows what each thread of a process waits for, while it runs
or hangs: a picture of the waits, deadlocks, tables, and pools and queues over
time, and a button that records a timeline, as `weftline record` does. Prints
its address, which only this machine reaches; it has a token, which is new each
time. The page only reads.

  --port N       serve at this port, not at a free one
  -h, --help     show this text

The process need not have prepared for it: it is asked twice a second while a
page is open, as by `weftline dump`, each time for about a millisecond. Without
a page it is left alone. When it ends, the page keeps what it told last.

A process under `weftline run --watch` or WEFTLINE_WATCH=1, or one that calls
watch.start(), counts its waits: the page has histograms of them, and locks by
contention.

Ends on Ctrl-C, SIGTERM or SIGHUP.

status: 0 if a signal ended it, 1 if the process does not answer or the port is
        taken, 2 for a wrong command line

examples: weftline web 4711
          weftline web $(pgrep -f app.py) --port 8080
          ssh -L 8080:127.0.0.1:8080 host    # the page of a process on a host
";

/// Runs the command.
pub(crate) fn web(arguments: impl Iterator<Item = OsString>) -> Status {
    run(USAGE, parse(arguments), |(pid, port)| {
        match serve(pid, port) {
            Ok(()) => Status::Done,
            Err(why) => {
                eprintln!("weftline: {why}");
                Status::Failed
            }
        }
    })
}

/// `None`: help is asked for.
fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Option<(u32, u16)>, lexopt::Error> {
    let (mut pid, mut port) = (None, 0);
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("port") => port = parser.value()?.parse()?,
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Value(value) if pid.is_none() => pid = Some(value.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    match pid {
        Some(pid) => Ok(Some((pid, port))),
        None => Err("the number of a process is missing".into()),
    }
}

fn serve(pid: u32, port: u16) -> Result<(), String> {
    let system = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    // Before there is another thread, so that all of them block the signals.
    let signals = Signals::block().map_err(system("signals cannot be read"))?;
    let (poller, first) = Poller::new(pid).map_err(|why| format!("process {pid}: {why}"))?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = listener.map_err(|error| format!("port {port} of 127.0.0.1: {error}"))?;
    let address = listener.local_addr().map_err(system("no address"))?;
    let token = Token::new().map_err(system("no random number"))?;
    let server = Arc::new(Server {
        door: Door::new(token, address.port()),
        page: Page::new(pid, command_of(pid)),
        feed: Feed::default(),
        poller: Arc::new(poller),
        recordings: Recordings::default(),
    });
    let mut maker = Maker::default();
    server.feed.take(maker.content(&first));
    let asking = Arc::clone(&server);
    let builder = Builder::new().name("poller").daemon(true);
    let poller = builder.spawn(move || {
        asking.poller.run(|look| {
            let is_last = matches!(look.answer, Answer::Ended);
            asking.feed.take(maker.content(&look));
            if is_last {
                eprintln!("weftline: process {pid} has ended; the page keeps what it told last");
            }
        });
    });
    poller.map_err(system("no thread"))?;
    println!("{}", server.door.address());
    eprintln!(
        "weftline: the page of process {pid}, which is asked twice a second while the page is \
         open; Ctrl-C ends this"
    );
    let served = server.serve(&listener, &signals);
    served.map_err(system("the port cannot be served"))
}

/// The command with which a process was started, in a line.
fn command_of(pid: u32) -> String {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = bytes.split(|&byte| byte == 0).map(String::from_utf8_lossy);
    let mut words: Vec<String> = words.map(|word| visible(&word)).collect();
    // The folders of the interpreter and the program say little.
    for word in words
        .iter_mut()
        .take(2)
        .filter(|word| word.starts_with('/'))
    {
        *word = word.rsplit('/').next().unwrap_or_default().to_owned();
    }
    let line = words.join(" ");
    match line.trim_end().char_indices().nth(200) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.trim_end().to_owned(),
    }
}

//! The command line: subcommands, help and statuses.

use std::ffi::OsString;

const USAGE: &str = "\
usage: weftline dump PID [--children] [--json | --dot | --svg] [--check]
       weftline dump --all [...]
       weftline top PID
       weftline web PID [--port N]
       weftline record PID [-o FILE] [--seconds N]
       weftline doctor

Shows what each thread of a running or hung process waits for, since when, and
which thread holds it; queues, pools, and deadlocks. The process need not have
prepared for it: a Python program on weftline answers, and a Rust program under
weftline::run.

  dump --help    the options of dump
  top PID        show it in the terminal, again and again
  web --help     a page that shows the same while the process runs
  record --help  write a timeline of it for Perfetto
  doctor         tell what works on this machine
  -h, --help     show this text
  -V, --version  show the version
";

/// How a command ended: the exit status of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// It did what it was asked for: 0.
    Done = 0,
    /// It could not, and has said why: 1.
    Failed = 1,
    /// The command line is wrong: 2.
    Misuse = 2,
    /// `--check` has found a deadlock: 3.
    Deadlock = 3,
}

impl From<Status> for std::process::ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Prints a text. A reader that is gone has seen enough.
pub(crate) fn say(text: &str) {
    use std::io::Write;
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Says what is wrong with a command line.
pub(crate) fn misuse(usage: &str, what: impl std::fmt::Display) -> Status {
    eprintln!("weftline: {what}\n\n{usage}");
    Status::Misuse
}

/// Runs a command with the options that were parsed. `None`: help is asked for.
pub(crate) fn run<O>(
    usage: &str,
    parsed: Result<Option<O>, lexopt::Error>,
    command: impl FnOnce(O) -> Status,
) -> Status {
    match parsed {
        Ok(Some(options)) => command(options),
        Ok(None) => {
            say(usage);
            Status::Done
        }
        Err(error) => misuse(usage, error),
    }
}

/// Runs the command with these arguments, without the name of the program.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Status {
    let mut arguments = arguments.into_iter();
    let first = arguments.next();
    match first
        .as_deref()
        .map(|first| first.to_string_lossy())
        .as_deref()
    {
        Some("dump") => dump(arguments),
        Some("web") => web(arguments),
        Some("top") => top(arguments),
        Some("record") => record(arguments),
        Some("doctor") => doctor(arguments),
        Some("-h" | "--help") => {
            say(USAGE);
            Status::Done
        }
        Some("-V" | "--version") => {
            println!("weftline {}", env!("CARGO_PKG_VERSION"));
            Status::Done
        }
        Some(other) => misuse(USAGE, format_args!("there is no command {other:?}")),
        None => misuse(USAGE, "a command is missing"),
    }
}

#[cfg(target_os = "linux")]
use crate::{doctor::doctor, dump::dump, record::record, top::top, web::web};

#[cfg(not(target_os = "linux"))]
fn dump(_: impl Iterator<Item = OsString>) -> Status {
    eprintln!("weftline: dump works on Linux only");
    Status::Failed
}

#[cfg(not(target_os = "linux"))]
fn web(_: impl Iterator<Item = OsString>) -> Status {
    eprintln!("weftline: web works on Linux only");
    Status::Failed
}

#[cfg(not(target_os = "linux"))]
fn top(_: impl Iterator<Item = OsString>) -> Status {
    eprintln!("weftline: top works on Linux only");
    Status::Failed
}

#[cfg(not(target_os = "linux"))]
fn record(_: impl Iterator<Item = OsString>) -> Status {
    eprintln!("weftline: record works on Linux only");
    Status::Failed
}

#[cfg(not(target_os = "linux"))]
fn doctor(_: impl Iterator<Item = OsString>) -> Status {
    println!("fails  reports of processes: they work on Linux only");
    Status::Failed
}

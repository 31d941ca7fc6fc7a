//! The command line: subcommands and help.

use crate::status::{Status, misuse, say};
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

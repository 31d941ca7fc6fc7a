//! `weftline top`: what the threads of a process wait for, in a terminal, again and again.
//!
//! | file | what it holds |
//! |---|---|
//! | `run.rs` | the loop that waits for keys, answers and signals, and draws |
//! | `facts.rs` | an answer of the process as tables, with a head |
//! | `model.rs` | what such tables are |
//! | `index.rs` | what the tables look up in an answer |
//! | `threads.rs` | the table of threads |
//! | `objects.rs` | the tables of locks and other objects, and of queues |
//! | `waits.rs` | the table of ended waits by kind, and their histograms |
//! | `pools.rs` | the tables of pools, and of verdicts |
//! | `details.rs` | what the pane says of a row |
//! | `state.rs` | what is shown: view, sort, filter, selection, pane |
//! | `list.rs` | the rows of a table as they are listed |
//! | `press.rs` | what each key does |
//! | `screen.rs` | how a state looks |
//! | `rows.rs` | how a table looks |
//! | `overlay.rs` | how a pane, the help and the choice of a column look |
//! | `line.rs` | texts in a line |
//! | `text.rs` | texts in the columns of a terminal |
//! | `theme.rs` | the styles, with colour and without |
//! | `clock.rs` | the time of day |
//! | `keys.rs` | the bytes of a terminal as keys |
//! | `ansi.rs` | cells as control sequences |
//! | `terminal.rs` | the terminal, and its way back |
//! | `signals.rs` | the signals that the view answers |
//!
//! # Implementation
//!
//! An answer becomes tables on the thread that asks (`source.rs`), so keys are never late. The
//! state is independent of the screen and the terminal, and is tested without them. Only the rows
//! on the screen are drawn, and only the cells that differ are written.

mod ansi;
mod clock;
mod details;
mod facts;
mod index;
mod keys;
mod line;
mod list;
mod model;
mod objects;
mod overlay;
mod pools;
mod press;
mod rows;
mod run;
mod screen;
mod signals;
mod state;
mod terminal;
#[cfg(test)]
mod tests;
mod text;
mod theme;
mod threads;
mod waits;

use crate::graph::words::visible;
use crate::source::Source;
use crate::status::{self, Status};
use lexopt::{Arg, Parser, ValueExt};
use run::End;
use std::ffi::OsString;
use theme::Theme;

const USAGE: &str = "\
usage: weftline top PID

Shows in the terminal what each thread of a process waits for, since when, and
which thread holds it; locks by contention, queues, pools, and deadlocks. The
process may hang as it likes. It is asked twice a second, which interrupts it
for about a millisecond each time. Its answers are those of `weftline dump`.

  -h, --help     show this text

keys: F1 lists them. They are those of htop: F3 searches, F4 filters, F6 sorts,
      Tab goes to the next view, Enter shows a stack, H shows histograms of ended
      waits, Z freezes, F10 quits.

Ended waits are counted in a process under `weftline run --watch` or with
WEFTLINE_WATCH=1, or that has called weftline.watch.start().

With NO_COLOR in the environment there are no colours. Without a terminal, use
`weftline dump`.

status: 0 if the view was quit, 1 if the process could not be asked or there is
        no terminal, 2 for a wrong command line

example: weftline top $(pgrep -f app.py)
";

/// Runs the command.
pub(crate) fn top(arguments: impl Iterator<Item = OsString>) -> Status {
    status::run(USAGE, parse(arguments), show)
}

fn show(pid: u32) -> Status {
    let term = std::env::var("TERM").unwrap_or_default();
    if !terminal::is_there() {
        return failed(format_args!(
            "standard input and output are no terminal: use `weftline dump {pid}`"
        ));
    }
    if matches!(term.as_str(), "" | "dumb") {
        return failed(format_args!(
            "the terminal cannot move its cursor (TERM={term}): use `weftline dump {pid}`, or set \
             TERM to what it is"
        ));
    }
    let source = match Source::open(pid) {
        Ok(source) => source,
        Err(error) => return failed(format_args!("process {pid}: {error}")),
    };
    let no_color = std::env::var_os("NO_COLOR");
    let no_color = no_color.as_deref().map(|told| told.to_string_lossy());
    let theme = Theme::of(no_color.as_deref(), &term);
    match run::run(source, command_line(pid), theme) {
        Ok(End::Quit) => Status::Done,
        Ok(End::Signal(signal)) => {
            signals::raise(signal);
            // A handler of the program has taken it.
            Status::Failed
        }
        Err(error) => failed(format_args!("the terminal: {error}")),
    }
}

fn failed(why: std::fmt::Arguments<'_>) -> Status {
    eprintln!("weftline: {why}");
    Status::Failed
}

/// `None`: help is asked for.
fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Option<u32>, lexopt::Error> {
    let mut pid = None;
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Value(value) if pid.is_none() => pid = Some(value.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    match pid {
        Some(pid) => Ok(Some(pid)),
        None => Err("the number of a process is missing".into()),
    }
}

/// The command line of a process, without the folder of its program.
fn command_line(pid: u32) -> String {
    let told = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let told = String::from_utf8_lossy(&told);
    let words: Vec<&str> = told.trim_end_matches('\0').split('\0').collect();
    let program = words[0].rsplit('/').next().unwrap_or_default();
    visible(&[&[program], &words[1..]].concat().join(" "))
}

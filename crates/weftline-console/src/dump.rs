//! `weftline dump`: which processes are asked, and in which form the answers are shown.

use crate::dot::Dot;
use crate::graph::{Graph, graph_of};
use crate::json;
use crate::picture::Svg;
use crate::status::{Status, misuse, run};
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use weftline::watch::{self, RequestError, Snapshot};

const USAGE: &str = "\
usage: weftline dump PID [option ...]
       weftline dump --all [option ...]

Asks a process what each of its threads waits for, since when, and which thread
holds it, and prints the answer. The process may hang as it likes. It runs on,
and is interrupted for about a millisecond. A process that is not on weftline is
not touched.

  --children     ask the processes that it has started, too, and so on
  --all          ask all processes of this user that answer; of root, all users'
  --json         print JSON, an array with an object for each process
  --dot          print the waits as a graph for Graphviz
  --svg          print the waits as a picture, which a browser shows; threads
                 that are alike are one
  --check        end with status 3 if there is a deadlock
  -h, --help     show this text

A Python process answers after weftline.install() or under `weftline run`, a
Rust process under weftline::run. Its stacks come from the interpreter, if that
answers within 200 ms. The request is the real-time signal 53. WEFTLINE_SIGNAL
in the environment of the process names another one, and 0 none.

status: 0 if each process has told, 1 if one has not, 2 for a wrong command line

examples: weftline dump --children $(pidof -s gunicorn)
          weftline dump 4711 --svg > waits.svg
";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Json,
    Dot,
    Svg,
}

struct Options {
    pid: Option<u32>,
    all: bool,
    children: bool,
    check: bool,
    form: Form,
}

/// Runs the command.
pub(crate) fn dump(arguments: impl Iterator<Item = OsString>) -> Status {
    run(USAGE, parse(arguments), ask)
}

fn ask(options: Options) -> Status {
    let pids = match (options.pid, options.all) {
        (Some(_), true) => return misuse(USAGE, "either a process or --all"),
        (None, false) => return misuse(USAGE, "the number of a process is missing, or --all"),
        (None, true) => watch::processes(),
        (Some(pid), false) if options.children => watch::tree(pid),
        (Some(pid), false) => Ok(vec![pid]),
    };
    let pids = match pids {
        Ok(pids) => pids,
        Err(error) => {
            eprintln!("weftline: /proc cannot be read: {error}");
            return Status::Failed;
        }
    };
    let mut status = Status::Done;
    let mut told = Vec::new();
    for &pid in &pids {
        match watch::request(pid) {
            Ok(snapshot) => told.push(snapshot),
            // A process that another one has started may be anything, and may have ended.
            Err(RequestError::NotAnswering | RequestError::NoProcess)
                if options.pid != Some(pid) => {}
            Err(error) => {
                eprintln!("weftline: process {pid}: {error}");
                status = Status::Failed;
            }
        }
    }
    if options.all && told.is_empty() && status == Status::Done {
        eprintln!("weftline: no process of this user answers");
    }
    if let Err(error) = show(&told, options.form) {
        // A reader that has seen enough, such as `head`.
        if error.kind() == io::ErrorKind::BrokenPipe {
            return status;
        }
        eprintln!("weftline: {error}");
        return Status::Failed;
    }
    let has_deadlock = || told.iter().any(|snapshot| !snapshot.deadlocks().is_empty());
    if options.check && has_deadlock() {
        return Status::Deadlock;
    }
    status
}

/// `None`: help is asked for.
fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
    let mut options = Options {
        pid: None,
        all: false,
        children: false,
        check: false,
        form: Form::Text,
    };
    let mut chosen = None;
    let mut form = |name: &'static str, form, options: &mut Options| {
        options.form = form;
        match chosen.replace(name) {
            Some(other) if other != name => Err(format!("either {other} or {name}")),
            _ => Ok(()),
        }
    };
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("all") => options.all = true,
            Arg::Long("children") => options.children = true,
            Arg::Long("check") => options.check = true,
            Arg::Long("json") => form("--json", Form::Json, &mut options)?,
            Arg::Long("dot") => form("--dot", Form::Dot, &mut options)?,
            Arg::Long("svg") => form("--svg", Form::Svg, &mut options)?,
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Value(value) if options.pid.is_none() => options.pid = Some(value.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(options))
}

fn show(told: &[Snapshot], form: Form) -> io::Result<()> {
    // Standard output by itself writes each line at once.
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match form {
        Form::Text => {
            for (index, snapshot) in told.iter().enumerate() {
                if index > 0 {
                    writeln!(out)?;
                }
                write!(out, "{}", snapshot.report())?;
            }
        }
        Form::Json => {
            serde_json::to_writer_pretty(&mut out, &json::of(told))?;
            writeln!(out)?;
        }
        Form::Dot => write!(out, "{}", Dot(&graphs(told)))?,
        Form::Svg => write!(out, "{}", Svg(&graphs(told)))?,
    }
    out.flush()
}

fn graphs(told: &[Snapshot]) -> Vec<Graph> {
    told.iter().map(graph_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form_of(arguments: &str) -> Result<Form, String> {
        let parsed = parse(arguments.split(' ').map(OsString::from));
        let options = parsed.map_err(|error| error.to_string())?;
        Ok(options.expect("it does not ask for help").form)
    }

    #[test]
    fn an_answer_has_one_form() {
        assert_eq!(form_of("7"), Ok(Form::Text));
        assert_eq!(form_of("7 --svg --children"), Ok(Form::Svg));
        assert_eq!(form_of("--dot 7 --dot"), Ok(Form::Dot));
        assert_eq!(
            form_of("7 --json --svg"),
            Err("either --json or --svg".to_owned())
        );
        assert_eq!(
            form_of("--svg 7 --dot"),
            Err("either --svg or --dot".to_owned())
        );
    }
}

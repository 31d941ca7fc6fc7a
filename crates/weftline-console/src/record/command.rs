//! The command line of `weftline record`.

use super::recording::{self, EndedBy, Progress, RecordError, Recorded};
use crate::status::{Status, misuse, run};
use lexopt::{Arg, Parser, ValueExt};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use weftline::watch::Span;

const USAGE: &str = "\
usage: weftline record PID [-o FILE] [--seconds N]

Writes a timeline of a process: what each thread waits for and when, which
thread holds the locks that others wait for, deadlocks, and counters of blocked
threads, of waiters and items of queues, and of busy workers and waiting tasks of
pools.
Open it at https://ui.perfetto.dev, or query it by Perfetto's trace_processor.

  -o FILE        write there (trace.pftrace); - is standard output
  --seconds N    end after so many seconds (10)
  -h, --help     show this text

The process needs no preparation but to run on weftline. It records its waits as
long as it is asked, so a wait that ends meanwhile has its exact times and the
thread that ended it, as an arrow. It is asked ten times a second, twice for its
whole state, and interrupted for about a millisecond each time. What is held,
queued and busy is known for these moments. A thread keeps its last 512 waits:
the waits that are overwritten before they are read are counted.

Ctrl-C ends the recording and writes what there is, and so does the end of the
process.

status: 0 if the trace is written, 1 if the process does not answer or the trace
        cannot be written, 2 for a wrong command line

example: weftline record $(pgrep -f app.py) -o app.pftrace --seconds 30
";

const DEFAULT_FILE: &str = "trace.pftrace";
const DEFAULT_SECONDS: f64 = 10.0;

#[derive(Debug, PartialEq)]
struct Options {
    pid: u32,
    file: PathBuf,
    length: Duration,
}

/// Runs the command.
pub(crate) fn record(arguments: impl Iterator<Item = OsString>) -> Status {
    run(USAGE, parse(arguments), write)
}

fn write(options: Options) -> Status {
    let file = Some(options.file.as_path()).filter(|&file| file != Path::new("-"));
    if file.is_none() && io::stdout().is_terminal() {
        return misuse(
            USAGE,
            "a trace is no text for a terminal: name a file, or a pipe",
        );
    }
    let is_shown = io::stderr().is_terminal();
    let recorded = recording::record(
        options.pid,
        options.length,
        || open(file),
        |progress| {
            if is_shown {
                show(&progress, options.pid, options.length);
            }
        },
    );
    if is_shown {
        clear();
    }
    match recorded {
        Ok(recorded) => {
            eprint!("{}", summary(&recorded, options.pid, file));
            Status::Done
        }
        Err(RecordError::Request(error)) => {
            eprintln!("weftline: process {}: {error}", options.pid);
            Status::Failed
        }
        // A reader that has seen enough.
        Err(RecordError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => Status::Done,
        Err(RecordError::Write(error)) => {
            eprintln!("weftline: {}: {error}", options.file.display());
            Status::Failed
        }
    }
}

/// `None`: help is asked for.
fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Option<Options>, lexopt::Error> {
    let mut pid = None;
    let mut file = PathBuf::from(DEFAULT_FILE);
    let mut seconds = DEFAULT_SECONDS;
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('o') | Arg::Long("output") => file = parser.value()?.into(),
            Arg::Long("seconds") => seconds = parser.value()?.parse()?,
            Arg::Short('h') | Arg::Long("help") => return Ok(None),
            Arg::Value(value) if pid.is_none() => pid = Some(value.parse()?),
            other => return Err(other.unexpected()),
        }
    }
    let length = Duration::try_from_secs_f64(seconds).ok();
    let length = length.filter(|length| !length.is_zero());
    Ok(Some(Options {
        pid: pid.ok_or("the number of a process is missing")?,
        file,
        length: length.ok_or("--seconds needs a number above zero")?,
    }))
}

fn open(file: Option<&Path>) -> io::Result<BufWriter<Box<dyn Write>>> {
    let out: Box<dyn Write> = match file {
        Some(file) => Box::new(File::create(file)?),
        None => Box::new(io::stdout()),
    };
    Ok(BufWriter::new(out))
}

/// A line that the next one replaces.
fn show(progress: &Progress, pid: u32, length: Duration) {
    let snapshots = counted(progress.snapshots, "snapshot");
    eprint!(
        "\r\x1b[Kweftline: process {pid}: {} of {}, {snapshots}, {} blocked",
        Span(progress.lasted),
        Span(length),
        counted(progress.blocked as u64, "thread"),
    );
}

fn clear() {
    eprint!("\r\x1b[K");
}

fn summary(recorded: &Recorded, pid: u32, file: Option<&Path>) -> String {
    let place = file.map_or_else(|| "-".to_owned(), |file| file.display().to_string());
    let mut text = format!(
        "weftline: {place}: {}, {}; {} of process {pid} in {}, {} failed\n",
        counted(recorded.packets, "packet"),
        size(recorded.bytes),
        Span(recorded.lasted),
        counted(recorded.snapshots, "snapshot"),
        recorded.failed,
    );
    match recorded.ended_by {
        EndedBy::Process => text += "  = the process has ended, and that ended the recording\n",
        EndedBy::Signal => text += "  = a signal ended the recording\n",
        EndedBy::Time => {}
    }
    text += &format!("  = {} with their ends", counted(recorded.waits, "wait"));
    match recorded.lost {
        0 => text += "; none is missing\n",
        lost => text += &format!("; {} missing: too many at a time\n", counted(lost, "wait")),
    }
    if file.is_some() {
        text += "  = open it at https://ui.perfetto.dev\n";
    }
    text
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => counted(bytes, "byte"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// A number and its noun.
fn counted(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &str) -> Result<Options, String> {
        let parsed = parse(arguments.split(' ').map(OsString::from));
        let options = parsed.map_err(|error| error.to_string())?;
        Ok(options.expect("it does not ask for help"))
    }

    #[test]
    fn a_recording_has_a_process_a_file_and_a_length() {
        let options = |file: &str, seconds| {
            Ok(Options {
                pid: 7,
                file: file.into(),
                length: Duration::from_secs_f64(seconds),
            })
        };
        assert_eq!(parsed("7"), options("trace.pftrace", 10.0));
        assert_eq!(parsed("-o a.pf 7 --seconds 0.5"), options("a.pf", 0.5));
        assert_eq!(parsed("7 -o - --seconds=3"), options("-", 3.0));
        for wrong in ["0", "-1", "nan", "inf", "x", "1e99"] {
            parsed(&format!("7 --seconds={wrong}")).unwrap_err();
        }
        parsed("7 8").unwrap_err();
        parsed("app.py").unwrap_err();
        assert_eq!(
            parsed("-o a"),
            Err("the number of a process is missing".to_owned())
        );
    }

    #[test]
    fn a_summary_has_the_file_its_size_and_what_failed() {
        let recorded = |ended_by| Recorded {
            packets: 1,
            bytes: 2_345,
            lasted: Duration::from_millis(10_012),
            snapshots: 21,
            failed: 2,
            waits: 1,
            lost: 3,
            ended_by,
        };
        let file = Some(Path::new("a.pf"));
        let text = summary(&recorded(EndedBy::Time), 7, file);
        assert!(text.starts_with(
            "weftline: a.pf: 1 packet, 2.3 kB; 10.0 s of process 7 in 21 snapshots, 2 failed\n"
        ));
        assert!(text.contains("  = 1 wait with their ends; 3 waits missing: too many at a time\n"));
        let text = summary(&recorded(EndedBy::Process), 7, None);
        assert!(text.starts_with("weftline: -: "));
        assert!(text.contains("the process has ended, and that ended the recording\n"));
    }
}

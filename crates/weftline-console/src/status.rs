//! How a command ends: its statuses, and the texts that it prints.

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

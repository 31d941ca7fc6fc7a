//! The report that a signal handler writes itself: a line for each thread.

use super::names::name_at;
use crate::park::{ObjectState, SeenThread, ThreadNumber, now, threads_now};
use std::fmt::{self, Display, Write};

/// What to call a thread.
struct Title(SeenThread);

/// What to call the thread of that number.
struct TitleOf(u64);

impl Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread {}", number(self.0))?;
        match self.0.name() {
            Some(name) => name.as_str().map_or(Ok(()), |name| write!(f, " {name:?}")),
            None => Ok(()),
        }
    }
}

impl Display for TitleOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match ThreadNumber::new(self.0).and_then(SeenThread::of) {
            Some(thread) => Title(thread).fmt(f),
            None => write!(f, "thread {}", self.0),
        }
    }
}

fn number(thread: SeenThread) -> u64 {
    thread.number().map_or(0, ThreadNumber::get)
}

/// Writes the report. Safe in a signal handler if `out` is.
pub(super) fn write_report(out: &mut impl Write) -> fmt::Result {
    let pid = std::process::id();
    writeln!(out, "weftline: process {pid}: what each thread waits for")?;
    for thread in threads_now() {
        write!(out, "  {}", Title(thread))?;
        let Some(blocked) = thread.blocked() else {
            writeln!(out, " runs, or waits for something else")?;
            continue;
        };
        let (what, object) = (blocked.kind.noun(), blocked.object);
        write!(out, " waits for {what}")?;
        match name_at(object).as_ref().and_then(|name| name.as_str()) {
            Some(name) => write!(out, " {name:?}")?,
            None => write!(out, " {object:#x}")?,
        }
        match thread.state_of_object(&blocked) {
            Some(ObjectState::Held { by, .. }) => write!(out, ", held by {}", TitleOf(by.get()))?,
            Some(ObjectState::Thread { number }) => write!(out, ", {}", TitleOf(number.get()))?,
            _ => {}
        }
        let tenths = now().saturating_sub(blocked.since()) / 100_000_000;
        write!(out, ", for {}.{} s", tenths / 10, tenths % 10)?;
        writeln!(out, ", at {}", blocked.site)?;
    }
    Ok(())
}

//! What the system tells of a process before it is asked: its user, state, signal handlers and age.

use std::fs;
use std::time::Duration;

/// What `/proc/PID/status` says.
pub(super) struct Status {
    pub(super) uid: u32,
    pub(super) parent: u32,
    pub(super) is_stopped: bool,
    caught: u64,
}

impl Status {
    /// `None`: there is no process of that number.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        let effective = field("Uid:").split_whitespace().nth(1).map(str::parse);
        if field("State:").starts_with(['Z', 'X']) {
            return None;
        }
        Some(Self {
            uid: effective.and_then(Result::ok)?,
            parent: field("PPid:").parse().unwrap_or(0),
            is_stopped: field("State:").starts_with(['T', 't']),
            caught: u64::from_str_radix(&field("SigCgt:"), 16).unwrap_or(0),
        })
    }

    pub(super) fn catches(&self, signal: i32) -> bool {
        has(self.caught, signal)
    }
}

/// Whether a set of signals has this one.
pub(super) fn has(set: u64, signal: i32) -> bool {
    set >> (signal - 1) & 1 != 0
}

/// How old a process must be. The child of a fork looks like its parent until it executes another
/// program, and a signal that reaches that program may end it.
const MATURITY: Duration = Duration::from_millis(250);

/// Waits until the process has reached that age.
pub(super) fn let_mature(pid: u32) {
    let read = |path: String| fs::read_to_string(path).unwrap_or_default();
    let stat = read(format!("/proc/{pid}/stat"));
    // The name, which may be anything, stands in parentheses; the start is the twentieth after it.
    let start = stat
        .rsplit_once(')')
        .and_then(|(_, rest)| rest.split_whitespace().nth(19));
    let uptime = read("/proc/uptime".to_owned());
    let uptime = uptime
        .split_whitespace()
        .next()
        .and_then(|text| text.parse::<f64>().ok());
    // SAFETY: it only reads.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    if let (Some(start), Some(now)) = (start.and_then(|text| text.parse::<f64>().ok()), uptime) {
        let age = Duration::from_secs_f64((now - start / ticks).max(0.0));
        std::thread::sleep(MATURITY.saturating_sub(age));
    }
}

//! The report on standard error, for a signal that no process has sent with a question.

use crate::Named;
use crate::child::{Child, end_with_parent, longest_pause_until_told, ready, say, start, stay};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Stdio;
use std::time::Duration;
use weftline::watch;

pub(crate) const SCENARIOS: &[Named] = &[("text", waits), ("text, pauses", pauses)];
pub(crate) const CASES: &[Named] = &[
    ("text: kill writes it", kill_writes_a_report),
    ("text: a full pipe", a_full_pipe_does_not_stop_the_process),
    (
        "text: a pipe without a reader",
        a_pipe_without_a_reader_does_not_end_the_process,
    ),
];

fn waits() {
    weftline::run(|| {
        end_with_parent();
        let lock = crate::support::leak(weftline::Lock::new(())) as &weftline::Lock<()>;
        let _held = lock.lock();
        start("wants", || drop(lock.lock()));
        watch::name_current_thread("boss");
        while !watch::snapshot()
            .parties
            .iter()
            .any(|party| party.wait.is_some())
        {
            std::thread::yield_now();
        }
        ready();
        stay();
    });
}

fn pauses() {
    // As a program that is not Rust's.
    // SAFETY: it has no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    weftline::run(|| {
        let longest = longest_pause_until_told();
        say(&longest.as_millis().to_string());
    });
}

fn kill_writes_a_report() {
    let mut child = Child::start_as("text", |command| {
        command.stderr(Stdio::piped());
    });
    let mut errors = BufReader::new(child.errors());
    let mut text = String::new();
    // The main thread may just be awake.
    while !text.contains("\"boss\" waits for") {
        child.signal(watch::default_signal());
        text.clear();
        while text
            .lines()
            .filter(|line| line.starts_with("  thread "))
            .count()
            < 2
        {
            assert!(errors.read_line(&mut text).unwrap() > 0, "{text}");
        }
    }
    assert!(
        text.starts_with(&format!("weftline: process {}: ", child.pid())),
        "{text}"
    );
    let line = text
        .lines()
        .find(|line| line.contains("\"wants\" waits for"))
        .unwrap();
    assert!(
        line.contains("a Lock 0x") && line.contains("\"boss\", for "),
        "{line}"
    );
    assert!(line.contains("tests/watch/text.rs:"), "{line}");
    child.end();
}

fn pipe() -> (OwnedFd, OwnedFd) {
    let mut ends = [0; 2];
    // SAFETY: the place is valid, and the descriptors are new.
    unsafe {
        assert_eq!(libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC), 0);
        (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1]))
    }
}

/// Sends the signal to a child with this standard error, which must run on.
fn runs_on(errors: OwnedFd, after_start: impl FnOnce()) {
    let mut child = Child::start_as("text, pauses", |command| {
        command.stderr(Stdio::from(errors));
    });
    after_start();
    child.signal(watch::default_signal());
    // Comes after the signal.
    std::thread::sleep(Duration::from_millis(300));
    child.tell("stop");
    let longest: u64 = child.hear().parse().unwrap();
    assert!(longest < 1_000, "stood still for {longest} ms");
    child.end();
}

fn a_full_pipe_does_not_stop_the_process() {
    let (reader, writer) = pipe();
    // SAFETY: the descriptor is open, and the bytes are valid.
    unsafe {
        let flags = libc::fcntl(writer.as_raw_fd(), libc::F_GETFL);
        libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK);
        while libc::write(writer.as_raw_fd(), [b' '; 512].as_ptr().cast(), 512) > 0 {}
        libc::fcntl(writer.as_raw_fd(), libc::F_SETFL, flags);
    }
    runs_on(writer, || {});
    let mut text = String::new();
    File::from(reader).read_to_string(&mut text).unwrap();
    assert_eq!(text.trim_start(), "", "there was room");
}

fn a_pipe_without_a_reader_does_not_end_the_process() {
    let (reader, writer) = pipe();
    runs_on(writer, move || drop(reader));
}

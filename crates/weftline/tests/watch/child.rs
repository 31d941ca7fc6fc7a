//! A child that is asked: this program again, as a scenario.

use crate::support::{LONG, now, until};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{self, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;
use weftline::watch::{self, Party, RequestError, Snapshot};

const SCENARIO: &str = "WEFTLINE_TEST_SCENARIO";

/// What this process is to do, if it is a child.
pub(crate) fn scenario() -> Option<String> {
    std::env::var(SCENARIO).ok()
}

/// A child, which ends with this value.
pub(crate) struct Child {
    process: process::Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Child {
    /// Starts the scenario and waits until it is ready.
    pub(crate) fn start(scenario: &str) -> Self {
        Self::start_as(scenario, |_| {})
    }

    /// As [`Self::start`], with changes to the command.
    pub(crate) fn start_as(scenario: &str, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("this program has a file"));
        command.env_remove("WEFTLINE_SIGNAL");
        change(&mut command);
        Self::start_with(command, scenario)
    }

    /// As [`Self::start`], by a command that runs this program.
    pub(crate) fn start_with(mut command: Command, scenario: &str) -> Self {
        command
            .env(SCENARIO, scenario)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut process = command.spawn().expect("this program starts");
        let mut child = Self {
            input: process.stdin.take(),
            output: BufReader::new(process.stdout.take().expect("a pipe")),
            process,
        };
        assert_eq!(child.hear(), "ready");
        child
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The next line that it prints.
    pub(crate) fn hear(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        assert!(
            !line.is_empty(),
            "the child has ended: {:?}",
            self.process.wait()
        );
        line.trim_end().to_owned()
    }

    /// Prints a line for [`told`].
    pub(crate) fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().expect("open until it ends");
        writeln!(input, "{line}").expect("the child reads");
    }

    pub(crate) fn errors(&mut self) -> ChildStderr {
        self.process.stderr.take().expect("a pipe")
    }

    /// What it is, whole.
    pub(crate) fn ask(&self) -> Snapshot {
        let snapshot = watch::request(self.pid()).expect("it answers");
        assert!(snapshot.is_whole, "{snapshot:?}");
        assert_eq!(snapshot.pid, self.pid());
        snapshot
    }

    /// What it is, once that is so.
    pub(crate) fn ask_until(&self, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let start = now();
        loop {
            let snapshot = self.ask();
            if is_so(&snapshot) {
                return snapshot;
            }
            assert!(
                start.elapsed() < LONG,
                "it never comes: {}",
                snapshot.report()
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The refusal of a request, which changes nothing.
    pub(crate) fn refuses(&mut self) -> RequestError {
        let refusal = watch::request(self.pid()).expect_err("it does not answer");
        assert!(self.is_alive(), "a request has ended the process");
        refusal
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.process.try_wait().expect("its state").is_none()
    }

    pub(crate) fn signal(&self, signal: i32) {
        // SAFETY: no memory is passed, and the child has not been waited for.
        assert_eq!(unsafe { libc::kill(self.pid() as i32, signal) }, 0);
    }

    /// Has it end by itself, well.
    pub(crate) fn end(mut self) {
        self.input = None;
        until(|| !self.is_alive());
        let status = self.process.wait().expect("its status");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The party of that name.
pub(crate) fn named<'a>(snapshot: &'a Snapshot, name: &str) -> &'a Party {
    let found = snapshot
        .parties
        .iter()
        .find(|party| party.name.as_deref() == Some(name));
    found.unwrap_or_else(|| panic!("no {name:?} in {}", snapshot.report()))
}

/// Whether the parties of these names all wait, steadily.
pub(crate) fn all_wait(snapshot: &Snapshot, names: &[&str]) -> bool {
    names.iter().all(|name| {
        let found = snapshot
            .parties
            .iter()
            .find(|party| party.name.as_deref() == Some(name));
        found.is_some_and(|party| party.wait.as_ref().is_some_and(|wait| wait.is_steady))
    })
}

/// In a child: tells that it is ready.
pub(crate) fn ready() {
    say("ready");
}

/// In a child: prints a line for [`Child::hear`].
pub(crate) fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .expect("the parent reads");
}

/// In a child: the next line from the parent; none at the end.
pub(crate) fn told() -> Option<String> {
    let mut line = String::new();
    std::io::stdin()
        .read_line(&mut line)
        .ok()
        .filter(|&bytes| bytes > 0)?;
    Some(line.trim_end().to_owned())
}

/// In a child: ends the process when the parent closes its input.
pub(crate) fn end_with_parent() {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        // SAFETY: leaves at once, whatever the other threads wait for.
        unsafe { libc::_exit(0) }
    });
}

/// In a child: a daemon thread of that name.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    f: impl FnOnce() -> T + Send + 'static,
) -> weftline::JoinHandle<T> {
    let builder = weftline::Builder::new().name(name).daemon(true);
    builder.spawn(f).expect("a thread starts")
}

/// In a child: waits for ever.
pub(crate) fn stay() {
    weftline::Event::new().wait();
}

/// The line of that source with the mark `// <- name`.
pub(crate) fn line_of(source: &str, name: &str) -> u32 {
    let mark = format!("// <- {name}");
    let found = source.lines().position(|line| line.ends_with(&mark));
    found.unwrap_or_else(|| panic!("no {mark:?}")) as u32 + 1
}

/// Changes whether the calling thread, and those that it starts, block the signal.
pub(crate) fn set_blocked(signal: i32, is_blocked: bool) {
    let how = if is_blocked {
        libc::SIG_BLOCK
    } else {
        libc::SIG_UNBLOCK
    };
    // SAFETY: all zeros are a valid value, and the places are valid.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&raw mut set, signal);
        assert_eq!(
            libc::pthread_sigmask(how, &raw const set, std::ptr::null_mut()),
            0
        );
    }
}

/// In a child: turns on the calling thread until the parent tells something, and returns the
/// longest time in which the thread did not run. The only thread that gets the signal.
pub(crate) fn longest_pause_until_told() -> Duration {
    let (sender, is_told) = std::sync::mpsc::channel();
    set_blocked(watch::default_signal(), true);
    std::thread::spawn(move || sender.send(told()));
    set_blocked(watch::default_signal(), false);
    ready();
    let (mut longest, mut last) = (Duration::ZERO, now());
    while is_told.try_recv().is_err() {
        let this = now();
        longest = longest.max(this - last);
        last = this;
    }
    longest
}

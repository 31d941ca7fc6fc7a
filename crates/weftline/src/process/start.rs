//! [`Process`] and [`spawn`]: the description of a process, and its start.
//!
//! # Implementation
//!
//! | step | when it fails |
//! |---|---|
//! | the function is found, the arguments are encoded | no process has been started |
//! | a pair of sockets is made; this executable is started again, with the other end as its standard input | the same |
//! | a pidfd of the child is opened | the child, which waits for its task, is killed |
//! | the child is sent its task | the same; if it has ended already, the join says so |
//! | the child enters the registry | |
//!
//! The executable is started by `posix_spawn`, never by a fork of a process with threads, and no
//! descriptor of this library is ever without the close-on-exec flag. Until the child has its task,
//! forks are kept out. A fork would have a copy of the socket, so the child would wait for ever if
//! this process is killed in between.

use super::channel::{self, Channel};
use super::function::{self, Function};
use super::message::{FLAG, Task};
use super::sentinel::Sentinel;
use super::stdio::{Stdio, Stream};
use super::{Child, ChildProcess, Envelope, RemoteFn, StartError, children, identity, permission};
use crate::thread::{keep_forks_out, without_nul};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// The function of a process, and its settings: Python's `multiprocessing.Process`, before its
/// start.
///
/// The process is this program, started again; see the [module](super). It shares nothing with this
/// one and inherits only the three standard streams, the environment and the working directory.
///
/// ```no_run
/// use weftline::process::{self, Process};
///
/// fn greet(guest: String) -> String {
///     format!("{} greets {guest}", process::current_name())
/// }
/// process::register!(greet);
///
/// fn main() {
///     weftline::run(|| {
///         let child = Process::new(greet, ("Ada".to_owned(),)).name("host").start().unwrap();
///         assert_eq!(child.join().unwrap(), "host greets Ada");
///     });
/// }
/// ```
#[doc(alias = "multiprocessing.Process")]
#[must_use = "a process does nothing until it is started"]
pub struct Process<R> {
    function: Result<&'static Function, StartError>,
    arguments: Result<Envelope, StartError>,
    /// Counted when the process is described, as Python does.
    place: String,
    name: Option<String>,
    is_daemon: bool,
    command: Command,
    stdin: Stdio,
    returns: PhantomData<fn() -> R>,
}

impl<R: DeserializeOwned + 'static> Process<R> {
    /// A process that runs `function` with these arguments, a tuple. The function has to be
    /// [registered](super::register).
    pub fn new<F, Args>(_: F, arguments: Args) -> Self
    where
        F: RemoteFn<Args, Output = R>,
        Args: Serialize,
    {
        Self::describe(function::of_type::<F>(), &arguments)
    }

    /// A process that runs the function that is registered under this name, for a program that
    /// chooses the function at run time.
    ///
    /// The arguments are a tuple of the function's argument types, or of types with the same
    /// encoding (a `&str` for a `String`). If they are anything else, the join returns the error.
    /// If the function does not return `R`, the start does.
    pub fn named<Args: Serialize>(name: &str, arguments: Args) -> Self {
        let function = function::named(name)
            .and_then(|function| function.check_returns::<R>().map(|()| function));
        Self::describe(function, &arguments)
    }

    /// A process that runs a function of this library.
    pub(super) fn of(function: &'static Function, arguments: &impl Serialize) -> Self {
        Self::describe(Ok(function), arguments)
    }

    fn describe(
        function: Result<&'static Function, StartError>,
        arguments: &impl Serialize,
    ) -> Self {
        Self {
            function,
            arguments: Envelope::pack(arguments).map_err(StartError::Encode),
            place: identity::next_place(),
            name: None,
            is_daemon: false,
            command: Command::new("/proc/self/exe"),
            stdin: Stdio::inherit(),
            returns: PhantomData,
        }
    }

    /// Names the process; `ps` and debuggers show the name too. The default is `Process-N`, where N
    /// counts from 1 the processes that this one describes, and `Process-N:M` for those that
    /// `Process-N` describes.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether the process is killed when this one ends, in any way, instead of being waited for by
    /// [`run`](crate::run). The default is no. A daemon cannot start processes.
    pub fn daemon(mut self, is_daemon: bool) -> Self {
        self.is_daemon = is_daemon;
        self
    }

    /// Its standard input. The default is that of this process.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.stdin = stdin.into();
        self
    }

    /// Its standard output. The default is that of this process.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout.into());
        self
    }

    /// Its standard error output. The default is that of this process.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.command.stderr(stderr.into());
        self
    }

    /// Sets a variable of its environment, which is otherwise that of this process.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Its working directory. The default is that of this process.
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Starts the process. This does not wait until the function runs. If the function never
    /// begins, the join returns the error.
    ///
    /// # Errors
    /// [`StartError`]; then nothing of it has run.
    pub fn start(self) -> Result<Child<R>, StartError> {
        permission::may_start()?;
        let (function, arguments) = (self.function?, self.arguments?);
        let name = self.name;
        let name = name.unwrap_or_else(|| format!("Process-{}", self.place));
        children::sweep();
        let this = std::process::id();
        let stdin = self.stdin.open()?;
        let sentinel_of_this = Sentinel::open(this)?;
        let task = Task {
            function: function.name().to_owned(),
            name: name.clone(),
            lineage: format!("{}:", self.place),
            is_daemon: self.is_daemon,
            parent_pid: this,
            parent_name: identity::current_name().to_owned(),
            has_stdin: stdin.is_some(),
        };
        let mut first = vec![sentinel_of_this.as_fd()];
        first.extend(stdin.as_ref().map(Stream::as_fd));
        let no_forks = keep_forks_out();
        let (channel, pid) = launch(self.command, &name)?;
        let sentinel = Sentinel::of_child(pid);
        let told = match &sentinel {
            Ok(_) => channel.send(&task, &first, &arguments),
            Err(_) => Ok(()),
        };
        drop(no_forks);
        let sentinel = sentinel.inspect_err(|_| give_up(pid))?;
        if let Err(why) = told
            && !channel::is_gone(&why)
        {
            sentinel.put_down();
            return Err(why.into());
        }
        let process = ChildProcess::new(name, pid, self.is_daemon, sentinel);
        process.register();
        Ok(Child::new(process, channel))
    }
}

/// Starts this executable; the child waits for its task on the channel.
fn launch(mut command: Command, name: &str) -> io::Result<(Channel, u32)> {
    let (channel, other_end) = Channel::pair()?;
    if let Some(program) = std::env::args_os().next() {
        command.arg0(program);
    }
    let started = command
        .arg(FLAG)
        .arg(shown(name))
        .stdin(other_end)
        .spawn()?;
    // This drops our copy of the child's end.
    drop(command);
    Ok((channel, started.id()))
}

/// The name for tools like `ps`, cut to a length that the system takes as an argument.
fn shown(name: &str) -> &str {
    const MOST: usize = 1_000;
    let mut end = name.len().min(MOST);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    without_nul(&name[..end])
}

/// Ends a child that has no task and is not registered, by its number alone.
///
/// Where `SIGCHLD` is ignored the system drops its record of a child that has ended, and another
/// process may have the number by now. So the first call asks whether the number is a child's. A
/// dead child keeps its number until it has been waited for.
fn give_up(pid: u32) {
    let Some(pid) = Pid::from_raw(pid.cast_signed()) else {
        return;
    };
    let wait =
        |options| retry_on_intr(|| waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | options));
    if wait(WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT).is_ok() {
        let _ = kill_process(pid, Signal::KILL);
        let _ = wait(WaitIdOptions::empty());
    }
}

impl<R> fmt::Debug for Process<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("function", &self.function)
            .field("name", &self.name)
            .field("is_daemon", &self.is_daemon)
            .finish_non_exhaustive()
    }
}

/// Starts a process that runs `function` with these arguments, a tuple: Python's
/// `Process(target=f, args=a).start()`.
///
/// # Errors
/// [`StartError`]; see [`Process::start`].
///
/// ```no_run
/// use weftline::process;
///
/// fn area(width: f64, height: f64) -> f64 {
///     width * height
/// }
/// process::register!(area);
///
/// fn main() {
///     weftline::run(|| {
///         let child = process::spawn(area, (2.0, 3.0)).unwrap();
///         assert_eq!(child.join().unwrap(), 6.0);
///     });
/// }
/// ```
pub fn spawn<F, Args>(function: F, arguments: Args) -> Result<Child<F::Output>, StartError>
where
    F: RemoteFn<Args>,
    Args: Serialize,
{
    Process::new(function, arguments).start()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::TimedOut;
    use crate::park::Deadline;
    use std::time::Duration;

    /// A process that is no child here. It stands for a process that has got the number of a child
    /// of which the system has no record.
    fn stranger() -> Pid {
        let script = "sleep 60 >&- 2>&- & echo $!";
        let started = Command::new("sh").args(["-c", script]).output().unwrap();
        let number = String::from_utf8(started.stdout).unwrap();
        Pid::from_raw(number.trim().parse().unwrap()).unwrap()
    }

    #[test]
    fn a_stranger_is_not_killed_for_a_child_that_had_its_number() {
        let stranger = stranger();
        let number = stranger.as_raw_pid().cast_unsigned();
        give_up(number);
        assert!(
            Sentinel::of_child(number).is_err(),
            "nor is it taken for a child"
        );
        let sentinel = Sentinel::open(number).unwrap();
        let soon = Deadline::after(Duration::from_millis(50));
        assert_eq!(sentinel.wait(soon), Err(TimedOut));
        sentinel.signal(Signal::KILL).unwrap();
        sentinel.wait(Deadline::NEVER).unwrap();
    }
}

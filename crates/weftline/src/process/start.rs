//! [`Process`] and [`spawn`]: what a process is to be, and its start.
//!
//! # Implementation
//!
//! | step | when it fails |
//! |---|---|
//! | the function is found, the arguments are written down | nothing has been there |
//! | a pair of sockets; this executable is started again, with the other end as its standard input | the same |
//! | a pidfd of the child | the child, which waits for its task, is killed |
//! | the child is told its task | the same; if it has ended already, the join says so |
//! | the child is entered among those that run | |
//!
//! The executable is started by `posix_spawn`, never by a fork of a process with threads, and none
//! of our descriptors is ever without the close-on-exec flag. Until the child has been told, forks
//! are kept out: a copy of the socket in another process would let the child wait for ever if this
//! one is killed in the middle.

use super::channel::{self, Channel};
use super::entry::{self, FLAG};
use super::function::{self, Function};
use super::message::Task;
use super::sentinel::Sentinel;
use super::{Child, ChildProcess, Envelope, RemoteFn, StartError, child_registry, identity};
use crate::thread::{keep_forks_out, without_nul};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// What a process is to run, and how it is to be: Python's `multiprocessing.Process`, before its
/// start.
///
/// The process is this program, started again; see the [module](super). Nothing is shared with it
/// and nothing is inherited by it but its three standard streams, its environment and its working
/// directory.
///
/// ```no_run
/// use weftline::process::{self, Process};
///
/// fn greet(whom: String) -> String {
///     format!("{} greets {whom}", process::current_name())
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
    /// Counted when it is described, as Python does.
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

    /// A process that runs the function that is registered under this name: for a program that
    /// learns at run time which one.
    ///
    /// The arguments are a tuple of what the function takes, or of what is written down in the same
    /// way (a `&str` for a `String`). If they are something else, the join says so; if the function
    /// does not return `R`, the start does.
    pub fn named<Args: Serialize>(name: &str, arguments: Args) -> Self {
        let function = function::named(name)
            .and_then(|function| function.check_returns::<R>().map(|()| function));
        Self::describe(function, &arguments)
    }

    /// A process that runs a function that is ours.
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

    /// Names the process; `ps` and debuggers show it too. Without, it is called `Process-N`, N
    /// counting from 1 the processes that this one describes, and `Process-N:M` for those that
    /// `Process-N` describes.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether it is killed when this process ends, however that comes about, instead of being
    /// waited for by [`run`](crate::run). Without, it is not. A daemon cannot start processes.
    pub fn daemon(mut self, is_daemon: bool) -> Self {
        self.is_daemon = is_daemon;
        self
    }

    /// Its standard input. Without, it is that of this process.
    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.stdin = stdin.into();
        self
    }

    /// Its standard output. Without, it is that of this process.
    pub fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout.into());
        self
    }

    /// Its standard error output. Without, it is that of this process.
    pub fn stderr(mut self, stderr: impl Into<Stdio>) -> Self {
        self.command.stderr(stderr.into());
        self
    }

    /// Sets a variable of its environment, which is otherwise that of this process.
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Its working directory. Without, it is that of this process.
    pub fn current_dir(mut self, directory: impl AsRef<Path>) -> Self {
        self.command.current_dir(directory);
        self
    }

    /// Starts it. This does not wait until its function runs; if it never comes to that, the join
    /// says so.
    ///
    /// # Errors
    /// [`StartError`]; then nothing of it has run.
    pub fn start(self) -> Result<Child<R>, StartError> {
        entry::may_start()?;
        let (function, arguments) = (self.function?, self.arguments?);
        let name = self.name;
        let name = name.unwrap_or_else(|| format!("Process-{}", self.place));
        child_registry::sweep();
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
        child_registry::enter(&process);
        Ok(Child::new(process, channel))
    }
}

/// Starts this executable; the child waits for what the channel tells it.
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
    // With it goes our copy of the child's end.
    drop(command);
    Ok((channel, started.id()))
}

/// A name for those who look at the process from outside: the system takes no argument of any
/// length.
fn shown(name: &str) -> &str {
    const MOST: usize = 1_000;
    let mut end = name.len().min(MOST);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    without_nul(&name[..end])
}

/// Ends a child that has nothing to do, has not been entered, and of which there is but the number.
///
/// Where `SIGCHLD` is ignored the system forgets a child that has ended, and the number may be
/// another process's by now. So it is asked first whether that is a child; one that is dead keeps
/// its number until it has been waited for.
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

/// A standard stream of a process: that of its parent, nothing, or any file.
///
/// ```no_run
/// use std::io::Read;
/// use weftline::process::{Process, Stdio, register};
///
/// fn report() {
///     println!("all is well");
/// }
/// register!(report);
///
/// fn main() {
///     weftline::run(|| {
///         let (mut reader, writer) = std::io::pipe().unwrap();
///         let child = Process::new(report, ()).stdin(Stdio::null()).stdout(writer).start().unwrap();
///         let mut said = String::new();
///         reader.read_to_string(&mut said).unwrap();
///         assert_eq!(said, "all is well\n");
///         child.join().unwrap();
///     });
/// }
/// ```
#[derive(Debug)]
pub struct Stdio(Choice);

#[derive(Debug)]
enum Choice {
    Inherit,
    Null,
    Given(OwnedFd),
}

impl Stdio {
    /// That of the parent.
    #[must_use]
    pub fn inherit() -> Self {
        Self(Choice::Inherit)
    }

    /// Nothing to read, and what is written disappears.
    #[must_use]
    pub fn null() -> Self {
        Self(Choice::Null)
    }

    /// As a standard input to hand over; `None` when the parent has closed its own.
    fn open(self) -> io::Result<Option<Stream>> {
        Ok(match self.0 {
            Choice::Inherit => {
                let stdin = rustix::stdio::stdin();
                rustix::io::fcntl_getfd(stdin)
                    .is_ok()
                    .then_some(Stream::Borrowed(stdin))
            }
            Choice::Null => Some(Stream::Owned(File::open("/dev/null")?.into())),
            Choice::Given(descriptor) => Some(Stream::Owned(descriptor)),
        })
    }
}

enum Stream {
    Borrowed(BorrowedFd<'static>),
    Owned(OwnedFd),
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Borrowed(descriptor) => *descriptor,
            Self::Owned(descriptor) => descriptor.as_fd(),
        }
    }
}

impl<T: Into<OwnedFd>> From<T> for Stdio {
    fn from(file: T) -> Self {
        Self(Choice::Given(file.into()))
    }
}

impl From<Stdio> for std::process::Stdio {
    fn from(stream: Stdio) -> Self {
        match stream.0 {
            Choice::Inherit => Self::inherit(),
            Choice::Null => Self::null(),
            Choice::Given(descriptor) => descriptor.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TimedOut;
    use crate::park::Deadline;
    use std::time::Duration;

    /// A process that is nobody's child here, as one is that has got the number of a child which
    /// the system has forgotten.
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
            "nor is it taken for one"
        );
        let sentinel = Sentinel::open(number).unwrap();
        let soon = Deadline::after(Duration::from_millis(50));
        assert_eq!(sentinel.wait(soon), Err(TimedOut));
        sentinel.signal(Signal::KILL).unwrap();
        sentinel.wait(Deadline::NEVER).unwrap();
    }
}

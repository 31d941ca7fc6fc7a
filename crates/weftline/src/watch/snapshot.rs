//! [`Snapshot`]: the threads of a process, what each waits for, and the owner of that.

use super::measured::Measured;
use super::past_wait::PastWait;
use super::queue_depth::QueueDepth;
use crate::park::{Kind, ObjectState, Printable};
use std::time::Duration;

/// The version of what a process tells of itself, in `wire.rs`.
pub(super) const VERSION: u32 = 1;

/// The threads of a process, what each waits for, and the owner of that.
///
/// The process runs on while it is told, so each thread and each object is as it was when the
/// report came to it. What belongs together is checked: see [`Wait::is_steady`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Snapshot {
    /// The version of the format in which the process told this.
    pub version: u32,
    /// The process.
    pub pid: u32,
    /// When it began to tell this, on the monotonic clock of the system.
    pub taken: Duration,
    /// Whether another thread than the owner may release a lock, as in Python.
    pub locks_are_free: bool,
    /// Its threads, and tasks that wait, by number.
    pub parties: Vec<Party>,
    /// The objects for which they wait.
    pub objects: Vec<Object>,
    /// The pools for which its threads work, by number.
    pub pools: Vec<Pool>,
    /// How full queues are: those that the process [follows](super::follow), the named ones first.
    pub queues: Vec<QueueDepth>,
    /// Where the stacks of the parties come from.
    pub stacks: Stacks,
    /// What was counted, if waits are or were measured.
    pub measured: Option<Measured>,
    /// The waits that have ended lately, if they were asked for.
    pub past: Vec<PastWait>,
    /// How many waits, since the process began, were asked for and not recorded, because their
    /// threads have no ring: there are 1,024 at most.
    pub unkept: u64,
    /// Whether the process told everything; otherwise it was too slow, or ended.
    pub is_whole: bool,
}

/// A thread, or a task that waits.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Party {
    /// Its number, which the words of locks hold. Unique in the process, never reused. Zero: a
    /// thread that the library does not know, but the interpreter does.
    pub number: u64,
    /// Whether it is a task: a future that is polled by some thread.
    pub is_task: bool,
    /// The thread's `pthread_self`, Python's `threading.get_ident()`.
    pub os_ident: u64,
    /// The kernel's identifier of the thread, as `ps -L` and `top -H` show it; zero if unknown.
    pub native_id: u64,
    /// Whether the process began with it.
    pub is_main: bool,
    /// Its name, or the beginning of a long one.
    pub name: Option<String>,
    /// The pool for which it works.
    pub pool: Option<u32>,
    /// For what it sleeps.
    pub wait: Option<Wait>,
    /// Its frames, the innermost first, if the interpreter has told them.
    pub stack: Vec<Frame>,
    /// Whether there are further frames, which the interpreter has not told.
    pub stack_is_cut: bool,
}

/// A sleep of a thread, or the wait of a task.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Wait {
    /// The address of the object, which [`Snapshot::object`] finds.
    pub object: u64,
    /// What of it.
    pub kind: Kind,
    /// When it began, on the clock of [`Snapshot::taken`]. A wait that begins while the process
    /// tells is younger than the snapshot. The sleeps of one wait have the same beginning.
    pub since: Duration,
    /// How long it has lasted.
    pub waited: Duration,
    /// In what time it times out; `None`: never.
    pub times_out_in: Option<Duration>,
    /// The line of the program that waits.
    pub site: Option<Frame>,
    /// Whether the thread slept in this wait all the time in which the objects and their holders
    /// were read, and nothing has ended the wait since.
    pub is_steady: bool,
    pub(super) sequence: u64,
}

/// An object for which parties wait.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Object {
    /// Its address.
    pub address: u64,
    /// What it said of itself; `None` if it was gone by then, or is of a kind that says nothing.
    pub state: Option<ObjectState>,
    /// The numbers of the parties that hold it, as far as that is known.
    pub holders: Vec<u64>,
    /// The name that the program gave it.
    pub name: Option<String>,
}

/// A pool of threads.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Pool {
    /// Its number, which its workers and futures have.
    pub number: u32,
    /// How many of its tasks wait for a worker, if it could be read.
    pub waiting: Option<u64>,
}

/// A line of the program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// The function, if it is known.
    pub function: Option<String>,
    /// The file.
    pub file: String,
    /// The line in it.
    pub line: u32,
}

/// Where the stacks of a snapshot come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stacks {
    /// The process has no interpreter: a wait tells its line.
    #[default]
    None,
    /// The interpreter has told them.
    Told,
    /// The interpreter did not answer in time: another thread holds it, or no thread of the program
    /// was there to ask it. A wait that has lasted for 50 ms tells its line.
    Silent,
}

impl Snapshot {
    /// The party of that number.
    #[must_use]
    pub fn party(&self, number: u64) -> Option<&Party> {
        let found = self
            .parties
            .binary_search_by_key(&number, |party| party.number);
        found.ok().map(|index| &self.parties[index])
    }

    /// The object at that address.
    #[must_use]
    pub fn object(&self, address: u64) -> Option<&Object> {
        let found = self
            .objects
            .binary_search_by_key(&address, |object| object.address);
        found.ok().map(|index| &self.objects[index])
    }

    /// The workers of the pool with that number.
    pub fn workers(&self, pool: u32) -> impl Iterator<Item = &Party> {
        let parties = self.parties.iter();
        parties.filter(move |party| party.pool == Some(pool))
    }
}

impl Party {
    /// Whether it is a worker that waits for a task.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let wait = self.wait.as_ref();
        wait.is_some_and(|wait| matches!(wait.kind, Kind::QueueGet | Kind::Work))
    }

    /// What to call it.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{name:?}"),
            None if self.is_task => format!("task {}", self.number),
            None if self.is_main => "main thread".to_owned(),
            None if self.number != 0 => format!("thread {}", self.number),
            None => format!("thread {:#x}", self.os_ident),
        }
    }
}

impl Object {
    /// What to call it: its name or its address.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{name:?}"),
            None => format!("{:#x}", self.address),
        }
    }
}

impl Frame {
    pub(super) fn new(function: Option<String>, file: String, line: u32) -> Self {
        Self {
            function,
            file,
            line,
        }
    }
}

impl std::fmt::Display for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", Printable(&self.file), self.line)?;
        match &self.function {
            Some(function) => write!(f, " in {}", Printable(function)),
            None => Ok(()),
        }
    }
}

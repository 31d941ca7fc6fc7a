//! [`Thread`]: the handle of an identity, and the wait for the thread's end.

use super::identity::{self, Identity};
use super::service::Service;
use super::system;
use super::until_forked::{Forked, UntilForked};
use crate::error::{NoMemory, TimedOut};
use crate::memory::{Counted, try_string};
use crate::park::{Deadline, Kind, ThreadNumber, WaitError, panic_without_memory, reserve_number};
use crate::sync::raw::RawEvent;
use std::fmt;
use std::time::{Duration, Instant};

/// A thread, running or ended: Python's `threading.Thread`. Cloning is cheap; clones are the same
/// thread, and equal.
///
/// ```
/// use weftline::Builder;
///
/// let handle = Builder::new().name("reader").spawn(|| weftline::current().name()).unwrap();
/// let reader = handle.thread().clone();
/// assert_eq!(handle.join().unwrap(), "reader");
/// assert!(!reader.is_alive());
/// ```
#[doc(alias = "threading.Thread")]
#[derive(Clone)]
pub struct Thread(pub(super) Counted<Identity>);

impl Thread {
    /// A thread that is about to start. Its number is reserved now, so that the order of numbers is
    /// that of ages.
    pub(super) fn new(
        name: String,
        is_daemon: bool,
        serves: Option<Counted<dyn Service>>,
    ) -> Result<Self, NoMemory> {
        Identity::try_new(name, is_daemon, serves, reserve_number()).map(Self)
    }

    /// A thread that runs already, and whose number becomes known later.
    pub(super) fn unbound(name: String, is_daemon: bool) -> Result<Self, NoMemory> {
        Identity::try_new(name, is_daemon, None, 0).map(Self)
    }

    /// The calling thread, if it is bound.
    pub(super) fn current_if_bound() -> Option<Self> {
        identity::current().map(Self)
    }

    /// The main thread, if it is known.
    pub(super) fn main_if_known() -> Option<Self> {
        identity::main().map(Self)
    }

    /// The number reserved for a thread that has not started yet; zero if none was.
    pub(super) fn reserved_number(&self) -> u64 {
        self.0.number()
    }

    /// The service that it belongs to, unless its work there is done.
    pub(super) fn service(&self) -> Option<Counted<dyn Service>> {
        self.0.serves.service()
    }

    /// The thread's work for its service is done, so neither keeps the other alive any longer.
    pub(crate) fn leave_service(&self) {
        self.0.serves.end();
    }

    pub(crate) fn is_current(&self) -> bool {
        self.0.is_current()
    }

    /// The name: the chosen one, or `Thread-N (function)`.
    ///
    /// # Panics
    /// When there is no memory for the copy.
    #[must_use]
    pub fn name(&self) -> String {
        match try_string(&self.shared_name()) {
            Ok(name) => name,
            Err(NoMemory) => panic_without_memory(),
        }
    }

    pub(super) fn shared_name(&self) -> Counted<String> {
        self.0.name()
    }

    /// Gives the thread another name, also while it runs.
    ///
    /// A thread that renames itself is renamed for the operating system too, where that is
    /// possible. The system gets as much of the name as fits (15 bytes on Linux).
    /// `std::thread::Thread::name` still returns the name that the thread was started with.
    ///
    /// # Panics
    /// When there is no memory for the name. The thread keeps the one that it has.
    pub fn set_name(&self, name: impl Into<String>) {
        let Ok(name) = Counted::try_new(name.into()) else {
            panic_without_memory();
        };
        if self.is_current() {
            system::set_name(&name);
        }
        self.0.rename(name);
    }

    /// The operating system's handle of the thread (`pthread_self`, on Windows its number). The
    /// system may reuse it for another thread once this one has ended.
    ///
    /// Waits until a thread that was just spawned has started. `None` where the system has no
    /// handle, and for a main thread that has not used this library yet.
    #[must_use]
    #[track_caller]
    pub fn ident(&self) -> Option<u64> {
        self.wait_for_start();
        self.0.ident()
    }

    /// The kernel's number of the thread (`gettid` on Linux, `pthread_threadid_np` on macOS), as
    /// `ps -L` and debuggers show it. Otherwise as [`ident`](Self::ident).
    #[must_use]
    #[track_caller]
    pub fn native_id(&self) -> Option<u64> {
        if self.is_main() && self.is_alive() {
            // The thread that survives a fork has a new one.
            return system::native_id_of_main();
        }
        self.wait_for_start();
        self.0.native_id()
    }

    /// The thread's number: unique in this process and its forked children, never reused, growing
    /// with age.
    ///
    /// `None` for a main thread that has not used this library yet.
    #[must_use]
    pub fn number(&self) -> Option<ThreadNumber> {
        ThreadNumber::new(self.0.number())
    }

    /// Whether [`run`](crate::run) returns without waiting for it.
    #[doc(alias = "daemon")]
    #[must_use]
    pub fn is_daemon(&self) -> bool {
        self.0.is_daemon
    }

    /// Whether the thread has not ended: from the spawn until its end is announced to all joins. In
    /// the child of a fork, only the thread that forked and the threads started in the child are
    /// alive.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.0.ended.is_set() && !self.0.is_lost()
    }

    /// Whether it is the main thread, in which the process began. In the child of a fork that is
    /// the thread that forked.
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.0.is_main()
    }

    /// Waits until the thread has ended. Any thread can call it, any number of times.
    /// [`JoinHandle::join`](crate::JoinHandle::join) also returns the value that the thread
    /// returned.
    ///
    /// On return the thread has left [`enumerate`](crate::enumerate) and, on Linux, the destructors
    /// of its thread-locals have run. The system may need a moment longer to reclaim its stack. The
    /// main thread does not end before the process does.
    ///
    /// # Panics
    /// When a thread joins itself, because it would wait for ever.
    #[track_caller]
    pub fn join(&self) {
        let _ = self.join_by(Deadline::NEVER);
    }

    /// As [`join`](Self::join), without waiting.
    ///
    /// # Errors
    /// [`TimedOut`] when it has not.
    ///
    /// # Panics
    /// As [`join`](Self::join).
    #[track_caller]
    pub fn try_join(&self) -> Result<(), TimedOut> {
        self.join_by(Deadline::PASSED)
    }

    /// As [`join`](Self::join), for at most `timeout`. A timeout beyond the clock's range never
    /// ends.
    ///
    /// # Errors
    /// [`TimedOut`] when the thread has not ended in time. It runs on.
    ///
    /// # Panics
    /// As [`join`](Self::join).
    #[track_caller]
    pub fn try_join_for(&self, timeout: Duration) -> Result<(), TimedOut> {
        self.join_by(Deadline::after(timeout))
    }

    /// As [`join`](Self::join), until `deadline` at the latest.
    ///
    /// # Errors
    /// [`TimedOut`] when the thread has not ended in time. It runs on.
    ///
    /// # Panics
    /// As [`join`](Self::join).
    #[track_caller]
    pub fn try_join_until(&self, deadline: Instant) -> Result<(), TimedOut> {
        self.join_by(Deadline::at(deadline))
    }

    #[track_caller]
    pub(super) fn join_by(&self, deadline: Deadline) -> Result<(), TimedOut> {
        assert!(
            !self.is_current(),
            "a thread cannot join itself: it would wait for ever"
        );
        self.wait(&self.0.ended, deadline)
    }

    #[track_caller]
    fn wait_for_start(&self) {
        // The main thread is bound when it first asks for itself, if ever. No wait is needed for
        // that.
        if self.reserved_number() != 0 {
            let _ = self.wait(&self.0.started, Deadline::NEVER);
        }
    }

    /// Waits for one of the thread's own events, or until the thread turns out not to be in this
    /// process.
    #[track_caller]
    fn wait(&self, event: &RawEvent, deadline: Deadline) -> Result<(), TimedOut> {
        loop {
            if self.0.is_lost() {
                return Ok(());
            }
            match event.wait_as(Kind::Thread.of(&*self.0), &mut UntilForked::new(), deadline) {
                Ok(()) => return Ok(()),
                Err(WaitError::TimedOut) => return Err(TimedOut),
                Err(WaitError::Interrupted(Forked)) => {}
            }
        }
    }
}

impl PartialEq for Thread {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(Counted::as_ptr(&self.0), Counted::as_ptr(&other.0))
    }
}

impl Eq for Thread {}

impl fmt::Debug for Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Thread")
            .field("name", &self.shared_name().as_str())
            .field("is_alive", &self.is_alive())
            .field("is_daemon", &self.is_daemon())
            .finish_non_exhaustive()
    }
}

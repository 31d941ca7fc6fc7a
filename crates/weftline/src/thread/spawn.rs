//! [`Builder`] and [`spawn`]: how a thread starts.

use super::join::Packet;
use super::scope_state::{ScopeState, Unreported};
use super::service::Service;
use super::{JoinHandle, Thread, current, default_name, fork_gate, forks, panic, registry, system};
use crate::error::NoMemory;
use crate::memory::{Counted, try_string};
use crate::park::panic_without_memory;
use std::fmt;
use std::io;

/// The options of a thread: its name, its stack, whether the end of the program waits for it.
#[doc(alias = "threading.Thread")]
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until it spawns"]
pub struct Builder {
    name: Option<String>,
    is_daemon: Option<bool>,
    stack_size: Option<usize>,
    serves: Option<Counted<dyn Service>>,
}

impl Builder {
    /// The defaults of [`spawn`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the thread. The default is `Thread-N (function)`, after the function that it runs,
    /// with N counting from 1.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Whether [`run`](crate::run) returns without waiting for the thread. The default is that of
    /// the spawning thread.
    pub fn daemon(mut self, is_daemon: bool) -> Self {
        self.is_daemon = Some(is_daemon);
        self
    }

    /// The size of its stack in bytes; the system may round up. The default is the standard
    /// library's: 2 MiB, or `RUST_MIN_STACK`.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// The thread belongs to `service`, which the end of the program finishes before it waits for
    /// the thread.
    pub(crate) fn serves(mut self, service: Counted<dyn Service>) -> Self {
        self.serves = Some(service);
        self
    }

    /// Starts a thread that runs `f`.
    ///
    /// # Errors
    /// When the system refuses to start a thread, or there is no memory
    /// ([`io::ErrorKind::OutOfMemory`]). Then `f` has been dropped and nothing else has changed.
    /// The standard library allocates some hundred bytes of its own, and ends the process if it
    /// gets none.
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // SAFETY: nothing is borrowed.
        unsafe { self.start(f, None) }
    }

    /// # Safety
    /// The caller keeps alive all that `F` and `T` borrow until the thread has ended.
    pub(super) unsafe fn start<F, T>(
        self,
        f: F,
        scope: Option<Counted<ScopeState>>,
    ) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        let is_daemon = match self.is_daemon {
            Some(is_daemon) => is_daemon,
            None => current::try_current().map_err(out_of_memory)?.is_daemon(),
        };
        let name = match self.name {
            Some(name) => name,
            None => default_name::of_thread(std::any::type_name::<F>()).map_err(out_of_memory)?,
        };
        let system_name = try_string(system::without_nul(&name)).map_err(out_of_memory)?;
        let mut builder = std::thread::Builder::new().name(system_name);
        if let Some(bytes) = self.stack_size {
            // A larger size overflows when the standard library rounds up to whole pages, and it
            // panics.
            builder = builder.stack_size(bytes.min(isize::MAX as usize));
        }
        let thread = Thread::new(name, is_daemon, self.serves).map_err(out_of_memory)?;
        let packet =
            Counted::try_new(Packet::new(scope.clone())).map_err(|_| out_of_memory(NoMemory))?;
        // Allocated now, because the caller can still be told that there is no memory.
        let unreported = match &scope {
            Some(_) => Some(Unreported::by(&thread).map_err(out_of_memory)?),
            None => None,
        };
        let starting = Starting::new(thread.clone(), scope.clone()).map_err(out_of_memory)?;
        let handle = JoinHandle::new(thread.clone(), packet.clone());
        let life = move || {
            fork_gate::has_started();
            current::bind(thread.clone(), scope);
            let ended = panic::catch(f, || Some(thread.shared_name()));
            if let (Err(panicked), Some(scope), Some(unreported)) =
                (&ended, packet.scope(), unreported)
            {
                scope.one_has_panicked(unreported, panicked.clone());
            }
            packet.finish(ended, &thread);
            drop((packet, thread));
            fork_gate::is_ending();
        };
        let starts = forks::keep_forks_out();
        // SAFETY: `life` has returned, and has dropped all that is borrowed, when the thread
        // announces its end; the caller waits for that.
        let system_handle = unsafe { builder.spawn_unchecked(life) }?;
        // Threads are joined by the library's own event, and a child of a fork could not get rid of
        // a handle that is kept.
        drop(system_handle);
        starts.succeeded();
        starting.succeeded();
        Ok(handle)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("name", &self.name)
            .field("is_daemon", &self.is_daemon)
            .field("stack_size", &self.stack_size)
            .finish_non_exhaustive()
    }
}

/// Starts a thread that serves the library itself. It is not enumerated, and no thread joins it or
/// waits for its end.
pub(crate) fn spawn_servant(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let name = try_string(name).map_err(out_of_memory)?;
    let builder = std::thread::Builder::new().name(name);
    let starts = forks::keep_forks_out();
    drop(builder.spawn(move || {
        fork_gate::has_started();
        body();
        fork_gate::is_ending();
    })?);
    starts.succeeded();
    Ok(())
}

/// A thread that is entered everywhere and does not run yet. Dropping it undoes that.
struct Starting {
    /// `None` once it runs.
    thread: Option<Thread>,
    scope: Option<Counted<ScopeState>>,
}

impl Starting {
    fn new(thread: Thread, scope: Option<Counted<ScopeState>>) -> Result<Self, NoMemory> {
        registry::enter(&thread)?;
        if let Some(scope) = &scope {
            scope.one_more();
        }
        Ok(Self {
            thread: Some(thread),
            scope,
        })
    }

    fn succeeded(mut self) {
        self.thread = None;
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(thread) = &self.thread {
            registry::leave(thread);
            // A thread may have found it in the registry, and wait for it.
            thread.0.has_not_started();
            if let Some(scope) = &self.scope {
                scope.one_has_ended();
            }
        }
    }
}

/// Starts a thread that runs `f`: Python's `Thread(target=f).start()`.
///
/// # Panics
/// When the system refuses to start a thread, or there is no memory; see [`Builder::spawn`].
///
/// ```
/// let handle = weftline::spawn(|| 6 * 7);
/// assert_eq!(handle.join().unwrap(), 42);
/// ```
#[doc(alias = "start_new_thread")]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Builder::new()
        .spawn(f)
        .unwrap_or_else(|refused| panic_for(&refused))
}

/// The panic of a start that returns no `Result`.
#[cold]
pub(super) fn panic_for(refused: &io::Error) -> ! {
    if refused.kind() == io::ErrorKind::OutOfMemory {
        panic_without_memory();
    }
    panic!("the system refuses to start a thread: {refused}");
}

fn out_of_memory(NoMemory: NoMemory) -> io::Error {
    io::ErrorKind::OutOfMemory.into()
}

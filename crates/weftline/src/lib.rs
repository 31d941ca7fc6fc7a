//! Python's threading stack for Rust programs: threads, locks, conditions, events, semaphores,
//! barriers, queues, timers and thread pools, with a timeout on every wait.
//!
//! | Python | here |
//! |---|---|
//! | `threading.Lock` | [`Lock<T>`] |
//! | `threading.RLock` | [`RLock<T>`] |
//! | `threading.Condition` | [`Condition<T>`] |
//! | `threading.Event` | [`Event`] |
//! | `threading.Semaphore`, `BoundedSemaphore` | [`Semaphore`], [`BoundedSemaphore`] |
//! | `threading.Barrier`, `BrokenBarrierError` | [`Barrier`], [`Broken`] |
//! | `threading.Thread`, `Thread.join` | [`spawn`], [`Builder`], [`Thread`], [`JoinHandle`] |
//! | `threading.current_thread`, `main_thread`, `enumerate`, `active_count` | [`current`], [`main_thread`], [`enumerate`], [`active_count`] |
//! | `threading.local` | [`Local<T>`] |
//! | `threading.excepthook`, an exception that ends a thread | [`set_except_hook`], [`Panic`], [`note_panic`] |
//! | the wait for threads at the end, `atexit.register` | [`run`], [`at_exit`] |
//! | threads that borrow (only here) | [`scope`] |
//! | `queue.Queue`, `LifoQueue`, `PriorityQueue` | [`Queue<T>`], [`LifoQueue<T>`], [`PriorityQueue<T>`] |
//! | `queue.SimpleQueue` | [`SimpleQueue<T>`] |
//! | `queue.Empty`, `Full`, `ShutDown` | [`GetError`], [`PutError`] |
//! | `threading.Timer` | [`Timer`], [`PeriodicTimer`] |
//! | `concurrent.futures.ThreadPoolExecutor`, `Executor` | [`ThreadPoolExecutor`], [`Executor`] |
//! | `weftline.RWLock` (only here) | [`RwLock<T>`] |
//! | `concurrent.futures.Future`, `CancelledError` | [`Future<T>`], [`TaskError`] |
//! | `concurrent.futures.wait`, `as_completed` | [`wait`], [`as_completed`] |
//! | `multiprocessing.Process`, `active_children`, `parent_process` | `process::Process`, `process::active_children`, `process::parent_process` |
//! | `multiprocessing.Lock`, `Queue`, `Value`, … | the same names in `process` |
//! | `concurrent.futures.ProcessPoolExecutor` | `process::ProcessPoolExecutor` |
//!
//! When a program hangs, [`watch`] shows what each thread waits for.
//!
//! # Every wait has four forms
//!
//! `x()` waits as long as it takes, `try_x()` does not wait, `try_x_for(Duration)` waits for at
//! most that long and `try_x_until(Instant)` until then. An operation that takes hold of an object
//! returns a guard, whose drop releases it.
//! ```
//! use std::time::Duration;
//! use weftline::{Event, Queue};
//!
//! let jobs = Queue::bounded(8);
//! let done = Event::new();
//! weftline::scope(|scope| {
//!     scope.spawn(|| {
//!         for job in &jobs {
//!             assert!(job < 3);
//!             jobs.task_done().unwrap();
//!         }
//!         done.set();
//!     });
//!     for job in 0..3 {
//!         jobs.put(job).unwrap();
//!     }
//!     jobs.join();
//!     jobs.shutdown(false);
//!     assert!(done.try_wait_for(Duration::from_secs(10)).is_ok());
//! });
//! ```
//!
//! # Forks
//!
//! After `fork` the child can use every object. Waiters of threads that did not survive are
//! forgotten, and a lock that such a thread held counts as free. The forking thread keeps all that
//! it holds. It is the child's main thread, and its only one.
//!
//! # Memory
//!
//! An operation allocates its memory before it changes anything. Without memory it returns an error
//! that says so ([`NoMemory`], or [`std::io::ErrorKind::OutOfMemory`]), or panics where its
//! documentation says that. Its arguments are returned or dropped. Waiting, waking and shutting a
//! pool down need no memory.
//!
//! The standard library ends the process when it finds no memory to start a thread or a process. So
//! does a pool of processes between the call of `submit` and the result.
//!
//! # Limits
//!
//! | limit | at most |
//! |---|---|
//! | permits of a semaphore | `usize::MAX / 2`; more is [`TooManyPermits`] |
//! | recursions of an [`RLock`] | 2³²; more panics |
//! | read guards of a [`RwLock`] | 2²⁷; more panics |
//! | parties of a [`Barrier`] | `usize::MAX` |
//! | items of an unbounded queue | memory |
//! | a timeout | 584 years; a longer one never ends |
//! | acquired permits of a semaphore between processes, threads that wait for a condition between processes | 4,096 each |
//! | parties of a barrier between processes | 2,048 |
//! | an item of a queue between processes | 1 GiB |

mod error;
pub mod executor;
pub mod memory;
pub mod park;
#[cfg(all(
    feature = "process",
    target_os = "linux",
    target_pointer_width = "64",
    not(weftline_model)
))]
pub mod process;
pub mod queue;
#[cfg(not(weftline_model))]
mod run;
pub mod sync;
pub mod thread;
mod unwind;
#[cfg(not(weftline_model))]
pub mod watch;

pub use error::{
    Broken, Empty, GetError, NoMemory, NotLocked, NotOwner, PutError, TimedOut, TooManyPermits,
    TooManyRecursions, TooManyTasksDone, ZeroParties,
};
#[cfg(not(weftline_model))]
pub use executor::{
    AsCompleted, Executor, Future, Map, MapError, MapOptions, ResultError, ReturnWhen,
    ShutdownOptions, SubmitError, TaskError, ThreadPoolBuilder, ThreadPoolExecutor, Waited,
    as_completed, try_wait, try_wait_for, try_wait_until, wait,
};
#[cfg(not(weftline_model))]
pub use queue::{Iter, LifoQueue, PriorityQueue, Queue, SimpleQueue};
#[cfg(not(weftline_model))]
pub use run::run;
#[cfg(not(weftline_model))]
pub use sync::{
    Arrival, Barrier, BoundedSemaphore, Condition, ConditionGuard, Event, Lock, LockGuard,
    MappedLockGuard, MappedRwLockReadGuard, MappedRwLockWriteGuard, OwnedPermit, Permit, RLock,
    RLockGuard, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard, Semaphore,
};
#[cfg(not(weftline_model))]
pub use thread::timer::{PeriodicTimer, Timer};
#[cfg(not(weftline_model))]
pub use thread::{
    Builder, JoinError, JoinHandle, Local, Panic, Scope, ScopeError, ScopedBuilder,
    ScopedJoinHandle, Thread, active_count, at_exit, current, enumerate, main_thread, note_panic,
    reset_except_hook, scope, set_except_hook, spawn,
};

/// The programs of the user guide, as tests.
#[cfg(doctest)]
#[doc = include_str!("../guide.md")]
struct UserGuide;

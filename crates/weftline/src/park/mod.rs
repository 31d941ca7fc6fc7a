//! How a thread sleeps and is woken: the only floor that calls the operating system to wait.
//!
//! Everything that blocks in weftline is built from two things:
//!
//! - [`Parker`], one per thread: `park(deadline)` sleeps until an `unpark`, the deadline or a
//!   signal;
//! - a wait list, one per object: first in first out, with waiters that *settle exactly once*.
//!
//! Public here is what a binding to another language needs: [`Deadline`], [`Blocker`] and
//! [`WaitError`]. A binding writes its own [`Blocker`] (for Python: detach from the interpreter,
//! park, run signal handlers) and calls the raw forms in [`crate::sync::raw`] and
//! [`crate::queue::raw`] with it. Rust programs never see this module.
//!
//! # Implementation
//!
//! | file | content | used by |
//! |---|---|---|
//! | `parker.rs`, `portable.rs` | the futex parker, and the portable one | its own thread parks; any thread unparks |
//! | `wake.rs` | why a park ended | the parker and the blockers |
//! | `adaptive_spin.rs` | the policy that decides whether a thread spins before it sleeps | its own thread |
//! | `clock.rs` | the monotonic clock | any thread |
//! | `deadline.rs` | points on the clock at which waits time out | any thread |
//! | `list_lock.rs` | the short lock over a list, which carries the fork generation | never held while user code runs |
//! | `waiter.rs` | the wait of a thread or task for an object, and how it settles | its thread sleeps; a waker settles it under the list's lock |
//! | `thread_wait.rs` | how a thread sleeps on its waiter until that settles | its own thread |
//! | `wake_target.rs` | what a waiter wakes, a thread or a task, and that wake on its way | collected under the list's lock, delivered after it |
//! | `task_waiter.rs` | the wait of a task, which its drop cancels | futures; so far models and unit tests |
//! | `trial.rs` | objects of a few lines for tasks and threads | models and unit tests of `task_waiter.rs` |
//! | `wait_list.rs` | the waiters of an object, first in first out | under the list's lock |
//! | `wait_until.rs` | the wait for a state that serves all waiters alike | futures, counts, scopes |
//! | `cache_padded.rs` | a value on cache lines of its own | waiters, queues |
//! | `blocker.rs` | the trait through which a blocked thread sleeps | implemented by faces |
//! | `thread_number.rs` | thread numbers, which are never reused | the words of locks |
//! | `read_holds.rs` | the read locks that a thread holds | its own thread; the child of a fork reads the survivor's |
//! | `record.rs` | one record per thread that ever slept | leaked and recycled, so a late wake is harmless |
//! | `short_name.rs` | the name of a thread, in its record | its thread writes it; reports try its lock |
//! | `pool.rs` | the pool for which a thread works | its thread sets it; reports read it |
//! | `reports.rs`, `sleepers.rs` | what reports read of other threads: of one, and of all that sleep | any thread, and signal handlers |
//! | `stir.rs` | what a thread does for a report inside its sleep | a signal handler stirs it |
//! | `look.rs`, `probe.rs` | what the object of a wait says of itself to a report, also if it may be gone | any thread, and signal handlers |
//! | `kind.rs`, `blocked_on.rs` | the kind of object that a thread waits for; what a wait is for, and what can be done with it | its own thread |
//! | `blocked.rs`, `site.rs` | for which object a thread sleeps, since when, until when, and where in the program | its thread shows it while it sleeps; any thread reads it |
//! | `blocked_thread.rs` | a thread that sleeps, as another thread reads it | reports |
//! | `foreign_wait.rs` | a wait that another library does, shown as one of ours | its own thread |
//! | `seqlock.rs` | the words of such a record, read without a lock | `blocked.rs` |
//! | `os_ident.rs` | the operating system's identifier of a thread | `record.rs`, reports |
//! | `relay.rs` | the order in which many threads of an interpreter are woken | wakers of many, and the woken |
//! | `relay_place.rs` | a parker's place in that order | under the relay's lock |
//! | `thread_end.rs` | a call after the thread-locals are gone | `record.rs` |
//! | `out_of_memory.rs` | the panic of an operation that cannot report a lack of memory | the faces |
//! | `fork.rs` | the fork generation, and which threads survived | the `pthread_atfork` child handler |
//! | `model.rs` | the seam: atomics, cells and yields, real or modelled | the whole core |
//! | `steps.rs` | the steps of an interleaving, which a failing model prints | models |
//! | `sleeper.rs` | what the parker of a model sleeps on | the parker and the alarms of a model |
//!
//! **Why a late wake is harmless.** The waker settles a waiter under the list's lock and copies the
//! `&'static` record of its thread, or takes the `Waker` of its task. It releases the lock, and
//! then unparks, unless the thread spins on the waiter. By then the waiter may be gone. The record
//! is never freed, so at worst the thread that uses it now has one spurious wakeup; and every
//! sleeper checks its waiter again.

#[cfg(not(weftline_model))]
mod adaptive_spin;
#[cfg(not(weftline_model))]
mod blocked;
#[cfg(weftline_model)]
#[path = "blocked_modelled.rs"]
mod blocked;
mod blocked_on;
#[cfg(not(weftline_model))]
mod blocked_thread;
mod blocker;
mod cache_padded;
#[cfg(not(weftline_model))]
mod clock;
mod deadline;
#[cfg(not(weftline_model))]
pub(crate) mod followed;
#[cfg(not(weftline_model))]
mod foreign_wait;
pub(crate) mod fork;
mod kind;
mod list_lock;
mod lock_tag;
mod look;
pub(crate) mod model;
#[cfg(not(weftline_model))]
pub(crate) mod observer;
#[cfg(not(weftline_model))]
mod os_ident;
mod out_of_memory;
mod parker;
#[cfg(not(weftline_model))]
mod pool;
#[cfg(all(
    not(weftline_model),
    any(not(target_os = "linux"), feature = "portable-parker")
))]
#[allow(
    clippy::disallowed_types,
    reason = "the portable parker sleeps on them"
)]
mod portable;
#[cfg(not(weftline_model))]
mod probe;
mod read_holds;
#[cfg(not(weftline_model))]
mod record;
#[cfg(weftline_model)]
#[path = "record_modelled.rs"]
mod record;
mod relay;
mod relay_place;
#[cfg(not(weftline_model))]
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "a part of it is for the emergency call")
)]
mod reports;
#[cfg_attr(
    not(weftline_model),
    allow(unreachable_pub, reason = "models use it by itself")
)]
mod seqlock;
#[cfg(not(weftline_model))]
mod short_name;
#[cfg_attr(weftline_model, allow(dead_code, reason = "models show no sleeps"))]
mod site;
#[cfg(weftline_model)]
mod sleeper;
#[cfg(not(weftline_model))]
mod sleepers;
#[cfg(weftline_model)]
mod steps;
#[cfg(not(weftline_model))]
#[cfg_attr(
    any(not(target_os = "linux"), feature = "portable-parker"),
    allow(
        dead_code,
        reason = "only a futex parker can be stirred by a signal handler"
    )
)]
mod stir;
#[cfg(all(test, not(weftline_model)))]
mod task_tests;
#[cfg_attr(
    not(any(test, weftline_model)),
    allow(dead_code, reason = "no object has a face for tasks yet")
)]
mod task_waiter;
#[cfg(all(unix, not(weftline_model)))]
mod thread_end;
mod thread_number;
mod thread_wait;
#[cfg(weftline_model)]
pub mod trial;
#[cfg(all(test, not(weftline_model)))]
#[allow(unreachable_pub, dead_code, reason = "models use all of it")]
mod trial;
mod wait_list;
mod wait_until;
mod waiter;
mod wake;
mod wake_target;
pub(crate) mod witness;

#[cfg(not(weftline_model))]
pub(crate) use adaptive_spin::processors;
#[cfg(all(
    feature = "process",
    target_os = "linux",
    target_pointer_width = "64",
    not(weftline_model)
))]
pub(crate) use adaptive_spin::{AdaptiveSpin, SpinLength};
#[cfg(not(weftline_model))]
pub use blocked::Shown;
pub(crate) use blocked_on::BlockedOn;
pub use blocked_on::Signals;
#[cfg(not(weftline_model))]
pub use blocked_thread::BlockedThread;
pub(crate) use blocker::ready;
pub use blocker::{Blocker, ObjectsStay, Spin, ThreadBlocker, WaitError};
#[cfg(not(weftline_model))]
pub(crate) use blocker::{LockBlocker, TokenBlocker};
pub(crate) use cache_padded::CachePadded;
#[cfg(not(weftline_model))]
pub(crate) use clock::now;
pub use deadline::Deadline;
#[cfg(weftline_model)]
pub use deadline::{Alarm, all_starve};
#[cfg(not(weftline_model))]
pub use foreign_wait::ForeignWait;
pub use kind::Kind;
pub use look::ObjectState;
#[cfg(not(weftline_model))]
pub(crate) use out_of_memory::panic_without_memory;
pub use parker::Parker;
#[cfg(not(weftline_model))]
pub(crate) use pool::serve;
#[cfg(not(weftline_model))]
pub use pool::{next_pool, serve_counted};
pub use record::current_number;
#[cfg(weftline_model)]
pub use record::os_ident_of;
pub use relay::open_relay;
#[cfg(not(weftline_model))]
pub use reports::{blocked_now, os_ident_of};
#[cfg(weftline_model)]
pub use seqlock::Seqlock;
#[cfg(not(weftline_model))]
pub(crate) use site::Printable;
pub use site::Site;
#[cfg(weftline_model)]
pub use steps::{describe_steps, forget_steps};
pub use thread_number::ThreadNumber;
pub use wake::Wake;
pub use witness::Access;

pub(crate) use list_lock::{ForgetWaiters, ListGuard, ListLock};
pub use lock_tag::LockClass;
pub(crate) use look::{MaybeGone, Watched};
#[cfg(not(weftline_model))]
pub(crate) use os_ident::{native_id, os_ident};
#[cfg(not(weftline_model))]
pub(crate) use read_holds::read_holds;
pub(crate) use read_holds::{ReadHolds, survivors_read_holds};
#[cfg(weftline_model)]
pub(crate) use record::read_holds;
#[cfg(weftline_model)]
pub(crate) use record::reserve_number;
pub(crate) use record::{
    ThreadRecord, current as current_record, forget_read_holds, has_record, number,
    try_current as try_current_record,
};
#[cfg(not(weftline_model))]
pub(crate) use record::{adopt_number, replace_number};
#[cfg(not(weftline_model))]
pub(crate) use reports::{
    SeenThread, kept_now, name_current, name_thread, this_thread, threads_now,
};
#[cfg(not(weftline_model))]
pub(crate) use short_name::ShortName;
#[cfg(not(weftline_model))]
pub(crate) use sleepers::{lasting_now, objects_now};
#[cfg(all(target_os = "linux", not(weftline_model)))]
pub(crate) use stir::{ASKED, set_lasts, set_stirred};
#[cfg(not(weftline_model))]
pub(crate) use thread_number::reserve_number;
pub(crate) use thread_wait::Ended;
pub(crate) use wait_list::{Chain, Claimed, List};
pub(crate) use wait_until::wait_until;
pub(crate) use waiter::{Waiter, spin_until};
pub(crate) use wake_target::Wakeup;

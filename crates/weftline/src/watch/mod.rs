//! The threads of a running or hung process, and what each waits for: reports from inside and from
//! outside.
//!
//! ```
//! use std::time::Duration;
//! use weftline::{Lock, watch};
//!
//! let (left, right) = (Lock::new(1), Lock::new(2));
//! let snapshot = watch::snapshot();
//! assert!(snapshot.deadlocks().is_empty());
//! # let _ = (left, right, Duration::ZERO);
//! ```
//!
//! # Implementation
//!
//! | file | what it holds |
//! |---|---|
//! | `own_snapshot.rs` | what this process tells of itself |
//! | `snapshot.rs` | [`Snapshot`]: what a process tells, as data |
//! | `links.rs` | which parties of it hold what, and which wait for it |
//! | `wire.rs` | how a process tells it: lines that a signal handler can write |
//! | `wire_state.rs` | the state of an object in such a line |
//! | `field.rs` | the fields of such a line |
//! | `deadlock.rs` | the circles of waits in a snapshot |
//! | `budget.rs` | the processor time that the looks of all threads may take |
//! | `circle.rs` | the circles of waits in this process, now |
//! | `starvation.rs` | whether the workers of a pool wait for its own tasks |
//! | `standstill.rs` | whether all threads wait for ever |
//! | `lock_order/` | locks that are taken in different orders |
//! | `measure.rs` | what is counted while waits are measured |
//! | `measured.rs` | the same, as data |
//! | `wait_ring.rs` | the waits that have ended lately, while a recorder asks for them |
//! | `past_wait.rs` | the same, as data |
//! | `observe.rs` | which waits are counted or recorded |
//! | `metrics.rs` | a process in numbers |
//! | `names.rs` | the names that a program gives to its objects |
//! | `dump_on.rs` | reports on other signals, before they do what they do |
//! | `interpreter.rs` | what an interpreter tells |
//! | `verdict.rs` | what a thread does that finds itself in one |
//! | `report.rs` | a snapshot as text for people, whole or a party of it |
//! | `verdict_text.rs` | a verdict on it as text |
//! | `wait_text.rs` | a wait of it as the rest of a sentence |
//! | `span.rs` | a duration as text |
//! | `plain.rs` | a shorter one, which a signal handler writes by itself |
//! | `emergency.rs` | the signal on which a process tells it, and its handler |
//! | `interrupted.rs` | whether it has interrupted a wait in the kernel |
//! | `signal_mask.rs` | the signals that its threads do not take |
//! | `own_stack.rs` | the stack on which the handler runs |
//! | `asked.rs` | what a request asks for |
//! | `answer.rs` | its connection to the one that asks |
//! | `mark.rs` | how others see that a process has that handler |
//! | `request.rs` | the other end: asking a process |
//! | `request_error.rs` | why it was not asked, or did not answer |
//! | `status.rs` | what the system tells of it before |
//! | `addressee.rs` | the thread that gets the signal |
//! | `standard_error.rs` | what is written there, at once |
//! | `os.rs` | the calls of the system that both ends need |
//!
//! Nothing here costs a program anything before it is asked. Owners stand in the words of locks,
//! and a thread shows its wait while it sleeps (`park/blocked.rs`).

#[cfg(target_os = "linux")]
mod addressee;
#[cfg(target_os = "linux")]
mod answer;
#[cfg(target_os = "linux")]
mod asked;
mod budget;
mod circle;
mod deadlock;
#[cfg(target_os = "linux")]
mod dump_on;
#[cfg(target_os = "linux")]
mod emergency;
mod field;
mod follow;
mod interpreter;
#[cfg(target_os = "linux")]
mod interrupted;
mod links;
mod lock_order;
#[cfg(target_os = "linux")]
mod mark;
mod measure;
mod measured;
mod metrics;
mod names;
mod observe;
#[cfg(target_os = "linux")]
mod os;
mod own_snapshot;
#[cfg(target_os = "linux")]
mod own_stack;
mod past_wait;
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "a part of it is for the emergency call")
)]
mod plain;
mod queue_depth;
mod report;
#[cfg(target_os = "linux")]
mod request;
#[cfg(target_os = "linux")]
mod request_error;
#[cfg(target_os = "linux")]
mod signal_mask;
mod snapshot;
mod span;
mod standard_error;
mod standstill;
mod starvation;
#[cfg(target_os = "linux")]
mod status;
mod verdict;
mod verdict_text;
mod wait_ring;
mod wait_text;
mod wire;
mod wire_state;

#[cfg(target_os = "linux")]
pub use asked::Wanted;
pub use deadlock::{Deadlock, Verdict};
#[cfg(target_os = "linux")]
pub use dump_on::{dump_on, dump_on_as_told};
#[cfg(target_os = "linux")]
use emergency::signal;
#[cfg(target_os = "linux")]
pub use emergency::{NotReady, default_signal, give_way, install, is_ready};
pub use follow::{Follow, Followed, follow, follow_shared};
pub use interpreter::{Interpreter, Told};
pub use links::Links;
pub use lock_order::{
    Inversion, Link, OnInversion, OrderedLock, OtherWriter, forget_lock_order, inversions,
    lock_class, lock_order, lock_order_as_told, on_inversion, suppress_inversions,
    watches_lock_order,
};
#[cfg(target_os = "linux")]
pub use mark::is_marked;
pub use measured::{Contended, Measured, Waits};
pub use metrics::{Metrics, PoolMetrics};
pub use names::{Named, name, name_range, unname_range};
pub use observe::{is_observing, is_started, start, start_as_told, stop};
pub use own_snapshot::{dump, metrics, snapshot, snapshot_with};
pub use past_wait::{PastEnd, PastWait};
pub use queue_depth::QueueDepth;
pub use report::Report;
#[cfg(target_os = "linux")]
pub use request::{processes, request, request_for, tree};
#[cfg(target_os = "linux")]
pub use request_error::RequestError;
pub use snapshot::{Frame, Object, Party, Pool, Snapshot, Stacks, Wait};
pub use span::Span;
pub use verdict::{Found, OnDeadlock, look_from_all, on_deadlock, on_deadlock_as_told, take_ended};

/// The signal to which this process answers, if it does.
#[cfg(target_os = "linux")]
#[must_use]
pub fn answering_signal() -> Option<i32> {
    signal()
}

/// Has `interpreter` answer in reports and verdicts.
pub fn set_interpreter(interpreter: Interpreter) {
    #[cfg(target_os = "linux")]
    emergency::set_interpreter(interpreter);
    verdict::set_interpreter(interpreter);
    lock_order::set_interpreter(interpreter);
}

/// Tells standard error which words of `WEFTLINE_DUMP_ON` are no signals that can be handled.
#[cfg(target_os = "linux")]
pub fn warn_of(refused: &[String]) {
    for word in refused {
        eprintln!(
            "weftline: WEFTLINE_DUMP_ON: {word:?} is no signal that can be handled; write ABRT, say"
        );
    }
}

/// The environment variable that names another signal, or switches the answers off.
#[cfg(target_os = "linux")]
const SIGNAL_VARIABLE: &str = "WEFTLINE_SIGNAL";

/// Lets this process answer to the signal that the environment variable `WEFTLINE_SIGNAL` names, or
/// to the default one. With `WEFTLINE_SIGNAL=0` it does not answer.
///
/// # Errors
/// [`NotReady`], and `Ok(false)` if the variable says so. Nothing has changed then.
#[cfg(target_os = "linux")]
pub fn install_as_told() -> Result<bool, NotReady> {
    let signal = match std::env::var(SIGNAL_VARIABLE) {
        Ok(told) => told.trim().parse().map_err(|_| NotReady::NoSuchSignal)?,
        Err(_) => default_signal(),
    };
    if signal == 0 {
        return Ok(false);
    }
    install(signal).map(|()| true)
}

impl Snapshot {
    /// Reads what a process told, or as much of it as there is; `None` if this is no such text, or
    /// that of a later version. `wire.rs` has its lines.
    ///
    /// The answer of an interpreter may follow.
    ///
    /// ```
    /// use weftline::watch::Snapshot;
    ///
    /// let text = "weftline\t1\t7\t1\t5000\nthread\t3\t9\t12\t-\nend\n\
    ///             stacks\t1\t7\nname\t9\tworker\nend\n";
    /// let snapshot = Snapshot::from_text(text).unwrap();
    /// assert_eq!(snapshot.pid, 7);
    /// assert_eq!(snapshot.party(3).unwrap().title(), "\"worker\"");
    /// ```
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let (process, stacks) = match text.find("\nstacks\t") {
            Some(at) => text.split_at(at + 1),
            None => (text, ""),
        };
        let mut snapshot = wire::read_process(process)?;
        wire::read_stacks(stacks, &mut snapshot);
        Some(snapshot)
    }
}

/// Names the calling thread in reports. Threads of this library have their names already.
pub fn name_current_thread(name: &str) {
    crate::park::name_current(name);
}

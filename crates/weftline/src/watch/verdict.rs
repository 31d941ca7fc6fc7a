//! Verdicts: a thread that has waited for 1 s, 2 s, 4 s and so on looks whether its wait can end.
//!
//! # Implementation
//!
//! There is no thread that watches. The waiter looks inside its sleep (`park/stir.rs`), so it is
//! seen by others that look at the same time. It follows the waits from its own: thread, object,
//! owner, thread. Where a lock has several owners, it follows each.
//!
//! **A circle counts** if a second pass over it finds the same owners, and every thread of it still
//! in the same sleep after that, which no waker has ended. No wait in it has a deadline, and no
//! edge leads from a waiter to itself.
//!
//! *Why that is no coincidence.* Each thread of the circle slept from the moment when the first
//! pass read its record until the last check, which comes after the second pass has read all
//! owners. So in that pass each owner was asleep when a word named it. A sleeping thread releases
//! nothing. So at the end of the second pass all waits and all ownerships of the circle hold at
//! one time.
//!
//! **Certain or likely.** Only the owner releases a re-entrant lock, a read-write lock or a Rust
//! guard, and only its end releases the waiter for a thread. In Python any thread may release a
//! plain lock.
//!
//! **Thousands of waiters** have their looks from one budget (`budget.rs`), so that they use little
//! processor time. A thread that finds it used up looks the next time.
//!
//! Each circle is told once, by the thread that finds it first: the numbers of its threads and the
//! beginnings of their waits name it.

use super::budget::Budget;
use super::circle::{Step, circle_of, ended_owner};
use super::deadlock::Verdict;
use super::interpreter::Interpreter;
use super::own_snapshot::snapshot_of;
use super::standard_error::write;
use super::standstill::standstill;
use super::starvation::starvation;
use crate::park::{
    BlockedThread, ForgetWaiters, Kind, ListLock, SeenThread, current_number, set_lasts,
    threads_now,
};
use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// What happens when a deadlock is found.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum OnDeadlock {
    /// It is written to standard error, once.
    #[default]
    Report,
    /// One wait of a certain deadlock ends with an error, if it can. A wait of the Rust face
    /// cannot: that deadlock is reported, as one that is only likely.
    Raise,
    /// It is written to standard error, and the process exits with status 70.
    Abort,
    /// The function is called with it, on a thread of the deadlock, inside its wait. `true` ends
    /// that wait with an error, as [`Raise`](Self::Raise) does, if it can.
    Call(fn(&Found) -> bool),
    /// Nothing; no thread looks.
    Nothing,
}

/// A deadlock that was found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// What is known of it.
    pub verdict: Verdict,
    /// The numbers of the threads: each waits for the next.
    pub threads: Vec<u64>,
    /// The report, as text.
    pub text: String,
    /// When the last of its waits began, on the monotonic clock of the system.
    pub since: Duration,
}

struct Policy {
    action: OnDeadlock,
    interpreter: Option<Interpreter>,
    /// What has been told, the latest in a ring.
    told: [u64; 64],
    next: usize,
}

impl ForgetWaiters for Policy {
    fn forget_waiters(&mut self, _torn: bool) {}
}

static POLICY: ListLock<Policy> = ListLock::new(Policy {
    action: OnDeadlock::Report,
    interpreter: None,
    told: [0; 64],
    next: 0,
});

thread_local! {
    /// Why this thread's wait is about to end.
    static ENDED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Sets what happens when a deadlock is found. Threads look from then on, those that sleep already
/// from their next wait on.
pub fn on_deadlock(action: OnDeadlock) {
    POLICY.lock().action = action;
    set_lasts(look);
}

/// As [`on_deadlock`], with what the environment variable `WEFTLINE_DEADLOCK` says: `report`,
/// `raise`, `abort` or `off`. With any other value deadlocks are reported, and standard error is
/// told which values there are.
pub fn on_deadlock_as_told() {
    let told = std::env::var_os("WEFTLINE_DEADLOCK").unwrap_or_default();
    on_deadlock(match told.to_str() {
        Some("" | "report") => OnDeadlock::Report,
        Some("raise") => OnDeadlock::Raise,
        Some("abort") => OnDeadlock::Abort,
        Some("off") => OnDeadlock::Nothing,
        _ => {
            let told = told.to_string_lossy();
            write(&format!(
                "weftline: WEFTLINE_DEADLOCK={told} is none of report, raise, abort and off: \
                 deadlocks are reported\n"
            ));
            OnDeadlock::Report
        }
    });
}

/// Has the interpreter answer in verdicts.
pub(super) fn set_interpreter(interpreter: Interpreter) {
    POLICY.lock().interpreter = Some(interpreter);
}

/// Why the wait of the calling thread was interrupted, if a verdict has done that: the text of the
/// error.
#[must_use]
pub fn take_ended() -> Option<String> {
    ENDED
        .try_with(|ended| ended.borrow_mut().take())
        .ok()
        .flatten()
}

/// Called inside a sleep that lasts. `true` ends the wait.
fn look() -> bool {
    #[cfg(target_os = "linux")]
    super::emergency::give_way();
    let (action, interpreter) = {
        let policy = POLICY.lock();
        (policy.action, policy.interpreter)
    };
    if matches!(action, OnDeadlock::Nothing) {
        return false;
    }
    let Some(this) = SeenThread::of(current_number()) else {
        return false;
    };
    let Some(wait) = this.blocked().filter(|wait| wait.deadline.is_never()) else {
        return false;
    };
    let Some(budget) = Budget::take() else {
        return false;
    };
    let found = match circle_of(this) {
        Some(circle) => Some((verdict_of(&circle, interpreter.is_some()), circle)),
        None => abandoned(this, &wait)
            .map(|step| (Verdict::Abandoned, vec![step]))
            .or_else(|| Some((Verdict::PoolStarved, starvation(this)?)))
            .or_else(|| Some((Verdict::Standstill, standstill(interpreter)?))),
    };
    drop(budget);
    match found {
        Some((verdict, circle)) if is_new(&circle) => {
            act(action, verdict, &circle, interpreter, &wait)
        }
        _ => false,
    }
}

fn verdict_of(circle: &[Step], locks_are_free: bool) -> Verdict {
    let is_free = |step: &Step| locks_are_free && step.wait.kind == Kind::Lock;
    if circle.iter().any(is_free) {
        Verdict::Likely
    } else {
        Verdict::Certain
    }
}

/// How long a waiter waits before its object counts as abandoned: the destructors of a thread's
/// locals may release it after the thread has given up its number.
const UNTIL_ABANDONED: Duration = Duration::from_millis(1_900);

/// The wait, if its object is held by a thread that has ended.
fn abandoned(this: SeenThread, wait: &BlockedThread) -> Option<Step> {
    if wait.waited() < UNTIL_ABANDONED {
        return None;
    }
    ended_owner(this, wait)?;
    Some(Step {
        thread: this,
        wait: *wait,
    })
}

/// Whether the circle has not been told yet; it counts as told from now on.
fn is_new(circle: &[Step]) -> bool {
    let mut key: Vec<(u64, u64)> = circle
        .iter()
        .map(|step| (step.wait.thread.get(), step.wait.since()))
        .collect();
    key.sort_unstable();
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    let key = hasher.finish();
    let mut policy = POLICY.lock();
    if policy.told.contains(&key) {
        return false;
    }
    let place = policy.next;
    policy.told[place] = key;
    policy.next = (place + 1) % policy.told.len();
    true
}

fn act(
    action: OnDeadlock,
    verdict: Verdict,
    circle: &[Step],
    interpreter: Option<Interpreter>,
    wait: &BlockedThread,
) -> bool {
    let threads: Vec<u64> = circle.iter().map(|step| step.wait.thread.get()).collect();
    let snapshot = snapshot_of(circle.iter().map(|step| &step.wait), interpreter);
    let text = snapshot.verdict_text(verdict, &threads);
    let since = circle.iter().map(|step| step.wait.since()).max();
    let found = Found {
        verdict,
        threads,
        text,
        since: Duration::from_nanos(since.unwrap_or(0)),
    };
    match action {
        OnDeadlock::Raise if verdict == Verdict::Certain && wait.ends() => {
            ENDED.with(|ended| *ended.borrow_mut() = Some(found.text));
            return true;
        }
        OnDeadlock::Report | OnDeadlock::Raise => write(&found.text),
        OnDeadlock::Abort => {
            write(&found.text);
            exit();
        }
        OnDeadlock::Call(f) => {
            if f(&found) && wait.ends() {
                ENDED.with(|ended| *ended.borrow_mut() = Some(found.text));
                return true;
            }
        }
        OnDeadlock::Nothing => {}
    }
    false
}

/// Status 70 is that of an internal software error (`sysexits.h`).
fn exit() -> ! {
    #[cfg(unix)]
    // SAFETY: ends the process. What exits orderly may need what is deadlocked.
    unsafe {
        libc::_exit(70)
    }
    #[cfg(not(unix))]
    std::process::exit(70)
}

/// Looks for a circle from every thread that waits, and returns how many there were and how many
/// circles were found. For tests of what must never be found.
#[doc(hidden)]
#[must_use]
pub fn look_from_all() -> (u64, u64) {
    let mut counts = (0, 0);
    for thread in threads_now().filter(|thread| thread.blocked().is_some()) {
        counts.0 += 1;
        counts.1 += u64::from(circle_of(thread).is_some());
    }
    counts
}

//! The fork handlers of threads, and how a thread keeps forks out.
//!
//! | when | the thread that forks |
//! |---|---|
//! | before | waits until no other thread is inside the gate (`fork_gate.rs`) |
//! | after, in the parent | opens the gate |
//! | after, in the child | opens the gate; becomes the main thread (`identity.rs`); records the scope that it belongs to (`scope_state.rs`) |

use super::fork_gate::{self, Starts};
use super::{identity, scope_state, system};
use crate::park::fork;
use std::sync::atomic::{AtomicBool, Ordering};

/// Registers the fork handlers. Called before there is a thread whose fork matters: a bound one,
/// the main one, or one inside the gate. Two threads that both register do no harm.
pub(super) fn register_handlers() {
    static IS_REGISTERED: AtomicBool = AtomicBool::new(false);
    if !IS_REGISTERED.load(Ordering::Relaxed) {
        fork::watch();
        system::around_forks(
            fork_gate::before_fork,
            fork_gate::after_fork_in_parent,
            in_child,
        );
        IS_REGISTERED.store(true, Ordering::Relaxed);
    }
}

extern "C" fn in_child() {
    fork_gate::after_fork_in_child();
    identity::after_fork_in_child();
    scope_state::after_fork_in_child();
}

/// No other thread forks until the returned value is dropped. A descriptor that the calling thread
/// has open for a moment belongs to one process.
pub(crate) fn keep_forks_out() -> Starts {
    register_handlers();
    Starts::enter()
}

/// Calls `f` while no other thread can fork. For locks of other libraries, which a child would find
/// taken for ever.
///
/// `f` must be short, and must not wait for anything that a thread may hold while it forks.
pub fn without_forks<R>(f: impl FnOnce() -> R) -> R {
    let _inside = keep_forks_out();
    f()
}

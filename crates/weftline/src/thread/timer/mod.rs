//! [`Timer`] and [`PeriodicTimer`]: functions that run later, and ticks at equal distances.
//!
//! # Implementation
//!
//! | file | what it holds |
//! |---|---|
//! | `heap.rs` | entries by the time at which they are due; taking one out costs the same wherever it lies |
//! | `clock.rs` | the entries under a lock, and the states of the thread that serves them |
//! | `timer_thread.rs` | that thread: one for the process, there only while there are entries |
//! | `timer_workers.rs` | the threads on which timers' functions run |
//! | `pending_count.rs` | how many timers the end of the program waits for |
//! | `delayed_state.rs` | the states of a [`Timer`], and the call of its function |
//! | `delayed.rs` | [`Timer`] |
//! | `periodic.rs` | [`PeriodicTimer`], which needs none of the above |
//! | `error.rs` | the errors of starting, joining and waiting |

mod clock;
#[cfg(not(weftline_model))]
mod delayed;
#[cfg(not(weftline_model))]
mod delayed_state;
#[cfg(not(weftline_model))]
mod error;
mod heap;
#[cfg(not(weftline_model))]
mod pending_count;
#[cfg(not(weftline_model))]
mod periodic;
#[cfg(not(weftline_model))]
mod timer_thread;
#[cfg(not(weftline_model))]
mod timer_workers;

#[cfg(not(weftline_model))]
pub use delayed::Timer;
#[cfg(not(weftline_model))]
pub use error::{JoinError, StartError, Stopped, TickError, ZeroPeriod};
#[cfg(not(weftline_model))]
pub use periodic::{PeriodicTimer, Tick, Ticks};

/// The bare forms, for bindings. Scheduled actions run on the timer thread itself, and must be
/// short.
pub mod raw {
    pub use super::clock::{Entry, RawClock};
    #[cfg(not(weftline_model))]
    pub use super::pending_count::wait_for_pending;
    #[cfg(not(weftline_model))]
    pub use super::timer_thread::{cancel, pending, schedule};
    #[cfg(not(weftline_model))]
    pub use crate::thread::forks::without_forks;
}

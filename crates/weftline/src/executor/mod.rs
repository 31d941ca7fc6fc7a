//! Thread pools and futures.
//!
//! | file | what it holds |
//! |---|---|
//! | `raw/future.rs`, `raw/phase.rs` | the phase of a task's outcome |
//! | `raw/future_waiting.rs` | how threads and groups wait for it |
//! | `raw/group.rs` | one thread that waits for several futures |
//! | `future.rs`, `wait.rs` | their faces for Rust programs |
//! | `outcome.rs` | what a task leaves to its future, and the notifications of its end |
//! | `task.rs` | a function with its outcome, as the pool and the future see it |
//! | `submit.rs` | the trait that takes tasks |
//! | `pool/`, `map.rs` | the pool of threads |
//! | `error.rs` | why a task has no value |

#[cfg(not(weftline_model))]
mod error;
#[cfg(not(weftline_model))]
mod future;
#[cfg(not(weftline_model))]
mod map;
#[cfg(not(weftline_model))]
mod outcome;
#[cfg(not(weftline_model))]
mod pool;
pub mod raw;
#[cfg(not(weftline_model))]
mod submit;
#[cfg(not(weftline_model))]
mod task;
#[cfg(not(weftline_model))]
mod wait;

#[cfg(not(weftline_model))]
pub use {
    error::TaskError,
    future::{Future, ResultError},
    map::{Map, MapError, MapOptions},
    pool::{ThreadPoolBuilder, ThreadPoolExecutor},
    submit::{Executor, ShutdownOptions, SubmitError},
    wait::{
        AsCompleted, ReturnWhen, Waited, as_completed, try_wait, try_wait_for, try_wait_until, wait,
    },
};
#[cfg(all(
    feature = "process",
    target_os = "linux",
    target_pointer_width = "64",
    not(weftline_model)
))]
pub(crate) use {
    future::Promise,
    outcome::{Outcome, end, give_up, pending},
    pool::{Breaker, Refused},
    task::{Availability, Run, dispose},
};

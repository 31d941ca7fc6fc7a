//! Thread pools and futures.
//!
//! | file | what it holds |
//! |---|---|
//! | `raw/future.rs` | what will come of a task, as a state that is passed through once |
//! | `raw/group.rs` | one thread that waits for several futures |
//! | `future.rs`, `wait.rs` | the faces of both for Rust programs |
//! | `pool.rs`, `map.rs` | the pool of threads |

#[cfg(not(weftline_model))]
mod future;
#[cfg(not(weftline_model))]
mod map;
#[cfg(not(weftline_model))]
mod pool;
pub mod raw;
#[cfg(not(weftline_model))]
mod submit;
#[cfg(not(weftline_model))]
mod wait;

#[cfg(not(weftline_model))]
pub use {
    future::{Future, ResultError, TaskError},
    map::{Map, MapError, MapOptions},
    pool::{ThreadPoolBuilder, ThreadPoolExecutor},
    submit::{Executor, SubmitError},
    wait::{
        AsCompleted, ReturnWhen, Waited, as_completed, try_wait, try_wait_for, try_wait_until, wait,
    },
};

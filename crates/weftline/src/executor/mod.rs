//! Thread pools and futures.
//!
//! | file | what it holds |
//! |---|---|
//! | `raw/future.rs` | what will come of a task, as a state that is passed through once |
//! | `raw/group.rs` | one thread that waits for several futures |

pub mod raw;

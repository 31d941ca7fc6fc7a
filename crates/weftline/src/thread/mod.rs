//! Threads, and what is done at a later time.

pub mod timer;

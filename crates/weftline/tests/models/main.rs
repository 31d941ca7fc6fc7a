//! Models of the core: small programs that `loom` runs in every interleaving (up to a number of
//! preemptions) and `shuttle` in many random ones. There is one file for each primitive, and
//! `support.rs` for all. `./run` runs them all, and shows that each catches a bug.
//!
//! In a model nothing takes time. A timeout is an `Alarm` that the model fires, and a signal is a
//! `Signal` that it raises. A program that would wait for ever is a deadlock, which the checkers
//! report. So `join` at the end of a model asserts that the thread was woken.
#![cfg(weftline_model)]

mod barrier;
mod condition;
mod event;
mod forwarding;
mod future;
mod list;
mod lock;
mod priority_queue;
mod queue;
mod relay;
mod rlock;
mod rwlock;
mod semaphore;
mod seqlock;
mod spinning;
mod steps;
mod support;
mod task;
mod timer;
mod workers;

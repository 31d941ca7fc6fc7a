//! `process::{Event, Semaphore, BoundedSemaphore, Condition, Barrier}` between threads of one
//! process; `process_deaths.rs` tests other processes.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

#[path = "process_waits/barrier.rs"]
mod barrier;
#[path = "process_waits/condition.rs"]
mod condition;
#[path = "process_waits/event.rs"]
mod event;
#[path = "process_waits/semaphore.rs"]
mod semaphore;
mod support;

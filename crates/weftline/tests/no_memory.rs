//! Every operation without memory. Each of its allocations fails in turn. The operation does
//! without, or says so and leaves everything as it was. Nothing aborts.
//!
//! The allocator of this program fails the allocations that a thread has asked it to fail.

#[path = "no_memory/barriers.rs"]
mod barriers;
#[path = "no_memory/conditions.rs"]
mod conditions;
#[path = "no_memory/failing.rs"]
mod failing;
#[path = "no_memory/locals.rs"]
mod locals;
#[path = "no_memory/pools.rs"]
mod pools;
#[path = "no_memory/program_end.rs"]
mod program_end;
#[path = "no_memory/queues.rs"]
mod queues;
#[path = "no_memory/rwlocks.rs"]
mod rwlocks;
#[cfg(all(feature = "process", target_os = "linux", target_pointer_width = "64"))]
#[path = "no_memory/shared_queues.rs"]
mod shared_queues;
mod support;
#[path = "no_memory/threads.rs"]
mod threads;
#[path = "no_memory/timers.rs"]
mod timers;

use failing::Failing;

#[global_allocator]
static ALLOCATOR: Failing = Failing;

//! After `fork` the child can use every object, whatever other threads were doing to it.
//!
//! This program has a `main` of its own, since the test harness has threads. Each case forks many
//! times, while other threads hammer the object and wait for it, so that forks fall into the worst
//! moments. A child that fails or does not end in time fails the case.

mod support;

#[cfg(unix)]
fn main() {
    // The harness asks for the list of tests. No test can run alone.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let cases: &[(&str, fn())] = &[
        // First: it counts the threads that sleep.
        (
            "blocked threads",
            blocked::only_threads_of_this_process_are_blocked,
        ),
        ("lock", objects::lock),
        ("rlock", objects::rlock),
        ("waits of every object", objects::waits_of_every_object),
        ("read-write lock", rwlock::hammered),
        ("read-write lock in use", rwlock::in_use),
        (
            "read-write lock, child of a child",
            rwlock::child_of_a_child,
        ),
        ("received read lock", rwlock::received_lock),
        ("objects in use", objects::objects_in_use),
        ("condition", objects::condition),
        ("event", objects::event),
        ("semaphore", objects::semaphore),
        ("barrier", objects::barrier),
        ("queue", objects::queue),
        ("received slot", slot::received_slot),
        ("priority queue", objects::priority_queue),
        ("child of a child", objects::child_of_a_child),
        ("threads of the child", objects::threads_of_the_child),
        ("timers", objects::timers),
        ("threads", threads::while_others_start_and_end),
        (
            "forking thread is main",
            threads::the_forking_thread_is_main,
        ),
        ("scope of the parent", threads::a_scope_of_the_parent),
        (
            "scope of the forking thread",
            threads::a_scope_of_the_forking_thread,
        ),
        // The portable parker does not notice signals, and so not a fork in their handlers.
        #[cfg(all(target_os = "linux", not(feature = "portable-parker")))]
        ("fork in a join", threads::in_the_middle_of_a_join),
    ];
    for (name, case) in cases {
        case();
        println!("{name}: ok");
    }
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
#[path = "fork/blocked.rs"]
mod blocked;

#[cfg(unix)]
#[path = "fork/child.rs"]
mod child;

#[cfg(unix)]
#[path = "fork/objects.rs"]
mod objects;

#[cfg(unix)]
#[path = "fork/rwlock.rs"]
mod rwlock;

#[cfg(unix)]
#[path = "fork/slot.rs"]
mod slot;

#[cfg(unix)]
#[path = "fork/threads.rs"]
mod threads;

#[cfg(unix)]
#[path = "fork/waits.rs"]
mod waits;

//! After `fork` the child can use every object, whatever other threads were doing to it.
//!
//! A program of its own, without the test harness's threads. Each case forks many times, at moments
//! that other threads, which hammer the object and wait for it, make as bad as they come. A child
//! that fails or does not end in time fails the case.

mod support;

#[cfg(unix)]
fn main() {
    // The harness's question: what tests are there? None that it could run one by one.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let cases: &[(&str, fn())] = &[
        ("lock", objects::lock),
        ("rlock", objects::rlock),
        ("what is held", objects::what_is_held),
        ("condition", objects::condition),
        ("event", objects::event),
        ("semaphore", objects::semaphore),
        ("barrier", objects::barrier),
        ("queue", objects::queue),
        ("slot in hand", slot::slot_in_hand),
        ("priority queue", objects::priority_queue),
        ("child of a child", objects::child_of_a_child),
        ("threads of the child", objects::threads_of_the_child),
        ("timers", objects::timers),
        ("threads", threads::while_others_start_and_end),
        ("who forks is main", threads::who_forks_is_main),
        ("scope of the parent", threads::a_scope_of_the_parent),
        ("scope of who forks", threads::a_scope_of_who_forks),
        // The portable parker does not notice signals, so neither that the thread has forked in
        // one.
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
#[path = "fork/child.rs"]
mod child;

#[cfg(unix)]
#[path = "fork/objects.rs"]
mod objects;

#[cfg(unix)]
#[path = "fork/slot.rs"]
mod slot;

#[cfg(unix)]
#[path = "fork/threads.rs"]
mod threads;

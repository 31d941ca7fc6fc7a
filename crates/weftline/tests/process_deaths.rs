//! Processes are killed at any moment, while they hold or wait for each shared object: the others
//! go on, and nothing is left behind.
//!
//! A program of its own: its children are forks, so it must have one thread. A case has some
//! children that use an object all the time and count what they have done. One of them is killed,
//! at a moment that is anybody's guess, and each of the others has to get on. Then the next one
//! takes its place. `WEFTLINE_KILLS` says how many are killed for each object; the default is 100.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "process_deaths/herd.rs"]
mod herd;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "process_deaths/leaks.rs"]
mod leaks;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "process_deaths/limits.rs"]
mod limits;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "process_deaths/objects.rs"]
mod objects;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "process_deaths/queues.rs"]
mod queues;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod support;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn main() {
    // The harness's question: what tests are there? None that it could run one by one.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let cases: &[(&str, fn())] = &[
        ("lock", objects::lock),
        ("rlock", objects::rlock),
        ("value", objects::value),
        ("array", objects::array),
        ("semaphore", objects::semaphore),
        ("bounded semaphore", objects::bounded_semaphore),
        ("event", objects::event),
        ("condition", objects::condition),
        (
            "notification of the dead",
            objects::notification_of_the_dead,
        ),
        ("barrier", objects::barrier),
        ("queue, who puts", queues::who_puts),
        ("queue, who gets", queues::who_gets),
        ("too many files", limits::too_many_files),
        ("little address space", limits::little_address_space),
        ("no memory", limits::no_memory),
        ("fork with a guard", objects::fork_with_a_guard),
        ("leaked guard", leaks::leaked_guard),
        ("leaked guard, no thread to keep it", leaks::no_keeper),
        ("leaked guard, main thread", leaks::main_thread),
    ];
    for (name, case) in cases {
        if !support::is_chosen(name) {
            continue;
        }
        let before = herd::Left::behind();
        let begin = support::now();
        case();
        assert_eq!(herd::Left::behind(), before, "{name} left something behind");
        println!("{name}: ok ({:.2} s)", begin.elapsed().as_secs_f32());
    }
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {}

//! Processes are killed at random moments, while they hold or wait for each shared object: the
//! others go on, and nothing is left behind.
//!
//! A program of its own: its children are forks, so it must have one thread. A case has some
//! children that use an object all the time and count their operations. One child is killed at a
//! random moment, and each of the others has to progress. Then the next child takes its place.
//! `WEFTLINE_KILLS` sets the number of kills for each object; the default is 100.

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
    // `cargo test -- --list` asks for single tests; this program has none.
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
        ("queue, a putter dies", queues::a_putter_dies),
        ("queue, a getter dies", queues::a_getter_dies),
        ("too many files", limits::too_many_files),
        ("little address space", limits::little_address_space),
        ("no memory", limits::no_memory),
        ("fork with a guard", objects::fork_with_a_guard),
        ("leaked guard", leaks::leaked_guard),
        ("leaked guard, no lock holder", leaks::no_lock_holder),
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

//! Another program writes to the memory of shared objects while they are used: what they do may be
//! wrong, refused or late, and is never a crash.
//!
//! A program of its own: its children are forks, so it must have one thread. A child uses an object
//! all the time, with timeouts, in threads that begin and end; this process changes the object's
//! file under it. `WEFTLINE_TAMPERINGS` says with how many seeds, for each object.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "process_tampering/fuzz.rs"]
mod fuzz;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "process_deaths/herd.rs"]
mod herd;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "process_tampering/objects.rs"]
mod objects;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod support;

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
fn main() {
    // The harness's question: what tests are there? None that it could run one by one.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let only = std::env::args().nth(1);
    for (name, make) in objects::ALL {
        if only
            .as_ref()
            .is_none_or(|only| name.contains(only.as_str()))
        {
            fuzz::tamper(name, *make);
        }
    }
}

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {}

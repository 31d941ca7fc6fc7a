//! Another program writes to the memory of shared objects while they are used. An operation may
//! then be wrong, refused or late, and never crashes.
//!
//! A program of its own: its children are forks, so it must have one thread. A child uses an object
//! all the time, with timeouts, in threads that begin and end. This process changes the object's
//! file meanwhile. `WEFTLINE_TAMPERINGS` sets the number of seeds for each object.

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
    // `cargo test -- --list` asks for single tests; this program has none.
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

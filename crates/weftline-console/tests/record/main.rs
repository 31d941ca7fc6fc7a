//! `weftline record` of a Rust program: a lock convoy, a queue with a slow consumer, and a starved
//! pool.
//!
//! A program of its own: the process that is recorded is this program again.

#[cfg(target_os = "linux")]
#[path = "../support/again.rs"]
mod again;
#[cfg(target_os = "linux")]
mod program;
#[cfg(target_os = "linux")]
mod wire;

#[cfg(target_os = "linux")]
fn main() {
    let tests: [again::Test; 1] = [(
        "a_rust_program_is_recorded",
        program::a_rust_program_is_recorded,
    )];
    again::main(program::run, &tests);
}

#[cfg(not(target_os = "linux"))]
fn main() {}

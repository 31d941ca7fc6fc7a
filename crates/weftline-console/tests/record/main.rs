//! `weftline record` of a Rust program: a lock convoy, a queue with a slow consumer, and a starved
//! pool.
//!
//! A program of its own: the process that is recorded is this program again.

#[cfg(target_os = "linux")]
mod program;
#[cfg(target_os = "linux")]
mod wire;

#[cfg(target_os = "linux")]
fn main() {
    if std::env::var_os(program::SCENARIO).is_some() {
        program::run();
        return;
    }
    // The harness asks for the list of tests. No test can run alone.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    println!("\nrunning 1 test");
    program::a_rust_program_is_recorded();
    println!("test a_rust_program_is_recorded ... ok");
    println!("\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n");
}

#[cfg(not(target_os = "linux"))]
fn main() {}

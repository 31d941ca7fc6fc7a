//! A thread counts down while the main thread waits for it.
//!
//! The thread is a daemon: without the join the program could end in the middle of the count.

use weftline::Builder;

fn count_down(from: u32) -> &'static str {
    for number in (1..=from).rev() {
        println!("{number}");
    }
    "lift-off"
}

fn main() -> std::io::Result<()> {
    let rocket = Builder::new().daemon(true).spawn(|| count_down(5))?;
    println!("{}", rocket.join().expect("the count goes to its end"));
    Ok(())
}

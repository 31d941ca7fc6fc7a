//! A join that times out, and one that does not.

use std::sync::Arc;
use std::time::Duration;

use weftline::{Event, JoinError, spawn};

fn main() {
    let baked = Arc::new(Event::new());
    let oven = spawn({
        let baked = baked.clone();
        move || {
            baked.wait();
            "bread"
        }
    });
    // A thread that has not ended in time is returned.
    let oven = match oven.try_join_for(Duration::from_millis(20)) {
        Err(JoinError::Running(oven)) => oven,
        over => panic!("nobody has told the oven: {over:?}"),
    };
    println!("still in the oven: {}", oven.is_alive());
    baked.set();
    let thread = oven.thread().clone();
    let bread = oven.join().expect("nothing burns");
    println!(
        "the {bread} is out, still in the oven: {}",
        thread.is_alive()
    );
}

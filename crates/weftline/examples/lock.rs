//! A counter that several threads share. The value lives inside its lock, so no thread can touch it
//! without the lock.

use std::thread;

use weftline::Lock;

fn main() {
    let votes = Lock::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5000 {
                    *votes.lock() += 1;
                }
            });
        }
    });
    println!("votes: {}", votes.into_inner());
}

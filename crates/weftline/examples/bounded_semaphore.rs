//! A bounded semaphore as a limit: twelve clients, and never more than three connections at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use weftline::BoundedSemaphore;

const LIMIT: usize = 3;

fn main() {
    let places = BoundedSemaphore::new(LIMIT);
    let (open, most, served) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| {
                let _place = places.acquire(1);
                most.fetch_max(open.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                open.fetch_sub(1, Ordering::SeqCst);
                served.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    println!("served: {}", served.into_inner());
    println!(
        "within the limit: {}",
        (1..=LIMIT).contains(&most.into_inner())
    );
    println!(
        "a place that nobody took: {}",
        places.release(1).unwrap_err()
    );
}

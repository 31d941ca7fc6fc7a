//! A condition: consumers wait until the producer has put what they need on the shelf.
//!
//! The condition owns the shelf. Only its guard gives access to the loaves, waits for them and
//! notifies the other threads.

use std::thread;

use weftline::Condition;

fn main() {
    let shelf = Condition::new(0);
    let wishes = [("Ada", 2), ("Ben", 7), ("Cleo", 3)];
    thread::scope(|scope| {
        let customers = wishes.map(|(name, loaves)| {
            let shelf = &shelf;
            scope.spawn(move || {
                let mut guard = shelf.lock();
                guard.wait_while(|there| *there < loaves);
                *guard -= loaves;
                (name, loaves)
            })
        });
        for _ in 0..4 {
            let mut guard = shelf.lock();
            *guard += 3;
            guard.notify_all();
        }
        for customer in customers {
            let (name, loaves) = customer.join().unwrap();
            println!("{name} got {loaves}");
        }
    });
    println!("left on the shelf: {}", shelf.into_inner());
}

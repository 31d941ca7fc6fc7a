//! A producer and a consumer that share nothing but a queue.
//!
//! The queue is bounded, so a producer that is too fast waits. A shutdown ends the consumer's loop
//! when the queue is empty. `join` waits until every item has been marked as done.

use std::thread;

use weftline::Queue;

fn main() {
    let belt = Queue::bounded(4);
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=10 {
                belt.put(number).unwrap();
            }
            belt.shutdown(false);
        });
        let consumer = scope.spawn(|| {
            let mut squares = Vec::new();
            for number in &belt {
                squares.push(number * number);
                belt.task_done().unwrap();
            }
            squares
        });
        println!("squares: {:?}", consumer.join().unwrap());
    });
    belt.join();
    println!(
        "all done: {}, and the belt is empty: {}",
        belt.unfinished() == 0,
        belt.is_empty()
    );
}

//! An event: threads wait for one thing to have happened, for ever or for a limited time.

use std::thread;
use std::time::Duration;

use weftline::{Barrier, Event};

fn main() {
    let start_signal = Event::new();
    let looked_at_the_watch = Event::new();
    let at_the_line = Barrier::new(3);
    thread::scope(|scope| {
        let patient = scope.spawn(|| {
            at_the_line.wait().unwrap();
            start_signal.wait();
            "off"
        });
        let impatient = scope.spawn(|| {
            at_the_line.wait().unwrap();
            while start_signal
                .try_wait_for(Duration::from_millis(10))
                .is_err()
            {
                looked_at_the_watch.set();
            }
            "off, after looking at the watch"
        });
        at_the_line.wait().unwrap();
        looked_at_the_watch.wait();
        println!("given before: {}", start_signal.is_set());
        start_signal.set();
        println!("the patient runner: {}", patient.join().unwrap());
        println!("the impatient runner: {}", impatient.join().unwrap());
    });
}

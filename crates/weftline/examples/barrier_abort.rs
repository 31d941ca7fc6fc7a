//! Aborting a barrier: three threads wait for a fourth that never comes. The abort ends their wait.

use std::thread;

use weftline::{Barrier, Semaphore};

fn main() {
    let meeting = Barrier::new(4);
    let entering = Semaphore::new(0);
    thread::scope(|scope| {
        let guests = ["Ada", "Ben", "Cleo"].map(|name| {
            let (meeting, entering) = (&meeting, &entering);
            scope.spawn(move || {
                entering.release(1).unwrap();
                (name, meeting.wait())
            })
        });
        entering.acquire(guests.len()).forget();
        meeting.abort();
        for guest in guests {
            let (name, waited) = guest.join().unwrap();
            println!("{name} was sent home: {}", waited.is_err());
        }
    });
    println!("broken: {}", meeting.is_broken());
    meeting.reset();
    println!(
        "broken after a reset: {}, and waiting: {}",
        meeting.is_broken(),
        meeting.n_waiting()
    );
}

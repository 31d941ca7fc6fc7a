//! Trying for a lock without waiting for it, and counting the tries that it took.
//!
//! The cleaner wants the room three times and never waits at the door. Guest and cleaner use
//! semaphores to tell each other when to try again, so the count is the same in every run.

use std::thread;

use weftline::{Lock, Semaphore};

/// A hotel room, and the semaphores through which its guest and its cleaner take turns.
struct Room {
    door: Lock<()>,
    come_by: Semaphore,
    looked: Semaphore,
}

impl Room {
    fn call_the_cleaner(&self) {
        self.come_by.release(1).unwrap();
        self.looked.acquire(1).forget();
    }

    /// Stays `nights` times; the cleaner comes by during each stay and after it.
    fn stay(&self, nights: u32) {
        for _ in 0..nights {
            {
                let _inside = self.door.lock();
                self.call_the_cleaner();
            }
            self.call_the_cleaner();
        }
    }

    /// Cleans `wanted` times, whenever the room is free; returns the tries.
    fn clean(&self, wanted: u32) -> u32 {
        let (mut tries, mut cleaned) = (0, 0);
        while cleaned < wanted {
            self.come_by.acquire(1).forget();
            tries += 1;
            match self.door.try_lock() {
                Some(_inside) => {
                    cleaned += 1;
                    println!("try {tries}: cleaned");
                }
                None => println!("try {tries}: taken, coming back later"),
            }
            self.looked.release(1).unwrap();
        }
        tries
    }
}

fn main() {
    let room = Room {
        door: Lock::new(()),
        come_by: Semaphore::new(0),
        looked: Semaphore::new(0),
    };
    thread::scope(|scope| {
        scope.spawn(|| room.stay(3));
        let cleaner = scope.spawn(|| room.clean(3));
        println!("3 times in {} tries", cleaner.join().unwrap());
    });
}

//! A periodic timer, and two counters that move with its ticks.
//!
//! Each counter has a handle of its own, which returns every tick, also those that came while the
//! counter was busy. So a tick may be noticed late, but is neither lost nor counted twice.

use std::thread;
use std::time::Duration;

use weftline::PeriodicTimer;

/// Returns one of `numbers` at each tick.
fn say(timer: &PeriodicTimer, mut numbers: impl Iterator<Item = u32>) -> String {
    let mut ticks = timer.ticks();
    let mut said = Vec::new();
    while let Ok(tick) = ticks.wait() {
        for _ in 0..=tick.missed {
            match numbers.next() {
                Some(number) => said.push(number.to_string()),
                None => return said.join(" "),
            }
        }
    }
    unreachable!("it is stopped when everything has been said")
}

fn main() {
    let timer = PeriodicTimer::new(Duration::from_millis(20)).unwrap();
    thread::scope(|scope| {
        let down = scope.spawn(|| say(&timer, (0..=5).rev()));
        let up = scope.spawn(|| say(&timer, 1..=3));
        timer.start().unwrap();
        println!("down: {}", down.join().unwrap());
        println!("up: {}", up.join().unwrap());
        timer.stop();
    });
}

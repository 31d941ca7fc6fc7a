//! Timers: a function runs later, unless its timer is cancelled first.
//!
//! Tea and eggs each have a timer. The tea is ready in time. The eggs are taken off the fire
//! earlier, so their timer is cancelled.

use std::sync::Arc;
use std::time::Duration;

use weftline::{Queue, Timer};

fn main() {
    let bell = Arc::new(Queue::unbounded());
    let set = |minutes: u64, what: &'static str| {
        let bell = Arc::clone(&bell);
        // A minute is a hundredth of a second here.
        let timer = Timer::new(Duration::from_millis(10 * minutes), move || {
            bell.put(what).unwrap();
        });
        timer.start().unwrap();
        timer
    };
    let eggs = set(600, "the eggs are ready");
    let tea = set(3, "the tea is ready");
    println!("{}", bell.get().unwrap());
    tea.join().unwrap();
    println!("the tea's timer has fired: {}", tea.has_fired());
    println!("the eggs' timer is waiting: {}", eggs.is_alive());
    println!("cancelled in time: {}", eggs.cancel());
    eggs.join().unwrap();
    println!("the eggs' timer is waiting: {}", eggs.is_alive());
    println!("the bell is silent: {}", bell.is_empty());
}

//! A periodic timer built on a condition, and two counters that move with its ticks.
//!
//! The timer numbers its ticks. A counter remembers the last number that it has seen, so a tick that comes while it is busy is
//! noticed late, but neither lost nor counted twice.

use std::thread;
use std::time::Duration;

use weftline::Condition;

#[derive(Default)]
struct State {
    ticks: u32,
    stopped: bool,
}

#[derive(Default)]
struct Metronome(Condition<State>);

impl Metronome {
    /// Ticks every `interval` until `stop`.
    fn run(&self, interval: Duration) {
        let mut state = self.0.lock();
        // The wait's timeout is the interval; being told to stop ends it early.
        while state
            .try_wait_while_for(interval, |state| !state.stopped)
            .is_err()
        {
            state.ticks += 1;
            state.notify_all();
        }
    }

    fn stop(&self) {
        let mut state = self.0.lock();
        state.stopped = true;
        state.notify_all();
    }

    /// Waits until there has been a tick after `tick`; returns the number of the next one.
    fn wait_after(&self, tick: u32) -> u32 {
        self.0.lock().wait_while(|state| state.ticks <= tick);
        tick + 1
    }

    /// Says one of `numbers` at each tick.
    fn say(&self, numbers: impl Iterator<Item = u32>) -> String {
        let mut tick = 0;
        let said = numbers.map(|number| {
            tick = self.wait_after(tick);
            number.to_string()
        });
        said.collect::<Vec<_>>().join(" ")
    }
}

fn main() {
    let timer = Metronome::default();
    thread::scope(|scope| {
        let down = scope.spawn(|| timer.say((0..=5).rev()));
        let up = scope.spawn(|| timer.say(1..=3));
        scope.spawn(|| timer.run(Duration::from_millis(20)));
        println!("down: {}", down.join().unwrap());
        println!("up: {}", up.join().unwrap());
        timer.stop();
    });
}

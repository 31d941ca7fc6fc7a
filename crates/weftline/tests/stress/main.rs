//! Many threads, random choices, a fixed number of steps, and a sum that must be right.
//!
//! Each test does a bounded number of operations, so a slow machine only takes longer. A test that
//! blocks is ended by its limit.

#[path = "../support/mod.rs"]
mod support;

mod interrupts;
mod locks;
mod queues;
mod signals;

/// Numbers that differ from thread to thread.
struct Random(u64);

impl Random {
    fn new(seed: usize) -> Self {
        Self((seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    /// A timeout that is sometimes too short.
    fn timeout(&mut self) -> std::time::Duration {
        std::time::Duration::from_micros(self.below(200))
    }
}

/// Runs `work` in `threads` threads at once, each with its own number, and returns their results.
fn in_threads<R: Send>(threads: usize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let _limit = support::limit();
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|number| scope.spawn(move || work(number)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

//! `Lock` beside the mutexes of `std` and parking_lot, `RLock` beside parking_lot's
//! `ReentrantMutex`.

use crate::measure::{Contestant, Metric, NANOS, Report};
use parking_lot::ReentrantMutex;
use std::cell::Cell;
use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

/// A mutex of any library, over a number.
trait Mutex: Default + Sync + 'static {
    fn with<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R;
}

impl Mutex for weftline::Lock<u64> {
    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R {
        f(&mut self.lock())
    }
}

impl Mutex for std::sync::Mutex<u64> {
    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R {
        f(&mut self.lock().unwrap())
    }
}

impl Mutex for parking_lot::Mutex<u64> {
    #[inline]
    fn with<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R {
        f(&mut self.lock())
    }
}

pub(crate) fn measure(report: &mut Report) {
    report.row(
        "Lock, one thread",
        2_000_000,
        &[NANOS],
        vec![
            alone::<weftline::Lock<u64>>("weftline"),
            alone::<std::sync::Mutex<u64>>("std"),
            alone::<parking_lot::Mutex<u64>>("parking_lot"),
        ],
    );
    let re_entrant = weftline::RLock::new(Cell::new(0_u64));
    let peer = ReentrantMutex::new(Cell::new(0_u64));
    report.row(
        "RLock, one thread",
        2_000_000,
        &[NANOS],
        vec![
            Contestant::timed("weftline", move |operations| {
                for _ in 0..operations {
                    let value = black_box(&re_entrant).lock();
                    value.set(value.get() + 1);
                }
            }),
            Contestant::timed("parking_lot", move |operations| {
                for _ in 0..operations {
                    let value = black_box(&peer).lock();
                    value.set(value.get() + 1);
                }
            }),
        ],
    );
    // The number of operations is a number of milliseconds: the measured figure is the work done in
    // them.
    for (name, work) in [
        ("Lock, 4 threads", 0),
        ("Lock, 4 threads, held longer", 2_000),
    ] {
        report.row(
            name,
            200,
            &[OPERATIONS, P50, P99, LONGEST],
            vec![
                contended::<weftline::Lock<u64>>("weftline", work),
                contended::<std::sync::Mutex<u64>>("std", work),
                contended::<parking_lot::Mutex<u64>>("parking_lot", work),
            ],
        );
    }
}

fn alone<M: Mutex>(name: &'static str) -> Contestant {
    let mutex = M::default();
    Contestant::timed(name, move |operations| {
        for _ in 0..operations {
            black_box(&mutex).with(|value| *value += 1);
        }
    })
}

const OPERATIONS: Metric = Metric {
    name: "operations",
    unit: "M/s",
    more_is_better: true,
};
const P50: Metric = Metric {
    name: "wait p50",
    unit: "ns",
    more_is_better: false,
};
const P99: Metric = Metric {
    name: "wait p99",
    unit: "ns",
    more_is_better: false,
};
const LONGEST: Metric = Metric {
    name: "wait longest",
    unit: "ns",
    more_is_better: false,
};

const THREADS: usize = 4;

/// Four threads lock, work for `work` steps and unlock, as often as they can for `millis`
/// milliseconds. One run has no clock and counts the operations, another has a clock and records
/// the waits.
fn contended<M: Mutex>(name: &'static str, work: u32) -> Contestant {
    Contestant::new(name, move |millis| {
        let mutex = M::default();
        let time = Duration::from_millis(millis as u64);
        let operations: usize = in_threads(&mutex, |mutex| {
            let end = Instant::now() + time;
            let mut done = 0;
            while done % 64 != 0 || Instant::now() < end {
                mutex.with(|value| toil(value, work));
                done += 1;
            }
            done
        })
        .into_iter()
        .sum();
        let mut waits = Waits::default();
        for of_thread in in_threads(&mutex, |mutex| {
            let end = Instant::now() + time;
            let mut waits = Waits::default();
            loop {
                let start = Instant::now();
                if start >= end {
                    return waits;
                }
                waits.count(mutex.with(|value| {
                    let waited = start.elapsed();
                    toil(value, work);
                    waited
                }));
            }
        }) {
            waits.add(&of_thread);
        }
        vec![
            operations as f64 / time.as_micros() as f64,
            waits.quantile(0.5),
            waits.quantile(0.99),
            waits.longest,
        ]
    })
}

fn toil(value: &mut u64, work: u32) {
    *value += 1;
    for _ in 0..work {
        *value = black_box(value.wrapping_mul(31));
    }
}

fn in_threads<M: Sync, R: Send>(mutex: &M, work: impl Fn(&M) -> R + Sync) -> Vec<R> {
    let together = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    together.wait();
                    work(mutex)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    })
}

/// A histogram of waits, in classes that are an eighth of a power of two wide.
struct Waits {
    classes: Vec<u64>,
    longest: f64,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            classes: vec![0; 8 * 64],
            longest: 0.0,
        }
    }
}

impl Waits {
    fn count(&mut self, wait: Duration) {
        let nanos = wait.as_nanos() as f64;
        let class = (nanos.max(1.0).log2() * 8.0) as usize;
        self.classes[class] += 1;
        self.longest = self.longest.max(nanos);
    }

    fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.classes.iter_mut().zip(&other.classes) {
            *mine += theirs;
        }
        self.longest = self.longest.max(other.longest);
    }

    fn quantile(&self, at: f64) -> f64 {
        let all: u64 = self.classes.iter().sum();
        let mut left = (all as f64 * at) as u64;
        for (class, &count) in self.classes.iter().enumerate() {
            if left < count {
                return ((class as f64 + 0.5) / 8.0).exp2();
            }
            left -= count;
        }
        self.longest
    }
}

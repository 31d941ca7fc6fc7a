//! `RwLock` beside the read-write locks of `std` and parking_lot: alone, with readers, and with
//! readers and a writer.

use crate::measure::{Contestant, Metric, NANOS, Report};
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A read-write lock of any library, over a number.
trait ReadWrite: Default + Sync + 'static {
    fn read<R>(&self, f: impl FnOnce(&u64) -> R) -> R;
    fn write<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R;
}

impl ReadWrite for weftline::RwLock<u64> {
    #[inline]
    fn read<R>(&self, f: impl FnOnce(&u64) -> R) -> R {
        f(&self.read())
    }

    #[inline]
    fn write<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R {
        f(&mut self.write())
    }
}

impl ReadWrite for std::sync::RwLock<u64> {
    #[inline]
    fn read<R>(&self, f: impl FnOnce(&u64) -> R) -> R {
        f(&self.read().unwrap())
    }

    #[inline]
    fn write<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R {
        f(&mut self.write().unwrap())
    }
}

impl ReadWrite for parking_lot::RwLock<u64> {
    #[inline]
    fn read<R>(&self, f: impl FnOnce(&u64) -> R) -> R {
        f(&self.read())
    }

    #[inline]
    fn write<R>(&self, f: impl FnOnce(&mut u64) -> R) -> R {
        f(&mut self.write())
    }
}

/// The same row for each library.
macro_rules! contestants {
    ($contestant:ident($($argument:expr),*)) => {
        vec![
            $contestant::<weftline::RwLock<u64>>("weftline" $(, $argument)*),
            $contestant::<std::sync::RwLock<u64>>("std" $(, $argument)*),
            $contestant::<parking_lot::RwLock<u64>>("parking_lot" $(, $argument)*),
        ]
    };
}

pub(crate) fn measure(report: &mut Report) {
    const ALONE: usize = 2_000_000;
    report.row(
        "RwLock read, one thread",
        ALONE,
        &[NANOS],
        contestants!(reads()),
    );
    report.row(
        "RwLock write, one thread",
        ALONE,
        &[NANOS],
        contestants!(writes()),
    );
    // The number of operations is a number of milliseconds: the measured figure is the work done in
    // them.
    report.row(
        "RwLock, 2 readers",
        200,
        &[READS],
        contestants!(together(2, 0)),
    );
    report.row(
        "RwLock, 3 readers and a writer",
        200,
        &[READS, WRITES, LONGEST_READ, LONGEST_WRITE],
        contestants!(together(3, 1)),
    );
}

fn reads<L: ReadWrite>(name: &'static str) -> Contestant {
    let lock = L::default();
    Contestant::timed(name, move |operations| {
        for _ in 0..operations {
            black_box(black_box(&lock).read(|value| *value));
        }
    })
}

fn writes<L: ReadWrite>(name: &'static str) -> Contestant {
    let lock = L::default();
    Contestant::timed(name, move |operations| {
        for _ in 0..operations {
            black_box(&lock).write(|value| *value += 1);
        }
    })
}

const READS: Metric = Metric {
    name: "reads",
    unit: "M/s",
    more_is_better: true,
};
const WRITES: Metric = Metric {
    name: "writes",
    unit: "M/s",
    more_is_better: true,
};
const LONGEST_READ: Metric = Metric {
    name: "longest read",
    unit: "ns",
    more_is_better: false,
};
const LONGEST_WRITE: Metric = Metric {
    name: "longest write",
    unit: "ns",
    more_is_better: false,
};

/// How many times each thread of one kind has had the lock, and its longest wait.
#[derive(Clone, Copy, Default)]
struct Done {
    operations: u64,
    longest: Duration,
}

impl Done {
    fn and(self, other: Self) -> Self {
        Self {
            operations: self.operations + other.operations,
            longest: self.longest.max(other.longest),
        }
    }
}

/// Threads read, and others write, as often as they can for a number of milliseconds. One
/// operation in 64 is timed.
fn together<L: ReadWrite>(name: &'static str, readers: usize, writers: usize) -> Contestant {
    Contestant::new(name, move |millis| {
        let lock = L::default();
        let stop = AtomicBool::new(false);
        let begin = Barrier::new(readers + writers + 1);
        let repeat = |operation: &dyn Fn()| {
            begin.wait();
            let mut done = Done::default();
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                operation();
                done.longest = done.longest.max(start.elapsed());
                (1..64).for_each(|_| operation());
                done.operations += 64;
            }
            done
        };
        let read = || {
            black_box(lock.read(|value| black_box(*value)));
        };
        let write = || lock.write(|value| *value = black_box(*value + 1));
        let (read, write) = std::thread::scope(|scope| {
            let spawn = |count: usize, operation: &'static str| {
                let (repeat, read, write) = (&repeat, &read, &write);
                let threads = (0..count).map(move |_| {
                    scope.spawn(move || match operation {
                        "read" => repeat(read),
                        _ => repeat(write),
                    })
                });
                threads.collect::<Vec<_>>()
            };
            let (reading, writing) = (spawn(readers, "read"), spawn(writers, "write"));
            begin.wait();
            std::thread::sleep(Duration::from_millis(millis as u64));
            stop.store(true, Ordering::Relaxed);
            let sum = |threads: Vec<std::thread::ScopedJoinHandle<'_, Done>>| {
                let done = threads.into_iter().map(|thread| thread.join().unwrap());
                done.fold(Done::default(), Done::and)
            };
            (sum(reading), sum(writing))
        });
        let per_second = |done: Done| done.operations as f64 / (millis * 1_000) as f64;
        vec![
            per_second(read),
            per_second(write),
            read.longest.as_nanos() as f64,
            write.longest.as_nanos() as f64,
        ]
    })
}

//! The cost of 1,000 threads that wait for one object: the processor time of this process over a
//! second in which nothing happens.

use crate::measure::Report;
use crate::support::waits;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const THREADS: usize = 1_000;

pub(crate) fn measure(report: &mut Report) {
    for waiting in waits::all(THREADS) {
        idle(report, waiting.name, waiting.wait, waiting.end);
    }
}

fn idle(report: &mut Report, name: &str, block: impl Fn() + Sync, end: impl FnOnce()) {
    let row = format!("1,000 threads blocked on a {name}");
    if !report.wants(&row) {
        return;
    }
    let begun = AtomicUsize::new(0);
    let (begun, block) = (&begun, &block);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            std::thread::Builder::new()
                .stack_size(64 * 1024)
                .spawn_scoped(scope, move || {
                    begun.fetch_add(1, Ordering::Relaxed);
                    block();
                })
                .expect("a thousand threads fit");
        }
        while begun.load(Ordering::Relaxed) < THREADS || !is_at_rest() {}
        let (start, used) = (Instant::now(), processor_time());
        std::thread::sleep(Duration::from_secs(1));
        let share = (processor_time() - used).as_secs_f64() / start.elapsed().as_secs_f64() * 100.0;
        report.note(&row, share, "% of a core");
        end();
    });
}

/// Whether the process uses next to no processor time for a moment.
fn is_at_rest() -> bool {
    let before = processor_time();
    std::thread::sleep(Duration::from_millis(50));
    processor_time() - before < Duration::from_millis(1)
}

/// The processor time of all threads of this process.
fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place is valid, and this clock exists for every process.
    let failed = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(failed, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

//! The memory of many timers. A program of its own, because other tests use memory and threads,
//! too.
#![cfg(target_os = "linux")]

use std::time::Duration;
use weftline::Timer;

/// The memory that the process has in use, in bytes.
fn resident() -> usize {
    let told = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = told.lines().find_map(|line| line.strip_prefix("Rss:"));
    let kilobytes = line.unwrap().trim().trim_end_matches("kB").trim();
    kilobytes.parse::<usize>().unwrap() * 1024
}

#[test]
fn a_hundred_thousand_pending_timers_are_cheap_and_cancelled_ones_leave_room_for_the_next() {
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let threads_before = threads();
    let round = || {
        let timer = || Timer::new(Duration::from_secs(3600), || ());
        let timers: Vec<_> = (0..100_000).map(|_| timer()).collect();
        timers.iter().for_each(|timer| timer.start().unwrap());
        assert!(threads() <= threads_before + 1);
        let used = resident();
        assert!(timers.iter().all(Timer::cancel));
        used
    };
    let before = resident();
    let first = round();
    let cost = first.saturating_sub(before);
    assert!(cost < 50_000_000, "100,000 timers took {cost} bytes");
    for _ in 0..4 {
        round();
    }
    let growth = round().saturating_sub(first);
    assert!(growth < 10_000_000, "grew by {growth} bytes");
}

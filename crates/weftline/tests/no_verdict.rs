//! What verdicts never find: a circle among locks that are taken in the right order.
//!
//! In a process of its own, which has no deadlock. For more checks than in a normal run:
//! `VERDICT_CHECKS=1000000000 cargo test --release --test no_verdict -- --nocapture`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use weftline::{RLock, watch};

/// A run of an hour tells how far it is.
const TOLD_EVERY: u64 = 50_000_000;

/// Threads take locks in the right order, hand them from one to the next, hold them long, and wait
/// for each other's ends.
#[test]
fn never_is_a_circle_found_where_the_order_is_right() {
    let most: u64 = std::env::var("VERDICT_CHECKS").map_or(50_000, |text| text.parse().unwrap());
    let locks: Arc<Vec<RLock<()>>> = Arc::new((0..6).map(|_| RLock::new(())).collect());
    let stop = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..6_u64)
        .map(|seed| {
            let (locks, stop) = (Arc::clone(&locks), Arc::clone(&stop));
            weftline::spawn(move || {
                let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) + 1;
                let mut turns = 0_u64;
                while !stop.load(Ordering::Relaxed) {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    let mask = random >> 20;
                    let guards: Vec<_> = (0..locks.len())
                        .filter(|at| mask >> at & 1 != 0)
                        .map(|at| locks[at].lock())
                        .collect();
                    if random % 5_000 == 0 {
                        std::thread::sleep(Duration::from_micros(200));
                    }
                    drop(guards);
                    turns += 1;
                }
                turns
            })
        })
        .collect();
    let (mut checks, mut circles) = (0, 0);
    while checks < most {
        let (looked, found) = watch::look_from_all();
        if (checks + looked) / TOLD_EVERY > checks / TOLD_EVERY {
            println!("{} checks so far, {circles} circles", checks + looked);
        }
        checks += looked;
        circles += found;
    }
    stop.store(true, Ordering::Relaxed);
    let turns: u64 = workers
        .into_iter()
        .map(|worker| worker.join().unwrap())
        .sum();
    println!("{checks} checks, {circles} circles, {turns} turns");
    assert_eq!(circles, 0);
    assert!(turns > 100);
}

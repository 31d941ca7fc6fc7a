//! Kills of putters, and of getters.

use crate::herd::{Child, Counters, Random, kills};
use crate::support::{LONG, now};
use std::sync::atomic::Ordering;
use std::time::Duration;
use weftline::process::{GetError, Queue};

/// An item, with its number in every byte.
fn item(n: u64) -> (u64, Vec<u8>) {
    (n, vec![n as u8; (n * 37 % 400) as usize])
}

/// An acknowledged item arrives once; any other item arrives whole, once, or not at all.
pub(crate) fn a_putter_dies() {
    for capacity in [Some(3), None] {
        let queue = capacity
            .map_or_else(Queue::unbounded, Queue::bounded)
            .unwrap();
        let acknowledged = Counters::new(1);
        let mut random = Random::new();
        let mut next = 0;
        for _ in 0..kills() {
            let first = next;
            let putter = Child::that(|| {
                for n in first.. {
                    queue.put(item(n)).unwrap();
                    acknowledged[0].store(n + 1, Ordering::Relaxed);
                    if queue.len() > 100 {
                        std::thread::sleep(Duration::from_micros(10));
                    }
                }
            });
            let moment = random.moment();
            let begin = now();
            while begin.elapsed() < moment {
                if let Ok(got) = queue.try_get() {
                    assert_eq!(got, item(next));
                    next += 1;
                }
            }
            putter.kill();
            let acknowledged = acknowledged[0].load(Ordering::Relaxed);
            loop {
                match queue.try_get() {
                    Ok(got) => assert_eq!(got, item(next)),
                    Err(GetError::Empty) => break,
                    Err(why) => panic!("{why}"),
                }
                next += 1;
            }
            let at_most = acknowledged.max(first) + 1;
            assert!(
                (acknowledged..=at_most).contains(&next),
                "{acknowledged} were acknowledged, {next} have come"
            );
        }
    }
}

/// No getter gets an item that another getter has got; a killed getter may take one item with it.
pub(crate) fn a_getter_dies() {
    let queue = Queue::bounded(4).unwrap();
    let got = Counters::new(2);
    let [seen, doubled] = [&got[0], &got[1]];
    let getter = || {
        Child::that(|| {
            loop {
                let (n, bytes): (u64, Vec<u8>) = queue.get().unwrap();
                assert!(bytes.iter().all(|byte| *byte == n as u8), "half an item");
                if seen.fetch_max(n, Ordering::Relaxed) == n {
                    doubled.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
    };
    let mut random = Random::new();
    let mut herd = [getter(), getter()];
    let mut n = 1;
    for _ in 0..kills() {
        let moment = random.moment();
        let begin = now();
        while begin.elapsed() < moment {
            queue.try_put_for(item(n), LONG).unwrap();
            n += 1;
        }
        let which = random.below(2) as usize;
        std::mem::replace(&mut herd[which], getter()).kill();
        // The living getters take the items that are there.
        for _ in 0..8 {
            queue.try_put_for(item(n), LONG).unwrap();
            n += 1;
        }
    }
    let deadline = now() + LONG;
    while !queue.is_empty() {
        assert!(now() < deadline, "no getter gets the items");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(doubled.load(Ordering::Relaxed), 0);
}

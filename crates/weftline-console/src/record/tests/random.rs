//! Random processes and random locks.

use super::moments::{Moment, Past, SECOND};
use super::reader::read;
use crate::record::timeline::Timeline;
use crate::record::trace::{Nanos, Trace};
use std::collections::BTreeSet;

/// A small generator of random numbers (Vigna, "xorshift64*").
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % bound
    }
}

#[test]
fn random_processes_have_well_formed_timelines() {
    let mut waits_told = 0;
    for seed in 1..=300 {
        let mut random = Random(seed);
        let mut entries = Vec::new();
        let mut timeline = Timeline::begin(7, "app", 0, &mut entries);
        let mut began = BTreeSet::new();
        let mut now = 10 * SECOND;
        // The waits of the threads 1 to 8: the kind, the object and the beginning.
        let mut waits: [Option<(usize, u64, Nanos)>; 9] = [None; 9];
        let mut has_ended = [false; 9];
        for _ in 0..random.below(40) {
            now += 1 + random.below(SECOND);
            if random.below(10) == 0 {
                timeline.miss(now, "it is silent", &mut entries);
                continue;
            }
            let mut moment = Moment::at(now);
            for number in 1..=8 {
                let has_ended = &mut has_ended[number as usize];
                *has_ended |= random.below(30) == 0;
                if *has_ended {
                    continue;
                }
                moment = moment.thread(number, &format!("t{}", number + random.below(2)));
                if random.below(3) == 0 {
                    moment = moment.serves(number, 1 + random.below(2) as u32, random.below(3));
                }
                let wait = &mut waits[number as usize];
                match random.below(4) {
                    0 => *wait = None,
                    // It has begun since the last snapshot, or while this one is told.
                    1 => {
                        let since = now - random.below(2) + random.below(2);
                        *wait = Some((random.below(6) as usize, 16 + random.below(4), since));
                    }
                    _ => {}
                }
                if let Some((kind, object, since)) = *wait {
                    const KINDS: [(&str, &str); 6] = [
                        ("Lock", "held\t2\t1"),
                        ("Lock", "held\t9\t1"),
                        ("RwLockWrite", "read\t2"),
                        ("QueueGet", "queue\t0\t0"),
                        ("QueuePut", "queue\t1\t1"),
                        ("Thread", "thread\t3"),
                    ];
                    let (kind, state) = KINDS[kind];
                    moment = moment.waits(number, kind, object, since, state);
                    began.insert(since);
                }
            }
            timeline.add(&moment.snapshot(), &mut entries);
        }
        timeline.finish(now, random.below(2) == 0, &mut entries);
        let read = read(&entries);
        let waits = read.slices.iter();
        for slice in waits.filter(|slice| slice.name.starts_with("waits")) {
            waits_told += 1;
            let is_cut = read.slices.iter().any(|other| {
                other.track == slice.track && other.to == slice.from && other != slice
            });
            assert!(began.contains(&slice.from) || is_cut, "{seed}: {slice:?}");
        }
        let mut bytes = Vec::new();
        let mut trace = Trace::new(&mut bytes);
        entries.iter().for_each(|it| trace.write(it).unwrap());
        assert_eq!(trace.packets(), entries.len() as u64);
        assert_eq!(trace.bytes(), bytes.len() as u64);
    }
    assert!(waits_told > 1_000, "{waits_told}");
}

/// Threads hand a lock on, and snapshots see some of it.
#[test]
fn random_locks_have_timelines_of_their_true_waits_and_holds() {
    let (mut waits_told, mut holds_told) = (0, 0);
    for seed in 1..=300 {
        let mut random = Random(seed);
        let mut entries = Vec::new();
        let mut timeline = Timeline::begin(7, "app", 0, &mut entries);
        let mut now = 10 * SECOND;
        let mut holder = 1;
        // From when to when each thread has held the lock. The last hold goes on.
        let mut true_holds: Vec<(u64, Nanos, Nanos)> = vec![(holder, 0, Nanos::MAX)];
        // Since when the threads 1 to 4 wait; the holder does not.
        let mut since: [Option<Nanos>; 5] = [None; 5];
        let mut numbers = [0; 5];
        let mut told: Vec<(u64, u64, Past)> = Vec::new();
        let mut all = Vec::new();
        for _ in 0..random.below(200) {
            now += 1 + random.below(SECOND / 5);
            let thread = 1 + random.below(4);
            let waits = since[thread as usize];
            if thread != holder && waits.is_none() {
                since[thread as usize] = Some(now);
            } else if let Some(begun) = waits {
                let woken_at = now;
                now += 1 + random.below(100);
                let is_granted = random.below(4) != 0;
                let past = Past {
                    kind: "Lock",
                    object: 64,
                    begun,
                    ended: now,
                    end: if is_granted { "granted" } else { "timed-out" },
                    woken: if is_granted {
                        (holder, woken_at)
                    } else {
                        (0, 0)
                    },
                };
                if is_granted {
                    true_holds.last_mut().expect("a hold").2 = woken_at;
                    holder = thread;
                    true_holds.push((holder, now, Nanos::MAX));
                }
                since[thread as usize] = None;
                let number = &mut numbers[thread as usize];
                all.push((thread, begun, now));
                told.push((thread, *number, past));
                *number += 1;
            }
            if random.below(3) != 0 {
                continue;
            }
            now += 1;
            let mut moment = Moment::at(now);
            for (thread, number, past) in &told {
                moment = moment.past((100 + thread, *number), *thread, past);
            }
            // Those of an answer may come again.
            told.drain(..random.below(told.len() as u64 + 1) as usize);
            if random.below(2) == 0 {
                timeline.add_past(&moment.snapshot(), &mut entries);
                continue;
            }
            for number in 1..=4 {
                moment = moment.thread(number, &format!("t{number}"));
                if let Some(since) = since[number as usize] {
                    let state = format!("held\t{holder}\t1");
                    moment = moment.waits(number, "Lock", 64, since, &state);
                }
            }
            timeline.add(&moment.snapshot(), &mut entries);
        }
        let mut last = Moment::at(now + 1);
        for (thread, number, past) in &told {
            last = last.past((100 + thread, *number), *thread, past);
        }
        timeline.add_past(&last.snapshot(), &mut entries);
        assert_eq!(timeline.past(), (all.len() as u64, 0), "{seed}");
        timeline.finish(now + 2, false, &mut entries);
        let read = read(&entries);
        waits_told += all.len();
        for (thread, begun, ended) in all {
            let own = read.slices.iter().filter(|slice| {
                (slice.from, slice.to) == (begun, ended)
                    && (slice.track == format!("t{thread}")
                        || slice.track == format!("thread {thread}"))
            });
            assert_eq!(own.count(), 1, "{seed}: thread {thread} {begun}");
        }
        let holds = read.slices_of("Lock 0x40");
        holds_told += holds.len();
        for (name, from, to) in holds {
            let is_true = true_holds.iter().any(|&(thread, got, released)| {
                let named = format!("held by \"t{thread}\"");
                // Before a snapshot tells what the thread is called.
                let unnamed = format!("held by thread {thread}");
                (name == named || name == unnamed) && got <= from && to <= released
            });
            assert!(is_true, "{seed}: {name} {from} {to} of {true_holds:?}");
        }
    }
    assert!(
        waits_told > 1_000 && holds_told > 1_000,
        "{waits_told} {holds_told}"
    );
}

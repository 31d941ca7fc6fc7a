//! Waits that have ended, in timelines.

use super::*;

/// A wait for a lock that the thread 2 has released.
fn released(begun: Nanos, ended: Nanos) -> Past {
    Past {
        kind: "Lock",
        object: 64,
        begun,
        ended,
        end: "granted",
        woken: (2, ended - 5),
    }
}

#[test]
fn a_wait_that_has_ended_is_exact_and_has_an_arrow_from_its_waker() {
    let since = 3 * SECOND;
    let ended = 10 * SECOND + 700;
    let read = timeline(&[
        waiting(10 * SECOND, since),
        free(11 * SECOND).past((9, 0), 1, &released(since, ended)),
        free(12 * SECOND),
    ]);
    let slice = read.slice("a");
    assert_eq!(slice.name, "waits for Lock 0x40");
    assert_eq!((slice.from, slice.to), (since, ended));
    assert_eq!(slice.note("ended"), "with what it waited for");
    assert_eq!(slice.note("woken by"), "b");
    assert_eq!(
        slice.note("site"),
        "/app/a.py:7 in work",
        "a snapshot saw it"
    );
    let wakes: Vec<_> = read.instants.iter().skip(1).collect();
    let [(waker, at, wake), (waiter, goes_on_at, goes_on)] = wakes.as_slice() else {
        panic!("{wakes:?}")
    };
    assert_eq!((waker.as_str(), *at), ("b", ended - 5));
    assert_eq!((waiter.as_str(), *goes_on_at), ("a", ended));
    assert_eq!((&*wake.name, &*goes_on.name), ("wakes a", "goes on"));
    let [Flow::From(tail)] = wake.flows[..] else {
        panic!("{wake:?}")
    };
    assert_eq!(goes_on.flows, [Flow::To(tail)]);
}

#[test]
fn a_wait_between_two_snapshots_is_told() {
    let read = timeline(&[
        free(10 * SECOND),
        free(11 * SECOND).past((9, 0), 1, &released(10 * SECOND + 1, 10 * SECOND + 9)),
    ]);
    let slice = read.slice("a");
    assert_eq!((slice.from, slice.to), (10 * SECOND + 1, 10 * SECOND + 9));
    assert_eq!(slice.note("snapshots"), "0");
}

#[test]
fn a_timeout_has_no_arrow() {
    let mut wait = released(10 * SECOND, 10 * SECOND + 9);
    (wait.end, wait.woken) = ("timed-out", (0, 0));
    let read = timeline(&[free(10 * SECOND), free(11 * SECOND).past((9, 0), 1, &wait)]);
    assert_eq!(read.slice("a").note("ended"), "by its timeout");
    assert_eq!(read.slice("a").note("woken by"), "");
    assert_eq!(read.instants.len(), 1);
}

#[test]
fn a_thread_between_two_snapshots_has_a_track() {
    let wait = released(10 * SECOND + 1, 10 * SECOND + 9);
    let read = timeline(&[free(10 * SECOND), free(11 * SECOND).past((9, 0), 5, &wait)]);
    assert_eq!(read.slice("thread 5").to, 10 * SECOND + 9);
}

#[test]
fn holds_lead_from_wait_to_wait() {
    let at = |ms: u64| 10 * SECOND + ms * 1_000_000;
    // Thread 2 holds the lock, from an unknown time on, then 1, then 3.
    let first = released(at(100), at(200));
    let mut second = released(at(150), at(400));
    second.woken = (1, at(390));
    // It came when 3 held it, and 2 released it: what was in between is not known.
    let mut third = released(at(450), at(500));
    third.woken.1 = at(500);
    let moment = Moment::at(11 * SECOND)
        .thread(1, "a")
        .thread(2, "b")
        .thread(3, "c");
    let read = timeline(&[
        free(10 * SECOND).thread(3, "c"),
        moment
            .past((8, 0), 1, &first)
            .past((8, 1), 1, &third)
            .past((9, 0), 3, &second),
    ]);
    assert_eq!(
        read.slices_of("Lock 0x40"),
        [("held by \"a\"", at(200), at(390))]
    );
}

#[test]
fn a_hold_that_no_snapshot_saw_lasts_as_long_as_it_takes() {
    let at = |ms: u64| 10 * SECOND + ms * 1_000_000;
    let end = 100 * SECOND;
    let mut first = released(at(100), at(200));
    // It got the lock from a thread that is not known.
    first.woken = (0, 0);
    // Its hold is told from when another thread waits for it.
    let mut second = released(30 * SECOND, end);
    second.woken = (1, end - 5);
    let read = timeline(&[
        free(10 * SECOND),
        free(11 * SECOND).past((9, 0), 1, &first),
        free(12 * SECOND),
        free(40 * SECOND),
        free(end).past((9, 1), 2, &second),
    ]);
    assert_eq!(
        read.slices_of("Lock 0x40"),
        [("held by \"a\"", 30 * SECOND, end - 5)]
    );
}

#[test]
fn holders_of_many_locks_have_bounded_memory() {
    let mut entries = Vec::new();
    let mut timeline = Timeline::begin(7, "app", SECOND, &mut entries);
    for second in 10..20 {
        let mut moment = free(second * SECOND);
        for number in 0..5_000 {
            let mut wait = released(second * SECOND - 9, second * SECOND - 1);
            wait.object = 64 * (second * 5_000 + number);
            moment = moment.past((9, second * 5_000 + number), 1, &wait);
        }
        timeline.add(&moment.snapshot(), &mut entries);
    }
    assert!(timeline.remembers() < 40_000, "{}", timeline.remembers());
}

#[test]
fn waits_that_are_missing_are_counted() {
    let wait = |at| released(at, at + 9);
    let mut entries = Vec::new();
    let mut timeline = Timeline::begin(7, "app", SECOND, &mut entries);
    let moments = [
        free(10 * SECOND).unkept(4),
        free(11 * SECOND).past((9, 5), 1, &wait(10 * SECOND + 1)),
        // The first is told again, and three are overwritten.
        free(12 * SECOND)
            .past((9, 5), 1, &wait(10 * SECOND + 1))
            .past((9, 9), 1, &wait(11 * SECOND + 1)),
        free(13 * SECOND).unkept(6),
    ];
    for moment in &moments {
        timeline.add(&moment.snapshot(), &mut entries);
    }
    assert_eq!(timeline.past(), (2, 5));
    timeline.finish(13 * SECOND, false, &mut entries);
    let read = read(&entries);
    assert_eq!(read.slices_of("a").len(), 2);
    let told = read.instants.iter();
    let missing = told.filter(|(_, _, it)| it.name == "waits are missing");
    assert_eq!(missing.count(), 2);
}

/// Threads that hand a lock on, and snapshots that see some of it.
#[test]
fn random_locks_have_well_formed_timelines() {
    for seed in 1..=300 {
        let mut random = Random(seed);
        let mut entries = Vec::new();
        let mut timeline = Timeline::begin(7, "app", 0, &mut entries);
        let mut now = 10 * SECOND;
        let mut holder = 1;
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
                    holder = thread;
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
        for (thread, begun, ended) in all {
            let own = read.slices.iter().filter(|slice| {
                (slice.from, slice.to) == (begun, ended)
                    && (slice.track == format!("t{thread}")
                        || slice.track == format!("thread {thread}"))
            });
            assert_eq!(own.count(), 1, "{seed}: thread {thread} {begun}");
        }
        let holds: Vec<_> = read.slices_of("Lock 0x40");
        assert!(holds.iter().all(|(_, from, to)| from <= to));
    }
}

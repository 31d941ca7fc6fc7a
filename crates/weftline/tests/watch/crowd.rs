//! The report of thousands of threads.

use crate::Named;
use crate::child::{Child, longest_pause_until_told, say, set_blocked, start, told};
use crate::support::{leak, now};
use weftline::park::Kind;
use weftline::{Builder, Event, RwLock, watch};

pub(crate) const SCENARIOS: &[Named] = &[
    ("1000 threads", || crowd(1_000)),
    ("10000 threads", || crowd(10_000)),
];
pub(crate) const CASES: &[Named] = &[
    ("crowd: 1,000 threads", || is_whole("1000 threads", 1_000)),
    ("long: crowd, 10,000 threads", || {
        is_whole("10000 threads", 10_000)
    }),
];

/// Half of the threads want to write what the others read.
fn crowd(threads: usize) {
    weftline::run(|| {
        set_blocked(watch::default_signal(), true);
        let shared: &RwLock<()> = leak(RwLock::new(()));
        let end: &Event = leak(Event::new());
        let all_read = &*leak(weftline::Barrier::new(threads / 2 + 1));
        for at in 0..threads {
            let builder = Builder::new().name(format!("crowd {at}")).daemon(true);
            builder
                .stack_size(16 * 1024)
                .spawn(move || {
                    if at < threads / 2 {
                        let _read = shared.read();
                        all_read.wait().unwrap();
                        end.wait();
                    } else {
                        drop(shared.write());
                    }
                })
                .unwrap();
            if at + 1 == threads / 2 {
                all_read.wait().unwrap();
            }
        }
        start("last", || end.wait());
        say(&longest_pause_until_told().as_millis().to_string());
        told();
    });
}

fn is_whole(scenario: &str, threads: usize) {
    let mut child = Child::start(scenario);
    child.ask_until(|snapshot| {
        snapshot
            .parties
            .iter()
            .filter(|party| party.wait.is_some())
            .count()
            == threads + 1
    });
    let start = now();
    let snapshot = child.ask();
    let took = start.elapsed();
    assert_eq!(snapshot.parties.len(), threads + 2);
    let count = |kind| {
        let waits = snapshot
            .parties
            .iter()
            .filter_map(|party| party.wait.as_ref());
        waits
            .filter(|wait| wait.kind == kind && wait.is_steady)
            .count()
    };
    assert_eq!(
        (count(Kind::RwLockWrite), count(Kind::Event)),
        (threads / 2, threads / 2 + 1)
    );
    let shared = snapshot
        .objects
        .iter()
        .find(|object| !object.holders.is_empty())
        .unwrap();
    assert_eq!(shared.holders.len(), threads / 2);
    assert!(snapshot.deadlocks().is_empty());
    child.tell("stop");
    let longest = child.hear();
    println!(
        "    {threads} threads: the request took {took:.1?}, a thread stood still for {longest} ms"
    );
    assert!(
        longest.parse::<u64>().unwrap() < 2_000,
        "stood still for {longest} ms"
    );
    child.end();
}

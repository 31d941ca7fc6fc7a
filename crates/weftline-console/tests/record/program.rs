//! The program that is recorded, and its trace.

use crate::again::{self, Again};
use crate::wire::{Field, fields, number, text};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;
use weftline::{Builder, Executor, Lock, Queue, ThreadPoolExecutor, watch};

static CACHE: Lock<()> = Lock::new(());
static JOBS: Queue<u32> = Queue::bounded(2);

/// Runs until its standard input ends.
pub(crate) fn run() {
    weftline::run(|| {
        watch::name(&CACHE, "cache").for_good();
        watch::name(&JOBS, "jobs").for_good();
        for number in 0..3 {
            start(&format!("convoy-{number}"), || {
                loop {
                    let _held = CACHE.lock();
                    sleep(Duration::from_millis(300));
                }
            });
        }
        start("producer", || {
            loop {
                JOBS.put(1).unwrap();
            }
        });
        start("consumer", || {
            loop {
                JOBS.get().unwrap();
                sleep(Duration::from_millis(700));
            }
        });
        let pool: &ThreadPoolExecutor = Box::leak(Box::new(
            ThreadPoolExecutor::builder()
                .max_workers(1)
                .thread_name_prefix("pool")
                .build(),
        ));
        pool.spawn(|| drop(pool.submit(|| ()).unwrap().result()))
            .unwrap();
        again::until_input_ends();
    });
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) {
    let builder = Builder::new().name(name).daemon(true);
    builder.spawn(run).expect("a thread");
}

/// What a trace has of slices and counters.
#[derive(Default)]
struct Seen {
    tracks: BTreeMap<u64, String>,
    /// The names of the slices of each track.
    slices: BTreeMap<String, BTreeSet<String>>,
    counts: BTreeMap<String, BTreeSet<u64>>,
}

/// Reads a trace. Fails if a beginning has no end, or slices of a track overlap.
fn read(trace: &[u8]) -> Seen {
    let mut seen = Seen::default();
    let mut events = Vec::new();
    for (_, packet) in fields(trace) {
        let packet: Vec<(u64, Field<'_>)> = fields(packet.bytes()).collect();
        if let Some(track) = text(&packet, 60) {
            let track: Vec<_> = fields(track).collect();
            let named = [(2, None), (3, Some(6)), (4, Some(5))];
            let name = named.into_iter().find_map(|(field, inner)| {
                let found = text(&track, field)?;
                let Some(inner) = inner else {
                    return Some(found);
                };
                text(&fields(found).collect::<Vec<_>>(), inner)
            });
            let name = String::from_utf8(name.expect("a name").to_vec()).unwrap();
            seen.tracks.insert(number(&track, 1).unwrap(), name);
        }
        if let Some(event) = text(&packet, 11) {
            events.push((number(&packet, 8).unwrap(), event));
        }
    }
    events.sort_by_key(|&(at, _)| at);
    let mut open = BTreeSet::new();
    for (_, event) in events {
        let event: Vec<_> = fields(event).collect();
        let id = number(&event, 11).unwrap();
        let track = seen.tracks[&id].clone();
        match number(&event, 9).unwrap() {
            1 => {
                assert!(open.insert(id), "slices of {track} overlap");
                let name = text(&event, 23).unwrap().to_vec();
                let slices = seen.slices.entry(track).or_default();
                slices.insert(String::from_utf8(name).unwrap());
            }
            2 => assert!(open.remove(&id), "a slice of {track} ends twice"),
            4 => {
                let counts = seen.counts.entry(track).or_default();
                counts.insert(number(&event, 30).unwrap());
            }
            _ => {}
        }
    }
    assert!(open.is_empty());
    seen
}

pub(crate) fn a_rust_program_is_recorded() {
    // The starved pool is part of the program.
    let mut process = Again::start(&[("WEFTLINE_DEADLOCK", "off")]);
    let recorded = Command::new(env!("CARGO_BIN_EXE_weftline"))
        .args(["record", &process.0.id().to_string()])
        .args(["-o", "-", "--seconds", "3"])
        .output()
        .expect("the command starts");
    drop(process.0.stdin.take());
    assert!(process.0.wait().unwrap().success());
    let told = String::from_utf8(recorded.stderr).unwrap();
    assert!(recorded.status.success(), "{told}");
    assert!(told.starts_with("weftline: -: "), "{told}");
    let seen = read(&recorded.stdout);
    let waits = |thread: &str| seen.slices[thread].iter().map(String::as_str);
    let convoys = (0..3).map(|number| format!("convoy-{number}"));
    let waited: Vec<_> = convoys.filter(|it| seen.slices.contains_key(it)).collect();
    assert!(waited.len() >= 2, "{:?}", seen.slices);
    for thread in waited {
        assert!(waits(&thread).eq(["waits for Lock \"cache\""]));
    }
    let held = &seen.slices["Lock \"cache\""];
    assert!(held.iter().all(|it| it.starts_with("held by \"convoy-")));
    assert!(waits("producer").eq(["waits for Queue \"jobs\" to put"]));
    assert!(seen.counts["Queue \"jobs\": waiting putters"].contains(&1));
    let pool = |of: &str| {
        let mut counters = seen.counts.iter().filter(|(name, _)| name.ends_with(of));
        counters.next().expect("a counter of the pool").1.clone()
    };
    assert_eq!(pool("busy workers"), BTreeSet::from([1]));
    assert_eq!(pool("waiting tasks"), BTreeSet::from([1]));
}

//! A report of many threads, each of which holds ten locks and waits for one of the next thread's.
//!
//! In the process that is asked, the main thread turns in a loop and another one sleeps for a
//! millisecond, again and again. Both note the longest time that passed between two turns: that is
//! for how long they stood still, be it for the report or because the processors were busy. So the
//! same is measured while no report is made.

use crate::child::{Child, ready, say, set_blocked, start, told};
use crate::support::{LONG, leak, now};
use crate::{Options, print};
use std::fmt;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use weftline::{Barrier, Builder, Event, Lock, LockGuard, watch};

const LOCKS_EACH: usize = 10;

/// The longest times between two turns, in nanoseconds.
static TURNS: AtomicU64 = AtomicU64::new(0);
static SLEEPS: AtomicU64 = AtomicU64::new(0);

/// Counts for a loop for how long it stands still.
struct Gaps {
    last: Instant,
    to: &'static AtomicU64,
    expected: Duration,
}

impl Gaps {
    fn new(to: &'static AtomicU64, expected: Duration) -> Self {
        Self {
            last: now(),
            to,
            expected,
        }
    }

    fn turn(&mut self) {
        let this = now();
        let gap = (this - self.last).saturating_sub(self.expected);
        self.to.fetch_max(gap.as_nanos() as u64, Ordering::Relaxed);
        self.last = this;
    }
}

/// The scenario. A line of input ends a measurement, and another one begins. Either any thread
/// answers, or the one alone that turns.
pub(crate) fn locks(threads: usize, answers_itself: bool) {
    weftline::run(|| {
        set_blocked(watch::default_signal(), answers_itself);
        start_holders(threads);
        start("sleeps", || {
            let step = Duration::from_millis(1);
            let mut gaps = Gaps::new(&SLEEPS, step);
            loop {
                std::thread::sleep(step);
                gaps.turn();
            }
        });
        static OVER: AtomicBool = AtomicBool::new(false);
        start("hears", || {
            ready();
            while told().is_some() {
                let [turns, sleeps] = [&TURNS, &SLEEPS].map(|it| it.swap(0, Ordering::Relaxed));
                say(&format!("{turns} {sleeps} {}", resident_kib()));
            }
            OVER.store(true, Ordering::Relaxed);
        });
        set_blocked(watch::default_signal(), false);
        let mut gaps = Gaps::new(&TURNS, Duration::ZERO);
        while !OVER.load(Ordering::Relaxed) {
            gaps.turn();
        }
    });
}

/// Starts the threads, and returns when each holds its locks.
pub(crate) fn start_holders(threads: usize) {
    let locks: &Vec<Lock<()>> = leak(
        (0..threads * LOCKS_EACH)
            .map(|_| Lock::new(()))
            .collect::<Vec<_>>(),
    );
    let end: &Event = leak(Event::new());
    let all_hold: &Barrier = leak(Barrier::new(threads + 1));
    for at in 0..threads {
        let builder = Builder::new().name(format!("holder {at}")).daemon(true);
        let holds = move || {
            let own = &locks[at * LOCKS_EACH..][..LOCKS_EACH];
            let _held: Vec<LockGuard<'_, ()>> = own.iter().map(Lock::lock).collect();
            all_hold.wait().unwrap();
            match locks.get((at + 1) * LOCKS_EACH) {
                Some(next) => drop(next.lock()),
                None => end.wait(),
            }
        };
        builder.stack_size(32 * 1024).spawn(holds).unwrap();
    }
    all_hold.wait().unwrap();
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let word = line.and_then(|line| line.split_whitespace().next());
    word.map_or(0, |word| word.parse().expect("a number"))
}

/// Milliseconds: the median and the largest.
struct Millis(Vec<f64>);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let (middle, last) = (sorted[sorted.len() / 2], sorted[sorted.len() - 1]);
        write!(f, "{middle:.1} ms (largest of {}: {last:.1})", sorted.len())
    }
}

pub(crate) fn measure(options: &Options) {
    let sizes: &[usize] = if options.quick {
        &[100]
    } else {
        &[100, 1_000, 10_000]
    };
    for &threads in sizes {
        for (scenario, answers) in [
            ("locks", "a thread that sleeps"),
            ("turns", "the one that runs"),
        ] {
            let locks = threads * LOCKS_EACH;
            let row = format!("dump of {threads} threads, {locks} locks; {answers} answers");
            if options.wants(&row) {
                let times = if options.quick { 3 } else { 15 };
                dump(&row, &format!("{scenario} {threads}"), threads, times);
            }
        }
    }
}

fn dump(row: &str, scenario: &str, threads: usize, times: usize) {
    let mut child = Child::start(scenario);
    let pid = child.pid();
    let begun = now();
    let waits = |snapshot: &watch::Snapshot| {
        let all = snapshot.parties.iter();
        all.filter(|party| party.wait.as_ref().is_some_and(|wait| wait.is_steady))
            .count()
    };
    while watch::request(pid).map_or(0, |snapshot| waits(&snapshot)) < threads {
        assert!(begun.elapsed() < LONG, "the threads never wait");
    }
    let gaps = |child: &mut Child| {
        child.tell("next");
        let line = child.hear();
        let mut words = line
            .split(' ')
            .map(|word| word.parse::<f64>().expect("a number"));
        let mut millis = || words.next().expect("three numbers") / 1e6;
        [millis(), millis()]
    };
    let (mut took, mut graph) = (Vec::new(), Vec::new());
    let (mut asked, mut idle) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..times {
        gaps(&mut child);
        let start = now();
        let snapshot = watch::request(pid).expect("it answers");
        let duration = start.elapsed();
        let found = gaps(&mut child);
        took.push(duration.as_secs_f64() * 1e3);
        assert!(snapshot.is_whole && snapshot.parties.len() >= threads);
        let start = now();
        let text = snapshot.report().to_string();
        graph.push(start.elapsed().as_secs_f64() * 1e3);
        assert!(text.lines().count() > threads);
        gaps(&mut child);
        std::thread::sleep(duration);
        let beside = gaps(&mut child);
        for (kind, place) in [(found, &mut asked), (beside, &mut idle)] {
            for (list, millis) in place.iter_mut().zip(kind) {
                list.push(millis);
            }
        }
    }
    let [turns, sleeps] = asked.map(Millis);
    let [idle_turns, idle_sleeps] = idle.map(Millis);
    print(row, "");
    print("  the request", Millis(took));
    print("  the text of it", Millis(graph));
    print("  a thread that runs stood still for", turns);
    print("    and without a request for", idle_turns);
    print("  a sleep ended late by", sleeps);
    print("    and without a request by", idle_sleeps);
    child.end();
}

//! A storm of requests changes nothing of what a busy program does.

use crate::Named;
use crate::child::{Child, ready, say, start, told};
use crate::support::{count, leak, now};
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use weftline::{Builder, Event, Executor, Lock, Queue, Semaphore, ThreadPoolExecutor, watch};

pub(crate) const SCENARIOS: &[Named] = &[("busy", busy)];
pub(crate) const CASES: &[Named] = &[
    ("storm: a busy program", || storm(1_000)),
    ("long: storm", || storm(30_000)),
];

static STOP: AtomicBool = AtomicBool::new(false);
static STARTED: AtomicU64 = AtomicU64::new(0);
static FORKED: AtomicU64 = AtomicU64::new(0);

fn goes_on() -> bool {
    !STOP.load(Ordering::Relaxed)
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

fn resident_pages() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Threads that start and end; the number of them and of those that ran is the same.
fn starts_threads() {
    let ran: &AtomicU64 = leak(AtomicU64::new(0));
    let mut number = 0;
    while goes_on() {
        let thread = Builder::new()
            .spawn(|| ran.fetch_add(1, Ordering::Relaxed))
            .unwrap();
        assert_eq!(thread.join().unwrap(), number);
        number += 1;
        STARTED.fetch_add(1, Ordering::Relaxed);
    }
}

fn forks() {
    while goes_on() {
        // SAFETY: the child leaves at once.
        let child = unsafe { libc::fork() };
        if child == 0 {
            // SAFETY: as above.
            unsafe { libc::_exit(3) };
        }
        let mut status = 0;
        // SAFETY: a child of this thread, and a valid place.
        while unsafe { libc::waitpid(child, &raw mut status, 0) } != child {}
        assert!(
            libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 3,
            "{status}"
        );
        FORKED.fetch_add(1, Ordering::Relaxed);
    }
}

/// Calls of the system that fail, whose error must stay until it is read.
fn errors() {
    while goes_on() {
        for _ in 0..100 {
            // SAFETY: the descriptor is not open, and the place is this thread's own.
            unsafe {
                assert_eq!(libc::close(-1), -1);
                let kept = *libc::__errno_location();
                std::hint::black_box([0_u8; 64]);
                assert_eq!(
                    (kept, *libc::__errno_location()),
                    (libc::EBADF, libc::EBADF)
                );
            }
        }
    }
}

fn busy() {
    weftline::run(|| {
        let lock: &Lock<(u64, u64)> = leak(Lock::new((0, 0)));
        let queue: &Queue<u64> = leak(Queue::bounded(8));
        let (ping, pong): (&Event, &Event) = (leak(Event::new()), leak(Event::new()));
        let permits: &Semaphore = leak(Semaphore::new(2));
        let inside: &AtomicU64 = leak(AtomicU64::new(0));
        let mut threads = vec![
            start("starts", starts_threads),
            start("forks", forks),
            start("errors", errors),
        ];
        for name in ["counts", "counts too"] {
            threads.push(start(name, || {
                while goes_on() {
                    let mut both = lock.lock();
                    both.0 += 1;
                    both.1 += 1;
                    assert_eq!(both.0, both.1);
                }
            }));
        }
        for name in ["permit", "permit too", "third permit"] {
            threads.push(start(name, || {
                while goes_on() {
                    let _permit = permits.acquire(1);
                    assert!(inside.fetch_add(1, Ordering::AcqRel) < 2);
                    inside.fetch_sub(1, Ordering::AcqRel);
                }
            }));
        }
        threads.push(start("puts", || {
            let mut item = 0;
            while goes_on() {
                queue.put(item).unwrap();
                item += 1;
            }
            queue.shutdown(false);
        }));
        threads.push(start("gets", || {
            let mut expected = 0;
            while let Ok(item) = queue.get() {
                assert_eq!(item, expected);
                expected += 1;
            }
        }));
        threads.push(start("pings", || {
            while goes_on() {
                ping.set();
                pong.wait();
                pong.clear();
            }
            ping.set();
        }));
        threads.push(start("pongs", || {
            while goes_on() {
                ping.wait();
                ping.clear();
                pong.set();
            }
            pong.set();
        }));
        threads.push(start("submits", || {
            let pool = ThreadPoolExecutor::new(2);
            while goes_on() {
                let sum: u64 = (0..10_u64)
                    .map(|part| pool.submit(move || part).unwrap())
                    .collect::<Vec<_>>()
                    .into_iter()
                    .map(|part| part.result().unwrap())
                    .sum();
                assert_eq!(sum, 45);
            }
        }));
        ready();
        assert_eq!(told().as_deref(), Some("measure"));
        let (descriptors_before, pages_before) = (descriptors(), resident_pages());
        say("measured");
        told();
        STOP.store(true, Ordering::Relaxed);
        for thread in threads {
            let name = thread.thread().name();
            if let Err(panic) = thread.join() {
                say(&format!("{name}: {}", panic.message()));
            }
        }
        let more = descriptors().saturating_sub(descriptors_before);
        let pages = resident_pages().saturating_sub(pages_before);
        say(&format!(
            "{more} descriptors {pages} pages {} started {} forked",
            STARTED.load(Ordering::Relaxed),
            FORKED.load(Ordering::Relaxed)
        ));
        told();
    });
}

fn storm(requests: usize) {
    const REQUESTERS: usize = 3;
    let mut child = Child::start("busy");
    for _ in 0..20 {
        child.ask();
    }
    child.tell("measure");
    assert_eq!(child.hear(), "measured");
    let pid = child.pid();
    let each = count(requests) / REQUESTERS;
    let begin = now();
    let longest = std::thread::scope(|scope| {
        let requesters = [(); REQUESTERS].map(|()| {
            scope.spawn(move || {
                let mut longest = Duration::ZERO;
                for at in 0..each {
                    let due = Duration::from_micros(1_000 * (REQUESTERS * at) as u64);
                    std::thread::sleep(due.saturating_sub(begin.elapsed()));
                    let start = now();
                    assert!(watch::request(pid).expect("it answers").is_whole);
                    longest = longest.max(start.elapsed());
                }
                longest
            })
        });
        requesters.map(|requester| requester.join().unwrap())
    });
    let took = begin.elapsed();
    child.tell("stop");
    let result = child.hear();
    println!(
        "    {} requests in {took:.1?}, longest {longest:.1?}: {result}",
        each * REQUESTERS
    );
    let mut words = result.split(' ');
    let mut number = || words.by_ref().find_map(|word| word.parse::<u64>().ok());
    let (descriptors, pages) = (number().expect(&result), number().expect(&result));
    assert_eq!(descriptors, 0, "{result}");
    assert!(pages * 4 < 8 * 1024, "{result}");
    assert!(number().unwrap() > 0 && number().unwrap() > 0, "{result}");
    child.end();
}

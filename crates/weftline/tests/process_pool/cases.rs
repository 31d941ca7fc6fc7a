use crate::support::{LONG, SHORT, limit, now, until};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::HashSet;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use weftline::process::{
    self, Descriptor, Event, Lock, ProcessError, ProcessPoolExecutor, Semaphore, register,
};
use weftline::{
    Executor, Future, MapError, MapOptions, ResultError, ReturnWhen, SubmitError, TaskError,
    as_completed, wait,
};

fn square(n: u64) -> u64 {
    n * n
}

fn pid() -> u32 {
    std::process::id()
}

fn shout(word: String, times: usize) -> String {
    word.to_uppercase().repeat(times)
}

fn fails(why: String) -> u8 {
    panic!("{why}")
}

fn exits(code: i32) {
    std::process::exit(code)
}

fn kills_itself() {
    // SAFETY: plain call of the system.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}

fn waits(begun: Event, go: Event) -> u32 {
    begun.set();
    go.wait();
    std::process::id()
}

fn nothing() {}

fn reversed(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().rev().collect()
}

fn through(mut input: Vec<Descriptor>) -> Vec<Descriptor> {
    input.reverse();
    input
}

static INITIALISED: AtomicU32 = AtomicU32::new(0);

fn initialise(with: u32) {
    INITIALISED.fetch_add(with, Ordering::Relaxed);
}

fn initialised() -> u32 {
    INITIALISED.load(Ordering::Relaxed)
}

fn refuses(why: String) {
    panic!("{why}")
}

fn adds(total: Lock<u64>, seats: Semaphore) {
    let permit = seats.acquire(1).unwrap();
    *total.lock().unwrap() += 1;
    drop(permit);
}

fn child_of_a_worker() -> u64 {
    process::spawn(square, (6,)).unwrap().join().unwrap()
}

fn half(n: u64) -> u64 {
    assert!(n.is_multiple_of(2), "{n} is odd");
    n / 2
}

fn squares() {}

register!(square);
register!(half);
register!(pid);
register!(shout);
register!(fails);
register!(exits);
register!(kills_itself);
register!(waits);
register!(nothing);
register!(reversed);
register!(through);
register!(initialise);
register!(initialised);
register!(refuses);
register!(adds);
register!(child_of_a_worker);
/// Can be read by no process but the one that has written it.
#[derive(Debug, Serialize)]
struct Unreadable(u32);

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let writer = u32::deserialize(deserializer)?;
        assert_eq!(writer, std::process::id(), "it cannot be read here");
        Ok(Self(writer))
    }
}

fn unreadable() -> Unreadable {
    Unreadable(std::process::id())
}

fn sets(event: Event) {
    event.set();
}

/// Its process cannot end before `go` is set.
fn leaves_a_thread(go: Event) {
    drop(weftline::spawn(move || go.wait()));
}

fn begins_and_waits(begun: Event, go: Event) {
    begun.set();
    go.wait();
}

fn closes_its_descriptors() {
    // SAFETY: not at all nice to the worker, but what is mapped stays.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
}

/// So that no more than a few files can be opened.
fn has_few_descriptors() {
    let limit = libc::rlimit {
        rlim_cur: 50,
        rlim_max: 50,
    };
    // SAFETY: the limit is a valid place.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}

register!(unreadable);
register!(sets);
register!(leaves_a_thread);
register!(begins_and_waits);
register!(closes_its_descriptors);
register!(has_few_descriptors);
register!("a closure", |n: u64| n + 1);

pub(crate) fn all() {
    // The harness's question: what tests are there? None that it could run one by one.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let cases: &[(&str, fn())] = &[
        ("values", values),
        ("large values and files", large_values_and_files),
        ("shared objects", shared_objects),
        ("panics", panics),
        ("a worker that dies fails its task and is replaced", deaths),
        ("an idle worker that dies is replaced", idle_deaths),
        ("workers are killed at any moment", kills),
        ("a value that panics when it is read", unreadable_values),
        ("a worker whose socket is gone", no_socket),
        ("files that do not arrive", files_that_do_not_arrive),
        ("cancel before it runs", cancel_before),
        ("cancel while it runs", cancel_running),
        (
            "cancel while its worker initialises itself",
            cancel_initialiser,
        ),
        ("a few tasks per child", few_tasks_per_child),
        ("results do not wait for the worker's end", used_up),
        ("initialiser", initialiser),
        ("initialiser that fails", broken),
        ("refusals", refusals),
        ("no descriptor is left for a worker", no_descriptor_is_left),
        ("shutdown", shutdown),
        ("map", map),
        ("map, in time and ahead of it", map_with),
        ("children of workers", children_of_workers),
        ("futures of two kinds", with_threads),
    ];
    let only = std::env::args().nth(1);
    for (name, case) in cases {
        if only
            .as_ref()
            .is_some_and(|only| !name.contains(only.as_str()))
        {
            continue;
        }
        let limit = limit();
        let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
        let before = descriptors();
        case();
        assert!(process::active_children().is_empty(), "{name} left a child");
        // The thread that learns of deaths has to learn of the last one.
        until(|| descriptors() <= before);
        drop(limit);
        println!("{name}: ok");
    }
}

fn values() {
    let pool = ProcessPoolExecutor::new(3);
    let futures: Vec<_> = (0..200)
        .map(|n| pool.submit((square, (n,))).unwrap())
        .collect();
    let words = pool.submit((shout, ("ha".to_owned(), 2))).unwrap();
    let pids: HashSet<_> = (0..50)
        .map(|_| pool.submit((pid, ())).unwrap())
        .map(|future| future.result().unwrap())
        .collect();
    for (n, future) in futures.into_iter().enumerate() {
        assert_eq!(future.result().unwrap(), (n * n) as u64);
    }
    assert_eq!(words.result().unwrap(), "HAHA");
    assert!(!pids.contains(&std::process::id()));
    assert!((1..=3).contains(&pids.len()));
    assert_eq!(pool.max_workers(), 3);
}

fn large_values_and_files() {
    let pool = ProcessPoolExecutor::new(1);
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n / 3) as u8).collect();
    let back = pool.submit((reversed, (bytes.clone(),))).unwrap();
    assert!(back.result().unwrap().iter().eq(bytes.iter().rev()));
    let pipes: Vec<_> = (0..3).map(|_| std::io::pipe().unwrap()).collect();
    let (readers, writers): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
    let there = readers.into_iter().map(Descriptor::from).collect();
    let back = pool.submit((through, (there,))).unwrap().result().unwrap();
    for (n, mut writer) in writers.into_iter().enumerate() {
        write!(writer, "{n}").unwrap();
    }
    for (reader, n) in back.into_iter().zip(["2", "1", "0"]) {
        let mut text = String::new();
        let mut reader = fs::File::from(reader.as_fd().try_clone_to_owned().unwrap());
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, n);
    }
}

fn shared_objects() {
    let pool = ProcessPoolExecutor::new(3);
    let total = Lock::new(0_u64).unwrap();
    let seats = Semaphore::new(2).unwrap();
    let futures: Vec<_> = (0..60)
        .map(|_| pool.submit((adds, (total.clone(), seats.clone()))).unwrap())
        .collect();
    let waited = wait(futures, ReturnWhen::AllCompleted);
    assert_eq!((waited.done.len(), waited.not_done.len()), (60, 0));
    assert_eq!(*total.lock().unwrap(), 60);
    assert_eq!(seats.available(), 2);
}

/// What a worker's end, or its task's, is told as.
fn how<T: std::fmt::Debug>(future: Future<T>) -> ProcessError {
    match future.result() {
        Err(TaskError::Elsewhere(why)) => *why.downcast::<ProcessError>().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn panics() {
    let pool = ProcessPoolExecutor::new(1);
    let before = pool.submit((pid, ())).unwrap().result().unwrap();
    let ProcessError::Panicked { panic, .. } =
        how(pool.submit((fails, ("no paper".to_owned(),))).unwrap())
    else {
        panic!("it panicked")
    };
    assert_eq!(panic.message(), "no paper");
    assert!(panic.location().unwrap().contains("cases.rs"));
    // The worker lives on.
    assert_eq!(pool.submit((pid, ())).unwrap().result().unwrap(), before);
}

fn deaths() {
    let pool = ProcessPoolExecutor::new(1);
    let others: Vec<_> = (0..3)
        .map(|n| pool.submit((square, (n,))).unwrap())
        .collect();
    let exited = pool.submit((exits, (7,))).unwrap();
    let killed = pool.submit((kills_itself, ())).unwrap();
    let after = pool.submit((square, (9,))).unwrap();
    let exited = how(exited);
    assert!(
        matches!(exited, ProcessError::Exited { code: 7, .. }),
        "{exited:?}"
    );
    assert!(exited.to_string().contains('7'), "{exited}");
    let killed = how(killed);
    let is_killed =
        matches!(killed, ProcessError::Killed { signal, .. } if signal == libc::SIGKILL);
    assert!(is_killed, "{killed:?}");
    assert!(killed.to_string().contains("SIGKILL"), "{killed}");
    assert_eq!(after.result().unwrap(), 81);
    for (n, other) in others.into_iter().enumerate() {
        assert_eq!(other.result().unwrap(), (n * n) as u64);
    }
}

fn kill(pid: u32) {
    // SAFETY: plain call of the system, for a child that has not been waited for.
    unsafe { libc::kill(pid.cast_signed(), libc::SIGKILL) };
}

fn idle_deaths() {
    let pool = ProcessPoolExecutor::new(1);
    for _ in 0..10 {
        let worker = pool.submit((pid, ())).unwrap().result().unwrap();
        kill(worker);
        // Whether the death is known by now or not, the task does not suffer from it.
        let next = pool.submit((pid, ())).unwrap().result().unwrap();
        assert_ne!(next, worker);
    }
}

/// Each task ends, well or because its worker died; never with another's value.
fn kills() {
    let pool = ProcessPoolExecutor::new(2);
    let mut died = 0;
    for round in 0..40_u64 {
        let futures: Vec<_> = (0..40)
            .map(|n| pool.submit((square, (round * 100 + n,))).unwrap())
            .collect();
        std::thread::sleep(Duration::from_micros(round * 37 % 900));
        for child in process::active_children() {
            child.kill().unwrap();
        }
        for (n, future) in (0_u64..).zip(futures) {
            match future.result() {
                Ok(value) => assert_eq!(value, (round * 100 + n).pow(2)),
                Err(TaskError::Elsewhere(_)) => died += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    // Of those that a worker had, not of those that waited.
    assert!(died <= 80 * 2, "{died} tasks failed by 80 deaths");
}

fn cancel_before() {
    let pool = ProcessPoolExecutor::new(1);
    let (begun, go) = (Event::new().unwrap(), Event::new().unwrap());
    let running = pool.submit((waits, (begun.clone(), go.clone()))).unwrap();
    begun.wait();
    let waiting = pool.submit((square, (1,))).unwrap();
    assert!(running.running() && !waiting.running());
    assert_eq!(pool.pending(), 1);
    assert!(waiting.cancel() && waiting.cancelled());
    go.set();
    running.result().unwrap();
    assert!(matches!(waiting.result(), Err(TaskError::Cancelled)));
}

fn cancel_running() {
    let pool = ProcessPoolExecutor::new(1);
    for _ in 0..5 {
        let (begun, go) = (Event::new().unwrap(), Event::new().unwrap());
        let worker = pool.submit((pid, ())).unwrap().result().unwrap();
        let running = pool.submit((waits, (begun.clone(), go))).unwrap();
        let next = pool.submit((pid, ())).unwrap();
        begun.wait();
        assert!(running.running());
        let before = now();
        assert!(running.cancel() && running.cancelled() && running.done());
        assert!(!running.running());
        assert!(matches!(running.result(), Err(TaskError::Cancelled)));
        // Another worker is at the next one.
        assert_ne!(next.result().unwrap(), worker);
        assert!(before.elapsed() < LONG);
        assert!(
            !process::active_children()
                .iter()
                .any(|child| child.pid() == worker)
        );
    }
}

fn cancel_initialiser() {
    let (begun, go) = (Event::new().unwrap(), Event::new().unwrap());
    let pool = ProcessPoolExecutor::builder()
        .max_workers(1)
        .initializer(begins_and_waits, (begun.clone(), go.clone()))
        .unwrap()
        .build();
    let first = pool.submit((square, (1,))).unwrap();
    begun.wait();
    let worker = process::active_children().remove(0);
    assert!(first.cancel());
    worker.try_join_for(LONG).unwrap();
    assert_eq!(worker.exitcode(), Some(-libc::SIGKILL));
    // That is no reason to give up the pool.
    go.set();
    let second = pool.submit((square, (2,))).unwrap();
    assert_eq!(second.result().unwrap(), 4);
}

fn used_up() {
    let pool = ProcessPoolExecutor::builder()
        .max_workers(2)
        .max_tasks_per_child(1)
        .build();
    let go = Event::new().unwrap();
    let task = pool.submit((leaves_a_thread, (go.clone(),))).unwrap();
    task.try_result_for(LONG).unwrap();
    // Nor does another task.
    for n in 0..5 {
        let other = pool.submit((square, (n,))).unwrap();
        assert_eq!(other.try_result_for(LONG).unwrap(), n * n);
    }
    go.set();
}

fn unreadable_values() {
    let pool = ProcessPoolExecutor::new(1);
    for _ in 0..2 {
        let before = pool.submit((pid, ())).unwrap().result().unwrap();
        let task = pool.submit((unreadable, ())).unwrap();
        let Err(ResultError::Failed(TaskError::Panicked(panic))) = task.try_result_for(LONG) else {
            panic!("it was read")
        };
        assert!(panic.message().contains("cannot be read here"), "{panic}");
        assert_eq!(pool.submit((pid, ())).unwrap().result().unwrap(), before);
    }
}

/// Whoever is handed a task over there has not begun with it.
fn no_socket() {
    let pool = ProcessPoolExecutor::new(1);
    let event = Event::new().unwrap();
    let closed = pool.submit((closes_its_descriptors, ())).unwrap();
    closed.result().unwrap();
    let task = pool.submit((sets, (event.clone(),))).unwrap();
    task.result().unwrap();
    assert!(event.is_set());
}

fn files_that_do_not_arrive() {
    let pool = ProcessPoolExecutor::new(1);
    let few = pool.submit((has_few_descriptors, ())).unwrap();
    few.result().unwrap();
    let files = |n| -> Vec<Descriptor> {
        let file = || fs::File::open("/dev/null").unwrap().into();
        (0..n).map(|_| file()).collect()
    };
    let many = pool.submit((through, (files(300),))).unwrap();
    let why = how(many).to_string();
    assert!(why.contains("no file descriptor is left"), "{why}");
    // Nothing of that is taken for what comes along with the next.
    let one = pool.submit((through, (files(1),))).unwrap();
    assert_eq!(one.result().unwrap().len(), 1);
}

fn few_tasks_per_child() {
    let pool = ProcessPoolExecutor::builder()
        .max_workers(1)
        .max_tasks_per_child(3)
        .build();
    let pids: Vec<_> = (0..9)
        .map(|_| pool.submit((pid, ())).unwrap().result().unwrap())
        .collect();
    for three in pids.chunks(3) {
        assert!(three.iter().all(|pid| *pid == three[0]), "{pids:?}");
    }
    assert_eq!(pids.iter().collect::<HashSet<_>>().len(), 3);
}

fn initialiser() {
    let pool = ProcessPoolExecutor::builder()
        .max_workers(2)
        .initializer(initialise, (5,))
        .unwrap()
        .build();
    for future in (0..20).map(|_| pool.submit((initialised, ())).unwrap()) {
        assert_eq!(future.result().unwrap(), 5);
    }
    assert_eq!(INITIALISED.load(Ordering::Relaxed), 0);
}

fn broken() {
    let pool = ProcessPoolExecutor::builder()
        .max_workers(1)
        .initializer(refuses, ("out of order".to_owned(),))
        .unwrap()
        .build();
    let first = pool.submit((square, (1,)));
    if let Ok(first) = first {
        assert!(first.result().is_err());
    }
    until(|| matches!(pool.submit((square, (1,))), Err(SubmitError::Broken(_))));
}

fn refusals() {
    let pool = ProcessPoolExecutor::new(1);
    let refused = pool.submit((squares, ())).unwrap_err();
    let text = refused.to_string();
    assert!(matches!(refused, SubmitError::Unfit(..)));
    assert!(
        text.contains("cases::squares` is not") && text.contains("cases::square,"),
        "{text}"
    );
    assert!(!text.contains("a worker of a pool"), "{text}");
    pool.shutdown(true, false);
    let refused = pool.submit((square, (3,))).unwrap_err();
    assert!(matches!(refused, SubmitError::ShutDown((_, (3,)))));
}

/// Whatever it is that there is none for, the task says so, and what to do.
fn no_descriptor_is_left() {
    let limited = |to| {
        let limit = libc::rlimit {
            rlim_cur: to,
            rlim_max: 1024,
        };
        // SAFETY: the limit is a valid place.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    };
    let highest = fs::File::open("/dev/null").unwrap().as_raw_fd();
    let mut refusals = 0;
    for descriptors in u64::from(highest.cast_unsigned()).. {
        let pool = ProcessPoolExecutor::new(1);
        limited(descriptors);
        let ended = pool.submit((square, (3,))).unwrap().try_result_for(LONG);
        limited(1024);
        match ended {
            Ok(value) => {
                assert_eq!(value, 9);
                break;
            }
            Err(ResultError::Failed(why)) => {
                let why = why.to_string();
                // Its own limit is as low: it says so itself.
                let is_clear = why.contains("ulimit -n") || why.contains("before it came to");
                assert!(is_clear, "{descriptors}: {why}");
            }
            Err(ResultError::NotYet(_)) => panic!("it hangs with {descriptors} descriptors"),
        }
        refusals += 1;
        drop(pool);
    }
    assert!(refusals > 3, "{refusals}");
}

fn shutdown() {
    let pool = ProcessPoolExecutor::new(1);
    let (begun, go) = (Event::new().unwrap(), Event::new().unwrap());
    let running = pool.submit((waits, (begun.clone(), go.clone()))).unwrap();
    let waiting = pool.submit((square, (4,))).unwrap();
    begun.wait();
    pool.shutdown(false, true);
    assert!(waiting.cancelled() && running.running());
    let Err(ResultError::NotYet(running)) = running.try_result_for(SHORT) else {
        panic!("it waits")
    };
    go.set();
    running.result().unwrap();
    pool.shutdown(true, false);
    assert!(process::active_children().is_empty());
}

fn children_of_workers() {
    let pool = ProcessPoolExecutor::new(2);
    let futures: Vec<_> = (0..4)
        .map(|_| pool.submit((child_of_a_worker, ())).unwrap())
        .collect();
    for future in futures {
        assert_eq!(future.result().unwrap(), 36);
    }
}

fn map() {
    let pool = ProcessPoolExecutor::new(2);
    for chunk_size in [1, 7, 1_000] {
        let options = MapOptions::new().chunk_size(chunk_size);
        let squares = pool.map_with(options, square, (0..100).map(|n| (n,)));
        let squares: Result<Vec<_>, _> = squares.collect();
        assert!(squares.unwrap().into_iter().eq((0..100).map(|n| n * n)));
        // One that panics fails alone.
        let options = MapOptions::new().chunk_size(chunk_size);
        let results: Vec<_> = pool
            .map_with(options, half, [4, 5, 6].map(|n| (n,)))
            .map(|result| result.map_err(|why| why.to_string()))
            .collect();
        assert_eq!((&results[0], &results[2]), (&Ok(2), &Ok(3)));
        assert!(results[1].as_ref().unwrap_err().contains("5 is odd"));
    }
    assert_eq!(pool.map(square, std::iter::empty()).count(), 0);
    let results: Vec<_> = pool.map(squares, [()]).collect();
    let [Err(MapError::Failed(why))] = &results[..] else {
        panic!("{results:?}")
    };
    assert!(why.to_string().contains("register!"), "{why}");
    let results: Vec<_> = pool.map(exits, [(3,)]).collect();
    assert!(matches!(&results[..], [Err(MapError::Failed(_))]));
    pool.shutdown(true, false);
    let results: Vec<_> = pool.map(square, [(1,), (2,)]).collect();
    assert!(matches!(&results[..], [Err(MapError::NotSubmitted)]));
}

fn map_with() {
    let pool = ProcessPoolExecutor::new(1);
    let (begun, go) = (Event::new().unwrap(), Event::new().unwrap());
    let options = MapOptions::new().timeout(SHORT);
    let mut late = pool.map_with(options, waits, [(begun.clone(), go.clone())]);
    assert!(matches!(late.next(), Some(Err(MapError::TimedOut))));
    assert!(late.next().is_none());
    drop(late);
    // The call that runs is left to end, by the same worker.
    begun.wait();
    let worker = process::active_children()[0].pid();
    go.set();
    assert_eq!(pool.submit((pid, ())).unwrap().result().unwrap(), worker);

    let taken = AtomicU32::new(0);
    let arguments = (0..1_000).map(|n| {
        taken.fetch_add(1, Ordering::Relaxed);
        (n,)
    });
    let options = MapOptions::new().buffer_size(4).chunk_size(2);
    let mut squares = pool.map_with(options, square, arguments);
    assert_eq!(taken.load(Ordering::Relaxed), 8);
    assert_eq!(squares.next().unwrap().unwrap(), 0);
    assert_eq!(taken.load(Ordering::Relaxed), 10);
}

/// The futures of both pools are of one type.
fn with_threads() {
    let (threads, processes) = (
        weftline::ThreadPoolExecutor::new(2),
        ProcessPoolExecutor::new(1),
    );
    let futures = (0..10_u64).map(|n| match n % 2 {
        0 => threads.submit(move || square(n)).unwrap(),
        _ => processes.submit((square, (n,))).unwrap(),
    });
    let mut values: Vec<_> = as_completed(futures)
        .map(|future| future.result().unwrap())
        .collect();
    values.sort_unstable();
    assert_eq!(values, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
    for future in (0..3).map(|_| processes.submit((nothing, ())).unwrap()) {
        future.result().unwrap();
    }
}

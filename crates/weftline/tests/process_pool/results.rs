//! Arguments and results of tasks, one by one and mapped.

use super::tasks::{
    adds, child_of_a_worker, exits, fails, half, has_few_descriptors, nothing, pid, reversed,
    shout, square, squares, through, unreadable, waits,
};
use super::{Case, how};
use crate::support::{LONG, SHORT};
use std::collections::HashSet;
use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, Ordering};
use weftline::process::{
    self, Descriptor, Event, Lock, ProcessError, ProcessPoolExecutor, Semaphore,
};
use weftline::{
    Executor, MapError, MapOptions, ResultError, ReturnWhen, TaskError, as_completed, wait,
};

pub(crate) const CASES: &[Case] = &[
    ("values", values),
    ("large values and files", large_values_and_files),
    ("shared objects", shared_objects),
    ("panics", panics),
    ("a value that panics when it is read", unreadable_values),
    ("files that do not arrive", files_that_do_not_arrive),
    ("map", map),
    ("map, in time and ahead of it", map_with),
    ("children of workers", children_of_workers),
    ("futures of two kinds", with_threads),
];

fn values() {
    let pool = ProcessPoolExecutor::new(3);
    let futures: Vec<_> = (0..200)
        .map(|n| pool.submit(square, (n,)).unwrap())
        .collect();
    let words = pool.submit(shout, ("ha".to_owned(), 2)).unwrap();
    let pids: HashSet<_> = (0..50)
        .map(|_| pool.submit(pid, ()).unwrap())
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
    let back = pool.submit(reversed, (bytes.clone(),)).unwrap();
    assert!(back.result().unwrap().iter().eq(bytes.iter().rev()));
    let pipes: Vec<_> = (0..3).map(|_| std::io::pipe().unwrap()).collect();
    let (readers, writers): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
    let there = readers.into_iter().map(Descriptor::from).collect();
    let back = pool.submit(through, (there,)).unwrap().result().unwrap();
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
        .map(|_| pool.submit(adds, (total.clone(), seats.clone())).unwrap())
        .collect();
    let waited = wait(futures, ReturnWhen::AllCompleted);
    assert_eq!((waited.done.len(), waited.not_done.len()), (60, 0));
    assert_eq!(*total.lock().unwrap(), 60);
    assert_eq!(seats.available(), 2);
}

fn panics() {
    let pool = ProcessPoolExecutor::new(1);
    let before = pool.submit(pid, ()).unwrap().result().unwrap();
    let ProcessError::Panicked { panic, .. } =
        how(pool.submit(fails, ("no paper".to_owned(),)).unwrap())
    else {
        panic!("it panicked")
    };
    assert_eq!(panic.message(), "no paper");
    assert!(panic.location().unwrap().contains("tasks.rs"));
    // The worker lives on.
    assert_eq!(pool.submit(pid, ()).unwrap().result().unwrap(), before);
}

fn unreadable_values() {
    let pool = ProcessPoolExecutor::new(1);
    for _ in 0..2 {
        let before = pool.submit(pid, ()).unwrap().result().unwrap();
        let task = pool.submit(unreadable, ()).unwrap();
        let Err(ResultError::Failed(TaskError::Panicked(panic))) = task.try_result_for(LONG) else {
            panic!("it was read")
        };
        assert!(panic.message().contains("cannot be read here"), "{panic}");
        assert_eq!(pool.submit(pid, ()).unwrap().result().unwrap(), before);
    }
}

fn files_that_do_not_arrive() {
    let pool = ProcessPoolExecutor::new(1);
    let few = pool.submit(has_few_descriptors, ()).unwrap();
    few.result().unwrap();
    let files = |n| -> Vec<Descriptor> {
        let file = || fs::File::open("/dev/null").unwrap().into();
        (0..n).map(|_| file()).collect()
    };
    let many = pool.submit(through, (files(300),)).unwrap();
    let why = how(many).to_string();
    assert!(why.contains("no file descriptor is left"), "{why}");
    // No part of that is taken for the files of the next task.
    let one = pool.submit(through, (files(1),)).unwrap();
    assert_eq!(one.result().unwrap().len(), 1);
}

fn map() {
    let pool = ProcessPoolExecutor::new(2);
    for chunk_size in [1, 7, 1_000] {
        let options = MapOptions::new().chunk_size(chunk_size);
        let squares = pool.map_with(square, (0..100).map(|n| (n,)), options);
        let squares: Result<Vec<_>, _> = squares.collect();
        assert!(squares.unwrap().into_iter().eq((0..100).map(|n| n * n)));
        // A call that panics fails alone.
        let options = MapOptions::new().chunk_size(chunk_size);
        let results: Vec<_> = pool
            .map_with(half, [4, 5, 6].map(|n| (n,)), options)
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
    pool.shutdown();
    let results: Vec<_> = pool.map(square, [(1,), (2,)]).collect();
    assert!(matches!(&results[..], [Err(MapError::NotSubmitted)]));
}

fn map_with() {
    let pool = ProcessPoolExecutor::new(1);
    let (begun, go) = (Event::new().unwrap(), Event::new().unwrap());
    let options = MapOptions::new().timeout(SHORT);
    let mut late = pool.map_with(waits, [(begun.clone(), go.clone())], options);
    // A task that has not begun would be cancelled with the others.
    begun.wait();
    assert!(matches!(late.next(), Some(Err(MapError::TimedOut))));
    assert!(late.next().is_none());
    drop(late);
    // The call that runs is left to end, by the same worker.
    let worker = process::active_children()[0].pid();
    go.set();
    assert_eq!(pool.submit(pid, ()).unwrap().result().unwrap(), worker);

    let taken = AtomicU32::new(0);
    let arguments = (0..1_000).map(|n| {
        taken.fetch_add(1, Ordering::Relaxed);
        (n,)
    });
    let options = MapOptions::new().buffer_size(4).chunk_size(2);
    let mut squares = pool.map_with(square, arguments, options);
    assert_eq!(taken.load(Ordering::Relaxed), 8);
    assert_eq!(squares.next().unwrap().unwrap(), 0);
    assert_eq!(taken.load(Ordering::Relaxed), 10);
}

fn children_of_workers() {
    let pool = ProcessPoolExecutor::new(2);
    let futures: Vec<_> = (0..4)
        .map(|_| pool.submit(child_of_a_worker, ()).unwrap())
        .collect();
    for future in futures {
        assert_eq!(future.result().unwrap(), 36);
    }
}

/// The futures of both pools are of one type.
fn with_threads() {
    let (threads, processes) = (
        weftline::ThreadPoolExecutor::new(2),
        ProcessPoolExecutor::new(1),
    );
    let futures = (0..10_u64).map(|n| match n % 2 {
        0 => threads.submit(move || square(n)).unwrap(),
        _ => processes.submit(square, (n,)).unwrap(),
    });
    let mut values: Vec<_> = as_completed(futures)
        .map(|future| future.result().unwrap())
        .collect();
    values.sort_unstable();
    assert_eq!(values, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
    for future in (0..3).map(|_| processes.submit(nothing, ()).unwrap()) {
        future.result().unwrap();
    }
}

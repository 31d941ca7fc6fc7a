//! `process::Queue` between threads of one process; `process_deaths.rs` tests other processes.
#![cfg(all(target_os = "linux", target_pointer_width = "64"))]

mod support;

use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use support::{SHORT, Sleeper, count, limit, now};
use weftline::process::{GetError, Lock, Process, PutError, Queue};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Job {
    Resize { name: String, width: u32 },
    Nothing,
    Bytes(Vec<u8>),
}

#[test]
fn items_come_out_in_their_order() {
    let _limit = limit();
    let queue = Queue::unbounded().unwrap();
    assert!(queue.is_empty() && queue.capacity().is_none());
    let job = |n| Job::Resize {
        name: format!("picture {n}"),
        width: n,
    };
    for n in 0..100 {
        queue.put(job(n)).unwrap();
        queue.put(Job::Nothing).unwrap();
    }
    assert_eq!(queue.len(), 200);
    for n in 0..100 {
        assert_eq!(queue.get().unwrap(), job(n));
        assert_eq!(queue.get().unwrap(), Job::Nothing);
    }
    assert_eq!(queue.try_get(), Err(GetError::Empty));
}

#[test]
fn a_full_queue_gives_the_item_back() {
    let _limit = limit();
    let queue = Queue::bounded(2).unwrap();
    queue.put("a".to_owned()).unwrap();
    queue.put("b".to_owned()).unwrap();
    assert_eq!(queue.capacity(), Some(2));
    let Err(PutError::Full(item)) = queue.try_put("c".to_owned()) else {
        panic!("it is full")
    };
    let before = now();
    let error = queue.try_put_for(item, SHORT).unwrap_err();
    assert_eq!(error.to_string(), "the queue is full");
    let error = queue
        .try_put_until(error.into_inner(), now() + SHORT)
        .unwrap_err();
    assert!(before.elapsed() >= 2 * SHORT);
    assert_eq!(error.into_inner(), "c");
    assert_eq!(queue.get().unwrap(), "a");
    queue.try_put("c".to_owned()).unwrap();
    assert_eq!(queue.iter().take(2).collect::<Vec<_>>(), ["b", "c"]);
    let before = now();
    assert_eq!(queue.try_get_for(SHORT), Err(GetError::Empty));
    assert_eq!(queue.try_get_until(now() + SHORT), Err(GetError::Empty));
    assert!(before.elapsed() >= 2 * SHORT);
}

#[test]
fn items_of_any_size_go_around_the_ring() {
    let _limit = limit();
    let queue = Queue::unbounded().unwrap();
    let mut put = 0_u64;
    let mut got = 0_u64;
    let size = |n: u64| (n * n * 31 % 997) as usize * if n.is_multiple_of(50) { 300 } else { 1 };
    let mut seed = 1_u64;
    for _ in 0..count(5_000) {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if seed >> 33 & 3 != 0 || got == put {
            queue.put((put, vec![put as u8; size(put)])).unwrap();
            put += 1;
        } else {
            let (n, bytes) = queue.get().unwrap();
            assert_eq!((n, bytes.len()), (got, size(got)));
            assert!(bytes.iter().all(|byte| *byte == n as u8));
            got += 1;
        }
        assert_eq!(queue.len() as u64, put - got);
    }
    while got < put {
        assert_eq!(queue.try_get().unwrap().0, got);
        got += 1;
    }
}

#[test]
fn an_item_of_many_megabytes_is_like_any_other() {
    let _limit = limit();
    let queue = Queue::bounded(1).unwrap();
    let large: Vec<u8> = (0..5_000_000_u32).map(|n| n as u8).collect();
    queue.put(Job::Bytes(large.clone())).unwrap();
    assert_eq!(queue.get().unwrap(), Job::Bytes(large));
    queue.put(Job::Nothing).unwrap();
    assert_eq!(queue.get().unwrap(), Job::Nothing);
}

#[test]
fn between_threads_nothing_is_lost_or_doubled() {
    let _limit = limit();
    let each = count(20_000) as u64;
    for capacity in [1, 3, 100] {
        let queue = Queue::bounded(capacity).unwrap();
        let sum = AtomicU64::new(0);
        let count = AtomicU64::new(0);
        thread::scope(|scope| {
            let producers: Vec<_> = (0..3)
                .map(|p| {
                    let queue = &queue;
                    scope.spawn(move || {
                        for n in 0..each {
                            queue.put((p, n)).unwrap();
                        }
                    })
                })
                .collect();
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut last = [None; 3];
                    for (p, n) in &queue {
                        let last: &mut Option<u64> = &mut last[p as usize];
                        assert!(last.is_none_or(|last| last < n), "out of order");
                        *last = Some(n);
                        sum.fetch_add(n, Ordering::Relaxed);
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            for producer in producers {
                producer.join().unwrap();
            }
            queue.shutdown(false);
        });
        assert_eq!(count.load(Ordering::Relaxed), 3 * each);
        assert_eq!(sum.load(Ordering::Relaxed), 3 * each * (each - 1) / 2);
    }
}

#[test]
fn shutdown_ends_the_waits_and_leaves_the_items() {
    let _limit = limit();
    let queue = Queue::bounded(1).unwrap();
    queue.put(1_u32).unwrap();
    thread::scope(|scope| {
        let putter = Sleeper::new(scope, || queue.put(2));
        queue.shutdown(false);
        assert!(putter.is_woken());
        let put = putter.thread.join().unwrap();
        assert!(matches!(put, Err(PutError::ShutDown(2))));
    });
    assert!(matches!(queue.put(3), Err(PutError::ShutDown(3))));
    assert_eq!(queue.get(), Ok(1));
    assert_eq!(queue.get(), Err(GetError::ShutDown));

    let queue = Queue::<u32>::unbounded().unwrap();
    queue.put(1).unwrap();
    queue.shutdown(true);
    assert_eq!(queue.get(), Err(GetError::ShutDown));
}

#[test]
fn an_item_of_another_type_is_an_error_that_names_the_type() {
    let _limit = limit();
    let name = format!("weftline-test-{}-queue", std::process::id());
    // SAFETY: a name of this test's own.
    let numbers = unsafe { Queue::create(&name, Some(4)) }.unwrap();
    // SAFETY: as above.
    let texts = unsafe { Queue::<String>::open(&name) }.unwrap();
    weftline::process::unlink(&name).unwrap();
    numbers.put((9_u8, 1_u8)).unwrap();
    let error = texts.get().unwrap_err();
    assert!(
        error.to_string().contains("no alloc::string::String"),
        "{error}"
    );
    numbers.put((1, 2)).unwrap();
    assert_eq!(numbers.get(), Ok((1, 2)));
}

#[test]
fn a_shared_object_is_no_item() {
    let _limit = limit();
    let queue = Queue::unbounded().unwrap();
    let lock = Lock::new(0_u32).unwrap();
    let error = queue.put(lock).unwrap_err();
    assert!(error.to_string().contains("only as an argument"), "{error}");
    assert!(matches!(error, PutError::Encode(..)));
    assert!(queue.is_empty());
}

/// Puts an item when it is dropped.
struct Last(Queue<u32>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.put(2).unwrap();
        assert_eq!(self.0.get(), Ok(1));
    }
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

#[test]
fn the_destructor_of_a_thread_local_uses_a_queue() {
    let _limit = limit();
    let queue = Queue::unbounded().unwrap();
    let there = queue.clone();
    let uses = move || {
        LAST.set(Some(Last(there.clone())));
        there.put(1).unwrap();
    };
    thread::spawn(uses).join().unwrap();
    assert_eq!(queue.get(), Ok(2));
}

struct Unwritable;

impl Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("unwritable")
    }
}

impl<'de> Deserialize<'de> for Unwritable {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        unreachable!("no value of it was ever written")
    }
}

/// The thread must not count as still packing the arguments that panicked.
#[test]
fn a_shared_object_is_no_item_after_arguments_that_panicked() {
    let _limit = limit();
    let describe = || Process::new(|_: Unwritable| (), (Unwritable,));
    assert!(catch_unwind(describe).is_err());
    let queue = Queue::unbounded().unwrap();
    let error = queue.put(Lock::new(0_u32).unwrap()).unwrap_err();
    assert!(error.to_string().contains("only as an argument"), "{error}");
}

/// Another getter takes the first getter's item before that runs again, and then its deadline
/// passes.
#[test]
fn a_getter_that_gives_up_leaves_the_others_to_be_woken() {
    let _limit = limit();
    let queue = Queue::unbounded().unwrap();
    for round in 0..count(30) as u32 {
        let deadline = now() + Duration::from_millis(100);
        thread::scope(|scope| {
            let first = Sleeper::new(scope, || queue.try_get_until(deadline));
            // Behind the first getter in the kernel's order.
            let second = Sleeper::new(scope, || queue.get().unwrap());
            let just_before = Duration::from_micros(u64::from(round) * 10);
            thread::sleep((deadline - just_before).saturating_duration_since(now()));
            queue.put(1).unwrap();
            let stolen = queue.try_get();
            let first = first.thread.join().unwrap();
            queue.put(2).unwrap();
            assert!(second.is_woken(), "stolen: {stolen:?}, got: {first:?}");
            second.thread.join().unwrap();
            while queue.try_get().is_ok() {}
        });
    }
}

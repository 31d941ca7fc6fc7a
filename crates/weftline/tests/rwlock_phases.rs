//! The order in which readers and writers get an `RwLock`.

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use support::{SHORT, blocked, limit, now};
use weftline::{Barrier, RwLock};

#[test]
fn a_waiting_writer_stops_new_readers_but_not_a_thread_that_reads() {
    let _limit = limit();
    let lock = RwLock::new(0);
    std::thread::scope(|scope| {
        let outer = lock.read();
        let writer = blocked(scope, || *lock.write() += 1);
        scope
            .spawn(|| {
                assert!(lock.try_read().is_none());
                assert!(lock.try_read_for(SHORT).is_none());
                assert!(lock.try_upgradable_read().is_none());
            })
            .join()
            .unwrap();
        let again = [lock.read(), lock.try_read().unwrap()];
        let upgradable = lock.upgradable_read();
        assert_eq!(lock.readers(), 4);
        drop(outer);
        assert!(!writer.is_finished());
        drop((again, upgradable));
        writer.join().unwrap();
    });
    assert_eq!(lock.into_inner(), 1);
}

#[test]
fn readers_that_wait_behind_a_writer_that_gives_up_read() {
    let _limit = limit();
    let lock = RwLock::new(());
    std::thread::scope(|scope| {
        let read = lock.read();
        let writer = blocked(scope, || {
            lock.try_write_for(Duration::from_millis(200)).is_none()
        });
        // Only the writer's leaving lets it in.
        let reader = blocked(scope, || drop(lock.read()));
        reader.join().unwrap();
        assert!(writer.join().unwrap());
        drop(read);
    });
}

#[test]
fn all_readers_that_wait_for_a_writer_read_before_the_next_writer() {
    let _limit = limit();
    let lock = RwLock::new(());
    let (reads, together) = (AtomicUsize::new(0), Barrier::new(3));
    std::thread::scope(|scope| {
        let write = lock.write();
        let next_writer = blocked(scope, || {
            let _write = lock.write();
            reads.load(Ordering::Relaxed)
        });
        let readers: Vec<_> = (0..3)
            .map(|_| {
                blocked(scope, || {
                    let _read = lock.read();
                    // No reader leaves before all are in.
                    together.wait().unwrap();
                    reads.fetch_add(1, Ordering::Relaxed);
                })
            })
            .collect();
        // All are older than the starvation bound.
        std::thread::sleep(SHORT);
        drop(write);
        readers.into_iter().for_each(|it| it.join().unwrap());
        assert_eq!(next_writer.join().unwrap(), 3);
    });
}

#[test]
fn a_writer_gets_the_lock_while_readers_hammer_it_and_a_reader_while_writers_do() {
    let _limit = limit();
    for readers_hammer in [true, false] {
        let lock = RwLock::new(0_u64);
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        // So long that reads of three threads overlap for ever.
                        if readers_hammer {
                            let value = lock.read();
                            (0..200).for_each(|_| assert!(std::hint::black_box(*value) < 100));
                        } else {
                            let mut value = lock.write();
                            (0..200).for_each(|_| *value = std::hint::black_box(*value + 1));
                        }
                    }
                });
            }
            for _ in 0..50 {
                let start = now();
                if readers_hammer {
                    *lock.write() += 1;
                } else {
                    drop(lock.read());
                }
                assert!(start.elapsed() < Duration::from_secs(5), "starved");
            }
            stop.store(true, Ordering::Relaxed);
        });
    }
}

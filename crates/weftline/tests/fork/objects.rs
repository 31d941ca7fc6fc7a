//! Each object, in the child of a process whose other threads use it.

use crate::child::{blocked, in_child, while_hammered};
use crate::support::waits::{self, Waiting};
use crate::support::{LONG, SHORT};
use std::cell::Cell;
use weftline::{
    Barrier, BoundedSemaphore, Condition, Event, GetError, Lock, PriorityQueue, Queue, RLock,
    Semaphore, Timer,
};

pub(crate) fn lock() {
    let lock = Lock::new(0_u64);
    while_hammered(
        || *lock.lock() += 1,
        &[],
        || {
            // The owner does not exist in this process.
            for _ in 0..3 {
                *lock.lock() += 1;
            }
            assert!(lock.try_lock().is_some());
            assert!(!lock.is_locked());
        },
        || (),
    );
}

pub(crate) fn rlock() {
    let lock = RLock::new(Cell::new(0_u64));
    while_hammered(
        || {
            let _outer = lock.lock();
            let inner = lock.lock();
            inner.set(inner.get() + 1);
        },
        &[],
        || {
            let outer = lock.lock();
            drop(lock.lock());
            assert!(lock.is_owned());
            drop(outer);
            assert!(
                !lock.is_locked(),
                "the dead owner's recursions are forgotten"
            );
        },
        || (),
    );
}

pub(crate) fn waits_of_every_object() {
    const THREADS: usize = 2;
    let blocked_in = |waiting: &Waiting, after: &dyn Fn()| {
        weftline::scope(|scope| {
            for _ in 0..THREADS {
                blocked(scope, &waiting.wait);
            }
            after();
            (waiting.end)();
        });
    };
    for waiting in waits::all(THREADS) {
        // The parent's threads do not wait in the child, whose own do.
        blocked_in(&waiting, &|| {
            for _ in 0..5 {
                in_child(|| blocked_in(&waiting, &|| ()));
            }
        });
    }
}

pub(crate) fn objects_in_use() {
    let (lock, other) = (Lock::new(1), Lock::new(2));
    let re_entrant = RLock::new(());
    let permits = BoundedSemaphore::new(2);
    let end = Event::new();
    weftline::scope(|scope| {
        let held = lock.lock();
        let outer = re_entrant.lock();
        let inner = re_entrant.lock();
        let permit = permits.acquire(1);
        blocked(scope, || {
            let _held = other.lock();
            end.wait();
        });
        blocked(scope, || drop(lock.lock()));
        blocked(scope, || drop(re_entrant.lock()));
        in_child(|| {
            assert!(other.try_lock().is_some(), "its owner is gone");
            assert!(lock.is_locked() && re_entrant.is_owned());
            weftline::scope(|scope| {
                scope.spawn(|| {
                    assert!(lock.try_lock_for(SHORT).is_none());
                    assert!(re_entrant.try_lock().is_none());
                });
            });
            drop((held, inner, outer));
            assert!(!lock.is_locked() && !re_entrant.is_locked());
            weftline::scope(|scope| {
                scope.spawn(|| drop((lock.lock(), re_entrant.lock())));
            });
            assert_eq!(permits.available(), 1);
            drop(permit);
            assert_eq!(permits.available(), 2);
            assert!(permits.release(1).is_err());
        });
        end.set();
    });
}

pub(crate) fn condition() {
    let condition = Condition::new(false);
    while_hammered(
        || {
            let mut held = condition.lock();
            let _ = held.try_wait_for(SHORT / 50);
            held.notify_one();
        },
        &[&|| condition.lock().wait_while(|done| !*done), &|| {
            condition.lock().wait_while(|done| !*done)
        }],
        || {
            let mut held = condition.lock();
            assert_eq!(held.notify_all(), 0, "no thread waits in this process");
            assert!(held.try_wait_for(SHORT).is_err());
            drop(held);
            weftline::scope(|scope| {
                let wait = blocked(scope, || condition.lock().wait_while(|done| !*done));
                let mut held = condition.lock();
                *held = true;
                assert_eq!(held.notify_all(), 1);
                drop(held);
                wait.join().unwrap();
            });
        },
        || {
            let mut held = condition.lock();
            *held = true;
            held.notify_all();
        },
    );
    forks_between_notification_and_release();
}

fn forks_between_notification_and_release() {
    let condition = Condition::new(0_u64);
    weftline::scope(|scope| {
        let wait = blocked(scope, || condition.lock().wait());
        let mut held = condition.lock();
        assert!(held.notify_one());
        in_child(|| {
            *held += 1;
            drop(held);
            let again = condition.lock();
            assert_eq!(again.notify_all(), 0);
        });
        wait.join().unwrap();
    });
}

pub(crate) fn event() {
    let (event, end) = (Event::new(), Event::new());
    while_hammered(
        || {
            event.set();
            event.clear();
            let _ = event.try_wait_for(SHORT / 50);
        },
        &[&|| end.wait(), &|| end.wait()],
        || {
            event.set();
            event.wait();
            event.clear();
            assert!(event.try_wait_for(SHORT).is_err());
            assert!(end.try_wait().is_err());
            weftline::scope(|scope| {
                let wait = blocked(scope, || end.wait());
                end.set();
                wait.join().unwrap();
            });
        },
        || end.set(),
    );
}

pub(crate) fn semaphore() {
    let (busy, empty) = (Semaphore::new(1), Semaphore::new(0));
    while_hammered(
        || drop(busy.acquire(1)),
        &[&|| empty.acquire(1).forget(), &|| empty.acquire(2).forget()],
        || {
            // A thread that is gone may have had the one permit. Permits have no owner, so that
            // cannot be known.
            busy.release(1).unwrap();
            drop(busy.acquire(1));
            assert!(empty.try_acquire(1).is_none());
            assert!(empty.try_acquire_for(1, SHORT).is_none());
            empty.release(1).unwrap();
            empty.acquire(1).forget();
            assert_eq!(empty.available(), 0, "no other thread has waited for it");
        },
        || empty.release(3).unwrap(),
    );
}

pub(crate) fn barrier() {
    let (busy, filling) = (Barrier::new(2), Barrier::new(3));
    while_hammered(
        || {
            let _ = busy.try_wait_for(SHORT);
            if busy.is_broken() {
                busy.reset();
            }
        },
        &[&|| assert!(filling.wait().is_ok())],
        || {
            assert_eq!(
                filling.n_waiting(),
                0,
                "the parties that had arrived are gone"
            );
            assert!(!filling.is_broken());
            assert!(busy.parties() == 2 && busy.n_waiting() == 0);
            busy.reset();
            weftline::scope(|scope| {
                scope.spawn(|| assert!(busy.wait().is_ok()));
                assert!(busy.wait().is_ok());
            });
            assert!(filling.try_wait_for(SHORT).is_err());
            assert!(filling.is_broken());
        },
        || {
            weftline::scope(|scope| {
                scope.spawn(|| assert!(filling.wait().is_ok()));
                assert!(filling.wait().is_ok());
            });
        },
    );
}

pub(crate) fn queue() {
    let (busy, empty, full) = (Queue::bounded(4), Queue::unbounded(), Queue::bounded(1));
    full.put(0).unwrap();
    while_hammered(
        || {
            let _ = busy.try_put_for(1_u64, SHORT / 50);
            let _ = busy.try_get();
            let _ = busy.task_done();
        },
        &[
            &|| assert_eq!(empty.get(), Err::<u64, _>(GetError::ShutDown)),
            &|| assert!(full.put(1).is_err()),
            &|| full.join(),
        ],
        || {
            while busy.try_get().is_ok() {}
            assert!(busy.is_empty());
            for round in 0..4 {
                busy.put(round).unwrap();
            }
            assert!(busy.try_put(4).is_err());
            assert_eq!(busy.get(), Ok(0));
            assert!(empty.try_get_for(SHORT).is_err());
            empty.put(7).unwrap();
            assert_eq!(empty.get(), Ok(7), "no dead thread took it");
            assert!(full.try_put_for(1, SHORT).is_err());
            assert_eq!(full.get(), Ok(0));
            full.put(2).unwrap();
            assert_eq!(full.try_get(), Ok(2), "no dead thread's item came between");
            full.task_done().unwrap();
            full.task_done().unwrap();
            full.join();
            full.shutdown(true);
            assert!(full.put(1).is_err());
        },
        || {
            empty.shutdown(false);
            full.shutdown(true);
        },
    );
}

pub(crate) fn priority_queue() {
    let queue = PriorityQueue::unbounded();
    let mut next = 0;
    let numbers = Lock::new(move || {
        next = (next + 7_919) % 10_007;
        next
    });
    (0..8).for_each(|item| queue.put(item).unwrap());
    while_hammered(
        || {
            let number = (numbers.lock())();
            queue.put(number).unwrap();
            let _ = queue.try_get();
        },
        &[],
        || {
            // The comparing thread is gone; its operation has not happened.
            queue.put(3).unwrap();
            queue.put(1).unwrap();
            let mut last = 0;
            while let Ok(item) = queue.try_get() {
                assert!(item >= last, "the heap is out of order");
                last = item;
            }
        },
        || (),
    );
}

pub(crate) fn child_of_a_child() {
    let (lock, queue) = (Lock::new(0), Queue::unbounded());
    while_hammered(
        || {
            *lock.lock() += 1;
            queue.put(()).unwrap();
            queue.get().unwrap();
        },
        &[],
        || {
            *lock.lock() += 1;
            in_child(|| {
                *lock.lock() += 1;
                queue.put(()).unwrap();
                queue.get().unwrap();
            });
            queue.put(()).unwrap();
            queue.get().unwrap();
        },
        || (),
    );
}

pub(crate) fn threads_of_the_child() {
    let (lock, queue) = (Lock::new(0), Queue::bounded(2));
    while_hammered(
        || {
            *lock.lock() += 1;
            queue.put(()).unwrap();
            queue.get().unwrap();
        },
        &[],
        || {
            while queue.try_get().is_ok() {}
            weftline::scope(|scope| {
                scope.spawn(|| {
                    for _ in 0..100 {
                        *lock.lock() += 1;
                        queue.put(()).unwrap();
                    }
                });
                for _ in 0..100 {
                    queue.get().unwrap();
                    *lock.lock() += 1;
                }
            });
        },
        || (),
    );
}

/// The parent's pending timers neither run nor are pending in the child, which starts its own.
pub(crate) fn timers() {
    let parent = std::process::id();
    let guarded = move || {
        if std::process::id() != parent {
            // SAFETY: leaves at once; its code tells that this has run in a child.
            unsafe { libc::_exit(9) };
        }
    };
    let pending = Timer::new(LONG, guarded);
    pending.start().unwrap();
    while_hammered(
        || {
            let timer = Timer::new(SHORT / 50, guarded);
            timer.start().unwrap();
            if timer.cancel() {
                return;
            }
            timer.join().unwrap();
        },
        &[],
        || {
            assert!(!pending.is_alive() && !pending.cancel());
            assert_eq!(pending.join(), Ok(()));
            let timers = [SHORT, SHORT * 2].map(|interval| Timer::new(interval, || ()));
            for timer in &timers {
                timer.start().unwrap();
            }
            for timer in timers {
                assert_eq!(timer.try_join_for(LONG), Ok(()));
                assert!(timer.has_fired());
            }
        },
        || (),
    );
    assert!(pending.is_alive() && pending.cancel());
}

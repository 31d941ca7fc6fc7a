//! Every object in which threads wait: how a thread waits, and the call that ends the waits.
//!
//! Tests that promise the same of each go over this list, and so does the benchmark of idle
//! threads. The list takes only types that may be shared between threads and used after a panic.

use super::leak;
use std::cell::Cell;
use std::panic::{RefUnwindSafe, UnwindSafe};
use weftline::{
    Barrier, BoundedSemaphore, Condition, Event, LifoQueue, Lock, PriorityQueue, Queue, RLock,
    RwLock, Semaphore, SimpleQueue,
};

/// An object in which a number of threads are going to wait.
pub(crate) struct Waiting {
    /// The class, and the call if the class has several.
    pub(crate) name: &'static str,
    /// Waits until `end` is called.
    pub(crate) wait: Box<dyn Fn() + Send + Sync>,
    /// Ends all waits. The thread that made the object calls it, once.
    pub(crate) end: Box<dyn Fn()>,
}

fn waiting<T: Send + Sync + UnwindSafe + RefUnwindSafe + 'static>(
    name: &'static str,
    object: T,
    wait: fn(&T),
    end: impl FnOnce(&'static T) -> Box<dyn Fn()>,
) -> Waiting {
    let object: &'static T = leak(object);
    Waiting {
        name,
        wait: Box::new(move || wait(object)),
        end: end(object),
    }
}

/// The end of the waits for what the calling thread holds.
fn dropping<G: 'static>(held: G) -> Box<dyn Fn()> {
    let held = Cell::new(Some(held));
    Box::new(move || drop(held.take()))
}

/// All objects, each for that many threads.
pub(crate) fn all(threads: usize) -> Vec<Waiting> {
    vec![
        waiting(
            "Lock",
            Lock::new(()),
            |lock| drop(lock.lock()),
            |lock| dropping(lock.lock()),
        ),
        waiting(
            "RLock",
            RLock::new(()),
            |lock| drop(lock.lock()),
            |lock| dropping(lock.lock()),
        ),
        waiting(
            "RwLock, read",
            RwLock::new(()),
            |lock| drop(lock.read()),
            |lock| dropping(lock.write()),
        ),
        waiting(
            "RwLock, write",
            RwLock::new(()),
            |lock| drop(lock.write()),
            |lock| dropping((lock.read(), lock.read())),
        ),
        waiting(
            "RwLock, upgradable",
            RwLock::new(()),
            |lock| drop(lock.upgradable_read()),
            |lock| dropping(lock.upgradable_read()),
        ),
        waiting(
            "Condition",
            Condition::new(()),
            |condition| condition.lock().wait(),
            |condition| {
                Box::new(|| {
                    condition.lock().notify_all();
                })
            },
        ),
        waiting("Event", Event::new(), Event::wait, |event| {
            Box::new(|| event.set())
        }),
        waiting(
            "Semaphore",
            Semaphore::new(0),
            |semaphore| semaphore.acquire(1).forget(),
            |semaphore| Box::new(move || semaphore.release(threads).unwrap()),
        ),
        waiting(
            "BoundedSemaphore",
            BoundedSemaphore::new(1),
            |semaphore| drop(semaphore.acquire(1)),
            |semaphore| dropping(semaphore.acquire(1)),
        ),
        waiting(
            "Barrier",
            Barrier::new(threads + 1),
            |barrier| assert!(barrier.wait().is_ok()),
            |barrier| Box::new(|| assert!(barrier.wait().is_ok())),
        ),
        waiting(
            "Queue, get",
            Queue::<()>::unbounded(),
            |queue| assert!(queue.get().is_err()),
            |queue| Box::new(|| queue.shutdown(false)),
        ),
        waiting(
            "Queue, put",
            Queue::bounded(1),
            |queue| assert!(queue.put(()).is_err()),
            |queue| {
                queue.put(()).unwrap();
                Box::new(|| queue.shutdown(true))
            },
        ),
        waiting("Queue, join", Queue::unbounded(), Queue::join, |queue| {
            queue.put(()).unwrap();
            Box::new(|| queue.task_done().unwrap())
        }),
        waiting(
            "LifoQueue, get",
            LifoQueue::<()>::unbounded(),
            |queue| assert!(queue.get().is_err()),
            |queue| Box::new(|| queue.shutdown(false)),
        ),
        waiting(
            "PriorityQueue, get",
            PriorityQueue::<u8>::unbounded(),
            |queue| assert!(queue.get().is_err()),
            |queue| Box::new(|| queue.shutdown(false)),
        ),
        waiting(
            "SimpleQueue, get",
            SimpleQueue::new(),
            |queue| queue.get(),
            |queue| Box::new(move || (0..threads).for_each(|_| queue.put(()))),
        ),
    ]
}

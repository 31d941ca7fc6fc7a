//! The blocked-on record: any thread sees for which object another sleeps, since when, until when,
//! and where in the program.

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use support::{LONG, now};
use weftline::park::{
    BlockedThread, Blocker, Deadline, Kind, Parker, Site, Spin, ThreadNumber, Wake, blocked_now,
    current_number,
};
use weftline::queue::raw::{Fifo, RawQueue};
use weftline::sync::raw::RawEvent;
use weftline::{Barrier, Condition, Event, Lock, Queue, RLock, RwLock, Semaphore};

/// A call, with the line on which it stands.
macro_rules! here {
    ($call:expr) => {
        (line!(), || {
            let _ = $call;
        })
    };
}

/// The record of `thread` once it has one for which `is_it` holds.
fn record_of(thread: ThreadNumber, is_it: impl Fn(&BlockedThread) -> bool) -> BlockedThread {
    let start = now();
    loop {
        let found = blocked_now().find(|blocked| blocked.thread == thread);
        if let Some(found) = found.filter(&is_it) {
            return found;
        }
        assert!(start.elapsed() < LONG, "last seen: {found:?}");
        thread::yield_now();
    }
}

/// Calls `wait` on a thread of its own and reads that thread's record, which must show a wait of
/// this `kind`, within `object` and on the given line. `release` then ends the wait.
fn shows<T: ?Sized>(
    kind: Kind,
    object: Option<&T>,
    (line, wait): (u32, impl FnOnce() + Send),
    release: impl FnOnce(),
) -> BlockedThread {
    let (announce, announced) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        let waiter = scope.spawn(move || {
            announce.send(current_number()).unwrap();
            wait();
        });
        let number = announced.recv().unwrap();
        let found = record_of(number, |found| found.kind == kind);
        if let Some(object) = object {
            let start = std::ptr::from_ref(object).addr();
            let inside = start..start + size_of_val(object);
            assert!(inside.contains(&found.object), "{kind:?}: {found:?}");
        }
        assert_eq!(found.site.file(), Some(file!()), "{kind:?}");
        assert_eq!(found.site.line(), Some(line), "{kind:?}");
        let waited = found.waited();
        assert!(waited < LONG, "{kind:?}: {waited:?}");
        assert!(record_of(number, |_| true).waited() >= waited, "{kind:?}");
        release();
        waiter.join().unwrap();
        assert!(blocked_now().all(|blocked| blocked.thread != number));
        found
    })
}

#[test]
fn a_wait_for_a_lock_shows_it() {
    let lock = Lock::new(0);
    let held = lock.lock();
    let call = here!(lock.lock());
    let found = shows(Kind::Lock, Some(&lock), call, || drop(held));
    assert_eq!(found.deadline, Deadline::NEVER);

    let lock = RLock::new(());
    let held = lock.lock();
    let call = here!(lock.lock());
    shows(Kind::RLock, Some(&lock), call, || drop(held));

    let lock = RwLock::new(0);
    let held = lock.write();
    let call = here!(drop(lock.read()));
    shows(Kind::RwLockRead, Some(&lock), call, || drop(held));
    let held = lock.read();
    let call = here!(drop(lock.write()));
    shows(Kind::RwLockWrite, Some(&lock), call, || drop(held));
}

#[test]
fn a_wait_shows_its_deadline() {
    let lock = Lock::new(0);
    let held = lock.lock();
    let call = here!(lock.try_lock_for(LONG));
    let found = shows(Kind::Lock, Some(&lock), call, || drop(held));
    let left = found.deadline.remaining().unwrap();
    assert!(left > Duration::ZERO && left <= LONG, "{left:?}");
}

#[test]
fn a_wait_for_a_condition_event_semaphore_or_barrier_shows_it() {
    let condition = Condition::new(0);
    let call = here!(condition.lock().wait());
    shows(Kind::Condition, Some(&condition), call, || {
        condition.lock().notify_all();
    });

    let event = Event::new();
    let call = here!(event.wait());
    shows(Kind::Event, Some(&event), call, || event.set());

    let semaphore = Semaphore::new(0);
    let call = here!(semaphore.acquire(1));
    shows(Kind::Semaphore, Some(&semaphore), call, || {
        semaphore.release(1).unwrap();
    });

    let barrier = Barrier::new(2);
    let call = here!(barrier.wait());
    shows(Kind::Barrier, Some(&barrier), call, || {
        barrier.wait().unwrap();
    });
}

#[test]
fn a_wait_for_an_item_a_slot_or_the_end_of_all_tasks_shows_the_queue() {
    let queue = Queue::bounded(1);
    let call = here!(queue.get());
    shows(Kind::QueueGet, Some(&queue), call, || {
        queue.put(1).unwrap();
    });
    let call = here!(queue.join());
    shows(Kind::QueueJoin, Some(&queue), call, || {
        queue.task_done().unwrap();
    });
    queue.put(2).unwrap();
    let call = here!(queue.put(3));
    shows(Kind::QueuePut, Some(&queue), call, || {
        queue.get().unwrap();
    });
}

#[test]
fn a_wait_for_a_thread_a_scope_or_a_future_shows_it() {
    let go = Event::new();
    weftline::scope(|scope| {
        let waits = scope.spawn(|| go.wait());
        let joined = waits.thread().clone();
        let call = here!(joined.join());
        shows(Kind::Thread, None::<&()>, call, || go.set());
    });

    go.clear();
    let call = here!(weftline::scope(|scope| scope
        .spawn(|| go.wait())
        .thread()
        .clone()));
    shows(Kind::Scope, None::<&()>, call, || go.set());

    let (_pool, go, task) = support::busy_pool();
    let call = here!(task.result());
    shows(Kind::Future, None::<&()>, call, || go.set());
}

/// Sleeps for a moment, in a language that has names of its own.
struct Naps(&'static str);

impl Blocker for Naps {
    type Interrupt = std::convert::Infallible;

    const SPIN: Spin = Spin::Never;

    fn site(&mut self, site: &mut Site) {
        site.set(self.0, "/a/program", self.0.len() as u32);
    }

    fn block(&mut self, parker: &'static Parker, _: Deadline) -> Result<Wake, Self::Interrupt> {
        Ok(parker.park(Deadline::after(Duration::from_micros(1))))
    }
}

/// Each wait fills the record with other words. No reader may ever see a mixture.
#[test]
fn a_record_is_never_read_torn() {
    const WAITS: usize = if cfg!(miri) { 20 } else { 5_000 };
    const SHORT_NAME: &str = "f";
    const LONG_NAME: &str = "a_function_with_a_name_of_several_words";
    let event = RawEvent::new();
    let queue = RawQueue::<u8, Fifo<u8>, Naps>::new(0);
    let (deadline, is_done) = (Deadline::after(10 * LONG), AtomicBool::new(false));
    let (announce, announced) = std::sync::mpsc::channel();
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            announce.send(current_number()).unwrap();
            // At least so many, and until readers have seen some.
            let mut waits = 0;
            while waits < WAITS || !is_done.load(Ordering::Relaxed) {
                let _ = event.wait_with(&mut Naps(LONG_NAME), deadline);
                let _ = queue.get_with(&mut Naps(SHORT_NAME), Deadline::NEVER);
                waits += 1;
            }
        });
        let number = announced.recv().unwrap();
        let mut seen = [0; 2];
        while !writer.is_finished() {
            for found in blocked_now().filter(|blocked| blocked.thread == number) {
                let (index, object, name, until) = match found.kind {
                    Kind::Event => (0, (&raw const event).addr(), LONG_NAME, deadline),
                    Kind::QueueGet => (1, (&raw const queue).addr(), SHORT_NAME, Deadline::NEVER),
                    other => panic!("{other:?}"),
                };
                assert_eq!(found.object, object);
                assert_eq!(found.site.function(), Some(name));
                assert_eq!(found.site.line(), Some(name.len() as u32));
                assert_eq!(found.deadline, until);
                assert_eq!(found.sequence % 2, 1);
                seen[index] += 1;
            }
            is_done.store(seen.iter().all(|&count| count > 0), Ordering::Relaxed);
        }
    });
}

#[cfg(all(target_os = "linux", not(feature = "portable-parker")))]
mod signals {
    use super::*;
    use std::sync::atomic::AtomicU32;

    static INNER: Event = Event::new();
    /// How far the handler is: 1 when its wait has ended, 2 when it may return.
    static STEP: AtomicU32 = AtomicU32::new(0);

    extern "C" fn waits(_: libc::c_int) {
        INNER.wait();
        STEP.store(1, Ordering::Release);
        while STEP.load(Ordering::Acquire) != 2 {
            thread::yield_now();
        }
    }

    #[test]
    fn a_wait_in_a_signal_handler_shows_its_object_and_then_the_outer_one() {
        let handler: extern "C" fn(libc::c_int) = waits;
        // SAFETY: the handler waits for weftline's objects, which a handler may do.
        unsafe { libc::signal(libc::SIGUSR1, handler as libc::sighandler_t) };
        let outer = Event::new();
        let (announce, announced) = std::sync::mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(|| {
                announce.send(current_number()).unwrap();
                outer.wait();
            });
            let number = announced.recv().unwrap();
            let [inner_object, outer_object] =
                [&INNER, &outer].map(|e| std::ptr::from_ref(e).addr());
            let is_outer = |found: &BlockedThread| found.object == outer_object;
            let first = record_of(number, is_outer);
            // SAFETY: the thread is alive until `outer` is set.
            unsafe { libc::pthread_kill(first.os_ident as libc::pthread_t, libc::SIGUSR1) };
            record_of(number, |found| found.object == inner_object);
            INNER.set();
            while STEP.load(Ordering::Acquire) != 1 {
                thread::yield_now();
            }
            let restored = record_of(number, is_outer);
            let waited = restored.waited();
            assert!(restored.sequence > first.sequence);
            assert_eq!(restored.site.line(), first.site.line());
            STEP.store(2, Ordering::Release);
            let resumed = record_of(number, |found| {
                is_outer(found) && found.sequence > restored.sequence
            });
            assert!(resumed.waited() >= waited);
            outer.set();
        });
    }
}

//! In the child of a fork there is one thread, the main one; the other threads count as ended.

use crate::child::{in_child, wait_for, while_hammered};
use crate::support::{LONG, SHORT};
use std::cell::Cell;
use weftline::park::os_ident_of;
use weftline::{
    Builder, Event, JoinHandle, Local, Queue, active_count, current, enumerate, main_thread, scope,
    spawn,
};

static END: Event = Event::new();

fn waits_for_the_end() -> JoinHandle<u8> {
    spawn(|| {
        END.wait();
        7
    })
}

/// Checks that hold in every child: `lost` ran in the parent, and still does.
fn is_alone(lost: JoinHandle<u8>) {
    let me = current();
    assert!(me.is_main() && me.is_alive() && main_thread() == me);
    assert_eq!(enumerate(), std::slice::from_ref(&me));
    assert_eq!(active_count(), 1);
    if cfg!(target_os = "linux") {
        assert_eq!(me.native_id(), Some(u64::from(std::process::id())));
    }
    let thread = lost.thread().clone();
    assert!(!thread.is_alive() && !thread.is_main());
    assert_eq!(thread.number().and_then(os_ident_of), None);
    thread.join();
    thread.try_join().unwrap();
    let panicked = lost.join().unwrap_err();
    assert!(panicked.message().contains("lost in a fork"));
}

/// Checks that every child can start threads.
fn starts_threads() {
    let before = Builder::new().name("a child's").spawn(|| current().name());
    assert_eq!(before.unwrap().join().unwrap(), "a child's");
    let panicked = spawn(|| assert!(current().is_main(), "another")).join();
    assert_eq!(panicked.unwrap_err().message(), "another");
    let counts = Queue::unbounded();
    scope(|s| {
        for _ in 0..3 {
            s.spawn(|| counts.put(active_count()).unwrap());
        }
        s.try_join_all_for(LONG).unwrap();
    });
    while let Ok(count) = counts.try_get() {
        assert!((2..=4).contains(&count));
    }
    assert_eq!(active_count(), 1);
}

pub(crate) fn while_others_start_and_end() {
    static LOCAL: Local<Cell<u32>> = Local::new(|| Cell::new(1));
    END.clear();
    let lost: Vec<_> = (0..100)
        .map(|_| Cell::new(Some(waits_for_the_end())))
        .collect();
    let next = Cell::new(0);
    LOCAL.with(|value| value.set(5));
    while_hammered(
        || {
            let name = current().name();
            current().set_name(name);
            let handle = spawn(|| LOCAL.with(Cell::get));
            assert_eq!(handle.join().unwrap(), 1);
            scope(|s| drop(s.spawn(|| ())));
        },
        &[&|| END.wait()],
        || {
            next.set(next.get() + 1);
            is_alone(lost[next.get()].take().unwrap());
            starts_threads();
            assert_eq!(LOCAL.with(Cell::get), 5);
            assert!(!current().name().is_empty());
            in_child(|| {
                assert_eq!(enumerate(), [current()]);
                starts_threads();
            });
        },
        || END.set(),
    );
    for handle in lost {
        assert_eq!(handle.take().unwrap().join().unwrap(), 7);
    }
}

pub(crate) fn the_forking_thread_is_main() {
    END.clear();
    let lost = waits_for_the_end();
    let forks = Builder::new().name("forks").spawn(move || {
        let (me, parents_main) = (current(), main_thread());
        let lost = Cell::new(Some(lost));
        in_child(|| {
            assert_eq!(current(), me);
            assert_eq!(me.name(), "forks");
            assert!(!parents_main.is_main() && !parents_main.is_alive());
            parents_main.join();
            is_alone(lost.take().unwrap());
            starts_threads();
        });
        assert!(!me.is_main() && parents_main.is_main() && parents_main.is_alive());
        lost.take()
    });
    let lost = forks.unwrap().join().unwrap().unwrap();
    // A thread that weftline did not start, and that is not in its registry.
    let unknown = std::thread::spawn(|| {
        in_child(|| {
            assert!(current().is_main());
            assert_eq!(enumerate(), [current()]);
            starts_threads();
        });
    });
    unknown.join().unwrap();
    END.set();
    assert_eq!(lost.join().unwrap(), 7);
}

pub(crate) fn a_scope_of_the_parent() {
    END.clear();
    let mut child = 0;
    scope(|s| {
        for _ in 0..3 {
            s.spawn(|| END.wait());
        }
        // SAFETY: this program is about such children; the child leaves by `_exit`.
        child = unsafe { libc::fork() };
        if child == 0 {
            s.join_all().unwrap();
            assert!(s.spawn(|| true).join().unwrap());
        } else {
            END.set();
        }
    });
    if child == 0 {
        // SAFETY: leaves at once, without the destructors of the parent's values.
        unsafe { libc::_exit(0) }
    }
    wait_for(child);
}

pub(crate) fn a_scope_of_the_forking_thread() {
    END.clear();
    scope(|s| {
        s.spawn(|| END.wait());
        let forks = s.spawn(|| {
            in_child(|| {
                let again = s.spawn(|| current().is_main());
                assert!(!again.join().unwrap());
                assert!(s.try_join_all_for(SHORT).is_err(), "this thread runs");
            });
        });
        forks.join().unwrap();
        END.set();
    });
}

#[cfg(all(target_os = "linux", not(feature = "portable-parker")))]
pub(crate) fn in_the_middle_of_a_join() {
    use crate::support::{thread_id, until, until_asleep};
    use std::sync::atomic::{AtomicI32, Ordering};

    static CHILD: AtomicI32 = AtomicI32::new(-1);
    extern "C" fn forks(_: libc::c_int) {
        // SAFETY: the interrupted code is this program's, which expects it.
        CHILD.store(unsafe { libc::fork() }, Ordering::Relaxed);
    }
    END.clear();
    let handler: extern "C" fn(libc::c_int) = forks;
    // SAFETY: the handler may run at any time.
    unsafe { libc::signal(libc::SIGUSR1, handler as libc::sighandler_t) };
    let lost = waits_for_the_end();
    let joined = lost.thread().clone();
    let (me, id) = (
        current().ident().expect("a thread of this system"),
        thread_id(),
    );
    let signals = std::thread::spawn(move || {
        until_asleep(id);
        // SAFETY: the main thread waits for this one.
        let failed = unsafe { libc::pthread_kill(me as libc::pthread_t, libc::SIGUSR1) };
        assert_eq!(failed, 0);
        until(|| CHILD.load(Ordering::Relaxed) != -1);
        until_asleep(id);
        END.set();
    });
    joined.join();
    match CHILD.load(Ordering::Relaxed) {
        0 => {
            let is_right = !joined.is_alive() && lost.join().is_err();
            // SAFETY: leaves at once, without the destructors of the parent's values.
            unsafe { libc::_exit(i32::from(!is_right)) }
        }
        child => wait_for(child),
    }
    signals.join().unwrap();
    assert_eq!(lost.join().unwrap(), 7);
}

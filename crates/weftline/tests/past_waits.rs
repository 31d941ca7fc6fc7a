//! The waits that a process records while it is asked for them.
#![cfg(all(target_os = "linux", not(miri)))]

use std::time::Duration;
use weftline::park::Kind;
use weftline::watch::{self, PastEnd, PastWait, Snapshot, Wanted};
use weftline::{Event, Lock, Queue};

const WITHIN: Duration = Duration::from_secs(10);

/// The process asks itself. The tests share it, so each looks for its own objects.
fn ask(wanted: Wanted) -> Snapshot {
    let snapshot = watch::request_for(std::process::id(), wanted).unwrap();
    assert!(snapshot.is_whole);
    snapshot
}

/// Starts to record.
fn record() {
    watch::install_as_told().unwrap();
    ask(Wanted::Past(WITHIN));
}

fn past_of(name: &str) -> Vec<PastWait> {
    let snapshot = ask(Wanted::Past(WITHIN));
    assert!(snapshot.parties.is_empty(), "only what is asked for");
    let is_of = |wait: &PastWait| wait.name.as_deref() == Some(name);
    snapshot.past.into_iter().filter(is_of).collect()
}

fn until_blocked(thread: weftline::park::ThreadNumber) {
    let is_blocked = || weftline::park::blocked_now().any(|blocked| blocked.thread == thread);
    while !is_blocked() {
        std::thread::yield_now();
    }
}

#[test]
fn a_wait_is_told_with_the_thread_that_ended_it() {
    record();
    let lock = Lock::new(());
    let _name = watch::name(&lock, "handed over");
    let (waiter, released) = std::thread::scope(|scope| {
        let held = lock.lock();
        let (tell, told) = std::sync::mpsc::channel();
        let waits = scope.spawn(|| {
            let tell = tell;
            tell.send(weftline::park::current_number()).unwrap();
            drop(lock.lock());
        });
        let waiter = told.recv().unwrap();
        until_blocked(waiter);
        let before = watch::snapshot().taken;
        drop(held);
        waits.join().unwrap();
        (waiter, before..watch::snapshot().taken)
    });
    let past = past_of("handed over");
    let [wait] = past.as_slice() else {
        panic!("{past:?}")
    };
    assert_eq!(
        (wait.thread, wait.kind, wait.end),
        (waiter.get(), Kind::Lock, PastEnd::Granted)
    );
    assert_ne!(wait.native_id, 0);
    let (waker, woken_at) = wait.woken.unwrap();
    assert_eq!(waker, weftline::park::current_number().get());
    assert!(released.contains(&woken_at) && released.contains(&wait.ended));
    assert!(wait.begun < released.start && woken_at <= wait.ended);
}

#[test]
fn a_timeout_has_no_waker() {
    record();
    let event = Event::new();
    let _name = watch::name(&event, "never set");
    let limit = Duration::from_millis(30);
    event.try_wait_for(limit).unwrap_err();
    let past = past_of("never set");
    let [wait] = past.as_slice() else {
        panic!("{past:?}")
    };
    assert_eq!((wait.end, wait.woken), (PastEnd::TimedOut, None));
    assert!(wait.ended - wait.begun >= limit - Duration::from_millis(5));
}

#[test]
fn a_ring_numbers_its_waits_and_keeps_the_latest() {
    const WAITS: usize = 3_000;
    record();
    let there = Queue::<u8>::unbounded();
    let _name = watch::name(&there, "fed");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for turn in 0..WAITS {
                if turn % 100 == 0 {
                    ask(Wanted::Past(Duration::ZERO));
                }
                assert!(there.try_get_for(Duration::from_micros(1)).is_err());
            }
        });
    });
    let past = past_of("fed");
    assert!((100..=512).contains(&past.len()), "{}", past.len());
    assert!(
        past.windows(2)
            .all(|pair| pair[0].number + 1 == pair[1].number
                && pair[0].ring == pair[1].ring
                && pair[0].ended <= pair[1].begun)
    );
    let narrow = ask(Wanted::Past(Duration::ZERO));
    assert!(narrow.past.len() < past.len());
}

#[test]
fn the_state_comes_with_the_waits_if_both_are_asked_for() {
    record();
    let state = ask(Wanted::StateAndPast(WITHIN));
    assert!(!state.parties.is_empty());
    assert!(ask(Wanted::State).past.is_empty());
}

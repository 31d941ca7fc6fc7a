//! `Timer`, and the clock below it.

mod support;

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use support::{
    Interrupt, LONG, SHORT, Script, blocked, count, in_time, is_send_and_sync, limit, now,
    takes_at_least, until,
};
use weftline::park::{Deadline, ThreadBlocker, WaitError};
use weftline::thread::timer::raw::{self, RawClock, wait_for_pending};
use weftline::thread::timer::{JoinError, StartError};
use weftline::{Event, Local, Queue, Timer, current, enumerate, spawn};

/// An interval that does not pass while a test runs.
const FAR: Duration = Duration::from_secs(3600);

/// Tests of the pending timers of the whole process run one after the other.
#[allow(clippy::disallowed_types, reason = "tests may use the standard lock")]
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn it_calls_its_function_once_when_the_interval_has_passed() {
    let _limit = limit();
    let calls = Arc::new(AtomicUsize::new(0));
    let same = Arc::clone(&calls);
    let timer = Timer::new(SHORT, move || {
        same.fetch_add(1, Ordering::Relaxed);
    });
    takes_at_least(SHORT, || {
        timer.start().unwrap();
        assert!(timer.is_alive() && !timer.has_fired());
        timer.join().unwrap();
    });
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(timer.has_fired() && !timer.is_alive() && !timer.is_cancelled());
    assert!(!timer.cancel());
}

#[test]
fn a_timer_that_was_cancelled_never_calls_its_function_and_drops_it_at_once() {
    let _limit = limit();
    let held = Arc::new(());
    let same = Arc::clone(&held);
    let timer = Timer::new(FAR, move || drop(same));
    timer.start().unwrap();
    assert!(timer.cancel());
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(!timer.cancel());
    assert!(timer.is_cancelled() && !timer.is_alive() && !timer.has_fired());
    assert_eq!(timer.join(), Ok(()));
}

#[test]
fn a_timer_that_was_cancelled_before_its_start_ends_with_it() {
    let timer = Timer::new(Duration::ZERO, || unreachable!());
    assert!(timer.cancel());
    timer.start().unwrap();
    assert!(matches!(timer.start(), Err(StartError::StartedBefore)));
    assert_eq!(timer.join(), Ok(()));
    assert!(!timer.has_fired());
}

#[test]
fn a_second_start_is_refused_in_every_state() {
    let timer = Timer::new(FAR, || ());
    timer.start().unwrap();
    assert!(matches!(timer.start(), Err(StartError::StartedBefore)));
    timer.cancel();
    assert!(matches!(timer.start(), Err(StartError::StartedBefore)));
    let text = StartError::StartedBefore.to_string();
    assert_eq!(text, "a timer can be started only once");
}

#[test]
fn join_waits_in_each_of_its_forms_until_the_function_has_returned() {
    let _limit = limit();
    let go_on = Arc::new(Event::new());
    let same = Arc::clone(&go_on);
    let timer = Timer::new(Duration::ZERO, move || same.wait());
    assert_eq!(timer.join(), Err(JoinError::NotStarted));
    timer.start().unwrap();
    until(|| timer.has_fired());
    assert_eq!(timer.try_join(), Err(JoinError::TimedOut));
    let waited = takes_at_least(SHORT, || timer.try_join_for(SHORT));
    assert_eq!(waited, Err(JoinError::TimedOut));
    let waited = takes_at_least(SHORT, || timer.try_join_until(now() + SHORT));
    assert_eq!(waited, Err(JoinError::TimedOut));
    std::thread::scope(|scope| {
        let joins = [
            blocked(scope, || timer.join()),
            blocked(scope, || timer.try_join_for(LONG)),
            blocked(scope, || timer.try_join_until(now() + LONG)),
        ];
        assert!(timer.is_alive());
        go_on.set();
        for join in joins {
            assert_eq!(join.join().unwrap(), Ok(()));
        }
    });
    assert_eq!(timer.try_join(), Ok(()));
}

#[test]
fn cancelling_wakes_all_joins() {
    let _limit = limit();
    let timer = Timer::new(FAR, || ());
    timer.start().unwrap();
    std::thread::scope(|scope| {
        let join = blocked(scope, || timer.join());
        assert!(timer.cancel());
        assert_eq!(join.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_panic_reaches_all_joins_and_harms_no_other_timer() {
    let _limit = limit();
    let timer = Timer::new(Duration::ZERO, || panic!("on purpose"));
    timer.start().unwrap();
    for _ in 0..2 {
        assert_eq!(timer.join(), Err(JoinError::Panicked("on purpose".into())));
    }
    assert!(timer.has_fired() && !timer.is_alive());
    let next = Timer::new(Duration::ZERO, || ());
    next.start().unwrap();
    assert_eq!(next.join(), Ok(()));
}

#[test]
fn a_function_can_cancel_its_timer_and_cannot_join_it() {
    let _limit = limit();
    let (sender, told) = channel();
    let cell = Arc::new(std::sync::OnceLock::<Timer>::new());
    let same = Arc::clone(&cell);
    let timer = Timer::new(Duration::ZERO, move || {
        let timer = same.wait();
        sender.send((timer.cancel(), timer.join())).unwrap();
    });
    timer.start().unwrap();
    assert!(cell.set(timer.clone()).is_ok());
    let told = told.recv_timeout(LONG).unwrap();
    assert_eq!(told, (false, Err(JoinError::FromItsFunction)));
    assert_eq!(timer.join(), Ok(()));
}

#[test]
fn a_slow_function_delays_no_other_timer() {
    let _limit = limit();
    let go_on = Arc::new(Event::new());
    let slow: Vec<_> = (0..20)
        .map(|_| {
            let go_on = Arc::clone(&go_on);
            Timer::new(Duration::ZERO, move || go_on.wait())
        })
        .collect();
    slow.iter().for_each(|timer| timer.start().unwrap());
    let quick = Timer::new(SHORT, || ());
    quick.start().unwrap();
    assert_eq!(quick.try_join_for(LONG), Ok(()));
    assert!(slow.iter().all(Timer::is_alive));
    go_on.set();
    slow.iter().for_each(|timer| timer.join().unwrap());
}

#[test]
fn timers_fire_in_the_order_of_their_times_in_any_order_of_their_starts() {
    let _limit = limit();
    in_time(|unit| {
        let (sender, fired) = channel();
        let begun = now();
        for units in [3, 1, 4, 2] {
            let sender = sender.clone();
            let due = Deadline::at(begun + units * unit);
            raw::schedule(due, move || sender.send(units).unwrap()).unwrap();
        }
        let is_in_time = begun.elapsed() < unit;
        drop(sender);
        let fired: Vec<_> = fired.iter().collect();
        assert!(begun.elapsed() >= 4 * unit);
        assert!(fired.is_sorted() || !is_in_time, "{fired:?}");
        assert_eq!(fired.len(), 4);
        is_in_time
    });
}

#[test]
fn a_timer_that_was_dropped_after_its_start_fires_all_the_same() {
    let (sender, fired) = channel();
    Timer::new(SHORT, move || sender.send(()).unwrap())
        .start()
        .unwrap();
    assert_eq!(fired.recv_timeout(LONG), Ok(()));
}

#[test]
fn the_end_of_the_program_can_wait_for_timers_that_are_no_daemons() {
    let (_limit, _alone) = (limit(), alone());
    let daemon = Timer::new(FAR, || ()).daemon(true);
    daemon.start().unwrap();
    let timer = Timer::new(FAR, || ());
    timer.start().unwrap();
    let at_once = wait_for_pending(&mut ThreadBlocker, Deadline::PASSED);
    assert_eq!(at_once, Err(WaitError::TimedOut));
    let soon = wait_for_pending(&mut ThreadBlocker, Deadline::after(SHORT));
    assert_eq!(soon, Err(WaitError::TimedOut));
    let interrupted = wait_for_pending(&mut Script::interrupted(), Deadline::NEVER);
    assert_eq!(interrupted, Err(WaitError::Interrupted(Interrupt)));
    std::thread::scope(|scope| {
        let wait = blocked(scope, || {
            wait_for_pending(&mut ThreadBlocker, Deadline::NEVER)
        });
        assert!(!wait.is_finished());
        timer.cancel();
    });
    daemon.cancel();
}

#[test]
fn a_cancelled_timer_leaves_nothing_behind() {
    let clock = RawClock::new();
    let far = u64::MAX;
    for _ in 0..5 {
        let entries: Vec<_> = (0..1000)
            .map(|n| clock.schedule(far - n, Box::new(|| ()), || Ok(())).unwrap())
            .collect();
        assert_eq!(clock.pending(), 1000);
        assert!(entries.iter().all(|&entry| clock.cancel(entry)));
        assert!(!entries.iter().any(|&entry| clock.cancel(entry)));
        assert_eq!(clock.pending(), 0);
    }
}

#[test]
fn nothing_is_scheduled_when_there_is_no_thread_to_serve_it() {
    let clock = RawClock::new();
    let held = Arc::new(());
    let same = Arc::clone(&held);
    let refused = clock.schedule(0, Box::new(move || drop(same)), || {
        Err(std::io::Error::from(std::io::ErrorKind::WouldBlock))
    });
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!((clock.pending(), Arc::strong_count(&held)), (0, 1));
    clock.schedule(0, Box::new(|| ()), || Ok(())).unwrap();
    assert_eq!(clock.pending(), 1);
}

#[test]
fn an_idle_timer_thread_ends_after_a_while() {
    let clock = RawClock::new();
    let entry = clock.schedule(u64::MAX, Box::new(|| ()), || Ok(()));
    assert!(clock.cancel(entry.unwrap()));
    let time = AtomicUsize::new(0);
    let next = clock.next_with(&mut Script::sleeps_no_more(), || {
        time.fetch_add(1_500_000_000, Ordering::Relaxed) as u64
    });
    assert!(next.unwrap().is_none());
    // The next thread to schedule an action starts another.
    let started = AtomicBool::new(false);
    let start = || {
        started.store(true, Ordering::Relaxed);
        Ok(())
    };
    clock.schedule(0, Box::new(|| ()), start).unwrap();
    assert!(started.into_inner());
}

#[test]
fn each_of_many_timers_that_are_cancelled_as_they_fire_settles_one_way() {
    let (_limit, _alone) = (limit(), alone());
    const THREADS: usize = 4;
    let each = count(1_000);
    let called = Arc::new(AtomicUsize::new(0));
    let cancelled = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (called, cancelled) = (&called, &cancelled);
            scope.spawn(move || {
                for n in 0..each {
                    let same = Arc::clone(called);
                    let interval = Duration::from_micros((n * (thread + 1) % 150) as u64);
                    let timer = Timer::new(interval, move || {
                        same.fetch_add(1, Ordering::Relaxed);
                    });
                    timer.start().unwrap();
                    if n % 7 == 0 {
                        std::thread::sleep(interval);
                    }
                    if timer.cancel() {
                        cancelled.fetch_add(1, Ordering::Relaxed);
                    }
                    timer.join().unwrap();
                    assert!(timer.is_cancelled() != timer.has_fired());
                }
            });
        }
    });
    let (called, cancelled) = (called.load(Ordering::Relaxed), cancelled.into_inner());
    assert_eq!(called + cancelled, THREADS * each);
    assert_eq!(
        wait_for_pending(&mut ThreadBlocker, Deadline::after(LONG)),
        Ok(())
    );
}

#[test]
fn it_shows_its_name_and_its_state() {
    let timer = Timer::new(SHORT, || ()).name("tea");
    let shown = format!("{timer:?}");
    assert!(shown.contains("tea") && shown.contains("new"), "{shown}");
}

#[test]
fn it_is_shared_between_threads() {
    is_send_and_sync::<Timer>();
    is_send_and_sync::<RawClock>();
}

#[test]
fn while_its_function_runs_it_is_a_thread_like_any_other() {
    let _limit = limit();
    let told = Arc::new(Queue::unbounded());
    let tell = |choose: fn(Timer) -> Timer| {
        let bell = Arc::clone(&told);
        let timer = choose(Timer::new(Duration::ZERO, move || {
            let me = current();
            let child = spawn(|| current().is_daemon()).join().unwrap();
            let is_listed = enumerate().contains(&me) && me.is_alive();
            bell.put((me, is_listed, child)).unwrap();
        }));
        timer.start().unwrap();
        timer.join().unwrap();
        told.get().unwrap()
    };
    for is_daemon in [false, true] {
        let (thread, is_listed, child) = tell(if is_daemon {
            |timer| timer.name("egg").daemon(true)
        } else {
            |timer| timer.name("egg")
        });
        assert_eq!(
            (thread.name(), thread.is_daemon()),
            ("egg".into(), is_daemon)
        );
        assert!(is_listed);
        assert_eq!(child, is_daemon, "as the one that started it");
        assert!(!thread.is_alive() && !enumerate().contains(&thread));
    }
    let (unnamed, ..) = tell(|timer| timer);
    assert!(unnamed.name().starts_with("Timer-"), "{unnamed:?}");
    let (another, ..) = tell(|timer| timer);
    assert!(
        another.number() > unnamed.number(),
        "numbers are not used again"
    );
}

#[test]
fn each_function_has_values_of_its_own_in_thread_locals() {
    static VALUE: Local<Cell<u32>> = Local::new(|| Cell::new(0));
    let _limit = limit();
    for _ in 0..3 {
        let timer = Timer::new(Duration::ZERO, || {
            assert_eq!(VALUE.with(|value| value.replace(7)), 0);
        });
        timer.start().unwrap();
        timer.join().unwrap();
    }
}

//! The timer thread, and the threads that start it.

mod support;

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{SHORT, Script, limit};
use weftline::Event;
use weftline::thread::timer::raw::RawClock;

#[test]
fn a_slow_start_of_a_timer_thread_does_not_set_the_state_of_the_next_one() {
    let _limit = limit();
    let clock = RawClock::new();
    let (slow_goes_on, next_fails) = (Event::new(), Event::new());
    let ran = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        // So slow that the timer thread has begun, found no entry as long as it stays, and ended.
        let starts = AtomicUsize::new(0);
        let start_timer_thread = || {
            if starts.fetch_add(1, Ordering::Relaxed) == 0 {
                let time = Cell::new(0);
                let passes = || time.replace(time.get() + u64::from(u32::MAX));
                let next = clock.next_with(&mut Script::sleeps_no_more(), passes);
                assert!(next.unwrap().is_none());
                // Another thread now starts the next one, in vain, but has not learned of the
                // failure yet.
                scope.spawn(|| {
                    let refused = clock.schedule(0, Box::new(|| ()), || {
                        slow_goes_on.set();
                        let _ = next_fails.try_wait_for(SHORT * 4);
                        Err(std::io::ErrorKind::OutOfMemory.into())
                    });
                    assert!(refused.is_err());
                });
                slow_goes_on.wait();
            }
            Ok(())
        };
        let action = Box::new(|| ());
        clock.schedule(0, action, start_timer_thread).unwrap();
        next_fails.set();
        ran.store(starts.load(Ordering::Relaxed), Ordering::Relaxed);
    });
    assert_eq!(ran.into_inner(), 2, "the first timer thread has gone");
    assert_eq!(clock.pending(), 1);
}

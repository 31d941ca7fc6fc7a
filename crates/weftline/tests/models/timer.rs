//! The clock below the timers: an entry either runs or is cancelled, and the sleeping timer thread
//! is woken for an earlier entry.

use crate::support::*;
use weftline::thread::timer::raw::RawClock;

/// In models time stands still, at this point. An entry at this time or earlier is due.
const NOW: u64 = 5;

fn run_next(clock: &RawClock) {
    let next = clock.next_with(&mut Sleeper::new(), || NOW);
    next.unwrap().expect("time stands still")();
}

fn counting(count: &Arc<Protected>) -> Box<dyn FnOnce() + Send> {
    let count = Arc::clone(count);
    Box::new(move || count.add(1))
}

#[test]
fn an_entry_that_is_cancelled_as_it_fires_settles_one_way() {
    explore(3, || {
        let clock = Arc::new(RawClock::new());
        let count = Arc::new(Protected::default());
        let entry = clock.schedule(NOW, counting(&count), || Ok(())).unwrap();
        let timer_thread = {
            let clock = Arc::clone(&clock);
            spawn(move || run_next(&clock))
        };
        let cancelled = clock.cancel(entry);
        // If the entry was cancelled, the timer thread has its turn with this one.
        let last = clock.schedule(NOW, counting(&count), || Ok(())).unwrap();
        join(timer_thread);
        assert_eq!(count.get(), 1);
        assert_eq!(clock.cancel(last), !cancelled);
        assert!(!clock.cancel(entry));
        assert_eq!(clock.pending(), 0);
    });
}

#[test]
fn of_two_cancels_one_succeeds() {
    explore(3, || {
        let clock = Arc::new(RawClock::new());
        let count = Arc::new(Protected::default());
        let entry = clock.schedule(NOW, counting(&count), || Ok(())).unwrap();
        let other = {
            let clock = Arc::clone(&clock);
            spawn(move || clock.cancel(entry))
        };
        let mine = clock.cancel(entry);
        assert_ne!(join(other), mine);
        assert_eq!((count.get(), clock.pending()), (0, 0));
    });
}

#[test]
fn the_sleeping_timer_thread_is_woken_for_an_earlier_entry() {
    explore(3, || {
        let clock = Arc::new(RawClock::new());
        let count = Arc::new(Protected::default());
        let far = clock.schedule(NOW + 9, counting(&count), || Ok(()));
        let timer_thread = {
            let clock = Arc::clone(&clock);
            spawn(move || run_next(&clock))
        };
        clock.schedule(NOW, counting(&count), || Ok(())).unwrap();
        join(timer_thread);
        assert_eq!(count.get(), 1);
        assert!(clock.cancel(far.unwrap()));
    });
}

/// A thread that finds another starting the timer thread spins; loom would explore that round by
/// round.
#[cfg(weftline_model = "shuttle")]
#[test]
fn two_schedules_at_once_start_one_timer_thread() {
    explore(3, || {
        let clock = Arc::new(RawClock::new());
        let (count, starts) = (
            Arc::new(Protected::default()),
            Arc::new(Protected::default()),
        );
        let schedule = {
            let (clock, count, starts) = (clock.clone(), count.clone(), starts.clone());
            move || {
                let start = || {
                    starts.add(1);
                    Ok(())
                };
                clock.schedule(NOW, counting(&count), start).unwrap();
            }
        };
        let other = spawn(schedule.clone());
        schedule();
        join(other);
        assert_eq!((starts.get(), clock.pending()), (1, 2));
        run_next(&clock);
        run_next(&clock);
        assert_eq!(count.get(), 2);
    });
}

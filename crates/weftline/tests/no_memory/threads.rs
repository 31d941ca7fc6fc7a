//! Threads: an inquiry about them has its result or is a panic, and they run on.

use super::failing::{alone, at_each_allocation_alone, fail, stop_failing, told};
use super::support::limit;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use weftline::{Event, Panic, ScopeError};

#[test]
fn a_scope_without_memory_is_a_panic_before_its_function_is_called() {
    at_each_allocation_alone(
        || false,
        |is_called| {
            let scoped = AssertUnwindSafe(|| weftline::scope(|_| *is_called = true));
            catch_unwind(scoped).is_ok()
        },
        |is_called, is_ok| assert_eq!(is_called, is_ok),
    );
}

#[test]
fn an_enumeration_without_memory_is_a_panic_and_the_next_one_is_whole() {
    let _limit = limit();
    let end = Event::new();
    let _ = weftline::main_thread();
    weftline::scope(|scope| {
        let thread = scope.spawn(|| end.wait());
        at_each_allocation_alone(
            || (),
            |()| catch_unwind(weftline::enumerate),
            |(), running| {
                let again = weftline::enumerate();
                for running in running.iter().chain([&again]) {
                    assert!(running.contains(&thread));
                }
            },
        );
        end.set();
    });
}

#[test]
fn a_thread_that_is_not_renamed_without_memory_keeps_its_name() {
    at_each_allocation_alone(
        || (weftline::spawn(|| ()), "other".to_owned()),
        |(thread, name)| {
            let name = std::mem::take(name);
            catch_unwind(AssertUnwindSafe(|| thread.set_name(name))).is_ok()
        },
        |(thread, _), is_renamed| assert_eq!(thread.name() == "other", is_renamed),
    );
}

#[test]
fn a_name_without_memory_is_a_panic_and_the_next_one_is_whole() {
    at_each_allocation_alone(
        || {
            weftline::Builder::new()
                .name("reader")
                .spawn(|| ())
                .unwrap()
        },
        |thread| catch_unwind(AssertUnwindSafe(|| thread.name())),
        |thread, name| {
            assert!(name.is_err() || name.unwrap() == "reader");
            assert_eq!(thread.name(), "reader");
        },
    );
}

#[test]
fn a_foreign_thread_that_is_unknown_for_want_of_memory_is_known_later() {
    let foreign = || {
        at_each_allocation_alone(
            || (),
            |()| catch_unwind(weftline::current),
            |(), known| {
                if let Ok(known) = known {
                    assert_eq!(known, weftline::current());
                    assert!(weftline::enumerate().contains(&known));
                }
            },
        );
    };
    std::thread::spawn(foreign).join().unwrap();
}

/// Fails the allocations of a panicking thread once its panic has begun.
struct FailsNow(isize, bool);

impl Drop for FailsNow {
    fn drop(&mut self) {
        fail(self.0, self.1);
    }
}

/// Panics with `payload`, and without memory from then on.
fn panics(payload: Box<dyn Any + Send>, before: isize, for_good: bool) {
    let _fails = FailsNow(before, for_good);
    resume_unwind(payload);
}

/// Checks a panic whose message or thread name may have been lost for want of memory.
fn is_told(panic: &Panic, message: &str) {
    let is_kept = panic.message() == message;
    assert!(is_kept || panic.message().contains("no memory"), "{panic}");
    assert!(["careless", "?"].contains(&panic.thread_name()), "{panic}");
}

#[test]
fn a_thread_that_panics_without_memory_ends_with_a_partial_report() {
    let _limit = limit();
    for (before, for_good) in (0..6).flat_map(|before| [(before, false), (before, true)]) {
        let payload = Box::new("overdue".to_owned());
        let careless = weftline::Builder::new().name("careless");
        let thread = careless.spawn(move || panics(payload, before, for_good));
        let panic = thread.unwrap().join().unwrap_err();
        is_told(&panic, "overdue");
        drop(panic.into_payload());
    }
}

#[test]
fn a_scope_whose_thread_panics_without_memory_learns_of_it() {
    let _limit = limit();
    for (before, for_good) in (0..6).flat_map(|before| [(before, false), (before, true)]) {
        weftline::scope(|scope| {
            let payload = Box::new("overdue".to_owned());
            let careless = scope.builder().name("careless");
            let thread = careless.spawn(move || panics(payload, before, for_good));
            let thread = thread.unwrap().thread().clone();
            let Err(ScopeError::Panicked(told, panic)) = scope.join_all() else {
                panic!("the panic was lost");
            };
            assert_eq!(told, thread);
            is_told(&panic, "overdue");
        });
    }
}

/// The standard library's own allocations for a thread end the process, so each attempt has its own
/// process.
#[test]
fn a_thread_that_does_not_start_for_want_of_memory_leaves_no_trace() {
    const REFUSED: i32 = 10;
    const STARTED: i32 = 11;
    if let Some(attempt) = told() {
        let is_scoped = attempt.starts_with('s');
        let before = attempt.trim_start_matches('s').parse().unwrap();
        let this = weftline::current();
        assert!(weftline::enumerate().contains(&this));
        let running = weftline::enumerate().len();
        let captured = Arc::new(());
        let theirs = Arc::clone(&captured);
        let has_started = weftline::scope(|scope| {
            fail(before, false);
            let started = if is_scoped {
                scope.builder().spawn(move || drop(theirs)).map(drop)
            } else {
                let builder = weftline::Builder::new();
                builder.spawn(move || drop(theirs)).map(drop)
            };
            stop_failing();
            if let Err(why) = &started {
                assert_eq!(why.kind(), std::io::ErrorKind::OutOfMemory);
                assert_eq!(Arc::strong_count(&captured), 1);
                assert_eq!(weftline::enumerate().len(), running);
            }
            started.is_ok()
        });
        std::process::exit(if has_started { STARTED } else { REFUSED });
    }
    for sort in ["", "s"] {
        let this = "threads::a_thread_that_does_not_start_for_want_of_memory_leaves_no_trace";
        let ends = |before: usize| alone(this, &format!("{sort}{before}"));
        let refused = (0..20).take_while(|&before| ends(before) == Some(REFUSED));
        // The thread's name for both libraries, the thread, its outcome, and its panic for the
        // scope.
        let least = if sort.is_empty() { 5 } else { 6 };
        assert!(refused.count() >= least);
    }
}

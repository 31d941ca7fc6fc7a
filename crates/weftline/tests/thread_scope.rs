//! Scopes: threads that borrow, joins of all of them, and no panic that is lost.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use support::{LONG, SHORT, limit, now, takes_at_least};
use weftline::{
    Barrier, Event, JoinError, Lock, ScopeError, current, enumerate, reset_except_hook, scope,
    set_except_hook,
};

/// The except hook belongs to the process, so tests of panics that no thread joins take turns.
static HOOK: Lock<()> = Lock::new(());

#[test]
fn threads_borrow_from_around_the_scope_and_return_values() {
    let _limit = limit();
    let mut numbers = vec![1, 2, 3, 4];
    let total = AtomicUsize::new(0);
    let lengths = scope(|s| {
        let handles: Vec<_> = numbers
            .iter_mut()
            .map(|number| {
                let total = &total;
                s.spawn(move || {
                    *number *= 2;
                    total.fetch_add(*number, Ordering::Relaxed);
                    number
                })
            })
            .collect();
        let joined = handles.into_iter().map(|handle| *handle.join().unwrap());
        joined.collect::<Vec<_>>()
    });
    assert_eq!(lengths, [2, 4, 6, 8]);
    assert_eq!(numbers, [2, 4, 6, 8]);
    assert_eq!(total.into_inner(), 20);
}

#[test]
fn the_scope_ends_after_its_threads_and_theirs() {
    let _limit = limit();
    for _ in 0..200 {
        let ended = AtomicUsize::new(0);
        let (first, second) = scope(|s| {
            let first = s.spawn(|| {
                let second = s.spawn(|| {
                    ended.fetch_add(1, Ordering::Relaxed);
                });
                let second = second.thread().clone();
                ended.fetch_add(1, Ordering::Relaxed);
                second
            });
            let thread = first.thread().clone();
            (thread, first.join().unwrap())
        });
        assert_eq!(ended.into_inner(), 2);
        let listed = enumerate();
        assert!(!listed.contains(&first) && !listed.contains(&second));
    }
}

#[test]
fn a_builder_names_the_thread() {
    let _limit = limit();
    scope(|s| {
        let handle = s.builder().name("scoped").daemon(true).stack_size(1 << 17);
        let handle = handle.spawn(|| (current().name(), current().is_daemon()));
        assert_eq!(handle.unwrap().join().unwrap(), ("scoped".into(), true));
    });
}

#[test]
fn a_scoped_join_that_times_out_returns_the_handle() {
    let _limit = limit();
    let go = Event::new();
    scope(|s| {
        let handle = s.spawn(|| {
            go.wait();
            7
        });
        let Err(JoinError::Running(handle)) = handle.try_join() else {
            panic!("it waits")
        };
        let timed_out = takes_at_least(SHORT, || handle.try_join_for(SHORT));
        let Err(JoinError::Running(handle)) = timed_out else {
            panic!("it waits")
        };
        let timed_out = handle.try_join_until(now() + SHORT);
        let Err(JoinError::Running(handle)) = timed_out else {
            panic!("it waits")
        };
        go.set();
        assert_eq!(handle.try_join_for(LONG).unwrap(), 7);
    });
}

#[test]
fn all_are_joined_and_the_scope_goes_on() {
    let _limit = limit();
    let (go, ended) = (Event::new(), AtomicUsize::new(0));
    scope(|s| {
        s.join_all().unwrap();
        for _ in 0..5 {
            s.spawn(|| {
                go.wait();
                ended.fetch_add(1, Ordering::Relaxed);
            });
        }
        assert!(matches!(s.try_join_all(), Err(ScopeError::Running)));
        let timed_out = takes_at_least(SHORT, || s.try_join_all_for(SHORT));
        assert!(matches!(timed_out, Err(ScopeError::Running)));
        let timed_out = s.try_join_all_until(now() + SHORT);
        assert!(matches!(timed_out, Err(ScopeError::Running)));
        go.set();
        s.join_all().unwrap();
        assert_eq!(ended.load(Ordering::Relaxed), 5);
        s.spawn(|| ended.fetch_add(1, Ordering::Relaxed));
        s.try_join_all_for(LONG).unwrap();
        assert_eq!(ended.load(Ordering::Relaxed), 6);
        s.try_join_all().unwrap();
    });
}

#[test]
fn the_first_panic_is_returned_while_the_others_run() {
    let _limit = limit();
    let (stop, stopped) = (Event::new(), AtomicUsize::new(0));
    scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                stop.wait();
                stopped.fetch_add(1, Ordering::Relaxed);
            });
        }
        let careless = s.builder().name("careless");
        careless.spawn(|| panic!("tripped")).map(drop).unwrap();
        let Err(ScopeError::Panicked(thread, panicked)) = s.join_all() else {
            panic!("one has panicked")
        };
        assert_eq!(
            (&*thread.name(), panicked.message()),
            ("careless", "tripped")
        );
        assert_eq!(stopped.load(Ordering::Relaxed), 0, "they still wait");
        assert!(matches!(s.try_join_all(), Err(ScopeError::Running)));
        stop.set();
        s.join_all().unwrap();
    });
    assert_eq!(stopped.into_inner(), 3);
}

#[test]
fn each_panic_is_reported_once() {
    let _limit = limit();
    scope(|s| {
        let handles: Vec<_> = (0..3)
            .map(|number| s.spawn(move || panic!("number {number}")))
            .collect();
        for handle in &handles {
            handle.thread().join();
        }
        let mut handles = handles.into_iter();
        let joined: Result<(), _> = handles.nth(1).unwrap().join();
        assert_eq!(joined.unwrap_err().message(), "number 1");
        let mut told = Vec::new();
        while let Err(ScopeError::Panicked(_, panicked)) = s.join_all() {
            told.push(panicked.message().to_owned());
        }
        told.sort_unstable();
        assert_eq!(told, ["number 0", "number 2"]);
        // A handle still returns the panic that the scope has returned already.
        let again: Result<(), _> = handles.next().unwrap().join();
        assert_eq!(again.unwrap_err().message(), "number 2");
    });
}

#[test]
fn a_panic_that_no_thread_joins_is_reported_and_the_scope_panics() {
    let _limit = limit();
    let _turn = HOOK.lock();
    static REPORTS: Lock<Vec<String>> = Lock::new(Vec::new());
    set_except_hook(|thread, panicked| {
        let report = format!("{}: {}", thread.name(), panicked.message());
        REPORTS.lock().push(report);
    });
    let others_ended = AtomicBool::new(false);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        scope(|s| {
            let unlucky = s.builder().name("unlucky");
            drop(unlucky.spawn(|| panic!("slipped")).map(drop));
            s.spawn(|| {
                std::thread::sleep(SHORT);
                others_ended.store(true, Ordering::Relaxed);
            });
        });
    }));
    reset_except_hook();
    let payload = ended.unwrap_err();
    assert_eq!(
        *payload.downcast::<&str>().unwrap(),
        "a scoped thread panicked"
    );
    assert!(others_ended.into_inner());
    assert_eq!(*REPORTS.lock(), ["unlucky: slipped"]);
}

#[test]
fn a_scope_whose_function_panics_waits_all_the_same() {
    let _limit = limit();
    let ended = AtomicBool::new(false);
    let both = Barrier::new(2);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        scope(|s| {
            s.spawn(|| {
                both.wait().unwrap();
                std::thread::sleep(SHORT);
                ended.store(true, Ordering::Relaxed);
            });
            both.wait().unwrap();
            std::panic::resume_unwind(Box::new("of the function"));
        })
    }));
    let payload = panicked.map(|(): ()| ()).unwrap_err();
    assert_eq!(*payload.downcast::<&str>().unwrap(), "of the function");
    assert!(ended.into_inner());
}

#[test]
fn values_that_borrow_are_gone_when_the_scope_ends() {
    struct Notes<'a>(&'a AtomicUsize);
    impl Drop for Notes<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let _limit = limit();
    for _ in 0..200 {
        let drops = AtomicUsize::new(0);
        scope(|s| {
            // One is captured, one is returned without a join.
            let (captured, drops) = (Notes(&drops), &drops);
            drop(s.spawn(move || {
                let _captured = captured;
                Notes(drops)
            }));
        });
        assert_eq!(drops.into_inner(), 2);
    }
}

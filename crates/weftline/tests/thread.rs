//! What threads promise: names, identities, joins with a timeout, panics that are carried to whoever joins.

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::{LONG, SHORT, is_send_and_sync, limit, now, takes_at_least};
use weftline::{
    Barrier, Builder, Event, JoinError, Lock, Panic, Queue, Thread, active_count, current,
    enumerate, main_thread, reset_except_hook, set_except_hook, spawn,
};

/// The except hook belongs to the process; tests that set it take turns.
static HOOK: Lock<()> = Lock::new(());

fn opened() -> Arc<Event> {
    Arc::new(Event::new())
}

/// A thread that runs until the event is set.
fn waiting(go: &Arc<Event>) -> weftline::JoinHandle<()> {
    let go = go.clone();
    spawn(move || go.wait())
}

#[test]
fn a_thread_returns_what_its_function_returns() {
    let _limit = limit();
    let text = String::from("borrowed by nobody");
    let handle = spawn(move || text.len());
    assert_eq!(handle.join().unwrap(), 18);
}

#[test]
fn handles_and_panics_are_shared_between_threads() {
    is_send_and_sync::<Thread>();
    is_send_and_sync::<weftline::JoinHandle<String>>();
    is_send_and_sync::<Panic>();
}

fn reads_the_news() -> String {
    current().name()
}

#[test]
fn a_thread_without_a_name_is_called_after_its_function() {
    let _limit = limit();
    let number = |name: &str, function: &str| {
        let rest = name.strip_prefix("Thread-").expect(name);
        let number = rest.strip_suffix(&format!(" ({function})")).expect(name);
        number.parse::<u64>().expect(name)
    };
    let first = spawn(reads_the_news).join().unwrap();
    let second = spawn(|| current().name()).join().unwrap();
    let first = number(&first, "reads_the_news");
    let second = number(
        &second,
        "a_thread_without_a_name_is_called_after_its_function",
    );
    assert!(first >= 1 && second > first);
}

#[test]
fn a_given_name_is_kept_and_can_be_changed_while_the_thread_runs() {
    let _limit = limit();
    let (asked, go, renamed) = (opened(), opened(), opened());
    let handle = Builder::new()
        .name("a name that is longer than the system takes")
        .spawn({
            let (asked, go, renamed) = (asked.clone(), go.clone(), renamed.clone());
            move || {
                let before = current().name();
                asked.set();
                go.wait();
                let others = current().name();
                current().set_name("ßßßßßßßßßß");
                renamed.set();
                (before, others, system_name())
            }
        })
        .unwrap();
    assert_eq!(handle.name(), "a name that is longer than the system takes");
    asked.wait();
    handle.set_name("by another");
    go.set();
    renamed.wait();
    assert_eq!(handle.name(), "ßßßßßßßßßß");
    let (before, others, system) = handle.join().unwrap();
    assert_eq!(before, "a name that is longer than the system takes");
    assert_eq!(others, "by another");
    if let Some(system) = system {
        assert_eq!(system, "ßßßßßßß", "whole letters, 15 bytes at most");
    }
}

/// What the operating system calls the calling thread.
fn system_name() -> Option<String> {
    let id = current().native_id()?;
    let name = std::fs::read_to_string(format!("/proc/self/task/{id}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

#[test]
fn a_name_may_contain_what_the_system_does_not_take() {
    let _limit = limit();
    let handle = Builder::new().name("half\0whole").spawn(system_name);
    let handle = handle.unwrap();
    assert_eq!(handle.name(), "half\0whole");
    assert!(handle.join().unwrap().is_none_or(|name| name == "half"));
}

#[test]
fn identities_are_known_from_the_spawn_on_and_differ() {
    let _limit = limit();
    let go = opened();
    let handles: Vec<_> = (0..8)
        .map(|_| {
            let go = go.clone();
            spawn(move || {
                go.wait();
                let me = current();
                (me.ident(), me.native_id(), me.number())
            })
        })
        .collect();
    let seen: Vec<_> = handles
        .iter()
        .map(|handle| (handle.ident(), handle.native_id(), handle.number()))
        .collect();
    assert!(seen.iter().all(|identity| identity.2.is_some()));
    let numbers: HashSet<_> = seen.iter().map(|identity| identity.2).collect();
    assert_eq!(numbers.len(), 8);
    if cfg!(target_os = "linux") {
        let natives: HashSet<_> = seen.iter().filter_map(|identity| identity.1).collect();
        let idents: HashSet<_> = seen.iter().filter_map(|identity| identity.0).collect();
        assert_eq!((natives.len(), idents.len()), (8, 8));
    }
    go.set();
    for (handle, seen) in handles.into_iter().zip(seen) {
        assert_eq!(handle.join().unwrap(), seen);
    }
}

#[test]
fn a_thread_is_as_daemonic_as_its_starter_unless_told() {
    let _limit = limit();
    let inherited = |daemon| {
        let outer = Builder::new().daemon(daemon).spawn(move || {
            let child = spawn(|| current().is_daemon()).join().unwrap();
            let told = Builder::new().daemon(!daemon).spawn(|| ()).unwrap();
            (child, told.is_daemon())
        });
        outer.unwrap().join().unwrap()
    };
    assert_eq!(inherited(true), (true, false));
    assert_eq!(inherited(false), (false, true));
}

#[test]
fn a_join_that_times_out_gives_the_handle_back() {
    let _limit = limit();
    let go = opened();
    let handle = waiting(&go);
    let Err(JoinError::Running(handle)) = handle.try_join() else {
        panic!("it waits")
    };
    let timed_out = takes_at_least(SHORT, || handle.try_join_for(SHORT));
    let Err(JoinError::Running(handle)) = timed_out else {
        panic!("it waits")
    };
    let timed_out = takes_at_least(SHORT, || handle.try_join_until(now() + SHORT));
    let Err(JoinError::Running(handle)) = timed_out else {
        panic!("it waits")
    };
    assert!(handle.is_alive());
    go.set();
    assert!(handle.try_join_for(LONG).is_ok());
}

#[test]
fn any_number_of_threads_join_one_any_number_of_times() {
    let _limit = limit();
    let go = opened();
    let handle = waiting(&go);
    assert!(handle.thread().try_join().is_err());
    assert!(handle.thread().try_join_for(SHORT).is_err());
    assert!(handle.thread().try_join_until(now() + SHORT).is_err());
    let joiners: Vec<_> = (0..4)
        .map(|_| {
            let thread = handle.thread().clone();
            spawn(move || {
                thread.join();
                thread.join();
                thread.try_join().is_ok() && !thread.is_alive()
            })
        })
        .collect();
    go.set();
    for joiner in joiners {
        assert!(joiner.join().unwrap());
    }
    handle.join().unwrap();
}

#[test]
fn a_thread_that_joins_itself_is_told() {
    let _limit = limit();
    let panicked = spawn(|| current().join()).join().unwrap_err();
    assert!(panicked.message().contains("cannot join itself"));
    let _turn = HOOK.lock();
    let reports = reports();
    let go = opened();
    let slot = Arc::new(Lock::new(None));
    let own = Builder::new().name("ouroboros").spawn({
        let (go, slot) = (go.clone(), slot.clone());
        move || {
            go.wait();
            let own: weftline::JoinHandle<()> = slot.lock().take().expect("it was put there");
            let _ = own.join();
        }
    });
    let own = own.unwrap();
    let thread = own.thread().clone();
    slot.lock().replace(own);
    go.set();
    thread.join();
    let (name, message) = reports.try_get().unwrap();
    assert_eq!(name, "ouroboros");
    assert!(message.contains("cannot join itself"));
    reset_except_hook();
}

#[test]
fn whoever_joins_finds_the_thread_gone_from_the_list() {
    let _limit = limit();
    for _ in 0..300 {
        let handle = spawn(|| ());
        let thread = handle.thread().clone();
        let other = spawn({
            let thread = thread.clone();
            move || {
                thread.join();
                enumerate().contains(&thread)
            }
        });
        handle.join().unwrap();
        assert!(!enumerate().contains(&thread));
        assert!(!other.join().unwrap());
    }
}

#[test]
fn those_who_run_are_listed_by_age_behind_the_main_thread() {
    let _limit = limit();
    let go = opened();
    let handles: Vec<_> = (0..5).map(|_| waiting(&go)).collect();
    let listed = enumerate();
    assert_eq!(listed[0], main_thread());
    assert!(listed[0].is_main() && listed[0].is_alive() && !listed[0].is_daemon());
    assert_eq!(listed[0].name(), "MainThread");
    let places: Vec<_> = handles
        .iter()
        .map(|handle| {
            let place = listed.iter().position(|thread| thread == handle.thread());
            place.expect("it runs")
        })
        .collect();
    assert!(places.is_sorted() && places[0] > 0, "{places:?}");
    assert!(active_count() >= 6);
    go.set();
    for handle in handles {
        handle.join().unwrap();
    }
}

#[test]
fn a_foreign_thread_is_known_while_it_runs() {
    let _limit = limit();
    let (known, go) = (Queue::unbounded(), Event::new());
    let ended = std::thread::scope(|scope| {
        scope.spawn(|| {
            known.put(current()).unwrap();
            assert_eq!(current(), current());
            go.wait();
        });
        let dummy = known.get().unwrap();
        assert!(dummy.name().starts_with("Dummy-") && dummy.is_daemon());
        assert!(dummy.is_alive() && !dummy.is_main());
        assert!(enumerate().contains(&dummy));
        assert!(dummy.try_join_for(SHORT).is_err());
        go.set();
        dummy.try_join_for(LONG).unwrap();
        dummy
    });
    assert!(!ended.is_alive() && !enumerate().contains(&ended));
}

#[test]
fn a_panic_comes_to_whoever_joins_with_its_message_and_place() {
    let _limit = limit();
    let handle = Builder::new().name("clumsy").spawn(|| {
        let plates = current().name().len() / 2;
        assert_eq!(plates, 0, "dropped {plates} plates");
    });
    let panicked = handle.unwrap().join().unwrap_err();
    assert!(panicked.message().contains("dropped 3 plates"));
    assert_eq!(panicked.thread_name(), "clumsy");
    let location = panicked.location().unwrap().to_owned();
    let message = panicked.message().to_owned();
    assert!(location.contains("thread.rs:"), "{location}");
    assert_eq!(
        panicked.to_string(),
        format!("thread 'clumsy' panicked at {location}: {message}")
    );
    let same = panicked.clone();
    let payload = panicked.into_payload().downcast::<String>().unwrap();
    assert_eq!(*payload, message);
    let text = same.into_payload().downcast::<String>().unwrap();
    assert_eq!(*text, message, "a later clone still knows the text");
    let handle = spawn(|| std::panic::panic_any(7_u8));
    let Err(JoinError::Panicked(panicked)) = handle.try_join_for(LONG) else {
        panic!("it has panicked")
    };
    assert_eq!(panicked.message(), "Box<dyn Any>");
    assert_eq!(*panicked.into_payload().downcast::<u8>().unwrap(), 7);
}

#[test]
fn a_panic_that_the_thread_has_caught_itself_is_not_its_end() {
    let _limit = limit();
    let handle = spawn(|| {
        let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new("quiet")));
        caught.is_err()
    });
    assert!(handle.join().unwrap());
    let resumed = spawn(|| std::panic::resume_unwind(Box::new("resumed")));
    let panicked: Panic = resumed.join().map(|(): ()| ()).unwrap_err();
    assert_eq!((panicked.message(), panicked.location()), ("resumed", None));
}

/// What the except hook is told from now on.
fn reports() -> Arc<Queue<(String, String)>> {
    let reports = Arc::new(Queue::unbounded());
    let told = reports.clone();
    set_except_hook(move |thread, panicked| {
        let report = (thread.name(), panicked.message().to_owned());
        told.put(report).expect("the queue is open");
    });
    reports
}

fn panics(name: &str, after: &Arc<Event>) -> weftline::JoinHandle<()> {
    let after = after.clone();
    let run = move || {
        after.wait();
        panic!("{}", current().name().to_uppercase())
    };
    Builder::new().name(name).spawn(run).unwrap()
}

#[test]
fn the_hook_is_told_of_a_panic_that_nobody_joins() {
    let _limit = limit();
    let _turn = HOOK.lock();
    let reports = reports();
    let go = opened();
    // The handle goes first.
    let handle = panics("early", &go);
    let thread = handle.thread().clone();
    drop(handle);
    go.set();
    thread.join();
    assert_eq!(reports.try_get().unwrap(), ("early".into(), "EARLY".into()));
    // The thread ends first.
    let handle = panics("late", &go);
    handle.thread().join();
    assert!(reports.try_get().is_err(), "somebody may still join it");
    drop(handle);
    assert_eq!(reports.try_get().unwrap(), ("late".into(), "LATE".into()));
    // Somebody joins.
    assert!(panics("joined", &go).join().is_err());
    assert!(reports.try_get().is_err());
    reset_except_hook();
}

#[test]
fn a_hook_that_panics_ends_nothing() {
    let _limit = limit();
    let _turn = HOOK.lock();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    set_except_hook(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
        panic!("the hook itself");
    });
    let go = opened();
    go.set();
    let handle = panics("reported in vain", &go);
    handle.thread().join();
    drop(handle);
    let handle = panics("and on a thread", &go);
    let thread = handle.thread().clone();
    drop(handle);
    thread.join();
    assert_eq!(calls.load(Ordering::Relaxed), 2);
    reset_except_hook();
}

#[test]
fn what_nobody_joins_for_is_dropped_and_may_panic() {
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("broken");
        }
    }
    let _limit = limit();
    let _turn = HOOK.lock();
    let reports = reports();
    let go = opened();
    let handle = Builder::new().name("glass").spawn({
        let go = go.clone();
        move || {
            go.wait();
            Fragile
        }
    });
    let handle = handle.unwrap();
    let thread = handle.thread().clone();
    drop(handle);
    go.set();
    thread.join();
    assert_eq!(
        reports.try_get().unwrap(),
        ("glass".into(), "broken".into())
    );
    reset_except_hook();
}

#[test]
fn the_outcome_is_dropped_once_whoever_lets_go_first() {
    struct Counts(Arc<AtomicUsize>);
    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let _limit = limit();
    let drops = Arc::new(AtomicUsize::new(0));
    const ROUNDS: usize = 500;
    for _ in 0..ROUNDS {
        let both = Arc::new(Barrier::new(2));
        let handle = spawn({
            let (both, value) = (both.clone(), Counts(drops.clone()));
            move || {
                both.wait().unwrap();
                value
            }
        });
        let thread = handle.thread().clone();
        both.wait().unwrap();
        drop(handle);
        thread.join();
    }
    assert_eq!(drops.load(Ordering::Relaxed), ROUNDS);
}

#[cfg(target_os = "linux")]
#[test]
fn a_join_comes_after_the_destructors_of_thread_locals() {
    struct Slow(Arc<AtomicUsize>);
    impl Drop for Slow {
        fn drop(&mut self) {
            std::thread::sleep(SHORT);
            assert!(current().is_alive() && enumerate().contains(&current()));
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    thread_local! {
        static SLOW: std::cell::RefCell<Option<Slow>> = const { std::cell::RefCell::new(None) };
    }
    let _limit = limit();
    let dropped = Arc::new(AtomicUsize::new(0));
    let handle = spawn({
        let dropped = dropped.clone();
        move || SLOW.set(Some(Slow(dropped)))
    });
    handle.thread().join();
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}

#[test]
fn ten_thousand_threads_are_started_named_listed_and_joined() {
    let _limit = limit();
    const THREADS: usize = 10_000;
    const BATCH: usize = 2_000;
    let start = now();
    let mut most = 0;
    for batch in 0..THREADS / BATCH {
        let go = opened();
        let handles: Vec<_> = (0..BATCH)
            .map(|index| {
                let go = go.clone();
                let name = format!("worker {batch}-{index}");
                let work = move || {
                    go.wait();
                    index
                };
                let builder = Builder::new().name(name).stack_size(32 * 1024);
                builder.spawn(work).unwrap()
            })
            .collect();
        let listed: HashSet<_> = enumerate().iter().map(Thread::number).collect();
        most = most.max(listed.len());
        for (index, handle) in handles.iter().enumerate() {
            assert_eq!(handle.name(), format!("worker {batch}-{index}"));
            assert!(listed.contains(&handle.number()));
        }
        go.set();
        for (index, handle) in handles.into_iter().enumerate() {
            assert_eq!(handle.join().unwrap(), index);
        }
    }
    let took = start.elapsed();
    println!("{THREADS} threads in {took:?}, {most} at a time at most");
    assert!(most > BATCH);
    assert!(
        !enumerate()
            .iter()
            .any(|it| it.name().starts_with("worker "))
    );
    assert!(took < Duration::from_secs(50));
}

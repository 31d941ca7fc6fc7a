//! Threads: names, identities, joins with a timeout, and the list of running threads.

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{LONG, SHORT, count, is_send_and_sync, limit, now, takes_at_least};
use weftline::{
    Barrier, Builder, Event, JoinError, Panic, Queue, Thread, active_count, current, enumerate,
    main_thread, spawn,
};

fn opened() -> Arc<Event> {
    Arc::new(Event::new())
}

/// A thread that runs until the event is set.
fn waiting(go: &Arc<Event>) -> weftline::JoinHandle<()> {
    let go = go.clone();
    spawn(move || go.wait())
}

#[test]
fn a_thread_returns_the_value_of_its_function() {
    let _limit = limit();
    let text = String::from("not borrowed");
    let handle = spawn(move || text.len());
    assert_eq!(handle.join().unwrap(), 12);
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
fn a_chosen_name_is_kept_and_can_be_changed_while_the_thread_runs() {
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

/// The operating system's name of the calling thread.
fn system_name() -> Option<String> {
    let id = current().native_id()?;
    let name = std::fs::read_to_string(format!("/proc/self/task/{id}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}

#[test]
fn a_name_may_contain_characters_that_the_system_refuses() {
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
fn a_thread_is_as_daemonic_as_its_starter_unless_its_builder_says_otherwise() {
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
fn a_join_that_times_out_returns_the_handle() {
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
fn after_a_join_the_thread_is_gone_from_the_list() {
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
fn running_threads_are_listed_by_age_behind_the_main_thread() {
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
fn the_outcome_is_dropped_once_whichever_side_ends_first() {
    struct Counts(Arc<AtomicUsize>);
    impl Drop for Counts {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let _limit = limit();
    let drops = Arc::new(AtomicUsize::new(0));
    let rounds = count(500);
    for _ in 0..rounds {
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
    assert_eq!(drops.load(Ordering::Relaxed), rounds);
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
    let threads = count(10_000).next_multiple_of(5);
    let batch_size = threads / 5;
    let start = now();
    let mut most = 0;
    for batch in 0..threads / batch_size {
        let go = opened();
        let handles: Vec<_> = (0..batch_size)
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
    println!("{threads} threads in {took:?}, {most} at a time at most");
    assert!(most > batch_size);
    assert!(
        !enumerate()
            .iter()
            .any(|it| it.name().starts_with("worker "))
    );
}

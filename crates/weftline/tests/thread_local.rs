//! Thread-local values: one for each thread, dropped with the thread or with the `Local`, usable
//! from anywhere.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{is_send_and_sync, limit};
use weftline::{Event, Local, Lock, reset_except_hook, scope, set_except_hook, spawn};

/// Counts its drops.
#[derive(Clone)]
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn counter() -> (Arc<AtomicUsize>, impl Fn() -> usize) {
    let drops = Arc::new(AtomicUsize::new(0));
    let seen = drops.clone();
    (drops, move || seen.load(Ordering::Relaxed))
}

#[test]
fn each_thread_has_its_own_value() {
    static LOCAL: Local<Cell<u32>> = Local::new(|| Cell::new(1));
    let _limit = limit();
    LOCAL.with(|value| value.set(10));
    scope(|s| {
        for number in 0..4 {
            s.spawn(move || {
                assert_eq!(LOCAL.with(Cell::get), 1);
                LOCAL.with(|value| value.set(number));
                assert_eq!(LOCAL.with(Cell::get), number);
            });
        }
    });
    assert_eq!(LOCAL.with(Cell::get), 10);
}

#[test]
fn it_is_shared_between_threads_though_its_values_are_not() {
    is_send_and_sync::<Local<Rc<()>>>();
}

#[test]
fn a_value_is_set_copied_and_taken() {
    let local = Local::new(|| String::from("first"));
    assert_eq!(local.take(), None);
    assert_eq!(local.get(), "first");
    local.set("second".into());
    assert_eq!(local.get(), "second");
    assert_eq!(local.take().as_deref(), Some("second"));
    assert_eq!(local.get(), "first");
}

#[test]
fn many_made_at_run_time_are_kept_apart() {
    let _limit = limit();
    let locals: Vec<_> = (0..1000).map(|number| Local::new(move || number)).collect();
    scope(|s| {
        for _ in 0..2 {
            s.spawn(|| {
                for (number, local) in locals.iter().enumerate() {
                    local.set(local.get() + number);
                }
                for (number, local) in locals.iter().enumerate() {
                    assert_eq!(local.get(), 2 * number);
                }
            });
        }
    });
    assert!(locals.iter().enumerate().all(|(n, local)| local.get() == n));
}

#[test]
fn values_are_dropped_when_their_thread_ends() {
    let _limit = limit();
    let (drops, dropped) = counter();
    let local = Arc::new(Local::new(move || Counts(drops.clone())));
    let theirs = local.clone();
    spawn(move || theirs.with(|_| ())).join().unwrap();
    assert_eq!(dropped(), 1);
    // A thread that weftline does not know.
    std::thread::scope(|scope| scope.spawn(|| local.with(|_| ())).join().unwrap());
    assert_eq!(dropped(), 2);
}

#[test]
fn a_dropped_local_drops_the_own_value_and_the_others_at_their_next_use() {
    static OTHER: Local<u8> = Local::new(|| 0);
    let _limit = limit();
    let (drops, dropped) = counter();
    let local = Arc::new(Local::new(move || Counts(drops.clone())));
    local.with(|_| ());
    let (has_used, is_gone, has_looked, end) =
        (Event::new(), Event::new(), Event::new(), Event::new());
    scope(|s| {
        let theirs = local.clone();
        let (has_used, is_gone, has_looked, end) = (&has_used, &is_gone, &has_looked, &end);
        s.spawn(move || {
            theirs.with(|_| ());
            drop(theirs);
            has_used.set();
            is_gone.wait();
            OTHER.with(|_| ());
            has_looked.set();
            end.wait();
        });
        has_used.wait();
        drop(local);
        assert_eq!(dropped(), 1, "its own");
        is_gone.set();
        has_looked.wait();
        assert_eq!(dropped(), 2, "the other's");
        end.set();
    });
}

#[test]
fn a_value_in_use_survives_being_replaced() {
    let (drops, dropped) = counter();
    let local = Local::new(move || Counts(drops.clone()));
    local.with(|first| {
        local.set(Counts(first.0.clone()));
        assert_eq!(dropped(), 0);
        assert_eq!(
            Arc::strong_count(&first.0),
            4,
            "both, the maker and the test"
        );
    });
    assert_eq!(dropped(), 1);
    let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        local.with(|_| local.take().is_some())
    }));
    assert!(taken.is_err());
    assert_eq!(dropped(), 1, "it is still there");
    assert!(local.take().is_some());
}

#[test]
fn an_initialiser_may_use_it() {
    thread_local! {
        static DEPTH: Cell<u32> = const { Cell::new(0) };
    }
    static LOCAL: Local<u32> = Local::new(|| {
        let depth = DEPTH.replace(DEPTH.get() + 1);
        if depth < 2 { LOCAL.get() } else { 42 }
    });
    static SET: Local<u32> = Local::new(|| {
        SET.set(7);
        8
    });
    assert_eq!(LOCAL.get(), 42);
    assert_eq!(DEPTH.get(), 3);
    assert_eq!(SET.get(), 7, "the first to be there stays");
}

#[test]
fn an_initialiser_that_panics_leaves_nothing() {
    let tries = Cell::new(0);
    let local = Local::new(|| {
        tries.set(tries.get() + 1);
        assert!(tries.get() > 1, "the first time");
        tries.get()
    });
    let first = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| local.get()));
    assert!(first.is_err());
    assert_eq!(local.get(), 2);
}

#[test]
fn destructors_may_use_locals_also_at_the_end_of_the_thread() {
    static LOG: Local<RefCell<Vec<&'static str>>> = Local::new(RefCell::default);
    static SELF: Local<Option<Chatty>> = Local::new(|| None);
    static SAID: Lock<Vec<String>> = Lock::new(Vec::new());
    struct Chatty(u32);
    impl Drop for Chatty {
        fn drop(&mut self) {
            LOG.with(|log| log.borrow_mut().push("dropped"));
            if self.0 > 0 {
                // Again and again, for more rounds than the thread's end has.
                SELF.set(Some(Chatty(self.0 - 1)));
            }
            SAID.lock().push(format!("dropped {}", self.0));
        }
    }
    let _limit = limit();
    spawn(|| {
        LOG.with(|log| log.borrow_mut().push("used"));
        SELF.set(Some(Chatty(2)));
    })
    .join()
    .unwrap();
    assert_eq!(*SAID.lock(), ["dropped 2", "dropped 1", "dropped 0"]);
    spawn(|| SELF.set(Some(Chatty(u32::MAX)))).join().unwrap();
    assert!(SAID.lock().len() > 3, "some, and then it is left");
}

#[test]
fn thread_locals_of_the_standard_library_may_use_it_in_their_destructors() {
    static LOCAL: Local<Cell<u32>> = Local::new(|| Cell::new(5));
    static SEEN: Lock<Vec<u32>> = Lock::new(Vec::new());
    struct AsksLate;
    impl Drop for AsksLate {
        fn drop(&mut self) {
            let value = LOCAL.with(Cell::get);
            SEEN.lock().push(value);
            LOCAL.set(Cell::new(6));
            let value = LOCAL.with(Cell::get);
            SEEN.lock().push(value);
        }
    }
    thread_local! {
        static FIRST: AsksLate = const { AsksLate };
        static LAST: AsksLate = const { AsksLate };
    }
    let _limit = limit();
    // Registered on both sides of the values' own destructor.
    let life = || {
        FIRST.with(|_| ());
        LOCAL.with(|value| value.set(9));
        LAST.with(|_| ());
    };
    spawn(life).join().unwrap();
    let seen = SEEN.lock();
    if cfg!(target_os = "linux") {
        assert_eq!(*seen, [9, 6, 5, 5], "before the values are gone, and after");
    } else {
        assert_eq!(seen.len(), 4);
    }
}

#[test]
fn a_destructor_that_panics_at_the_end_of_its_thread_is_reported() {
    static REPORTS: Lock<Vec<String>> = Lock::new(Vec::new());
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("broken");
        }
    }
    static LOCAL: Local<Fragile> = Local::new(|| Fragile);
    let _limit = limit();
    set_except_hook(|thread, panicked| {
        let report = format!("{}: {}", thread.name(), panicked.message());
        REPORTS.lock().push(report);
    });
    let handle = weftline::Builder::new().name("glass");
    let handle = handle.spawn(|| LOCAL.with(|_| 3)).unwrap();
    assert_eq!(handle.join().unwrap(), 3);
    reset_except_hook();
    assert_eq!(*REPORTS.lock(), ["glass: broken"]);
}

/// On other systems the order in which thread-locals are destroyed is unspecified.
#[cfg(target_os = "linux")]
#[test]
fn a_foreign_thread_that_uses_the_library_to_the_last_leaves_nothing_behind() {
    use weftline::{current, enumerate};

    /// Asks for its thread and waits, when all that weftline keeps for its thread is gone.
    struct ToTheLast;
    impl Drop for ToTheLast {
        fn drop(&mut self) {
            let this = current();
            assert!(
                !enumerate().contains(&this),
                "it would stay in the registry"
            );
            let event = Event::new();
            assert!(
                event
                    .try_wait_for(std::time::Duration::from_micros(100))
                    .is_err()
            );
            event.set();
            event.wait();
        }
    }
    thread_local! {
        static FIRST: Cell<Option<ToTheLast>> = const { Cell::new(None) };
    }
    for _ in 0..300 {
        let known = std::thread::spawn(|| {
            // The thread-local used first is destroyed last.
            FIRST.set(Some(ToTheLast));
            let this = current();
            assert!(enumerate().contains(&this));
            this
        });
        let known = known.join().unwrap();
        assert!(!known.is_alive() && !enumerate().contains(&known));
    }
}

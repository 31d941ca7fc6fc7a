//! Panics of threads: a join returns them, or the except hook is called.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::{LONG, limit};
use weftline::{
    Builder, Event, JoinError, Lock, Panic, Queue, current, reset_except_hook, set_except_hook,
    spawn,
};

/// The except hook belongs to the process, so tests that set it take turns.
static HOOK: Lock<()> = Lock::new(());

fn opened() -> Arc<Event> {
    Arc::new(Event::new())
}

#[test]
fn a_join_returns_a_panic_with_its_message_and_payload() {
    let _limit = limit();
    let handle = Builder::new().name("clumsy").spawn(|| {
        let plates = current().name().len() / 2;
        assert_eq!(plates, 0, "dropped {plates} plates");
    });
    let panicked = handle.unwrap().join().unwrap_err();
    assert!(panicked.message().contains("dropped 3 plates"));
    assert_eq!(panicked.thread_name(), "clumsy");
    let message = panicked.message().to_owned();
    // `panic_hook.rs` has the place.
    assert_eq!(
        panicked.to_string(),
        format!("thread 'clumsy' panicked: {message}")
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

/// The reports to the except hook from now on.
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
fn the_hook_gets_a_panic_that_no_thread_joins() {
    let _limit = limit();
    let _turn = HOOK.lock();
    let reports = reports();
    let go = opened();
    // The handle is dropped first.
    let handle = panics("early", &go);
    let thread = handle.thread().clone();
    drop(handle);
    go.set();
    thread.join();
    assert_eq!(reports.try_get().unwrap(), ("early".into(), "EARLY".into()));
    // The thread ends first.
    let handle = panics("late", &go);
    handle.thread().join();
    assert!(reports.try_get().is_err(), "it may still be joined");
    drop(handle);
    assert_eq!(reports.try_get().unwrap(), ("late".into(), "LATE".into()));
    // The thread is joined.
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
fn a_hook_that_is_replaced_during_its_call_may_panic_when_it_is_dropped() {
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("the hook's own");
        }
    }
    let _limit = limit();
    let _turn = HOOK.lock();
    let fragile = Fragile;
    set_except_hook(move |_, _| {
        let _ = &fragile;
        reset_except_hook();
    });
    let go = opened();
    go.set();
    let handle = panics("last words", &go);
    handle.thread().join();
    drop(handle);
}

#[test]
fn a_value_that_no_thread_joins_for_is_dropped_and_may_panic() {
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
fn a_thread_that_joins_itself_panics() {
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

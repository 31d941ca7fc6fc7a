//! The panic hook of the standard library is called for every panic, once and at its time, as in a
//! program without this library. Each case runs this program again, as a process of its own.

mod support;

use std::process::{ExitCode, Output};
use support::again::{self, Case, text};

const CASES: &[Case<()>] = &[
    (
        "caught on a thread of std",
        programs::caught_by_std,
        succeeds,
    ),
    ("caught on a thread", programs::caught, |output| {
        matches_std(output, "caught on a thread of std");
    }),
    ("joined from std", programs::joined_from_std, succeeds),
    ("joined", programs::joined, |output| {
        matches_std(output, "joined from std");
    }),
    ("a hook set before", programs::hook_before, is_silent),
    ("a hook set after", programs::hook_after, is_silent),
    ("the hook stays", programs::hook_stays, is_silent),
    ("a hook that notes places", programs::noting_hook, is_silent),
    ("a hook under `run`", programs::hook_under_run, is_silent),
    ("a hook within `run`", programs::hook_within_run, is_silent),
];

fn main() -> ExitCode {
    again::main(CASES)
}

fn succeeds(output: &Output) {
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// The standard error output without the parts that differ between runs: the system's numbers of
/// threads.
fn told(output: &Output) -> String {
    let without_number = |line: &str| match (line.find(" ("), line.find(") panicked at ")) {
        (Some(begin), Some(end)) => format!("{}{}", &line[..begin], &line[end + 1..]),
        _ => line.to_owned(),
    };
    let lines: Vec<_> = text(&output.stderr).lines().map(without_number).collect();
    lines.join("\n")
}

fn matches_std(output: &Output, program_of_std: &str) {
    succeeds(output);
    let expected = told(&again::run(program_of_std));
    assert!(expected.contains("panicked at"), "{expected}");
    assert_eq!(told(output), expected);
}

fn is_silent(output: &Output) {
    succeeds(output);
    assert_eq!(text(&output.stderr), "");
}

mod programs {
    use std::panic::{PanicHookInfo, catch_unwind, set_hook, take_hook};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;
    use weftline::{
        Builder, Executor, Local, Lock, ThreadPoolExecutor, Timer, at_exit, note_panic,
    };

    /// The thread and the message of each call of the hook.
    static TOLD: Lock<Vec<(String, String)>> = Lock::new(Vec::new());

    fn record(info: &PanicHookInfo<'_>) {
        let name = std::thread::current().name().unwrap_or("?").to_owned();
        let message = info.payload().downcast_ref::<&str>().unwrap_or(&"?");
        let message = (*message).to_owned();
        TOLD.lock().push((name, message));
    }

    fn set_recorder() {
        set_hook(Box::new(record));
    }

    #[track_caller]
    fn was_told(name: &str, message: &str) {
        let told = std::mem::take(&mut *TOLD.lock());
        assert_eq!(told, [(name.to_owned(), message.to_owned())]);
    }

    fn catches() {
        assert!(catch_unwind(|| panic!("the first")).is_err());
        eprintln!("between");
        assert!(catch_unwind(|| panic!("the second")).is_err());
        eprintln!("after");
    }

    pub(crate) fn caught_by_std() {
        let thread = std::thread::Builder::new().name("careful".into());
        thread.spawn(catches).unwrap().join().unwrap();
    }

    pub(crate) fn caught() {
        let thread = Builder::new().name("careful");
        thread.spawn(catches).unwrap().join().unwrap();
    }

    fn fails() {
        panic!("slipped");
    }

    pub(crate) fn joined_from_std() {
        let thread = std::thread::Builder::new().name("unlucky".into());
        assert!(thread.spawn(fails).unwrap().join().is_err());
    }

    pub(crate) fn joined() {
        let thread = Builder::new().name("unlucky");
        assert!(thread.spawn(fails).unwrap().join().is_err());
    }

    /// Panics in every place where the library catches them. After each, the hook has been called
    /// once.
    fn every_way() {
        struct Fragile;
        impl Drop for Fragile {
            fn drop(&mut self) {
                panic!("broken");
            }
        }
        static LOCAL: Local<Fragile> = Local::new(|| Fragile);

        let named = |name: &str| Builder::new().name(name);
        let panicked = named("joined").spawn(|| panic!("one")).unwrap().join();
        was_told("joined", "one");
        assert_eq!(panicked.map(|(): ()| ()).unwrap_err().message(), "one");

        let handle = named("unjoined").spawn(|| panic!("two")).unwrap();
        let thread = handle.thread().clone();
        drop(handle);
        thread.join();
        was_told("unjoined", "two");

        let handle = named("value").spawn(|| LOCAL.with(|_| ())).unwrap();
        handle.join().unwrap();
        was_told("value", "broken");

        weftline::scope(|s| {
            let scoped = s.builder().name("scoped").spawn(|| panic!("three"));
            let scoped = scoped.unwrap().join();
            assert!(scoped.map(|(): ()| ()).is_err());
        });
        was_told("scoped", "three");

        let pool = ThreadPoolExecutor::builder().max_workers(1);
        let pool = pool.thread_name_prefix("pool").build();
        let future = pool.submit(|| panic!("four")).unwrap();
        assert!(future.result().map(|(): ()| ()).is_err());
        was_told("pool_0", "four");
        pool.spawn(|| panic!("five")).unwrap();
        drop(pool);
        was_told("pool_0", "five");

        let timer = Timer::new(Duration::ZERO, || panic!("six"));
        timer.start().unwrap();
        assert!(timer.join().is_err());
        was_told("weftline timer", "six");

        weftline::set_except_hook(|_, _| panic!("of the except hook"));
        let handle = named("told").spawn(|| panic!("seven")).unwrap();
        handle.thread().join();
        was_told("told", "seven");
        drop(handle);
        was_told(
            std::thread::current().name().unwrap_or("?"),
            "of the except hook",
        );
        weftline::reset_except_hook();
    }

    pub(crate) fn hook_before() {
        set_recorder();
        every_way();
    }

    pub(crate) fn hook_after() {
        weftline::spawn(|| ()).join().unwrap();
        ThreadPoolExecutor::new(1)
            .submit(|| ())
            .unwrap()
            .result()
            .unwrap();
        set_recorder();
        every_way();
    }

    /// A hook that the program takes back is the one that it has set, and the library keeps no
    /// reference to it.
    pub(crate) fn hook_stays() {
        static IS_GONE: AtomicBool = AtomicBool::new(false);
        struct Owned;
        impl Drop for Owned {
            fn drop(&mut self) {
                IS_GONE.store(true, Ordering::Relaxed);
            }
        }
        let owned = Owned;
        set_hook(Box::new(move |_| {
            let _ = &owned;
        }));
        let _ = weftline::spawn(|| panic!("ignored")).join().is_err();
        assert!(!IS_GONE.load(Ordering::Relaxed));
        let taken = take_hook();
        let _ = weftline::spawn(|| std::panic::resume_unwind(Box::new("ignored too")))
            .join()
            .map(|(): ()| ());
        drop(taken);
        assert!(IS_GONE.load(Ordering::Relaxed));
    }

    pub(crate) fn noting_hook() {
        set_hook(Box::new(|info| {
            note_panic(info);
            record(info);
        }));
        let panicked = weftline::spawn(|| -> () { panic!("slipped") })
            .join()
            .unwrap_err();
        let place = panicked.location().unwrap();
        assert!(place.contains("panic_hook.rs:"), "{place}");
        let line = panicked.to_string();
        assert!(
            line.ends_with(&format!(" panicked at {place}: slipped")),
            "{line}"
        );
        TOLD.lock().clear();
        every_way();
    }

    pub(crate) fn hook_under_run() {
        set_recorder();
        let done = Arc::new(AtomicBool::new(false));
        let same = Arc::clone(&done);
        weftline::run(move || {
            every_way();
            let panicked = weftline::spawn(|| -> () { panic!("slipped") }).join();
            assert!(panicked.unwrap_err().location().is_some());
            TOLD.lock().clear();
            at_exit(move || same.store(true, Ordering::Relaxed));
            at_exit(|| panic!("late"));
        });
        was_told("main", "late");
        assert!(done.load(Ordering::Relaxed));
    }

    pub(crate) fn hook_within_run() {
        weftline::run(|| {
            set_recorder();
            every_way();
        });
    }
}

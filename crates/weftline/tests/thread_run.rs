//! The end of programs, and their output. Each case runs this program again, as a process of its
//! own.

mod support;

use std::process::{ExitCode, Output};
use support::again::{self, Case, text};

const CASES: &[Case<ExitCode>] = &[
    ("order", programs::order, |output| {
        prints(
            output,
            7,
            "the main thread, thread, its child, third, of its callback, second, first",
        );
        assert_eq!(text(&output.stderr), "");
    }),
    ("a main that panics", programs::main_panics, |output| {
        prints(output, 101, "thread, callback");
        assert!(text(&output.stderr).contains("main has panicked"));
    }),
    (
        "a callback that panics",
        programs::callback_panics,
        |output| {
            prints(output, 0, "third, first");
            one_panic(output, "main", "second");
        },
    ),
    (
        "pools that the program does not shut down",
        programs::pools_left,
        |output| {
            prints(output, 0, "main, task, its thread, refused, callback");
            assert_eq!(text(&output.stderr), "");
        },
    ),
    (
        "a panic that no thread joins",
        programs::unjoined,
        |output| {
            prints(output, 0, "alive");
            one_panic(output, "unlucky", "slipped");
        },
    ),
    (
        "panics that end the process",
        programs::two_panics,
        |output| {
            assert!(!output.status.success());
            let told = text(&output.stderr);
            assert!(
                told.contains("the first") && told.contains("the second"),
                "{told}"
            );
        },
    ),
    ("the main thread", programs::the_main_thread, |output| {
        prints(output, 0, "done")
    }),
    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    ("a refused start", programs::refused, |output| {
        prints(output, 0, "done");
        assert_eq!(text(&output.stderr), "");
    }),
];

fn main() -> ExitCode {
    again::main(CASES)
}

/// Checks the exit status and the lines, joined by commas.
fn prints(output: &Output, status: i32, lines: &str) {
    let printed: Vec<_> = text(&output.stdout).lines().collect();
    assert_eq!(printed.join(", "), lines, "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(status));
}

/// Checks the standard error output: one panic, as the panic hook of the standard library reports
/// it.
fn one_panic(output: &Output, thread: &str, message: &str) {
    let told = text(&output.stderr);
    assert_eq!(told.matches("panicked at").count(), 1, "{told}");
    let is_told = told.contains(&format!("thread '{thread}'"))
        && told.contains("thread_run.rs:")
        && told.lines().any(|line| line == message);
    assert!(is_told, "{told}");
}

mod programs {
    use std::process::ExitCode;
    use std::sync::LazyLock;
    use weftline::{
        Builder, Event, Executor, SubmitError, ThreadPoolExecutor, at_exit, current, main_thread,
        run, spawn,
    };

    /// The main thread has nothing left to do.
    static MAIN_IS_DONE: Event = Event::new();

    struct SetsWhenDropped;

    impl Drop for SetsWhenDropped {
        fn drop(&mut self) {
            MAIN_IS_DONE.set();
        }
    }

    pub(crate) fn order() -> ExitCode {
        run(|| {
            at_exit(|| println!("first"));
            at_exit(|| println!("second"));
            at_exit(|| {
                println!("third");
                at_exit(|| {
                    spawn(|| println!("of its callback"));
                });
            });
            let _last = SetsWhenDropped;
            Builder::new()
                .daemon(true)
                .spawn(|| Event::new().wait())
                .unwrap();
            spawn(|| {
                MAIN_IS_DONE.wait();
                println!("thread");
                spawn(|| println!("its child"));
            });
            assert!(current().is_main());
            println!("the main thread");
            ExitCode::from(7)
        })
    }

    pub(crate) fn main_panics() -> ExitCode {
        run(|| {
            at_exit(|| println!("callback"));
            let _last = SetsWhenDropped;
            spawn(|| {
                MAIN_IS_DONE.wait();
                println!("thread");
            });
            panic!("main has panicked");
        })
    }

    pub(crate) fn callback_panics() -> ExitCode {
        run(|| {
            at_exit(|| println!("first"));
            at_exit(|| panic!("second"));
            at_exit(|| println!("third"));
            ExitCode::SUCCESS
        })
    }

    pub(crate) fn pools_left() -> ExitCode {
        static POOL: LazyLock<ThreadPoolExecutor> = LazyLock::new(|| ThreadPoolExecutor::new(2));
        run(|| {
            at_exit(|| {
                let refused = POOL.submit(|| ());
                assert!(matches!(refused, Err(SubmitError::ShutDown(_))));
                println!("refused");
                at_exit(|| println!("callback"));
            });
            let leaked = ThreadPoolExecutor::new(1);
            leaked.submit(|| ()).unwrap().result().unwrap();
            std::mem::forget(leaked);
            let _last = SetsWhenDropped;
            spawn(|| {
                MAIN_IS_DONE.wait();
                let task = POOL.submit(|| {
                    println!("task");
                    spawn(|| println!("its thread"));
                });
                drop(task.unwrap());
            });
            println!("main");
            ExitCode::SUCCESS
        })
    }

    pub(crate) fn unjoined() -> ExitCode {
        let unlucky = Builder::new().name("unlucky");
        let handle = unlucky
            .spawn(|| panic!("slipped"))
            .map(|it| it.thread().clone());
        handle.unwrap().join();
        println!("alive");
        ExitCode::SUCCESS
    }

    pub(crate) fn two_panics() -> ExitCode {
        struct Fragile;
        impl Drop for Fragile {
            fn drop(&mut self) {
                panic!("the second");
            }
        }
        let handle = spawn(|| {
            let _fragile = Fragile;
            panic!("the first");
        });
        let _: Result<(), _> = handle.join();
        ExitCode::SUCCESS
    }

    pub(crate) fn the_main_thread() -> ExitCode {
        let asked = std::thread::spawn(|| {
            let main = main_thread();
            assert!(main.is_main() && main.is_alive() && main != current());
            assert!(weftline::enumerate()[0] == main);
            if cfg!(target_os = "linux") {
                assert_eq!(
                    (main.ident(), main.number()),
                    (None, None),
                    "it has not come yet"
                );
                assert_eq!(main.native_id(), Some(u64::from(std::process::id())));
            }
            main
        });
        let main = asked.join().unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(current(), main);
            assert!(main.ident().is_some() && main.number().is_some());
        }
        current().set_name("boss");
        assert_eq!(spawn(|| main_thread().name()).join().unwrap(), "boss");
        assert_eq!(weftline::active_count(), weftline::enumerate().len());
        println!("done");
        ExitCode::SUCCESS
    }

    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    pub(crate) fn refused() -> ExitCode {
        use std::sync::Arc;
        const HUGE: usize = 1 << 40;
        limit_memory(1 << 36);
        let _ = current();
        let before = weftline::enumerate();
        let captured = Arc::new(());
        for _ in 0..100 {
            let theirs = captured.clone();
            let started = Builder::new().stack_size(HUGE).spawn(move || drop(theirs));
            assert!(started.is_err());
        }
        for bytes in [usize::MAX, isize::MAX as usize] {
            let theirs = captured.clone();
            let started = Builder::new().stack_size(bytes).spawn(move || drop(theirs));
            assert!(started.is_err());
        }
        assert_eq!(Arc::strong_count(&captured), 1, "the functions are gone");
        assert_eq!(weftline::enumerate(), before);
        assert_eq!(weftline::active_count(), before.len());
        // As many as there is room for, then one too many.
        let go = Arc::new(Event::new());
        let mut started = Vec::new();
        while let Ok(handle) = Builder::new().stack_size(1 << 32).spawn({
            let go = go.clone();
            move || go.wait()
        }) {
            started.push(handle);
        }
        assert_eq!(weftline::active_count(), before.len() + started.len());
        go.set();
        for handle in started {
            handle.join().unwrap();
        }
        assert_eq!(weftline::enumerate(), before);
        let scoped = weftline::scope(|s| {
            let refused = s.builder().stack_size(HUGE).spawn(|| captured.clone());
            assert!(refused.is_err());
            s.join_all().unwrap();
            s.spawn(|| Arc::strong_count(&captured)).join().unwrap()
        });
        assert_eq!(scoped, 1);
        run(|| spawn(|| println!("done")).thread().join());
        ExitCode::SUCCESS
    }

    #[cfg(all(target_os = "linux", target_pointer_width = "64"))]
    fn limit_memory(bytes: u64) {
        let limit = libc::rlimit {
            rlim_cur: bytes,
            rlim_max: bytes,
        };
        // SAFETY: the limit is a valid place, and this process exists for this case alone.
        let failed = unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) };
        assert_eq!(failed, 0);
    }
}

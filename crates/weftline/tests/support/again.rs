//! Test programs that run each case in a process of its own, which is the program started again.

use super::{MOST, SHORT, is_chosen, now};
use std::process::{Command, ExitCode, Output, Stdio, Termination};

/// The name of the case whose process this is.
const PROGRAM: &str = "WEFTLINE_TEST_PROGRAM";

/// A case: its name, its program, and the check of the program's end.
pub(crate) type Case<T> = (&'static str, fn() -> T, fn(&Output));

/// Runs the program of a case in the process that was started for it, and all cases otherwise.
pub(crate) fn main<T: Termination>(cases: &[Case<T>]) -> ExitCode {
    if let Ok(chosen) = std::env::var(PROGRAM) {
        let case = cases.iter().find(|case| case.0 == chosen);
        return case.expect("a program of that name").1().report();
    }
    // The harness lists tests. This program has none that it could run one by one.
    if std::env::args().any(|argument| argument == "--list") {
        return ExitCode::SUCCESS;
    }
    for (name, _, check) in cases {
        if !is_chosen(name) {
            continue;
        }
        check(&run(name));
        println!("{name}: ok");
    }
    ExitCode::SUCCESS
}

/// The end of the program of that case. Fails if the program does not end.
pub(crate) fn run(program: &str) -> Output {
    let this = std::env::current_exe().expect("a test knows its own file");
    let mut child = Command::new(this)
        .env(PROGRAM, program)
        .env_remove("RUST_BACKTRACE")
        .env_remove("RUST_LIB_BACKTRACE")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this program runs");
    let start = now();
    // The output fits into a pipe, so the programs end unread.
    while child
        .try_wait()
        .expect("a child can be waited for")
        .is_none()
    {
        // A sanitizer's child that aborts reads the debug information. That takes seconds of
        // processor time, which are minutes on a busy machine.
        if start.elapsed() > MOST {
            child.kill().expect("a child can be killed");
            panic!("{program}: has not ended after {MOST:?}");
        }
        std::thread::sleep(SHORT);
    }
    child.wait_with_output().expect("its output can be read")
}

/// What a program has printed.
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("they print text")
}

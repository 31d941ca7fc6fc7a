//! A process that does not answer gets no signal.

use crate::Named;
use crate::child::{Child, end_with_parent, ready, say, set_blocked, stay, told};
use crate::support::until;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use weftline::park::Kind;
use weftline::watch::{self, RequestError};

pub(crate) const SCENARIOS: &[Named] = &[
    ("plain", || weftline::run(waits)),
    ("without run", waits),
    ("blocked", blocked),
    ("own handler", own_handler),
    ("ignores", ignores),
];
pub(crate) const CASES: &[Named] = &[
    ("refusals: a program without the library", another_program),
    ("refusals: a program without run", || {
        let mut child = Child::start("without run");
        assert!(matches!(child.refuses(), RequestError::NotAnswering));
        child.end();
    }),
    ("refusals: no process", no_process),
    ("refusals: stopped", stopped),
    ("refusals: blocked", || {
        let mut child = Child::start("blocked");
        let refusal = child.refuses();
        let expected = watch::default_signal();
        assert!(matches!(refusal, RequestError::Blocked { signal } if signal == expected));
        child.end();
    }),
    (
        "refusals: a handler of the program stays",
        own_handler_stays,
    ),
    ("refusals: a signal that the program ignores", || {
        let mut child = Child::start("ignores");
        assert!(matches!(child.refuses(), RequestError::NotAnswering));
        child.end();
    }),
    ("refusals: the environment chooses", the_environment_chooses),
];

fn waits() {
    end_with_parent();
    ready();
    stay();
}

fn blocked() {
    set_blocked(watch::default_signal(), true);
    weftline::run(waits);
}

static CALLS: AtomicU32 = AtomicU32::new(0);

extern "C" fn count_call(_: i32) {
    CALLS.fetch_add(1, Ordering::Relaxed);
}

fn own_handler() {
    let handler = count_call as extern "C" fn(i32) as usize;
    // SAFETY: the handler only adds to an atomic.
    unsafe { libc::signal(watch::default_signal(), handler) };
    weftline::run(|| {
        assert!(!watch::is_ready());
        assert_eq!(
            watch::install(watch::default_signal()),
            Err(watch::NotReady::Taken)
        );
        ready();
        while told().is_some() {
            say(&CALLS.load(Ordering::Relaxed).to_string());
        }
    });
}

fn ignores() {
    // SAFETY: it has no handler.
    unsafe { libc::signal(watch::default_signal(), libc::SIG_IGN) };
    weftline::run(waits);
}

fn another_program() {
    let mut process = Command::new("sleep")
        .arg("100")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let refusal = watch::request(process.id());
    let is_alive = process.try_wait().unwrap().is_none();
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(
        matches!(refusal, Err(RequestError::NotAnswering)),
        "{refusal:?}"
    );
    assert!(is_alive, "the request has ended it");
}

fn no_process() {
    let mut process = Command::new("true").spawn().unwrap();
    let pid = process.id();
    until(|| {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .unwrap()
            .contains(") Z ")
    });
    assert!(
        matches!(watch::request(pid), Err(RequestError::NoProcess)),
        "a zombie"
    );
    process.wait().unwrap();
    for absent in [pid, 0, u32::MAX] {
        assert!(
            matches!(watch::request(absent), Err(RequestError::NoProcess)),
            "{absent}"
        );
    }
}

fn stopped() {
    let mut child = Child::start("plain");
    child.ask();
    child.signal(libc::SIGSTOP);
    until(|| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.pid())).unwrap();
        stat.contains(") T ")
    });
    assert!(matches!(child.refuses(), RequestError::Stopped));
    child.signal(libc::SIGCONT);
    child.ask_until(|snapshot| snapshot.parties.iter().any(|party| party.wait.is_some()));
    child.end();
}

fn own_handler_stays() {
    let mut child = Child::start("own handler");
    assert!(matches!(child.refuses(), RequestError::NotAnswering));
    child.tell("calls");
    assert_eq!(child.hear(), "0");
    child.signal(watch::default_signal());
    until(|| {
        child.tell("calls");
        child.hear() == "1"
    });
    child.end();
}

fn the_environment_chooses() {
    let with = |signal: &str| {
        let signal = signal.to_owned();
        Child::start_as("plain", move |command| {
            command.env("WEFTLINE_SIGNAL", signal);
        })
    };
    for off in ["0", "9", "99", "any"] {
        let mut child = with(off);
        assert!(
            matches!(child.refuses(), RequestError::NotAnswering),
            "{off}"
        );
        child.end();
    }
    let child = with("50");
    let snapshot = child.ask_until(|snapshot| snapshot.parties[0].wait.is_some());
    assert_eq!(snapshot.parties[0].wait.as_ref().unwrap().kind, Kind::Event);
    child.end();
    let processes = {
        let child = with("50");
        let found = watch::processes().unwrap();
        assert!(found.contains(&child.pid()));
        assert!(
            watch::tree(std::process::id())
                .unwrap()
                .contains(&child.pid())
        );
        found
    };
    assert!(processes.is_sorted());
}

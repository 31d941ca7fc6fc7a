//! A child of a fork answers for itself, whatever the other threads of its parent were doing.

use crate::Named;
use crate::child::{Child, end_with_parent, ready, say, set_blocked, start, stay, told};
use crate::support::{count, now};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use weftline::park::Kind;
use weftline::watch;

pub(crate) const SCENARIOS: &[Named] = &[("forks", forks), ("forks in a loop", forks_in_a_loop)];
pub(crate) const CASES: &[Named] = &[
    (
        "forks: a child answers for itself",
        a_child_answers_for_itself,
    ),
    (
        "forks: while another thread answers",
        while_another_thread_answers,
    ),
];

fn forks() {
    weftline::run(|| {
        end_with_parent();
        for name in ["one", "two"] {
            start(name, stay);
        }
        // SAFETY: the child waits, and ends when its parent does.
        let child = unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                stay();
            }
            child
        };
        ready();
        say(&child.to_string());
        stay();
    });
}

fn a_child_answers_for_itself() {
    let mut parent = Child::start("forks");
    let child: u32 = parent.hear().parse().unwrap();
    assert!(watch::tree(parent.pid()).unwrap().contains(&child));
    let mut asleep = 0;
    while asleep < 20 {
        let snapshot = watch::request(child).expect("it answers");
        assert!(snapshot.is_whole);
        assert_eq!(
            (snapshot.pid, snapshot.parties.len()),
            (child, 1),
            "{snapshot:?}"
        );
        let party = &snapshot.parties[0];
        assert!(party.is_main && party.native_id == u64::from(child));
        // None: the thread is on its way back to sleep, from which the last request has woken it.
        if let Some(wait) = &party.wait {
            assert_eq!(wait.kind, Kind::Event);
            asleep += 1;
        }
        assert_eq!(parent.ask().parties.len(), 3);
    }
    parent.end();
}

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Only the other threads get the signal. Each child that is forked meanwhile must answer, and have
/// no descriptor more than its parent.
fn forks_in_a_loop() {
    weftline::run(|| {
        for _ in 0..3 {
            start("answers", stay);
        }
        set_blocked(watch::default_signal(), true);
        // SAFETY: the descriptors are this process's own.
        unsafe {
            let nowhere = libc::open(c"/dev/null".as_ptr(), libc::O_WRONLY);
            libc::dup2(nowhere, libc::STDERR_FILENO);
            libc::close(nowhere);
        }
        let before = descriptors();
        ready();
        let forks: usize = told().unwrap().parse().unwrap();
        let (mut leaks, mut children) = (0, Vec::new());
        for _ in 0..forks {
            // SAFETY: the child leaves by `_exit`, or is killed below.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: as above. A child that hangs is ended by its alarm.
                unsafe {
                    libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                    libc::alarm(30);
                    set_blocked(watch::default_signal(), false);
                    libc::raise(watch::default_signal());
                    libc::alarm(0);
                    let more = descriptors() > before;
                    if more {
                        libc::_exit(7);
                    }
                    // What it might hold it holds for long.
                    libc::pause();
                    libc::_exit(0);
                }
            }
            children.push(child);
            if children.len() == 20 {
                leaks += end(&mut children);
            }
        }
        leaks += end(&mut children);
        say(&leaks.to_string());
        told();
    });
}

/// Ends the children, which pause or have ended by themselves; returns how many had too many
/// descriptors.
fn end(children: &mut Vec<libc::pid_t>) -> usize {
    let mut leaks = 0;
    for child in children.drain(..) {
        let mut status = 0;
        loop {
            // SAFETY: the child has not been waited for, and the place is valid.
            let ended = unsafe { libc::waitpid(child, &raw mut status, libc::WNOHANG) };
            if ended == child {
                break;
            }
            let stat = fs::read_to_string(format!("/proc/{child}/syscall")).unwrap_or_default();
            if stat.starts_with(&format!("{} ", libc::SYS_pause)) {
                // SAFETY: as above.
                unsafe { libc::kill(child, libc::SIGKILL) };
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(
            !libc::WIFSIGNALED(status) || libc::WTERMSIG(status) == libc::SIGKILL,
            "{status}"
        );
        leaks += usize::from(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7);
    }
    leaks
}

fn while_another_thread_answers() {
    let mut child = Child::start("forks in a loop");
    child.ask();
    let forks = count(200);
    let has_ended = AtomicBool::new(false);
    let pid = child.pid();
    std::thread::scope(|scope| {
        let asks = || {
            let mut longest = Duration::ZERO;
            while !has_ended.load(Ordering::Relaxed) {
                let start = now();
                assert!(watch::request(pid).expect("it answers").is_whole);
                longest = longest.max(start.elapsed());
            }
            longest
        };
        let requesters = [scope.spawn(asks), scope.spawn(asks)];
        child.tell(&forks.to_string());
        let leaks: usize = child.hear().parse().unwrap();
        has_ended.store(true, Ordering::Relaxed);
        let longest = requesters.map(|requester| requester.join().unwrap());
        // The forks while a thread has its new socket, and has not noted it, take a copy along.
        let tolerated = forks / 10;
        assert!(
            leaks <= tolerated,
            "{leaks} children of {forks} had a handler's descriptor"
        );
        let longest = longest.into_iter().max().unwrap();
        assert!(
            longest < Duration::from_millis(1_800),
            "a request took {longest:?}"
        );
    });
    child.end();
}

//! Parents and children: names, the registry, the order of their ends, and that nothing stays
//! behind.

use crate::Case;
use crate::endings::held;
use crate::programs::{command, output, wait_for};
use crate::support::{LONG, SHORT, now, until};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use weftline::process::{self, Process, StartError, active_children, parent_process, register};

pub(crate) const CASES: &[Case] = &[
    ("names", names),
    ("parents", parents),
    ("active children", active),
    ("nothing stays behind", nothing_stays_behind),
    ("many at once", many_at_once),
    ("starts while another thread forks", starts_and_forks),
    ("a daemon has no children", a_daemon_has_no_children),
    ("a parent ends, and is killed", left_behind),
    ("the end of a program", the_end_of_a_program),
    ("a deaf daemon", a_deaf_daemon),
    ("a program that panics", a_program_that_panics),
];

pub(crate) fn own_pid() -> u32 {
    std::process::id()
}
register!(own_pid);

/// The name of a process, and the names of its first two children, down to the last generation.
fn generations_below(generations: u32) -> Vec<String> {
    let mut names = vec![process::current_name().to_owned()];
    if generations > 0 {
        for _ in 0..2 {
            names.extend(
                process::spawn(generations_below, (generations - 1,))
                    .unwrap()
                    .join()
                    .unwrap(),
            );
        }
    }
    names
}
register!(generations_below);

fn names() {
    assert_eq!(process::current_name(), "MainProcess");
    let number = |name: &str| {
        name.strip_prefix("Process-")
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let first = process::spawn(own_pid, ()).unwrap();
    // Processes with an explicit name are counted too.
    let named = Process::new(own_pid, ())
        .name("grüße an alle, 世界")
        .start()
        .unwrap();
    let third = process::spawn(own_pid, ()).unwrap();
    assert_eq!(named.name(), "grüße an alle, 世界");
    assert_eq!(number(third.name()), number(first.name()) + 2);
    for child in [first, named, third] {
        let pid = child.pid();
        assert_eq!(child.join(), Ok(pid));
    }
    let child = process::spawn(generations_below, (2,)).unwrap();
    let root = child.name().to_owned();
    let expected = ["", ":1", ":1:1", ":1:2", ":2", ":2:1", ":2:2"].map(|it| format!("{root}{it}"));
    assert_eq!(child.join().unwrap(), expected);
    // The names of its children follow its place, not its own name.
    let child = Process::new(generations_below, (1,))
        .name("root")
        .start()
        .unwrap();
    let names = child.join().unwrap();
    assert_eq!(names[0], "root");
    assert!(
        names[1].starts_with("Process-") && names[1].ends_with(":1"),
        "{names:?}"
    );
}

/// Its parent's name and number, as the child sees them, and whether it can wait for the parent.
fn sees_parent() -> (String, u32, bool) {
    let parent = parent_process().unwrap();
    let lives = parent.is_alive()
        && parent.try_join().is_err()
        && parent.try_join_for(SHORT).is_err()
        && parent.try_join_until(now() + SHORT).is_err();
    (parent.name().to_owned(), parent.pid(), lives)
}
fn is_seen_by_its_child() -> (String, u32, bool) {
    process::spawn(sees_parent, ()).unwrap().join().unwrap()
}
register!(sees_parent);
register!(is_seen_by_its_child);

fn parents() {
    assert!(parent_process().is_none());
    let seen = process::spawn(sees_parent, ()).unwrap().join().unwrap();
    assert_eq!(seen, ("MainProcess".to_owned(), std::process::id(), true));
    let child = Process::new(is_seen_by_its_child, ())
        .name("middle")
        .start()
        .unwrap();
    let pid = child.pid();
    assert_eq!(child.join(), Ok(("middle".to_owned(), pid, true)));
}

fn active() {
    assert_eq!(active_children(), []);
    let (first, end_first) = held();
    let (second, end_second) = held();
    assert_eq!(
        active_children(),
        [first.process().clone(), second.process().clone()]
    );
    assert_eq!(active_children()[1].pid(), second.pid());
    drop(end_first);
    until(|| active_children() == [second.process().clone()]);
    // The query has waited for it.
    assert!(!std::path::Path::new(&format!("/proc/{}", first.pid())).exists());
    assert_eq!(first.join(), Ok(0));
    drop(end_second);
    drop(second);
    until(|| active_children().is_empty());
}

/// How many descriptors are open.
pub(crate) fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The system has no record of a child, not even of a child that has ended.
pub(crate) fn has_no_children_left() {
    // SAFETY: the status is not asked for.
    let found = unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) };
    assert_eq!(found, -1);
    assert_eq!(
        std::io::Error::last_os_error().raw_os_error(),
        Some(libc::ECHILD)
    );
}

fn nothing_stays_behind() {
    has_no_children_left();
    let before = descriptors();
    for round in 0..200 {
        let child = process::spawn(own_pid, ()).unwrap();
        let (pid, kept) = (child.pid(), child.process().clone());
        match round % 3 {
            0 => assert_eq!(child.join(), Ok(pid)),
            1 => kept.join(),
            _ => drop(child),
        }
    }
    // The dropped children are not waited for yet.
    until(|| active_children().is_empty());
    has_no_children_left();
    assert_eq!(descriptors(), before);
}

fn sum_of(numbers: Vec<u64>) -> u64 {
    numbers.into_iter().sum()
}
register!(sum_of);

fn many_at_once() {
    let before = descriptors();
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            scope.spawn(move || {
                for round in 0..6 {
                    // Some arguments are larger than a message.
                    let length = if round % 2 == 0 { 10 } else { 50_000 };
                    let children: Vec<_> = (0..3)
                        .map(|number| {
                            let numbers = (0..length).map(|it| it + thread * number).collect();
                            process::spawn(sum_of, (numbers,)).unwrap()
                        })
                        .collect();
                    let _ = active_children();
                    for (number, child) in (0..3).zip(children) {
                        let sum = length * (length - 1) / 2 + length * thread * number;
                        assert_eq!(child.join(), Ok(sum));
                    }
                }
            });
        }
    });
    assert_eq!(active_children(), []);
    has_no_children_left();
    assert_eq!(descriptors(), before);
}

fn starts_and_forks() {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let forks = scope.spawn(|| {
            let mut forks = 0;
            while !stop.load(Ordering::Relaxed) {
                // SAFETY: the copy's actions are the subject of this test; it leaves by `_exit`.
                match unsafe { libc::fork() } {
                    -1 => panic!("cannot fork"),
                    0 => {
                        // The copy can start processes, in any state of the other threads at the
                        // fork.
                        let child = process::spawn(own_pid, ()).unwrap();
                        let pid = child.pid();
                        let is_well = child.try_join_for(LONG).is_ok_and(|it| it == pid);
                        // SAFETY: leaves without the destructors of objects that belong to the
                        // parent.
                        unsafe { libc::_exit(i32::from(!is_well)) }
                    }
                    copy => {
                        let mut status = 0;
                        // SAFETY: the status is a valid place.
                        unsafe { libc::waitpid(copy, &raw mut status, 0) };
                        assert_eq!(status, 0, "the copy has failed");
                    }
                }
                forks += 1;
            }
            forks
        });
        for _ in 0..60 {
            let child = process::spawn(own_pid, ()).unwrap();
            let pid = child.pid();
            assert_eq!(child.join(), Ok(pid));
        }
        stop.store(true, Ordering::Relaxed);
        assert!(forks.join().unwrap() > 0);
    });
}

fn tries_to_start() -> (bool, String) {
    match process::spawn(own_pid, ()) {
        Err(refused @ StartError::DaemonHasNoChildren) => (true, refused.to_string()),
        other => (false, format!("{other:?}")),
    }
}
register!(tries_to_start);

fn a_daemon_has_no_children() {
    let child = Process::new(tries_to_start, ())
        .daemon(true)
        .start()
        .unwrap();
    assert!(child.is_daemon());
    let (is_refused, told) = child.join().unwrap();
    assert!(is_refused && told.contains("daemon"), "{told}");
    let child = Process::new(tries_to_start, ()).start().unwrap();
    assert!(!child.is_daemon());
    assert!(!child.join().unwrap().0, "a child that is no daemon can");
}

/// Any process, monitored from outside.
struct Monitored(rustix::fd::OwnedFd);

impl Monitored {
    fn new(pid: &str) -> Self {
        let pid = rustix::process::Pid::from_raw(pid.parse().expect("a number")).unwrap();
        Self(rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).unwrap())
    }

    fn is_alive(&self) -> bool {
        let mut polled = [rustix::event::PollFd::new(
            &self.0,
            rustix::event::PollFlags::IN,
        )];
        let now = rustix::event::Timespec::default();
        rustix::event::poll(&mut polled, Some(&now)).unwrap() == 0
    }
}

/// Leaves no process behind, even when the test fails.
impl Drop for Monitored {
    fn drop(&mut self) {
        let _ = rustix::process::pidfd_send_signal(&self.0, rustix::process::Signal::KILL);
    }
}

fn left_behind() {
    for is_killed in [false, true] {
        let mut program = command("leaves two behind")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let daemon = Monitored::new(&lines.next().unwrap().unwrap());
        let other = Monitored::new(&lines.next().unwrap().unwrap());
        std::thread::sleep(10 * SHORT);
        assert!(
            daemon.is_alive(),
            "it lives as long as its parent, not as the thread that has started it"
        );
        if is_killed {
            program.kill().unwrap();
        }
        drop(program.stdin.take());
        wait_for(&mut program);
        until(|| !daemon.is_alive());
        assert!(other.is_alive());
    }
}

fn is_gone(pid: &str) -> bool {
    !std::path::Path::new(&format!("/proc/{pid}")).exists()
}

fn the_end_of_a_program() {
    let output = output(&mut command("runs to its end"));
    let said = String::from_utf8(output.stdout).unwrap();
    let (daemon, said) = said.split_once('\n').unwrap();
    assert_eq!(said, "child\ncallback\nchild of the callback\n");
    assert_eq!(output.status.code(), Some(7));
    assert!(is_gone(daemon), "it has been ended, and waited for");
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

fn a_deaf_daemon() {
    let start = now();
    let output = output(&mut command("has a deaf daemon"));
    assert!(
        start.elapsed() >= std::time::Duration::from_secs(1),
        "it had the time to end"
    );
    assert!(output.status.success());
    assert!(is_gone(String::from_utf8(output.stdout).unwrap().trim()));
}

fn a_program_that_panics() {
    let output = output(&mut command("panics"));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "child\n");
    assert_eq!(output.status.code(), Some(101));
}

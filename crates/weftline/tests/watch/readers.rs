//! The other end of an answer: one that does not read, reads slowly, ends, or is another user.

use crate::Named;
use crate::child::{Child, end_with_parent, longest_pause_until_told, ready, say, stay};
use crate::support::now;
use std::io::{ErrorKind, Read};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::process::Stdio;
use std::time::Duration;
use weftline::watch;

pub(crate) const SCENARIOS: &[Named] =
    &[("many threads", many_threads), ("one thread", one_thread)];
pub(crate) const CASES: &[Named] = &[
    ("readers: one that does not read", || {
        stalls_boundedly(|stream| {
            std::thread::sleep(Duration::from_millis(800));
            drop(stream);
        });
    }),
    ("readers: a slow one", || {
        stalls_boundedly(|mut stream| {
            let start = now();
            while start.elapsed() < Duration::from_millis(1_200)
                && stream.read(&mut [0; 4096]).is_ok_and(|bytes| bytes > 0)
            {
                std::thread::sleep(Duration::from_millis(60));
            }
        });
    }),
    ("readers: one that ends in the middle", || {
        stalls_boundedly(|mut stream| drop(stream.read(&mut [0; 100])));
    }),
    (
        "readers: one that ends before the answer",
        nothing_is_written_for_one_that_is_gone,
    ),
    ("readers: another user", another_user_is_refused),
    (
        "readers: a requester that signals interrupt",
        interrupted_requests,
    ),
];

/// Their report is longer than what a socket takes without a reader.
const THREADS: usize = 1_500;

fn many_threads() {
    // As a program that is not Rust's.
    // SAFETY: it has no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    weftline::run(|| {
        crate::child::set_blocked(watch::default_signal(), true);
        for at in 0..THREADS {
            let builder = weftline::Builder::new().name(format!("a thread with a long name {at}"));
            builder
                .stack_size(16 * 1024)
                .daemon(true)
                .spawn(stay)
                .unwrap();
        }
        say(&longest_pause_until_told().as_millis().to_string());
        crate::child::told();
    });
}

fn one_thread() {
    weftline::run(|| {
        end_with_parent();
        ready();
        stay();
    });
}

fn listen(nonce: u64) -> UnixListener {
    let name = format!("weftline-{nonce:016x}");
    UnixListener::bind_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap()
}

/// What a requester does.
fn call(child: &Child, nonce: u64) {
    let value = libc::sigval {
        sival_ptr: std::ptr::with_exposed_provenance_mut(nonce as usize),
    };
    // SAFETY: the value is passed on.
    let failed = unsafe { libc::sigqueue(child.pid() as i32, watch::default_signal(), value) };
    assert_eq!(failed, 0);
}

fn a_nonce() -> u64 {
    u64::from(std::process::id()) << 32 | u64::from(now().elapsed().subsec_nanos()) | 1
}

fn stalls_boundedly(reads: impl FnOnce(UnixStream)) {
    let mut child = Child::start("many threads");
    child.ask_until(|snapshot| snapshot.parties.len() == THREADS + 1);
    let nonce = a_nonce();
    let listener = listen(nonce);
    call(&child, nonce);
    reads(listener.accept().unwrap().0);
    drop(listener);
    assert!(child.is_alive());
    assert_eq!(child.ask().parties.len(), THREADS + 1);
    child.tell("stop");
    let longest: u64 = child.hear().parse().unwrap();
    println!("    stood still for {longest} ms");
    assert!(longest < 1_000, "stood still for {longest} ms");
    child.end();
}

/// What a child writes to standard error until it ends.
fn errors_of(mut child: Child) -> String {
    let mut errors = child.errors();
    // The answer to this comes after what it was asked before.
    child.ask();
    child.end();
    let mut text = String::new();
    errors.read_to_string(&mut text).unwrap();
    text
}

fn with_errors() -> Child {
    Child::start_as("one thread", |command| {
        command.stderr(Stdio::piped());
    })
}

fn nothing_is_written_for_one_that_is_gone() {
    let child = with_errors();
    call(&child, a_nonce());
    assert_eq!(errors_of(child), "");
}

fn another_user_is_refused() {
    const NOBODY: libc::uid_t = 65_534;
    // SAFETY: always succeeds.
    if unsafe { libc::geteuid() } != 0 {
        println!("    is for root");
        return;
    }
    let child = with_errors();
    let nonce = a_nonce();
    let listener = std::thread::spawn(move || {
        // SAFETY: no memory is passed. The call changes this thread alone.
        let failed = unsafe { libc::syscall(libc::SYS_setresuid, -1, NOBODY, -1) };
        assert_eq!(failed, 0);
        listen(nonce)
    });
    let listener = listener.join().unwrap();
    call(&child, nonce);
    let mut told = Vec::new();
    let read = listener.accept().unwrap().0.read_to_end(&mut told);
    assert!(read.is_ok() || read.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    assert!(told.is_empty(), "{}", String::from_utf8_lossy(&told));
    assert_eq!(errors_of(child), "");
}

extern "C" fn nothing(_: i32) {}

/// A program that is interrupted all the time asks as well as another one.
fn interrupted_requests() {
    let child = Child::start("one thread");
    let interval = libc::timeval {
        tv_sec: 0,
        tv_usec: 100,
    };
    let every = libc::itimerval {
        it_interval: interval,
        it_value: interval,
    };
    // SAFETY: the handler does nothing, and the places are valid.
    let set = |timer: &libc::itimerval| unsafe {
        libc::signal(libc::SIGALRM, nothing as extern "C" fn(i32) as usize);
        libc::setitimer(libc::ITIMER_REAL, timer, std::ptr::null_mut())
    };
    set(&every);
    let answers: Vec<_> = (0..100).map(|_| watch::request(child.pid())).collect();
    let never = libc::timeval {
        tv_sec: 0,
        tv_usec: 0,
    };
    set(&libc::itimerval {
        it_interval: never,
        it_value: never,
    });
    for answer in answers {
        assert!(answer.expect("it answers").is_whole);
    }
    child.end();
}

//! The tasks of the tests.

use serde::{Deserialize, Deserializer, Serialize};
use std::sync::atomic::{AtomicU32, Ordering};
use weftline::process::{self, Descriptor, Event, Lock, Semaphore, register};

pub(crate) fn square(n: u64) -> u64 {
    n * n
}

pub(crate) fn half(n: u64) -> u64 {
    assert!(n.is_multiple_of(2), "{n} is odd");
    n / 2
}

pub(crate) fn pid() -> u32 {
    std::process::id()
}

pub(crate) fn shout(word: String, times: usize) -> String {
    word.to_uppercase().repeat(times)
}

pub(crate) fn nothing() {}

pub(crate) fn reversed(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().rev().collect()
}

pub(crate) fn through(mut input: Vec<Descriptor>) -> Vec<Descriptor> {
    input.reverse();
    input
}

pub(crate) fn fails(why: String) -> u8 {
    panic!("{why}")
}

pub(crate) fn exits(code: i32) {
    std::process::exit(code)
}

pub(crate) fn kills_itself() {
    // SAFETY: plain call of the system.
    unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
}

pub(crate) fn waits(begun: Event, go: Event) -> u32 {
    begun.set();
    go.wait();
    std::process::id()
}

pub(crate) fn sets(event: Event) {
    event.set();
}

pub(crate) fn adds(total: Lock<u64>, seats: Semaphore) {
    let permit = seats.acquire(1).unwrap();
    *total.lock().unwrap() += 1;
    drop(permit);
}

pub(crate) fn child_of_a_worker() -> u64 {
    process::spawn(square, (6,)).unwrap().join().unwrap()
}

/// Its process cannot end before `go` is set.
pub(crate) fn leaves_a_thread(go: Event) {
    drop(weftline::spawn(move || go.wait()));
}

pub(crate) fn closes_its_descriptors() {
    // SAFETY: this breaks the worker's own descriptors, but the mappings stay.
    unsafe { libc::syscall(libc::SYS_close_range, 3_u32, u32::MAX, 0_u32) };
}

/// Lowers the limit, so that no more than a few files can be opened.
pub(crate) fn has_few_descriptors() {
    let limit = libc::rlimit {
        rlim_cur: 50,
        rlim_max: 50,
    };
    // SAFETY: the limit is a valid place.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}

pub(crate) static INITIALISED: AtomicU32 = AtomicU32::new(0);

pub(crate) fn initialise(with: u32) {
    INITIALISED.fetch_add(with, Ordering::Relaxed);
}

pub(crate) fn initialised() -> u32 {
    INITIALISED.load(Ordering::Relaxed)
}

pub(crate) fn refuses(why: String) {
    panic!("{why}")
}

pub(crate) fn begins_and_waits(begun: Event, go: Event) {
    begun.set();
    go.wait();
}

/// No process can decode it but the process that has encoded it.
#[derive(Debug, Serialize)]
pub(crate) struct Unreadable(u32);

impl<'de> Deserialize<'de> for Unreadable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let writer = u32::deserialize(deserializer)?;
        assert_eq!(writer, std::process::id(), "it cannot be read here");
        Ok(Self(writer))
    }
}

pub(crate) fn unreadable() -> Unreadable {
    Unreadable(std::process::id())
}

register!(square);
register!(half);
register!(pid);
register!(shout);
register!(nothing);
register!(reversed);
register!(through);
register!(fails);
register!(exits);
register!(kills_itself);
register!(waits);
register!(sets);
register!(adds);
register!(child_of_a_worker);
register!(leaves_a_thread);
register!(closes_its_descriptors);
register!(has_few_descriptors);
register!(initialise);
register!(initialised);
register!(refuses);
register!(begins_and_waits);
register!(unreadable);
register!("a closure", |n: u64| n + 1);

/// A function as any other, but not registered.
pub(crate) fn squares() {}

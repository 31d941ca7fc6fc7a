//! Locks that are watched, and threads that take them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use weftline::park::{Deadline, LockClass, ThreadBlocker};
use weftline::sync::raw::{RawLock, RawRwLock};
use weftline::watch::{self, Inversion, OnInversion};

/// The tests take turns: one table has the order of all of them.
pub(crate) static TURN: weftline::Lock<()> = weftline::Lock::new(());

/// Runs `f` while locks are watched, and returns the inversions.
pub(crate) fn watched(f: impl FnOnce()) -> Vec<Arc<Inversion>> {
    let _turn = TURN.lock();
    watch::on_inversion(OnInversion::Keep);
    watch::lock_order(true);
    watch::forget_lock_order();
    f();
    watch::lock_order(false);
    watch::inversions()
}

/// A lock of a class of its own.
pub(crate) fn new() -> Arc<RawLock> {
    Arc::new(RawLock::watched(new_class()))
}

/// The same, to read and to write.
pub(crate) fn new_rwlock() -> Arc<RawRwLock> {
    Arc::new(RawRwLock::watched(new_class()))
}

fn new_class() -> LockClass {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let line = NEXT.fetch_add(1, Ordering::Relaxed) as u32;
    watch::lock_class(None, "made.rs", line)
}

pub(crate) fn of_class(class: LockClass) -> Arc<RawLock> {
    Arc::new(RawLock::watched(class))
}

#[track_caller]
pub(crate) fn take(lock: &RawLock) {
    lock.lock_with(&mut ThreadBlocker, Deadline::NEVER).unwrap();
}

/// A thread takes the locks one after the other, and releases them.
#[track_caller]
pub(crate) fn in_thread(name: &str, locks: &[&Arc<RawLock>]) {
    let locks: Vec<_> = locks.iter().map(|lock| Arc::clone(lock)).collect();
    let body = move || {
        locks.iter().for_each(|lock| take(lock));
        locks.iter().for_each(|lock| lock.unlock().unwrap());
    };
    let thread = weftline::Builder::new().name(name).spawn(body).unwrap();
    thread.join().unwrap();
}

/// A thread takes the locks in this order, and releases them.
pub(crate) fn takes(locks: &[&RawLock]) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            locks.iter().for_each(|lock| take(lock));
            locks.iter().for_each(|lock| lock.unlock().unwrap());
        });
    });
}

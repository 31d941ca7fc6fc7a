//! The record of a thread in models, which show no sleeps and have no operating system.

use super::model::thread_local;
use super::read_holds::ReadHolds;
use super::{Parker, ThreadNumber};
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) struct ThreadRecord {
    pub(crate) parker: Parker,
    number: u64,
    pub(crate) read_holds: ReadHolds,
}

impl ThreadRecord {
    /// Models do not spin before they enlist.
    pub(crate) fn yield_until(&self, _: impl FnMut() -> bool) {}

    /// A putter that can defer a wake does.
    pub(crate) fn should_defer_wake(&self) -> bool {
        true
    }

    /// Does not spin: what others do meanwhile, they may do before or after.
    pub(crate) fn spin_for_handoff(&self, _: impl FnMut() -> bool) {}
}

static NEXT: AtomicU64 = AtomicU64::new(1);

thread_local! {
    static RECORD: &'static ThreadRecord = enroll();
}

fn enroll() -> &'static ThreadRecord {
    crate::park::fork::watch();
    Box::leak(Box::new(ThreadRecord {
        parker: Parker::new(),
        number: NEXT.fetch_add(1, Ordering::Relaxed),
        read_holds: ReadHolds::new(),
    }))
}

/// The calling thread's number.
#[must_use]
pub fn current_number() -> ThreadNumber {
    ThreadNumber::new(number()).expect("numbers start at 1")
}

pub(crate) fn number() -> u64 {
    current().number
}

/// A number for a task.
pub(crate) fn reserve_number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The checker's locks are held for as long as they need to be.
pub(crate) fn has_record() -> bool {
    true
}

pub(crate) fn current() -> &'static ThreadRecord {
    RECORD.with(|record| *record)
}

/// The calling thread's holds.
pub(crate) fn read_holds() -> Option<&'static ReadHolds> {
    Some(&current().read_holds)
}

/// Models drop no lock that is held.
pub(crate) fn forget_read_holds(_: usize) {}

/// Models have memory.
pub(crate) fn try_current() -> Option<&'static ThreadRecord> {
    Some(current())
}

/// Models have no operating system.
#[must_use]
pub fn os_ident_of(_: ThreadNumber) -> Option<u64> {
    None
}

//! [`Failing`], an allocator, and [`at_each_allocation`], which fails each allocation of an
//! operation in turn.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::process::Command;

thread_local! {
    /// How many allocations of this thread succeed before one fails. Below zero all succeed.
    static BEFORE: Cell<isize> = const { Cell::new(-1) };
    /// Whether the later ones fail, too.
    static FOR_GOOD: Cell<bool> = const { Cell::new(false) };
    static HAS_FAILED: Cell<bool> = const { Cell::new(false) };
}

pub(crate) struct Failing;

fn fails() -> bool {
    let before = BEFORE.get();
    if before > 0 {
        BEFORE.set(before - 1);
    }
    if before != 0 {
        return false;
    }
    if !FOR_GOOD.get() {
        BEFORE.set(-1);
    }
    HAS_FAILED.set(true);
    true
}

// SAFETY: the system's allocator, or null.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return std::ptr::null_mut();
        }
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: passed on.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > layout.size() && fails() {
            return std::ptr::null_mut();
        }
        // SAFETY: passed on.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// The calling thread's allocation after `before` others fails; with `for_good`, all later ones,
/// too.
pub(crate) fn fail(before: isize, for_good: bool) {
    HAS_FAILED.set(false);
    FOR_GOOD.set(for_good);
    BEFORE.set(before);
}

/// Ends the failures. Returns whether an allocation has failed.
pub(crate) fn stop_failing() -> bool {
    BEFORE.set(-1);
    HAS_FAILED.get()
}

/// Runs this test program anew, for the test `test` alone, and passes it `told`. Returns its exit
/// code.
pub(crate) fn alone(test: &str, told: &str) -> Option<i32> {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([test, "--exact"]).env(TOLD, told);
    child.output().unwrap().status.code()
}

/// The text from the test that has started this process.
pub(crate) fn told() -> Option<String> {
    std::env::var(TOLD).ok()
}

const TOLD: &str = "WEFTLINE_TEST_ALONE";

/// Runs `operation` on the result of `make`, with its first allocation failing, then its second,
/// and so on until it needs no more. Each runs once with that allocation alone failing, and once
/// with all later ones failing too. `check` gets each outcome, with memory.
#[track_caller]
pub(crate) fn at_each_allocation<S, R>(
    make: impl FnMut() -> S,
    operation: impl FnMut(&mut S) -> R,
    check: impl FnMut(S, R),
) {
    walk(&[false, true], make, operation, check);
}

/// As [`at_each_allocation`], with one failing allocation each, for operations that panic: a panic
/// takes memory.
#[track_caller]
pub(crate) fn at_each_allocation_alone<S, R>(
    make: impl FnMut() -> S,
    operation: impl FnMut(&mut S) -> R,
    check: impl FnMut(S, R),
) {
    walk(&[false], make, operation, check);
}

#[track_caller]
fn walk<S, R>(
    for_good: &[bool],
    mut make: impl FnMut() -> S,
    mut operation: impl FnMut(&mut S) -> R,
    mut check: impl FnMut(S, R),
) {
    let mut failures = 0;
    for &for_good in for_good {
        for before in 0.. {
            assert!(before < 1000, "it allocates without end");
            let mut subject = make();
            fail(before, for_good);
            let returned = operation(&mut subject);
            let has_failed = stop_failing();
            failures += usize::from(has_failed);
            check(subject, returned);
            if !has_failed {
                break;
            }
        }
    }
    assert!(failures > 0, "it allocates nothing");
}

//! The panic of an operation that cannot report a lack of memory.

/// How an operation without an error for it ends when there is no memory.
#[cold]
#[track_caller]
pub(crate) fn panic_without_memory() -> ! {
    panic!("out of memory: nothing has changed")
}

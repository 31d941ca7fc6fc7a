//! What is left to do when even a thread's thread-locals are gone.
//!
//! # Implementation
//!
//! A destructor of some thread-local may use the library after the library's own thread-locals have
//! been destroyed, and the thread then has a record again, which nothing would return. POSIX's keys
//! have destructors too, and the system runs those last; and again, a few times, for what was set
//! by another of them. Elsewhere there is no such moment: there the record stays with the thread
//! that is gone.

use super::ThreadRecord;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Zero, or one more than the key. Not a `OnceLock`: a fork in the middle of that leaves the child
/// waiting for ever.
static KEY: AtomicUsize = AtomicUsize::new(0);

/// Has the record of the calling thread given back at its very end. `false` if the system has no
/// key for us, which many libraries would have to have used up, or no memory.
#[cold]
pub(super) fn gives_back(record: &'static ThreadRecord) -> bool {
    // SAFETY: the key exists.
    key().is_some_and(|key| unsafe {
        libc::pthread_setspecific(key, ptr::from_ref(record).cast()) == 0
    })
}

fn key() -> Option<libc::pthread_key_t> {
    let known = KEY.load(Ordering::Relaxed);
    if known != 0 {
        return Some(numbered(known));
    }
    let mut made = 0;
    // SAFETY: the place is valid, and the destructor takes what `gives_back` sets.
    if unsafe { libc::pthread_key_create(&raw mut made, Some(at_the_end)) } != 0 {
        return None;
    }
    match KEY.compare_exchange(0, made as usize + 1, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => Some(made),
        Err(others) => {
            // SAFETY: nobody has used it.
            unsafe { libc::pthread_key_delete(made) };
            Some(numbered(others))
        }
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "it was made from one of that type"
)]
fn numbered(number: usize) -> libc::pthread_key_t {
    (number - 1) as libc::pthread_key_t
}

extern "C" fn at_the_end(record: *mut c_void) {
    // SAFETY: set by `gives_back`; records are never freed.
    let record: &'static ThreadRecord = unsafe { &*record.cast() };
    record.give_back();
}

//! The return of a thread's record after its thread-locals are gone.
//!
//! # Implementation
//!
//! A destructor of some thread-local may use the library after the library's own thread-locals are
//! destroyed. The thread then has a record again, which nothing would return. Destructors of POSIX
//! keys run after those of thread-locals, and run again, a few times, for keys that a destructor
//! has set. Systems without keys have no such moment: there the record stays with the thread that
//! is gone.

use super::ThreadRecord;
use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Zero, or one more than the key. Not a `OnceLock`: after a fork in the middle of its
/// initialisation the child waits for ever.
static KEY: AtomicUsize = AtomicUsize::new(0);

/// Arranges that the calling thread's record is returned at its very end. `false` if the system has
/// no key left or no memory.
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
            // SAFETY: no thread has used it.
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

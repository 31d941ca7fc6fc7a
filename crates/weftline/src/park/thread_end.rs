//! [`ThreadEnd`]: a call at a thread's very end, after its thread-locals are gone.
//!
//! # Implementation
//!
//! A destructor of some thread-local may use the library after the library's own thread-locals are
//! destroyed. The thread then has a record again, which nothing would return. Destructors of POSIX
//! keys run after those of thread-locals, and run again, a few times, for keys that a destructor
//! has set. Systems without keys have no such moment: there the record stays with the thread that
//! is gone.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A function that is called at the end of each thread that has arranged it.
pub(super) struct ThreadEnd {
    /// Zero, or one more than the key. Not a `OnceLock`: after a fork in the middle of its
    /// initialisation the child waits for ever.
    key: AtomicUsize,
    at_the_end: unsafe extern "C" fn(*mut c_void),
}

impl ThreadEnd {
    pub(super) const fn new(at_the_end: unsafe extern "C" fn(*mut c_void)) -> Self {
        Self {
            key: AtomicUsize::new(0),
            at_the_end,
        }
    }

    /// Arranges that the function gets `value`, which is not null, at the very end of the calling
    /// thread. `false` if the system has no key left or no memory.
    ///
    /// # Safety
    /// The function may be called with `value` at that end.
    #[cold]
    pub(super) unsafe fn arrange(&self, value: *const c_void) -> bool {
        // SAFETY: the key exists.
        self.key()
            .is_some_and(|key| unsafe { libc::pthread_setspecific(key, value) == 0 })
    }

    fn key(&self) -> Option<libc::pthread_key_t> {
        let known = self.key.load(Ordering::Relaxed);
        if known != 0 {
            return Some(numbered(known));
        }
        let mut made = 0;
        // SAFETY: the place is valid, and the destructor takes what `arrange` sets.
        if unsafe { libc::pthread_key_create(&raw mut made, Some(self.at_the_end)) } != 0 {
            return None;
        }
        match self
            .key
            .compare_exchange(0, made as usize + 1, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => Some(made),
            Err(others) => {
                // SAFETY: no thread has used it.
                unsafe { libc::pthread_key_delete(made) };
                Some(numbered(others))
            }
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

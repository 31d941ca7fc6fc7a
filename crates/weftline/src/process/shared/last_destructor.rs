//! The last destructor of a thread: that of a POSIX key, in the last of the rounds that the system
//! goes through.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Zero, or the key plus one. A `OnceLock` would not do: the child of a fork during its
/// initialisation would wait for ever.
static KEY: AtomicUsize = AtomicUsize::new(0);

/// How often the system calls destructors of keys that are set again
/// (`PTHREAD_DESTRUCTOR_ITERATIONS`). The sanitizers give up their records of a thread in the last
/// round, so nothing that they check may run in it.
const ROUNDS: usize = if cfg!(weftline_sanitizer) { 3 } else { 4 };

/// Makes the key, unless there is one. `destructor` is called in each round, until
/// [`is_called_again`] answers no.
pub(super) fn install(destructor: extern "C" fn(*mut c_void)) -> Result<(), &'static str> {
    if key().is_some() {
        return Ok(());
    }
    let mut fresh = 0;
    // SAFETY: the place is valid, and the destructor takes what `set` sets.
    if unsafe { libc::pthread_key_create(&raw mut fresh, Some(destructor)) } != 0 {
        return Err(
            "shared objects need a thread-specific key (pthread_key_create), and the program has used all up",
        );
    }
    let mine = fresh as usize + 1;
    if KEY
        .compare_exchange(0, mine, Ordering::Relaxed, Ordering::Relaxed)
        .is_err()
    {
        // SAFETY: no thread has used it.
        unsafe { libc::pthread_key_delete(fresh) };
    }
    Ok(())
}

/// Registers the calling thread for the destructor at its end.
///
/// # Panics
/// When the system has no memory for it.
pub(super) fn register_thread() {
    let key = key().expect("made before the first shared object");
    set(key, 1).expect("no memory is left for a thread to take its first shared lock");
}

/// For the destructor, with its argument: whether the system calls it again, in its next round.
pub(super) fn is_called_again(round: *mut c_void) -> bool {
    let round = round.addr();
    round < ROUNDS && key().and_then(|key| set(key, round + 1)).is_some()
}

fn set(key: libc::pthread_key_t, round: usize) -> Option<()> {
    // SAFETY: the key exists; the value is a number.
    let refused = unsafe { libc::pthread_setspecific(key, ptr::without_provenance(round)) };
    (refused == 0).then_some(())
}

fn key() -> Option<libc::pthread_key_t> {
    let known = KEY.load(Ordering::Relaxed).checked_sub(1)?;
    Some(known as libc::pthread_key_t)
}

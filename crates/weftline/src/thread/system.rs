//! What only the operating system knows of a thread: its identifiers and its name there. Nothing here waits.

/// `pthread_self` of the calling thread.
#[cfg(unix)]
pub(super) fn ident() -> Option<u64> {
    // SAFETY: always succeeds.
    Some(unsafe { libc::pthread_self() } as u64)
}

#[cfg(not(unix))]
pub(super) fn ident() -> Option<u64> {
    None
}

/// `gettid` of the calling thread.
#[cfg(target_os = "linux")]
pub(super) fn native_id() -> Option<u64> {
    u64::try_from(rustix::thread::gettid().as_raw_pid()).ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn native_id() -> Option<u64> {
    None
}

/// `gettid` of the thread that the process began with, or the one that survived the fork which made it.
#[cfg(target_os = "linux")]
pub(super) fn native_id_of_main() -> Option<u64> {
    Some(u64::from(std::process::id()))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn native_id_of_main() -> Option<u64> {
    None
}

/// Whether the calling thread is the one that the process began with. `None` where the system does not tell.
pub(super) fn is_main() -> Option<bool> {
    Some(native_id()? == native_id_of_main()?)
}

/// Gives the calling thread a name that debuggers and `ps` show: as much of `name` as fits into the system's 15 bytes.
#[cfg(target_os = "linux")]
pub(super) fn set_name(name: &str) {
    const MOST_BYTES: usize = 15;
    let name = without_nul(name);
    let mut end = name.len().min(MOST_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    if let Ok(name) = std::ffi::CString::new(&name[..end]) {
        // A name is a convenience: where a sandbox forbids it, the thread goes without.
        let _ = rustix::thread::set_name(&name);
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn set_name(_: &str) {}

/// The part of a name that the system can take.
pub(super) fn without_nul(name: &str) -> &str {
    name.split('\0').next().unwrap_or("")
}

/// Has `in_child` called in the child of every fork, on the thread that forked.
#[cfg(unix)]
pub(super) fn after_fork(in_child: extern "C" fn()) {
    // SAFETY: callers hand in what may run there: stores to atomics, reads of thread-locals without a destructor.
    let refused = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    assert!(refused == 0, "no memory to register a fork handler");
}

#[cfg(not(unix))]
pub(super) fn after_fork(_: extern "C" fn()) {}

//! The operating system's identifier of a thread.

/// The operating system's identifier of the calling thread; zero where there is none.
#[cfg(unix)]
pub(crate) fn os_ident() -> u64 {
    // SAFETY: always succeeds.
    unsafe { libc::pthread_self() as u64 }
}

#[cfg(windows)]
pub(crate) fn os_ident() -> u64 {
    #[link(name = "kernel32")]
    unsafe extern "system" {
        safe fn GetCurrentThreadId() -> u32;
    }
    u64::from(GetCurrentThreadId())
}

#[cfg(not(any(unix, windows)))]
pub(crate) fn os_ident() -> u64 {
    0
}

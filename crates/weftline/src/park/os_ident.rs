//! The operating system's identifiers of a thread.

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

/// `gettid` of the calling thread.
#[cfg(target_os = "linux")]
pub(crate) fn native_id() -> Option<u64> {
    u64::try_from(rustix::thread::gettid().as_raw_pid()).ok()
}

/// `pthread_threadid_np` of the calling thread.
#[cfg(target_vendor = "apple")]
pub(crate) fn native_id() -> Option<u64> {
    let mut number = 0;
    // SAFETY: zero is the calling thread, and the place is valid.
    let failed = unsafe { libc::pthread_threadid_np(0, &raw mut number) };
    (failed == 0).then_some(number)
}

/// On Windows a thread has one number for both.
#[cfg(windows)]
pub(crate) fn native_id() -> Option<u64> {
    Some(os_ident())
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple", windows)))]
pub(crate) fn native_id() -> Option<u64> {
    None
}

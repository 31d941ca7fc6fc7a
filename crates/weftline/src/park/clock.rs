//! The monotonic clock, which every deadline, age and spin is measured on.

/// Nanoseconds of the monotonic clock, the one that futex deadlines are measured on.
///
/// The C library reads it: a tool that runs the program on a processor of its own (valgrind)
/// replaces the kernel's clock code there and nowhere else. The clock needs no first call,
/// which a fork could interrupt.
#[cfg(unix)]
pub(crate) fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place is valid. Every system with threads has the clock; without it, no time
    // passes.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    // Elsewhere than on Linux the clock may start at zero, which is `PASSED`.
    let after_passed = u64::from(!cfg!(target_os = "linux"));
    // Neither field is ever negative.
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64 + after_passed
}

/// Nanoseconds since the first call.
#[cfg(not(unix))]
#[allow(
    clippy::disallowed_methods,
    reason = "this is where the standard clock is read"
)]
pub(crate) fn now() -> u64 {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    // One more than elapsed, so that no point in time equals `PASSED`.
    START
        .get_or_init(std::time::Instant::now)
        .elapsed()
        .as_nanos() as u64
        + 1
}

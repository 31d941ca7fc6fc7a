//! The clocks of the system.

use super::trace::{Clocks, Nanos};

/// Now, on the monotonic clock.
pub(crate) fn now() -> Nanos {
    read(libc::CLOCK_MONOTONIC)
}

/// What the clocks show now.
pub(crate) fn clocks() -> Clocks {
    Clocks {
        monotonic: now(),
        boottime: read(libc::CLOCK_BOOTTIME),
        realtime: read(libc::CLOCK_REALTIME),
    }
}

fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the place is valid, and every Linux has these clocks.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

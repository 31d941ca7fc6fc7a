//! Which waits are observed: all, as long as they are counted (`measure.rs`) or recorded
//! (`wait_ring.rs`). Otherwise a wait pays for neither.

use super::{measure, wait_ring};
use crate::park::observer::{EndedWait, is_observed, set_observer};

/// Measures waits from now on. Each wait that goes to sleep, or would, costs some 100 ns more;
/// nothing else does.
pub fn start() {
    measure::set_on(true);
    set_observer(Some(observe));
}

/// Measures waits no longer. What has been counted stays.
pub fn stop() {
    measure::set_on(false);
    // The next wait that ends finds that nothing asks for it.
}

/// Whether waits are measured.
#[must_use]
pub fn is_started() -> bool {
    measure::is_on()
}

/// Whether waits are observed now: measured, or recorded.
#[doc(hidden)]
#[inline]
#[must_use]
pub fn is_observing() -> bool {
    is_observed()
}

/// As [`start`], if the environment variable `WEFTLINE_WATCH` is `1`.
pub fn start_as_told() {
    let told = std::env::var("WEFTLINE_WATCH").unwrap_or_default();
    if !matches!(told.trim(), "" | "0") {
        start();
    }
}

/// Records waits for the next seconds: a recorder that goes on asks again. A signal handler may
/// call it.
#[cfg(target_os = "linux")]
pub(super) fn record() {
    wait_ring::extend();
    set_observer(Some(observe));
}

fn observe(wait: EndedWait) {
    if measure::is_on() {
        measure::count(wait);
    }
    wait_ring::keep(&wait);
    if !is_wanted(wait.ended) {
        set_observer(None);
        // It may have been asked for meanwhile.
        if is_wanted(wait.ended) {
            set_observer(Some(observe));
        }
    }
}

fn is_wanted(now: u64) -> bool {
    measure::is_on() || wait_ring::is_recording(now)
}

//! The time of day where the user is.

use std::mem;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time of day, as `05:43:12`.
pub(crate) fn time_of_day(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let seconds = libc::time_t::try_from(seconds).unwrap_or_default();
    // SAFETY: all zeros are a valid value.
    let mut local: libc::tm = unsafe { mem::zeroed() };
    // SAFETY: both places are valid. The call reads the environment, and this crate never changes
    // it.
    unsafe { libc::localtime_r(&raw const seconds, &raw mut local) };
    format!(
        "{:02}:{:02}:{:02}",
        local.tm_hour, local.tm_min, local.tm_sec
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_time_of_day_goes_on_by_seconds() {
        let shown = |seconds| time_of_day(UNIX_EPOCH + Duration::from_secs(seconds));
        let (a, b) = (shown(1_700_000_001), shown(1_700_000_002));
        assert_eq!((a.len(), &a[6..], &b[6..]), (8, "21", "22"));
    }
}

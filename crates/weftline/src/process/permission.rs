//! Whether this process can start others: its `main` has begun with [`run`](crate::run) or
//! [`init`](super::init), and it is no daemon.

use super::{StartError, identity};
use std::sync::atomic::{AtomicBool, Ordering};

static IS_INITIALISED: AtomicBool = AtomicBool::new(false);

/// Called at the beginning of `main`: this program's children will find their function. Returns
/// whether this is the first call.
pub(super) fn give() -> bool {
    !IS_INITIALISED.swap(true, Ordering::Relaxed)
}

/// Whether this process can start others.
pub(super) fn may_start() -> Result<(), StartError> {
    if !IS_INITIALISED.load(Ordering::Relaxed) {
        Err(StartError::NotInitialised)
    } else if identity::is_daemon() {
        Err(StartError::DaemonHasNoChildren)
    } else {
        Ok(())
    }
}

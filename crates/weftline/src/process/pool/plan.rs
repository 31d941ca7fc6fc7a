//! [`Plan`]: the settings for all workers of a pool.

use super::deaths::Deaths;
use super::request::Request;
use crate::executor::Breaker;
use std::num::NonZeroUsize;

/// The settings for all workers of a pool.
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) max_tasks_per_child: Option<NonZeroUsize>,
    pub(super) initializer: Option<Request>,
    pub(super) deaths: Deaths,
    pub(super) breaker: Breaker,
}

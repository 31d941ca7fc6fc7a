//! [`Place`]: a parker's place in the relay. `relay.rs` has its states.

use super::model::{AtomicU32, UnsafeCell, const_fn};

pub(super) const IDLE: u32 = 0;
pub(super) const QUEUED: u32 = 1;
pub(super) const RELEASED: u32 = 2;

/// The place of a parker `P`, which it contains.
pub(super) struct Place<P: 'static> {
    /// Written under the relay's lock.
    pub(super) state: AtomicU32,
    /// Touched under the relay's lock.
    pub(super) links: UnsafeCell<Links<P>>,
}

pub(super) struct Links<P: 'static> {
    pub(super) previous: Option<&'static P>,
    pub(super) next: Option<&'static P>,
    /// The fork generation in which it was queued or released.
    pub(super) generation: u32,
}

// SAFETY: the links are reached only under the relay's lock, and their parkers are shared.
unsafe impl<P: Sync> Sync for Place<P> {}

impl<P> Place<P> {
    const_fn! {
        pub(super) fn new() -> Self {
            Self {
                state: AtomicU32::new(IDLE),
                links: UnsafeCell::new(Links { previous: None, next: None, generation: 0 }),
            }
        }
    }
}

impl<P> std::fmt::Debug for Place<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Place")
    }
}

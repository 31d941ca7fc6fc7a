//! [`OnInversion`]: what happens when locks are taken in different orders.

use super::forever::Forever;
use super::inversion::Inversion;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// What happens when locks are taken in different orders.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum OnInversion {
    /// It is written to standard error, once.
    #[default]
    Report,
    /// The function is called with it, on the thread that takes the lock, before it does.
    Call(fn(&Inversion)),
    /// Nothing: [`inversions`](crate::watch::inversions) has it.
    Keep,
}

/// What `on_inversion` has set: each value once.
static ACTIONS: Forever<OnInversion> = Forever::new();
/// One of these; null is the default.
static ACTION: AtomicPtr<OnInversion> = AtomicPtr::new(ptr::null_mut());

/// Sets what happens when locks are taken in different orders.
pub fn on_inversion(action: OnInversion) {
    let same = |known: &OnInversion| match (known, action) {
        (OnInversion::Call(known), OnInversion::Call(new)) => ptr::fn_addr_eq(*known, new),
        (known, new) => mem::discriminant(known) == mem::discriminant(&new),
    };
    let action = ACTIONS.find_or_add(same, || action);
    ACTION.store(ptr::from_ref(action).cast_mut(), Ordering::Release);
}

pub(super) fn action() -> OnInversion {
    // SAFETY: null, or one of `ACTIONS`, which are never freed. Pairs with `on_inversion`.
    unsafe { ACTION.load(Ordering::Acquire).as_ref() }
        .copied()
        .unwrap_or_default()
}

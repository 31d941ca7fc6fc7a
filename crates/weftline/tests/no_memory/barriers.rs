//! Barriers: a barrier that cannot be made drops its action.

use super::failing::at_each_allocation_alone;
use std::panic::catch_unwind;
use std::sync::Arc;
use weftline::Barrier;

#[test]
fn a_barrier_without_memory_for_its_action_is_a_panic_that_drops_the_action() {
    let captured = Arc::new(());
    at_each_allocation_alone(
        || (),
        |()| {
            let captured = Arc::clone(&captured);
            catch_unwind(|| {
                Barrier::with_action(1, move || assert!(Arc::strong_count(&captured) > 1))
            })
        },
        |(), made| {
            assert_eq!(Arc::strong_count(&captured), 1 + usize::from(made.is_ok()));
            if let Ok(barrier) = made {
                barrier.wait().unwrap();
            }
        },
    );
}

//! A model that fails tells its interleaving.

use crate::support::{Arc, explore, join, spawn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use weftline::park::describe_steps;
use weftline::sync::raw::RawEvent;

#[test]
fn the_steps_of_a_failing_interleaving_are_there() {
    let failed = catch_unwind(AssertUnwindSafe(|| {
        explore(2, || {
            let event = Arc::new(RawEvent::new());
            let setting = {
                let event = Arc::clone(&event);
                spawn(move || event.set())
            };
            let was_set = event.is_set();
            join(setting);
            // False in those interleavings only in which the event is set between the two.
            assert!(was_set || !event.is_set(), "it was set meanwhile");
        });
    }));
    // Another panic would be that of `explore`, which found no step to print.
    let panic = failed.expect_err("one interleaving fails");
    assert_eq!(panic.downcast_ref(), Some(&"it was set meanwhile"));
    assert_eq!(describe_steps(), "", "they have been printed");
}

//! Threads: what tells of them has its result or is a panic, and they run on.

use super::failing::at_each_allocation_alone;
use super::support::limit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use weftline::Event;

#[test]
fn a_scope_without_memory_is_a_panic_before_its_function_is_called() {
    at_each_allocation_alone(
        || false,
        |is_called| {
            let scoped = AssertUnwindSafe(|| weftline::scope(|_| *is_called = true));
            catch_unwind(scoped).is_ok()
        },
        |is_called, is_ok| assert_eq!(is_called, is_ok),
    );
}

#[test]
fn an_enumeration_without_memory_is_a_panic_and_the_next_one_is_whole() {
    let _limit = limit();
    let end = Event::new();
    let _ = weftline::main_thread();
    weftline::scope(|scope| {
        let thread = scope.spawn(|| end.wait());
        at_each_allocation_alone(
            || (),
            |()| catch_unwind(weftline::enumerate),
            |(), running| {
                let again = weftline::enumerate();
                for running in running.iter().chain([&again]) {
                    assert!(running.contains(&thread));
                }
            },
        );
        end.set();
    });
}

//! The end of a program: without memory nothing is registered for it, and earlier registrations
//! stay.

use super::failing::at_each_allocation_alone;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use weftline::{at_exit, reset_except_hook, set_except_hook};

#[test]
fn a_callback_without_memory_is_a_panic_and_is_dropped() {
    let callback = Arc::new(());
    let mut kept = 0;
    at_each_allocation_alone(
        || (),
        |()| {
            let callback = Arc::clone(&callback);
            catch_unwind(AssertUnwindSafe(|| at_exit(move || drop(callback)))).is_ok()
        },
        |(), is_kept| {
            kept += usize::from(is_kept);
            assert_eq!(Arc::strong_count(&callback), 1 + kept);
        },
    );
    assert_eq!(kept, 1);
}

#[test]
fn an_except_hook_without_memory_is_a_panic_and_the_previous_one_stays() {
    static TOLD: AtomicUsize = AtomicUsize::new(0);
    let hook = Arc::new(());
    at_each_allocation_alone(
        || {
            set_except_hook(|_, _| {
                TOLD.fetch_add(1, Ordering::Relaxed);
            });
        },
        |()| {
            let hook = Arc::clone(&hook);
            catch_unwind(AssertUnwindSafe(|| {
                set_except_hook(move |_, _| {
                    let _ = &hook;
                    TOLD.fetch_add(1000, Ordering::Relaxed);
                });
            }))
            .is_ok()
        },
        |(), is_set| {
            assert_eq!(Arc::strong_count(&hook), 1 + usize::from(is_set));
            TOLD.store(0, Ordering::Relaxed);
            let thread = weftline::spawn(|| {
                std::panic::resume_unwind(Box::new("told"));
            });
            let ended = thread.thread().clone();
            drop(thread);
            ended.join();
            super::support::until(|| TOLD.load(Ordering::Relaxed) > 0);
            let told = if is_set { 1000 } else { 1 };
            assert_eq!(TOLD.load(Ordering::Relaxed), told);
        },
    );
    reset_except_hook();
    assert_eq!(Arc::strong_count(&hook), 1);
}

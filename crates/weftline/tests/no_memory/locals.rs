//! Locals: a value that cannot be kept is a panic, and the previous value stays.

use super::failing::{at_each_allocation, at_each_allocation_alone};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use weftline::Local;

/// A value that counts its instances.
struct Counts(Rc<Cell<usize>>, usize);

impl Counts {
    fn new(alive: &Rc<Cell<usize>>, content: usize) -> Self {
        alive.set(alive.get() + 1);
        Self(Rc::clone(alive), content)
    }
}

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[test]
fn a_value_that_is_not_kept_without_memory_is_dropped_and_the_previous_one_stays() {
    let alive = Rc::new(Cell::new(0));
    let other = Rc::clone(&alive);
    at_each_allocation_alone(
        || {
            let local = Local::new(|| Counts::new(&other, 0));
            local.set(Counts::new(&alive, 1));
            local
        },
        |local| {
            let value = Counts::new(&alive, 2);
            catch_unwind(AssertUnwindSafe(|| local.set(value))).is_ok()
        },
        |local, is_set| {
            assert_eq!(alive.get(), 1);
            local.with(|value| assert_eq!(value.1, 1 + usize::from(is_set)));
            local.set(Counts::new(&alive, 3));
            assert_eq!(local.take().map(|value| value.1), Some(3));
            drop(local);
            assert_eq!(alive.get(), 0);
        },
    );
}

#[test]
fn a_value_that_is_not_made_without_memory_is_made_later() {
    let alive = Rc::new(Cell::new(0));
    at_each_allocation_alone(
        || Local::new(|| Counts::new(&alive, 1)),
        |local| catch_unwind(AssertUnwindSafe(|| local.with(|value| value.1))).is_ok(),
        |local, is_made| {
            assert_eq!(alive.get(), usize::from(is_made));
            assert_eq!(local.with(|value| value.1), 1);
            assert_eq!(alive.get(), 1);
            drop(local);
            assert_eq!(alive.get(), 0);
        },
    );
}

#[test]
fn values_of_dropped_locals_are_dropped_without_memory_at_a_later_use() {
    const LOCALS: usize = 5;
    let alive = Rc::new(Cell::new(0));
    at_each_allocation(
        || {
            let used = Local::new(|| 7);
            assert_eq!(used.get(), 7);
            // As if another thread had dropped the locals: the values stay with this thread.
            let locals = std::array::from_fn::<_, LOCALS, _>(|_| {
                let alive = Rc::clone(&alive);
                Box::leak(Box::new(Local::new(move || Counts::new(&alive, 1))))
            });
            for local in &locals {
                local.with(|_| ());
            }
            drop_elsewhere(locals);
            (used, Vec::<u8>::new())
        },
        |(used, other)| {
            // An allocation that may fail in any case.
            let _ = other.try_reserve(1);
            used.get()
        },
        |(used, _), got| {
            assert_eq!((got, used.get()), (7, 7));
            assert_eq!(alive.get(), 0);
        },
    );
}

/// Drops the locals on another thread.
fn drop_elsewhere<F, const N: usize>(locals: [&'static mut Local<Counts, F>; N]) {
    struct Sent<T>(T);
    // SAFETY: the other thread drops only the locals, not their values, which belong to this
    // thread; this thread waits.
    unsafe impl<T> Send for Sent<T> {}
    let sent = Sent(locals.map(std::ptr::from_mut));
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let sent = { sent };
            for local in sent.0 {
                // SAFETY: leaked by the caller, which has passed on its ownership.
                drop(unsafe { Box::from_raw(local) });
            }
        });
    });
}

//! The types that may be used after a panic during their use: `UnwindSafe` and `RefUnwindSafe`.
//!
//! No function of a user's runs while the library changes an object, so a panic finds each object
//! whole. For types that hold the user's values, the library does as the standard library does for
//! its counterparts:
//!
//! - A lock, a condition, a queue and a future may be used, whatever they hold.
//! - A re-entrant lock and a thread-local value give shared access to a value that a panic may have
//!   left half changed. So there it depends on the value.
//! - An error may be used, also one that holds an `io::Error`.
//!
//! `tests/auto_traits.rs` has each type.

use crate::park::ListLock;
use std::panic::{RefUnwindSafe, UnwindSafe};

impl<D> UnwindSafe for ListLock<D> {}
impl<D> RefUnwindSafe for ListLock<D> {}

/// Both, for types with these parameters.
#[cfg(not(weftline_model))]
macro_rules! may_be_used_after_a_panic {
    ($([$($parameters:tt)*] $type:ty;)*) => {
        $(
            impl<$($parameters)*> UnwindSafe for $type {}
            impl<$($parameters)*> RefUnwindSafe for $type {}
        )*
    };
}

#[cfg(not(weftline_model))]
mod faces {
    use super::{RefUnwindSafe, UnwindSafe};
    use crate::park::Parker;
    use crate::thread::timer::{PeriodicTimer, StartError, Timer};
    use crate::{
        Barrier, Builder, Condition, ConditionGuard, Future, JoinHandle, Local, Lock, LockGuard,
        MapError, MappedLockGuard, MappedRwLockReadGuard, MappedRwLockWriteGuard, Panic, RLock,
        RLockGuard, ResultError, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard,
        RwLockWriteGuard, Scope, ScopedBuilder, ScopedJoinHandle, SubmitError, TaskError, Thread,
        ThreadPoolBuilder, ThreadPoolExecutor,
    };

    may_be_used_after_a_panic! {
        [T: ?Sized] Lock<T>;
        [T: ?Sized] LockGuard<'_, T>;
        [T: ?Sized] MappedLockGuard<'_, T>;
        [T: ?Sized] RwLock<T>;
        [T: ?Sized] RwLockReadGuard<'_, T>;
        [T: ?Sized] MappedRwLockReadGuard<'_, T>;
        [T: ?Sized] RwLockUpgradableReadGuard<'_, T>;
        [T: ?Sized] RwLockWriteGuard<'_, T>;
        [T: ?Sized] MappedRwLockWriteGuard<'_, T>;
        [T: ?Sized] Condition<T>;
        [T: ?Sized] ConditionGuard<'_, T>;
        [T] Future<T>;
        [T] JoinHandle<T>;
        [T] ScopedJoinHandle<'_, T>;
        [] Barrier;
        [] Builder;
        [] MapError;
        [] Panic;
        [] Parker;
        [] PeriodicTimer;
        [] TaskError;
        [] StartError;
        [F: UnwindSafe + RefUnwindSafe] SubmitError<F>;
        [T: UnwindSafe + RefUnwindSafe] ResultError<T>;
        [] Scope<'_, '_>;
        [] ScopedBuilder<'_, '_>;
        [] Thread;
        [] ThreadPoolBuilder;
        [] ThreadPoolExecutor;
        [] Timer;
    }

    impl<T: UnwindSafe + ?Sized> UnwindSafe for RLock<T> {}
    impl<T: RefUnwindSafe + ?Sized> RefUnwindSafe for RLock<T> {}
    impl<T: RefUnwindSafe + ?Sized> UnwindSafe for RLockGuard<'_, T> {}
    impl<T: RefUnwindSafe + ?Sized> RefUnwindSafe for RLockGuard<'_, T> {}
    impl<T: RefUnwindSafe, F: UnwindSafe> UnwindSafe for Local<T, F> {}
    impl<T: RefUnwindSafe, F: RefUnwindSafe> RefUnwindSafe for Local<T, F> {}
}

#[cfg(all(
    feature = "process",
    target_os = "linux",
    target_pointer_width = "64",
    not(weftline_model)
))]
mod of_processes {
    use super::{RefUnwindSafe, UnwindSafe};
    use crate::process::{
        Array, Condition, ConditionGuard, Lock, LockGuard, Plain, ProcessPoolBuilder,
        ProcessPoolExecutor, RLock, RLockGuard, Value, ValueGuard,
    };

    may_be_used_after_a_panic! {
        [T: Plain] Array<T>;
        [T: Plain] Condition<T>;
        [T: Plain] ConditionGuard<'_, T>;
        [T: Plain] Lock<T>;
        [T: ?Sized] LockGuard<'_, T>;
        [T: Plain] RLock<T>;
        [T: Plain] RLockGuard<'_, T>;
        [T: Plain] Value<T>;
        [T: Plain] ValueGuard<'_, T>;
        [] ProcessPoolBuilder;
        [] ProcessPoolExecutor;
    }
}

//! The threads that may have each public type, and whether the type may be used after a panic. The
//! compiler checks that both are as for the standard library's counterparts and crossbeam's queues.

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;

const fn may_be_anywhere<T: Send + Sync + UnwindSafe + RefUnwindSafe + ?Sized>() {}
const fn stays_with_its_thread<T: Sync + UnwindSafe + RefUnwindSafe + ?Sized>() {}
const fn is_send<T: Send + ?Sized>() {}
const fn is_send_and_sync<T: Send + Sync + ?Sized>() {}
const fn survives_a_panic<T: UnwindSafe + RefUnwindSafe + ?Sized>() {}

/// Does not compile if the type implements the trait, because then two functions have the name.
macro_rules! is_not {
    ($type:ty: $trait:path) => {
        const _: fn() = || {
            trait Has<Which> {
                fn it() {}
            }
            impl<T: ?Sized> Has<()> for T {}
            struct Implemented;
            impl<T: ?Sized + $trait> Has<Implemented> for T {}
            let _ = <$type as Has<_>>::it;
        };
    };
}

/// May be sent, not shared.
type Sendable = Cell<u8>;
/// Neither.
type Bound = Rc<u8>;
/// May be sent and shared, but not used after a panic.
struct Changing(PhantomData<&'static mut u8>, PhantomData<Cell<u8>>);
// SAFETY: it has nothing.
unsafe impl Sync for Changing {}
// SAFETY: as above.
unsafe impl Send for Changing {}

mod sync {
    use super::*;
    use weftline::sync::raw;
    use weftline::*;

    const _: () = {
        may_be_anywhere::<Lock<Sendable>>();
        may_be_anywhere::<Condition<Sendable>>();
        survives_a_panic::<Lock<Changing>>();
        survives_a_panic::<Condition<Changing>>();
        may_be_anywhere::<RLock<u8>>();
        is_send_and_sync::<RLock<Sendable>>();
        stays_with_its_thread::<LockGuard<'_, u8>>();
        stays_with_its_thread::<MappedLockGuard<'_, u8>>();
        stays_with_its_thread::<RLockGuard<'_, u8>>();
        may_be_anywhere::<RwLock<u8>>();
        survives_a_panic::<RwLock<Changing>>();
        stays_with_its_thread::<RwLockReadGuard<'_, u8>>();
        stays_with_its_thread::<MappedRwLockReadGuard<'_, u8>>();
        stays_with_its_thread::<RwLockUpgradableReadGuard<'_, u8>>();
        stays_with_its_thread::<RwLockWriteGuard<'_, u8>>();
        stays_with_its_thread::<MappedRwLockWriteGuard<'_, u8>>();
        survives_a_panic::<RwLockWriteGuard<'_, Changing>>();
        is_send::<RwLock<Sendable>>();
        survives_a_panic::<ConditionGuard<'_, u8>>();
        survives_a_panic::<LockGuard<'_, Changing>>();
        may_be_anywhere::<Event>();
        may_be_anywhere::<Semaphore>();
        may_be_anywhere::<BoundedSemaphore>();
        may_be_anywhere::<Permit<'_>>();
        may_be_anywhere::<OwnedPermit>();
        may_be_anywhere::<Barrier>();
        may_be_anywhere::<Arrival>();
        may_be_anywhere::<raw::RawLock>();
        may_be_anywhere::<raw::RawRLock>();
        may_be_anywhere::<raw::RawRwLock>();
        may_be_anywhere::<raw::RawCondition>();
        may_be_anywhere::<raw::RawEvent>();
        may_be_anywhere::<raw::RawSemaphore>();
        may_be_anywhere::<raw::RawBarrier>();
    };

    is_not!(Lock<Bound>: Send);
    is_not!(Lock<Bound>: Sync);
    is_not!(Condition<Bound>: Sync);
    is_not!(RLock<Bound>: Sync);
    is_not!(LockGuard<'static, u8>: Send);
    is_not!(LockGuard<'static, Sendable>: Sync);
    is_not!(MappedLockGuard<'static, u8>: Send);
    is_not!(ConditionGuard<'static, u8>: Send);
    is_not!(RLockGuard<'static, u8>: Send);
    is_not!(RLockGuard<'static, Sendable>: Sync);
    is_not!(RLock<Changing>: RefUnwindSafe);
    is_not!(RwLock<Bound>: Send);
    is_not!(RwLock<Sendable>: Sync);
    is_not!(RwLockReadGuard<'static, u8>: Send);
    is_not!(RwLockReadGuard<'static, Sendable>: Sync);
    is_not!(MappedRwLockReadGuard<'static, u8>: Send);
    is_not!(RwLockUpgradableReadGuard<'static, u8>: Send);
    is_not!(RwLockUpgradableReadGuard<'static, Sendable>: Sync);
    is_not!(RwLockWriteGuard<'static, u8>: Send);
    is_not!(RwLockWriteGuard<'static, Sendable>: Sync);
    is_not!(MappedRwLockWriteGuard<'static, u8>: Send);
}

mod queue {
    use super::*;
    use weftline::queue::raw;
    use weftline::*;

    const _: () = {
        may_be_anywhere::<Queue<Sendable>>();
        may_be_anywhere::<LifoQueue<Sendable>>();
        may_be_anywhere::<PriorityQueue<u8>>();
        may_be_anywhere::<SimpleQueue<Sendable>>();
        may_be_anywhere::<Queue<Box<dyn FnOnce() + Send>>>();
        survives_a_panic::<Queue<Changing>>();
        may_be_anywhere::<Iter<'_, Queue<u8>>>();
        may_be_anywhere::<raw::RawQueue<Sendable, raw::Fifo<Sendable>, park::ThreadBlocker>>();
    };

    is_not!(Queue<Bound>: Send);
    is_not!(Queue<Bound>: Sync);
    is_not!(SimpleQueue<Bound>: Sync);
}

mod thread {
    use super::*;
    use weftline::thread::timer;
    use weftline::*;

    const _: () = {
        may_be_anywhere::<Thread>();
        may_be_anywhere::<Builder>();
        may_be_anywhere::<JoinHandle<Sendable>>();
        survives_a_panic::<JoinHandle<Changing>>();
        may_be_anywhere::<ScopedJoinHandle<'_, Sendable>>();
        may_be_anywhere::<Scope<'_, '_>>();
        may_be_anywhere::<ScopedBuilder<'_, '_>>();
        may_be_anywhere::<Panic>();
        may_be_anywhere::<Local<u8>>();
        is_send_and_sync::<Local<Rc<u8>>>();
        may_be_anywhere::<Timer>();
        may_be_anywhere::<PeriodicTimer>();
        may_be_anywhere::<timer::Tick>();
        may_be_anywhere::<timer::Ticks<&PeriodicTimer>>();
        may_be_anywhere::<timer::Ticks<std::sync::Arc<PeriodicTimer>>>();
        may_be_anywhere::<timer::raw::RawClock>();
        may_be_anywhere::<timer::raw::Entry>();
        may_be_anywhere::<park::Parker>();
        may_be_anywhere::<park::Deadline>();
        may_be_anywhere::<park::ThreadNumber>();
    };

    is_not!(JoinHandle<Bound>: Send);
    is_not!(JoinHandle<Bound>: Sync);
}

mod executor {
    use super::*;
    use weftline::executor::raw;
    use weftline::*;

    type Tasks = Map<'static, std::vec::IntoIter<u8>, u8, fn(u8) -> u8>;

    const _: () = {
        may_be_anywhere::<ThreadPoolExecutor>();
        may_be_anywhere::<ThreadPoolBuilder>();
        may_be_anywhere::<Future<u8>>();
        is_send::<Future<Sendable>>();
        survives_a_panic::<Future<Changing>>();
        may_be_anywhere::<AsCompleted<u8>>();
        may_be_anywhere::<Waited<u8>>();
        may_be_anywhere::<MapOptions>();
        may_be_anywhere::<Tasks>();
        may_be_anywhere::<ReturnWhen>();
        may_be_anywhere::<raw::RawGroup>();
    };

    is_not!(Future<Bound>: Send);
    is_not!(Future<Bound>: Sync);
}

mod errors {
    use super::*;
    use std::error::Error;
    use weftline::thread::timer;
    use weftline::*;

    const fn is_error<T: Error + Send + Sync + UnwindSafe + RefUnwindSafe + 'static>() {}

    const _: () = {
        is_error::<Broken>();
        is_error::<Empty>();
        is_error::<GetError>();
        is_error::<NotLocked>();
        is_error::<NotOwner>();
        is_error::<PutError<u8>>();
        is_error::<TimedOut>();
        is_error::<TooManyPermits>();
        is_error::<TooManyRecursions>();
        is_error::<TooManyTasksDone>();
        is_error::<ZeroParties>();
        is_error::<JoinError<JoinHandle<u8>>>();
        is_error::<ScopeError>();
        is_error::<Panic>();
        is_error::<SubmitError<fn()>>();
        is_error::<TaskError>();
        is_error::<ResultError<Future<u8>>>();
        is_error::<MapError>();
        is_error::<timer::JoinError>();
        is_error::<timer::StartError>();
        is_error::<timer::Stopped>();
        is_error::<timer::TickError>();
        is_error::<timer::ZeroPeriod>();
    };
}

#[cfg(all(feature = "process", target_os = "linux", target_pointer_width = "64"))]
mod process {
    use super::*;
    use weftline::process::*;

    const _: () = {
        may_be_anywhere::<Lock<u8>>();
        may_be_anywhere::<RLock<u8>>();
        may_be_anywhere::<Condition<u8>>();
        may_be_anywhere::<Event>();
        may_be_anywhere::<Semaphore>();
        may_be_anywhere::<BoundedSemaphore>();
        may_be_anywhere::<Barrier>();
        may_be_anywhere::<Queue<u8>>();
        may_be_anywhere::<Value<u8>>();
        may_be_anywhere::<Array<u8>>();
        may_be_anywhere::<Child<u8>>();
        // It may hold functions, as `std::process::Command` may, which is neither.
        is_send_and_sync::<Process<u8>>();
        may_be_anywhere::<ChildProcess>();
        may_be_anywhere::<ProcessPoolExecutor>();
        may_be_anywhere::<ProcessPoolBuilder>();
        may_be_anywhere::<Descriptor>();
        may_be_anywhere::<ProcessError>();
    };

    is_not!(LockGuard<'static, u8>: Send);
    is_not!(RLockGuard<'static, u8>: Send);
    is_not!(ConditionGuard<'static, u8>: Send);
    is_not!(ValueGuard<'static, u8>: Send);
}

#[test]
fn the_compiler_has_checked_them() {}

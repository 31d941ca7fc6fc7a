//! Read-write locks: a thread that holds many needs memory for the record of them.

use super::failing::{at_each_allocation_alone, fail, stop_failing};
use std::panic::{AssertUnwindSafe, catch_unwind};
use weftline::RwLock;
use weftline::park::Deadline;
use weftline::sync::raw::{DowngradeError, RawRwLock, RwLockError};

/// Far more than the thread's record has room for.
const LOCKS: usize = 200;
/// More than any record of this program has room for.
const MANY: usize = 4_000;

#[test]
fn a_read_lock_without_memory_for_its_record_is_a_panic_and_is_not_held() {
    let locks: Vec<_> = (0..LOCKS).map(RwLock::new).collect();
    at_each_allocation_alone(
        || Vec::with_capacity(LOCKS),
        |guards| {
            let taken = catch_unwind(AssertUnwindSafe(|| {
                locks.iter().for_each(|lock| guards.push(lock.read()));
            }));
            taken.is_ok()
        },
        |guards, has_all| {
            assert_eq!(guards.len() == LOCKS, has_all);
            for (place, lock) in locks.iter().enumerate() {
                assert_eq!(lock.readers(), usize::from(place < guards.len()));
            }
            drop(guards);
            assert!(locks.iter().all(|lock| lock.try_write().is_some()));
        },
    );
}

#[test]
fn a_binding_is_told_and_a_downgrade_leaves_the_writer() {
    struct Told;
    impl weftline::park::Blocker for Told {
        type Interrupt = &'static str;

        fn no_memory(&mut self) -> &'static str {
            "no memory"
        }

        fn block(
            &mut self,
            parker: &'static weftline::park::Parker,
            deadline: Deadline,
        ) -> Result<weftline::park::Wake, &'static str> {
            Ok(parker.park(deadline))
        }
    }
    // A thread's record may have had another thread before, and room for many holds from then. So
    // this one reads until the room is used up.
    let locks: Vec<_> = (0..MANY).map(|_| RawRwLock::new()).collect();
    let written = RawRwLock::new();
    assert!(written.try_write());
    fail(0, true);
    let mut error = None;
    let mut read = 0;
    while error.is_none() && read < MANY {
        error = locks[read].read_with(&mut Told, Deadline::NEVER).err();
        read += usize::from(error.is_none());
    }
    let downgraded = written.downgrade();
    assert!(stop_failing());
    let why = weftline::park::WaitError::Interrupted("no memory");
    assert_eq!(error, Some(RwLockError::Wait(why)));
    assert!(locks[read].try_write(), "it is not held");
    assert_eq!(locks[read].unlock_write(), Ok(()));
    assert_eq!(downgraded, Err(DowngradeError::NoMemory));
    assert!(written.is_owned());
    assert_eq!(written.downgrade(), Ok(()));
    assert_eq!(written.unlock_read(), Ok(()));
    for lock in &locks[..read] {
        assert_eq!(lock.unlock_read(), Ok(()));
    }
}

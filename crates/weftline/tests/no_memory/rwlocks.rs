//! Read-write locks: a thread that holds many needs memory for the record of them.

use super::failing::{at_each_allocation_alone, fail, stop_failing};
use std::panic::{AssertUnwindSafe, catch_unwind};
use weftline::park::Deadline;
use weftline::sync::raw::{DowngradeError, RawRwLock, RwLockError};
use weftline::{RwLock, RwLockWriteGuard};

/// Far more than the thread's record has room for.
const LOCKS: usize = 200;

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
    // A thread of its own, whose record has no further slots yet.
    std::thread::spawn(|| {
        let locks: Vec<_> = (0..LOCKS).map(RwLock::new).collect();
        let full: Vec<_> = locks[..6].iter().map(RwLock::read).collect();
        let raw = RawRwLock::new();
        let written = RwLock::new(0);
        let write = written.write();
        fail(0, true);
        let read = raw.read_with(&mut Told, Deadline::NEVER);
        assert!(raw.try_write());
        let downgraded = raw.downgrade();
        assert!(stop_failing());
        let why = weftline::park::WaitError::Interrupted("no memory");
        assert_eq!(read, Err(RwLockError::Wait(why)));
        assert_eq!(downgraded, Err(DowngradeError::NoMemory));
        assert!(raw.is_owned());
        drop(full);
        assert_eq!(raw.downgrade(), Ok(()));
        assert_eq!(*RwLockWriteGuard::downgrade(write), 0);
        assert_eq!(raw.unlock_read(), Ok(()));
    })
    .join()
    .unwrap();
}

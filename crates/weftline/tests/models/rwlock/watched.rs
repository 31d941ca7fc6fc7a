//! Watched locks: every acquire and release takes a slow path.

use super::{Shared, in_thread};
use crate::support::*;
use weftline::park::LockClass;
use weftline::sync::raw::RawRwLock;

fn watched() -> Arc<Shared> {
    Arc::new(Shared {
        lock: RawRwLock::watched(LockClass::FIRST),
        ..Shared::default()
    })
}

fn is_free(shared: &Shared) -> bool {
    shared.is_free() && shared.lock.is_watched()
}

#[test]
fn two_writers_exclude_each_other_and_the_lock_stays_watched() {
    explore_both(2, || {
        let shared = watched();
        let writer = in_thread(&shared, Shared::write_once);
        shared.write_once();
        join(writer);
        assert_eq!(shared.value.get(), 2);
        assert!(is_free(&shared));
    });
}

#[test]
fn a_writer_excludes_a_reader_and_the_lock_stays_watched() {
    explore_both(2, || {
        let shared = watched();
        let reader = in_thread(&shared, Shared::read_once);
        shared.write_once();
        assert!(join(reader) <= 1);
        assert_eq!(shared.value.get(), 1);
        assert!(is_free(&shared));
    });
}

#[test]
fn a_try_takes_a_watched_lock_or_leaves_it() {
    explore_both(3, || {
        let shared = watched();
        let thread = in_thread(&shared, |shared| {
            let writes = shared.lock.try_write();
            if writes {
                shared.value.add(1);
                shared.lock.unlock_write().unwrap();
            }
            u32::from(writes)
        });
        shared.write_once();
        if shared.lock.try_read() {
            assert!(shared.value.get() >= 1);
            shared.lock.unlock_read().unwrap();
        }
        let others = join(thread);
        assert_eq!(shared.value.get(), 1 + others);
        assert!(is_free(&shared));
    });
}

#[test]
fn a_watched_lock_is_upgraded_and_downgraded() {
    explore_both(2, || {
        let shared = watched();
        let upgrader = in_thread(&shared, |shared| {
            shared.upgradable_now();
            shared.upgrade_now();
            shared.value.add(1);
            shared.lock.downgrade().unwrap();
            assert!(shared.value.get() >= 1);
            shared.lock.unlock_read().unwrap();
        });
        shared.upgradable_now();
        shared.lock.downgrade_upgradable().unwrap();
        assert!(shared.value.get() <= 1);
        shared.lock.unlock_read().unwrap();
        join(upgrader);
        assert_eq!(shared.value.get(), 1);
        assert!(is_free(&shared));
    });
}

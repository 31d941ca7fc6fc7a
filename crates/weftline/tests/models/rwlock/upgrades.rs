//! Readers that become writers, and writers that become readers.

use super::{Shared, has_ended, in_thread};
use crate::support::*;
use weftline::park::Deadline;

#[test]
fn an_upgrade_waits_for_the_last_other_reader() {
    explore_both(3, || {
        let shared = Arc::new(Shared::default());
        let upgrader = in_thread(&shared, move |shared| {
            shared.upgradable_now();
            shared.upgrade_now();
            shared.value.add(1);
            shared.lock.unlock_write().unwrap();
        });
        assert!(shared.read_once() <= 1);
        join(upgrader);
        assert_eq!(shared.value.get(), 1);
        assert!(shared.is_free());
    });
}

#[test]
fn an_upgrade_lets_no_writer_come_between() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let writer = in_thread(&shared, Shared::write_once);
        let reader = in_thread(&shared, Shared::read_once);
        shared.upgradable_now();
        let seen = shared.value.get();
        shared.upgrade_now();
        assert_eq!(shared.value.get(), seen);
        shared.value.add(1);
        shared.lock.unlock_write().unwrap();
        join(writer);
        join(reader);
        assert_eq!(shared.value.get(), 2);
        assert!(shared.is_free());
    });
}

#[test]
fn two_upgradable_readers_take_turns() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let upgrade = |shared: &Shared| {
            shared.upgradable_now();
            let seen = shared.value.get();
            shared.upgrade_now();
            assert_eq!(shared.value.get(), seen);
            shared.value.add(1);
            shared.lock.unlock_write().unwrap();
        };
        let others = in_thread(&shared, upgrade);
        upgrade(&shared);
        join(others);
        assert_eq!(shared.value.get(), 2);
        assert!(shared.is_free());
    });
}

/// The reader is woken without handoff. Before it retries, another writer becomes a reader, which
/// hands the lock to the reader past the writer that waits.
#[test]
fn a_woken_reader_that_gets_the_lock_by_handoff_meanwhile_has_it_once() {
    explore(2, || {
        let shared = Arc::new(Shared::default());
        shared.write_now();
        let (reads, writes) = (Door::new(), Door::new());
        let door = Arc::clone(&reads);
        let reader = in_thread(&shared, move |shared| {
            let mut sleeper = Sleeper::that_opens(&door);
            shared.read(&mut sleeper, Deadline::NEVER).unwrap();
            shared.lock.unlock_read().unwrap();
        });
        reads.pass();
        shared.lock.unlock_write().unwrap();
        shared.write_now();
        let door = Arc::clone(&writes);
        let writer = in_thread(&shared, move |shared| {
            let mut sleeper = Sleeper::that_opens(&door);
            shared.write(&mut sleeper, Deadline::NEVER).unwrap();
            shared.lock.unlock_write().unwrap();
        });
        writes.pass();
        shared.lock.downgrade().unwrap();
        shared.lock.unlock_read().unwrap();
        join(reader);
        join(writer);
        assert!(shared.is_free());
    });
}

#[test]
fn an_upgrade_that_ends_without_the_lock_still_reads() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        let signal = Signal::new();
        shared.read_now();
        let heard = Arc::clone(&signal);
        let upgrader = in_thread(&shared, move |shared| {
            shared.upgradable_now();
            let mut sleeper = Sleeper::that_hears(&heard);
            let taken = shared.lock.upgrade_with(&mut sleeper, Deadline::NEVER);
            if taken.is_err() {
                assert!(has_ended(&taken));
                assert_eq!((shared.lock.own_reads(), shared.value.get()), (1, 0));
                shared.lock.unlock_upgradable().unwrap();
            }
            shared.write_if(&taken)
        });
        let waiter = in_thread(&shared, Shared::read_once);
        let kernel = spawn(move || signal.raise());
        shared.lock.unlock_read().unwrap();
        assert!(join(waiter) <= 1);
        let written = join(upgrader);
        join(kernel);
        assert_eq!(shared.value.get(), written);
        assert!(shared.is_free());
    });
}

#[test]
fn a_downgrade_lets_readers_in_and_no_writer() {
    explore_both(2, || {
        let shared = Arc::new(Shared::default());
        shared.write_now();
        let enlisted = Door::new();
        let door = Arc::clone(&enlisted);
        let reader = in_thread(&shared, move |shared| {
            shared
                .read(&mut Sleeper::that_opens(&door), Deadline::NEVER)
                .unwrap();
            let seen = shared.value.get();
            shared.lock.unlock_read().unwrap();
            seen
        });
        let writer = in_thread(&shared, Shared::write_once);
        enlisted.pass();
        shared.value.add(1);
        shared.lock.downgrade().unwrap();
        // The reader does not wait for this one to leave.
        assert_eq!(join(reader), 1);
        assert_eq!(shared.value.get(), 1);
        shared.lock.unlock_read().unwrap();
        join(writer);
        assert_eq!(shared.value.get(), 2);
        assert!(shared.is_free());
    });
}

//! Conditions: a notification reaches its waiters.

use super::failing::at_each_allocation;
use super::support::{blocked, limit};
use weftline::Condition;

#[test]
fn a_notification_without_memory_ends_the_waits() {
    const WAITERS: usize = 6;
    let _limit = limit();
    let condition = Condition::new(0);
    std::thread::scope(|scope| {
        at_each_allocation(
            || {
                let waits = || {
                    let mut guard = condition.lock();
                    guard.wait();
                    *guard += 1;
                };
                std::array::from_fn::<_, WAITERS, _>(|_| blocked(scope, waits))
            },
            |_| {
                let guard = condition.lock();
                guard.notify(2) + guard.notify_all()
            },
            |waiters, notified| {
                assert_eq!(notified, WAITERS);
                for waiter in waiters {
                    waiter.join().unwrap();
                }
                assert_eq!(std::mem::take(&mut *condition.lock()), WAITERS);
            },
        );
    });
}

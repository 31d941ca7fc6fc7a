//! A lock that its owner may take again: methods that guard themselves and call each other.
//!
//! There may be several guards, so each gives shared access to the value. Values that change are in
//! a `Cell` inside.

use std::cell::Cell;
use std::thread;

use weftline::{Lock, RLock};

/// A balance; every method is safe to call from any thread, and from the other methods.
struct Account(RLock<Cell<i64>>);

impl Account {
    fn deposit(&self, amount: i64) {
        let balance = self.0.lock();
        balance.set(balance.get() + amount);
    }

    /// Takes and adds as one step: no other thread sees the balance in between.
    fn exchange(&self, out: i64, back: i64) {
        let _as_one_step = self.0.lock();
        self.deposit(-out);
        self.deposit(back);
    }
}

fn main() {
    let plain = Lock::new(());
    let first = plain.try_lock();
    println!(
        "a Lock, once and again: {} {}",
        first.is_some(),
        plain.try_lock().is_some()
    );

    let again = RLock::new(());
    let first = again.try_lock();
    println!(
        "an RLock, once and again: {} {}",
        first.is_some(),
        again.try_lock().is_some()
    );

    let account = Account(RLock::new(Cell::new(100)));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| (0..1000).for_each(|_| account.exchange(5, 6)));
        }
    });
    println!("balance: {}", account.0.into_inner().get());
}

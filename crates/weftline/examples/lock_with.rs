//! A lock's guard releases it however the block ends: by a `return`, by `?`, or by a panic. This is
//! the `with lock:` of Python.

use std::thread;

use weftline::Lock;

struct Stock {
    apples: u32,
    pears: u32,
}

/// Takes `amount` if there is enough; the guard is dropped on both ways out.
fn sell(stock: &Lock<Stock>, pick: fn(&mut Stock) -> &mut u32, amount: u32) -> Result<(), String> {
    let mut stock = stock.lock();
    let left = pick(&mut stock);
    *left = left
        .checked_sub(amount)
        .ok_or_else(|| format!("only {left} left"))?;
    Ok(())
}

fn main() {
    let stock = Lock::new(Stock {
        apples: 30,
        pears: 10,
    });
    thread::scope(|scope| {
        let apples =
            scope.spawn(|| (0..5).try_for_each(|_| sell(&stock, |stock| &mut stock.apples, 4)));
        let pears =
            scope.spawn(|| (0..3).try_for_each(|_| sell(&stock, |stock| &mut stock.pears, 4)));
        println!("apples: {:?}", apples.join().unwrap());
        println!("pears: {:?}", pears.join().unwrap());
    });
    println!("locked after an error: {}", stock.is_locked());
    let Stock { apples, pears } = stock.into_inner();
    println!("left: {apples} apples, {pears} pears");
}

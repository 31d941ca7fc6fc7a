//! What one process changes is unchanged in another: a child begins as the program does, and only what it returns comes back.

use std::error::Error;
use weftline::process::{self, register};
use weftline::{Lock, run, spawn};

static BASKET: Lock<Vec<String>> = Lock::new(Vec::new());

/// Returns how many are in the basket then.
fn put(fruit: String) -> usize {
    let mut basket = BASKET.lock();
    basket.push(fruit);
    basket.len()
}

register!(put);

fn main() -> Result<(), Box<dyn Error>> {
    run(|| {
        let in_thread = spawn(|| put("apple".to_owned())).join()?;
        println!(
            "after a thread: {in_thread}, and here: {}",
            BASKET.lock().len()
        );
        let in_child = process::spawn(put, ("pear".to_owned(),))?.join()?;
        println!("after a child: {in_child}, and here: {:?}", *BASKET.lock());
        Ok(())
    })
}

//! A change in one process has no effect in another. A child begins as the program does, and only
//! its return value comes back. Shared memory is the exception.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use linux::main;

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {
    println!("weftline has processes on Linux with 64 bits");
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod linux {
    use std::error::Error;
    use weftline::process::{self, Array, Value, register};
    use weftline::{Lock, run, spawn};

    static BASKET: Lock<Vec<String>> = Lock::new(Vec::new());

    /// Returns the number of items in the basket after that.
    fn put(fruit: String) -> usize {
        let mut basket = BASKET.lock();
        basket.push(fruit);
        basket.len()
    }

    /// Counts the weighed items in shared memory, which all processes see.
    fn weigh(weights: Array<u32>, weighed: Value<u32>) {
        for (n, weight) in (1..).zip(weights.lock().unwrap().iter_mut()) {
            *weight = 100 * n;
            weighed.update(|weighed| *weighed += 1);
        }
    }

    register!(put);
    register!(weigh);

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        run(|| {
            let in_thread = spawn(|| put("apple".to_owned())).join()?;
            println!(
                "after a thread: {in_thread}, and here: {}",
                BASKET.lock().len()
            );
            let in_child = process::spawn(put, ("pear".to_owned(),))?.join()?;
            println!("after a child: {in_child}, and here: {:?}", *BASKET.lock());

            let (weights, weighed) = (Array::new(&[0; 3])?, Value::new(0)?);
            process::spawn(weigh, (weights.clone(), weighed.clone()))?.join()?;
            println!(
                "shared: {} weighed, {:?}",
                weighed.get(),
                weights.lock().unwrap()
            );
            Ok(())
        })
    }
}

//! A pool of processes survives a worker that is killed in the middle of its task. So does the lock
//! that the worker held.

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
use linux::main;

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
fn main() {
    println!("weftline has processes on Linux with 64 bits");
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod linux {
    use std::error::Error;
    use std::time::Duration;
    use weftline::process::{
        Event, Lock, ProcessError, ProcessPoolExecutor, active_children, register,
    };
    use weftline::{TaskError, run};

    fn square(n: u64) -> u64 {
        n * n
    }

    /// Books twice, and is killed before it finishes.
    fn book(till: Lock<u32>, begun: Event) {
        let mut till = till.lock().unwrap();
        *till += 1;
        begun.set();
        std::thread::sleep(Duration::from_secs(600));
        *till += 1;
    }

    register!(square);
    register!(book);

    pub(super) fn main() -> Result<(), Box<dyn Error>> {
        run(|| {
            let pool = ProcessPoolExecutor::new(1);
            let (till, begun) = (Lock::new(0)?, Event::new()?);
            let booking = pool.submit(book, (till.clone(), begun.clone()))?;
            let squares: Vec<_> = (1..=5)
                .map(|n| pool.submit(square, (n,)).expect("registered"))
                .collect();

            begun.wait();
            println!("the first worker is at it");
            for worker in active_children() {
                worker.kill()?;
            }

            let Err(TaskError::Elsewhere(why)) = booking.result() else {
                return Err("nobody can finish that task".into());
            };
            if let Some(ProcessError::Killed { .. }) = why.downcast_ref() {
                println!("it was killed: its task says so");
            }
            let squares: Result<Vec<_>, _> =
                squares.into_iter().map(|square| square.result()).collect();
            println!("the other tasks: {:?}, by the same pool", squares?);

            // The next thread that takes the lock learns of the death, and can repair the protected
            // value.
            let mut left = match till.lock() {
                Err(abandoned) => abandoned.recover(),
                Ok(_) => return Err("no worker died with the lock".into()),
            };
            println!("the till was left locked, with {} of 2 bookings", *left);
            *left = 2;
            drop(left);
            let again = till.try_lock().map(|till| *till);
            println!("booked again: {}", again.unwrap_or_default());
            Ok(())
        })
    }
}

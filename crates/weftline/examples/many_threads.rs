//! Five hundred threads that run at the same time, each with a small stack.

use std::io::Result;
use std::sync::Arc;

use weftline::{Barrier, Builder, active_count};

const THREADS: usize = 500;

fn main() -> Result<()> {
    let all_are_here = Arc::new(Barrier::new(THREADS + 1));
    let threads = (1..=THREADS).map(|number| {
        let all_are_here = all_are_here.clone();
        let square = move || {
            all_are_here.wait().expect("all threads come");
            number * number
        };
        Builder::new().stack_size(64 * 1024).spawn(square)
    });
    let threads: Vec<_> = threads.collect::<Result<_>>()?;
    println!("running: {}", active_count());
    all_are_here.wait().expect("all threads come");
    let squares = threads
        .into_iter()
        .map(|thread| thread.join().expect("nothing fails"));
    println!("sum of squares: {}", squares.sum::<usize>());
    println!("running: {}", active_count());
    Ok(())
}

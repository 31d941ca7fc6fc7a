//! A barrier: threads that compute in steps, none ahead of the others.
//!
//! At each step, each thread of a ring of cells takes the larger of its own cell and its left
//! neighbour. It may write its cell only when all have read, and read again only when all have
//! written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use weftline::Barrier;

const STEPS: usize = 4;

fn main() {
    let cells = [9, 1, 4, 1, 7, 2, 3, 8].map(AtomicU32::new);
    let steps = Arc::new(AtomicU32::new(0));
    let everyone_has_read = Barrier::new(cells.len());
    // The action runs in one thread while the others still wait, so all of them see its effect.
    let counted = Arc::clone(&steps);
    let everyone_has_written = Barrier::with_action(cells.len(), move || {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    thread::scope(|scope| {
        for (index, mine) in cells.iter().enumerate() {
            let left = &cells[(index + cells.len() - 1) % cells.len()];
            let (everyone_has_read, everyone_has_written) =
                (&everyone_has_read, &everyone_has_written);
            scope.spawn(move || {
                for _ in 0..STEPS {
                    let larger = mine
                        .load(Ordering::Relaxed)
                        .max(left.load(Ordering::Relaxed));
                    everyone_has_read.wait().unwrap();
                    mine.store(larger, Ordering::Relaxed);
                    everyone_has_written.wait().unwrap();
                }
            });
        }
    });
    let cells = cells.map(|cell| cell.into_inner().to_string());
    println!(
        "after {} steps: {}",
        steps.load(Ordering::Relaxed),
        cells.join(" ")
    );
}

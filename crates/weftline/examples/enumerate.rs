//! The program waits for all threads. It needs no list of them, because the library keeps one.

use std::io::Result;

use weftline::{Builder, Event, active_count, enumerate, main_thread};

static MAY_GO: Event = Event::new();

fn main() -> Result<()> {
    for name in ["Ada", "Ben", "Cleo"] {
        let guest = Builder::new().name(name).daemon(true);
        guest.spawn(|| MAY_GO.wait())?;
    }
    println!("at the table: {}", active_count());
    let host = main_thread();
    let guests: Vec<_> = enumerate().into_iter().filter(|it| *it != host).collect();
    MAY_GO.set();
    for guest in guests {
        guest.join();
        println!("{} has left", guest.name());
    }
    println!("at the table: {}", active_count());
    Ok(())
}
